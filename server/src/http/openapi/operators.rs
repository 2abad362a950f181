//! The operators' API.

use doorward_shared::{ErrorCode as E, admin, apikey, auth};
use rocket::http::Method::{Delete, Get, Patch, Post, Put};

use super::operation::{
    Operation,
    Who::{Bearer, Scope},
    op,
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(Get, "/admin/users", Scope("admin:users:read"), "Users")
        .lists::<admin::User>(&["role", "disabled", "email"]),
    op(Post, "/admin/users", Scope("admin:users"), "Create a user")
        .takes::<admin::CreateUser>()
        .once()
        .gives::<admin::User>(201)
        .or(&[
            E::EmailTaken,
            E::ValidationFailed,
            E::Overloaded,
            E::Conflict,
        ]),
    op(
        Post,
        "/admin/users/check",
        Scope("admin:users"),
        "Judge a user that could be created, and create none",
    )
    .takes::<admin::CreateUser>()
    .done()
    .or(&[E::EmailTaken, E::ValidationFailed]),
    op(
        Get,
        "/admin/users/{id}",
        Scope("admin:users:read"),
        "A user",
    )
    .gives::<admin::User>(200),
    op(
        Patch,
        "/admin/users/{id}",
        Scope("admin:users"),
        "Change a user; disabling ends all sessions",
    )
    .takes::<admin::UserPatch>()
    .gives::<admin::User>(200)
    .or(&[E::EmailTaken, E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/users/{id}",
        Scope("admin:users"),
        "Delete a user; sessions and keys die",
    )
    .done()
    .or(&[E::Conflict]),
    op(
        Post,
        "/admin/users/{id}/password",
        Scope("admin:users"),
        "Set a user's password; all sessions end, with `apiKeys` the API keys too",
    )
    .takes::<admin::SetPassword>()
    .done()
    .or(&[E::ValidationFailed, E::Overloaded]),
    op(
        Delete,
        "/admin/users/{id}/password",
        Scope("admin:users"),
        "Take a user's password away, so that a new one has to be set by a link; all sessions end",
    )
    .done()
    .or(&[E::Conflict]),
    op(
        Post,
        "/admin/users/{id}/link",
        Scope("admin:users"),
        "Make a one-time link with which somebody sets their password; one before it ends",
    )
    .takes::<admin::CreateLink>()
    .gives::<admin::Link>(201)
    .or(&[E::ValidationFailed, E::MailDisabled]),
    op(
        Delete,
        "/admin/users/{id}/mfa",
        Scope("admin:users"),
        "Take all second factors away; needs a reason",
    )
    .takes::<admin::FactorRemoval>()
    .done(),
    op(
        Get,
        "/admin/users/{id}/applications",
        Scope("admin:users:read"),
        "Applications that a user has let in",
    )
    .lists::<auth::OwnApplication>(&[]),
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
    op(
        Get,
        "/admin/apikeys",
        Scope("admin:apikeys:read"),
        "API keys of everybody",
    )
    .lists::<admin::AdminKey>(&["ownerId", "scope", "unusedSince", "expiresBefore", "active"]),
    op(
        Post,
        "/admin/apikeys",
        Scope("admin:apikeys"),
        "Mint an API key for any owner; its secret is shown once",
    )
    .takes::<admin::AdminMint>()
    .once()
    .gives::<admin::AdminMintedKey>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/admin/apikeys/{id}",
        Scope("admin:apikeys:read"),
        "An API key",
    )
    .gives::<admin::AdminKey>(200),
    op(
        Get,
        "/admin/apikeys/{id}/usage",
        Scope("admin:apikeys:read"),
        "How often a key was shown, by hour or by day",
    )
    .asks(&["by", "from", "to"])
    .gives::<apikey::KeyUsage>(200),
    op(
        Patch,
        "/admin/apikeys/{id}",
        Scope("admin:apikeys"),
        "Change a key: its name, its limits, or fewer scopes",
    )
    .takes::<apikey::KeyPatch>()
    .gives::<admin::AdminKey>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Post,
        "/admin/apikeys/{id}/rotate",
        Scope("admin:apikeys"),
        "Give a key a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .once()
    .gives::<admin::AdminMintedKey>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/apikeys/{id}",
        Scope("admin:apikeys"),
        "Revoke a key at once",
    )
    .done(),
    op(
        Get,
        "/admin/clients",
        Scope("admin:clients:read"),
        "OAuth clients",
    )
    .lists::<admin::Client>(&[]),
    op(
        Post,
        "/admin/clients/registration-tokens",
        Scope("admin:clients"),
        "Mint an initial access token, with which a client registers itself; it is shown once",
    )
    .takes::<admin::MintRegistrationToken>()
    .gives::<admin::RegistrationToken>(201)
    .or(&[E::ValidationFailed]),
    op(
        Get,
        "/admin/clients/registration-tokens",
        Scope("admin:clients:read"),
        "Initial access tokens that are still good",
    )
    .lists::<admin::RegistrationTokenInfo>(&[]),
    op(
        Delete,
        "/admin/clients/registration-tokens/{id}",
        Scope("admin:clients"),
        "End an initial access token; clients that have registered with it stay",
    )
    .done(),
    op(
        Post,
        "/admin/clients",
        Scope("admin:clients"),
        "Register an OAuth client; its secret is shown once",
    )
    .takes::<admin::RegisterClient>()
    .once()
    .gives::<admin::Client>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/admin/clients/{id}",
        Scope("admin:clients:read"),
        "An OAuth client",
    )
    .gives::<admin::Client>(200),
    op(
        Patch,
        "/admin/clients/{id}",
        Scope("admin:clients"),
        "Change an OAuth client",
    )
    .takes::<admin::ClientPatch>()
    .gives::<admin::Client>(200)
    .or(&[E::ValidationFailed]),
    op(
        Delete,
        "/admin/clients/{id}",
        Scope("admin:clients"),
        "Delete an OAuth client; its tokens die",
    )
    .done(),
    op(
        Post,
        "/admin/clients/{id}/secret",
        Scope("admin:clients"),
        "Give a client a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .once()
    .gives::<admin::Client>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/admin/blocks",
        Scope("admin:sessions:read"),
        "Networks from which nobody signs in or up for a while; with `ip` those that hold this address",
    )
    .lists::<admin::Block>(&["ip"]),
    op(
        Post,
        "/admin/blocks",
        Scope("admin:sessions"),
        "Block a network for sign-in, sign-up and forgotten passwords, for a day unless `until` says otherwise; an IPv6 address stands for its /64, and the caller's own address is spared. More than a /16, of IPv6 a /32, needs `admin`",
    )
    .takes::<admin::CreateBlock>()
    .gives::<admin::Block>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/blocks/{id}",
        Scope("admin:sessions"),
        "Lift a block",
    )
    .done(),
    op(Get, "/admin/roles", Scope("admin:roles:read"), "Roles").lists::<admin::Role>(&[]),
    op(
        Get,
        "/admin/roles/{name}",
        Scope("admin:roles:read"),
        "A role",
    )
    .gives::<admin::Role>(200),
    op(
        Put,
        "/admin/roles/{name}",
        Scope("admin:roles"),
        "Create (201) or change a role; whoever has it gains and loses at once",
    )
    .takes::<admin::PutRole>()
    .gives::<admin::Role>(200)
    .also(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/roles/{name}",
        Scope("admin:roles"),
        "Delete a role that nobody has",
    )
    .done()
    .or(&[E::Conflict]),
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
        "What the events come to that a list with these filters holds: how many, of whom and when; the newest 20,000 are looked at",
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
        "Revoke a signing key that does not sign any more; its tokens die",
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
