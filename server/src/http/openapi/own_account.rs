//! Operations on one's own account and sessions.

use doorward_shared::{ErrorCode as E, auth};
use rocket::http::Method::{Delete, Get, Patch, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Bearer, FirstParty},
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(Get, "/auth/me", Bearer, "The account behind the credential")
        .gives::<auth::Profile>(200)
        .or(&[E::InsufficientScope]),
    op(
        Get,
        "/auth/me/export",
        FirstParty,
        "What is kept about oneself",
    )
    .gives::<auth::OwnData>(200),
    op(
        Delete,
        "/auth/me",
        FirstParty,
        "Delete one's own account, with all sessions and keys",
    )
    .takes::<auth::DeleteAccount>()
    .done()
    .or(&[
        E::InvalidCredentials,
        E::StepUpRequired,
        E::Conflict,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Patch, "/auth/me", FirstParty, "Change one's own name")
        .takes::<auth::ProfilePatch>()
        .gives::<auth::Profile>(200)
        .or(&[E::ValidationFailed, E::RateLimited]),
    op(
        Post,
        "/auth/password",
        FirstParty,
        "Change one's own password; every other session ends, with `apiKeys` the API keys too",
    )
    .takes::<auth::PasswordRequest>()
    .done()
    .or(&[
        E::InvalidCredentials,
        E::StepUpRequired,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Get, "/auth/sessions", FirstParty, "One's own live sessions").lists::<auth::OwnSession>(&[]),
    op(
        Delete,
        "/auth/sessions/{id}",
        FirstParty,
        "End one of one's own sessions",
    )
    .done()
    .or(&[E::RateLimited]),
];
