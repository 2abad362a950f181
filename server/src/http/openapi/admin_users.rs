//! Operations of the admin API on users.

use doorward_shared::{ErrorCode as E, admin, auth};
use rocket::http::Method::{Delete, Get, Patch, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::Scope,
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
        "Validate a user without creating it",
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
        "Delete a user and revoke their sessions and keys",
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
        "Create a one-time link for setting a password; it replaces the previous one",
    )
    .takes::<admin::CreateLink>()
    .gives::<admin::Link>(201)
    .or(&[E::ValidationFailed, E::MailDisabled]),
    op(
        Delete,
        "/admin/users/{id}/mfa",
        Scope("admin:users"),
        "Take all second factors away, and end the sessions that began with one; needs a reason",
    )
    .takes::<admin::FactorRemoval>()
    .done(),
    op(
        Get,
        "/admin/users/{id}/applications",
        Scope("admin:users:read"),
        "Applications that a user has given consent",
    )
    .lists::<auth::OwnApplication>(&[]),
];
