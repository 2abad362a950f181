//! Operations with passkeys: adding, removing, and signing in with one.

use doorward_shared::{ErrorCode as E, auth, mfa};
use rocket::http::Method::{Delete, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Anybody, FirstParty},
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/auth/passkeys/options",
        FirstParty,
        "Options to make a passkey with",
    )
    .takes::<mfa::PasswordAgain>()
    .gives::<mfa::PasskeyCreation>(200)
    .or(&[
        E::InvalidCredentials,
        E::StepUpRequired,
        E::NotFound,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Post, "/auth/passkeys", FirstParty, "Add a passkey")
        .takes::<mfa::NewPasskey>()
        .gives::<mfa::Passkey>(201)
        .or(&[
            E::StepUpRequired,
            E::ValidationFailed,
            E::Conflict,
            E::NotFound,
        ]),
    op(
        Delete,
        "/auth/passkeys/{id}",
        FirstParty,
        "Remove a passkey",
    )
    .done()
    .or(&[E::StepUpRequired, E::Conflict]),
    op(
        Post,
        "/auth/passkey/options",
        Anybody,
        "Options to sign in with a passkey",
    )
    .gives::<mfa::PasskeyRequest>(200)
    .or(&[E::NotFound]),
    op(
        Post,
        "/auth/passkey",
        Anybody,
        "Sign in with a passkey, without a password",
    )
    .takes::<mfa::PasskeySignIn>()
    .gives::<auth::TokenResponse>(200)
    .or(&[
        E::InvalidCredentials,
        E::AccountDisabled,
        E::Blocked,
        E::NotFound,
    ]),
];
