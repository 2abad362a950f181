//! Operations with mailed links: resetting passwords, and verifying and changing addresses.

use doorward_shared::{ErrorCode as E, auth};
use rocket::http::Method::Post;

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Anybody, FirstParty},
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/auth/password/reset",
        Anybody,
        "Set a password by a one-time link; all sessions end, and the API keys unless `keepApiKeys`",
    )
    .takes::<auth::ResetRequest>()
    .done()
    .or(&[
        E::InvalidToken,
        E::TokenExpired,
        E::ValidationFailed,
        E::Overloaded,
    ]),
    op(
        Post,
        "/auth/password/forgot",
        Anybody,
        "Mail a password reset link; the response is the same for every address",
    )
    .takes::<auth::ForgotRequest>()
    .accepted()
    .or(&[E::MailDisabled, E::Blocked]),
    op(
        Post,
        "/auth/email",
        FirstParty,
        "Request a change of address; it takes effect once the link mailed to the new address is opened",
    )
    .takes::<auth::EmailRequest>()
    .accepted()
    .or(&[
        E::MailDisabled,
        E::InvalidCredentials,
        E::StepUpRequired,
        E::EmailTaken,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(
        Post,
        "/auth/email/resend",
        Anybody,
        "Mail the link that verifies an address again: of `email`, else of the caller; the answer is the same for every address",
    )
    .may_take::<auth::ResendRequest>()
    .accepted()
    .or(&[E::MailDisabled, E::MissingToken, E::Blocked]),
    op(
        Post,
        "/auth/email/verify",
        Anybody,
        "Verify an address by the link that was mailed there",
    )
    .takes::<auth::VerifyEmailRequest>()
    .done()
    .or(&[E::InvalidToken, E::TokenExpired, E::EmailTaken]),
];
