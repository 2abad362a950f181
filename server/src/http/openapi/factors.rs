//! Second factors and passkeys: what completes a sign-in, and what people call for their own.

use doorward_shared::{ErrorCode as E, auth, mfa};
use rocket::http::Method::{Delete, Get, Post};

use super::operation::{
    Operation,
    Who::{Anybody, FirstParty},
    op,
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/auth/mfa",
        Anybody,
        "Complete a sign-in with a second factor",
    )
    .takes::<mfa::MfaRequest>()
    .gives::<auth::TokenResponse>(200)
    .or(&[
        E::InvalidToken,
        E::InvalidCredentials,
        E::AccountDisabled,
        E::Blocked,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Get, "/auth/mfa", FirstParty, "One's own second factors").gives::<mfa::Factors>(200),
    op(
        Post,
        "/auth/mfa/totp",
        FirstParty,
        "Begin to set one-time codes up",
    )
    .takes::<mfa::PasswordAgain>()
    .gives::<mfa::TotpSetup>(200)
    .or(&[
        E::InvalidCredentials,
        E::StepUpRequired,
        E::Conflict,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(
        Post,
        "/auth/mfa/totp/confirm",
        FirstParty,
        "Take one-time codes into use with the first code",
    )
    .takes::<mfa::TotpCode>()
    .gives::<mfa::RecoveryCodes>(200)
    .or(&[E::InvalidCredentials, E::StepUpRequired, E::Conflict]),
    op(
        Delete,
        "/auth/mfa/totp",
        FirstParty,
        "Take one-time codes out of use",
    )
    .takes::<mfa::TotpRemoval>()
    .done()
    .or(&[E::InvalidCredentials, E::RateLimited, E::Overloaded]),
    op(
        Post,
        "/auth/mfa/recovery-codes",
        FirstParty,
        "Make new recovery codes; those before are dead",
    )
    .takes::<mfa::PasswordAgain>()
    .gives::<mfa::RecoveryCodes>(200)
    .or(&[
        E::InvalidCredentials,
        E::StepUpRequired,
        E::Conflict,
        E::RateLimited,
        E::Overloaded,
    ]),
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
