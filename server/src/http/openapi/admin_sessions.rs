//! Operations of the admin API on sessions.

use doorward_shared::{ErrorCode as E, admin};
use rocket::http::Method::{Delete, Get, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::Scope,
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/admin/users/{id}/sessions/revoke",
        Scope("admin:users"),
        "End all sessions of a user; with `apiKeys` the API keys too",
    )
    .may_take::<admin::RevokeSessionsOf>()
    .gives::<admin::Revoked>(200),
    op(
        Get,
        "/admin/sessions",
        Scope("admin:sessions:read"),
        "Sessions",
    )
    .lists::<admin::Session>(&["userId", "clientId", "ip", "active"]),
    op(
        Get,
        "/admin/sessions/{id}",
        Scope("admin:sessions:read"),
        "A session",
    )
    .gives::<admin::Session>(200),
    op(
        Delete,
        "/admin/sessions/{id}",
        Scope("admin:sessions"),
        "End a session",
    )
    .done(),
    op(
        Post,
        "/admin/sessions/revoke",
        Scope("admin:sessions"),
        "End many sessions: look first, then exactly those",
    )
    .takes::<admin::RevokeSessions>()
    .gives::<admin::RevokedSessions>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
];
