//! Second factors: completing a sign-in, and managing one's own authenticator app and recovery codes.

use doorward_shared::{ErrorCode as E, auth, mfa};
use rocket::http::Method::{Delete, Get, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Anybody, FirstParty},
};

/// Errors of operations that create a factor or recovery codes, after a repeated password check.
const MAKES_A_FACTOR: &[E] = &[
    E::InvalidCredentials,
    E::StepUpRequired,
    E::Conflict,
    E::RateLimited,
    E::Overloaded,
];

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
    .or(MAKES_A_FACTOR),
    op(
        Post,
        "/auth/mfa/totp/confirm",
        FirstParty,
        "Activate TOTP with the first code",
    )
    .takes::<mfa::TotpCode>()
    .gives::<mfa::RecoveryCodes>(200)
    .or(&[E::InvalidCredentials, E::StepUpRequired, E::Conflict]),
    op(Delete, "/auth/mfa/totp", FirstParty, "Disable TOTP")
        .takes::<mfa::TotpRemoval>()
        .done()
        .or(&[E::InvalidCredentials, E::RateLimited, E::Overloaded]),
    op(
        Post,
        "/auth/mfa/recovery-codes",
        FirstParty,
        "Generate new recovery codes; the previous ones stop working",
    )
    .takes::<mfa::PasswordAgain>()
    .gives::<mfa::RecoveryCodes>(200)
    .or(MAKES_A_FACTOR),
];
