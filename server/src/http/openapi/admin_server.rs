//! Operations of the admin API on the audit log, statistics, signing keys, and the server itself.

use doorward_shared::{ErrorCode as E, admin};
use rocket::http::Method::{Delete, Get, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Bearer, Scope},
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Get,
        "/admin/events",
        Scope("admin:events:read"),
        "The audit log, newest first",
    )
    .lists::<admin::Event>(&[
        "actor", "action", "target", "userId", "ip", "clientId", "since", "until",
    ]),
    op(
        Get,
        "/admin/events/summary",
        Scope("admin:events:read"),
        "Summary of the filtered events: counts by user and by hour, over the newest 20,000",
    )
    .asks(&[
        "actor", "action", "target", "userId", "ip", "clientId", "since", "until",
    ])
    .gives::<admin::EventSummary>(200),
    op(
        Get,
        "/admin/events/stream",
        Scope("admin:events:read"),
        "New events as they happen; Last-Event-ID resumes",
    )
    .text("text/event-stream")
    .or(&[E::InvalidRequest, E::RateLimited]),
    op(
        Get,
        "/admin/stats",
        Scope("admin:server:read"),
        "Counters now, per minute of the last day or per hour of the last 90 days",
    )
    .asks(&["by", "since"])
    .gives::<admin::Stats>(200),
    op(Get, "/admin/keys", Scope("admin:keys:read"), "Signing keys")
        .lists::<admin::SigningKey>(&[]),
    op(
        Post,
        "/admin/keys/rotate",
        Scope("admin:keys"),
        "Sign with a new key from now on",
    )
    .gives::<admin::SigningKey>(201),
    op(
        Delete,
        "/admin/keys/{kid}",
        Scope("admin:keys"),
        "Revoke a signing key that no longer signs; its tokens become invalid",
    )
    .done()
    .or(&[E::Conflict]),
    op(
        Get,
        "/admin/server",
        Scope("admin:server:read"),
        "Version, uptime, storage, settings",
    )
    .gives::<admin::ServerInfo>(200),
    op(
        Post,
        "/admin/server/backup",
        Scope("admin:server"),
        "Back the database up on the server's machine",
    )
    .gives::<admin::BackupMade>(201)
    .or(&[E::Conflict]),
    op(Get, "/admin/whoami", Bearer, "The caller and its scopes").gives::<admin::Whoami>(200),
];
