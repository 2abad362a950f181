//! Operations of the admin API on network blocks and roles.

use doorward_shared::{ErrorCode as E, admin};
use rocket::http::Method::{Delete, Get, Post, Put};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::Scope,
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Get,
        "/admin/blocks",
        Scope("admin:sessions:read"),
        "Network blocks for sign-in and sign-up; with `ip` those that include this address",
    )
    .lists::<admin::Block>(&["ip"]),
    op(
        Post,
        "/admin/blocks",
        Scope("admin:sessions"),
        "Block a network for sign-in, sign-up and forgotten passwords, for a day unless `until` says otherwise; an IPv6 address means its /64, and the caller's own address is exempt. More than a /16, of IPv6 a /32, needs `admin`",
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
        "Create (201) or change a role; a change takes effect at once for its users",
    )
    .takes::<admin::PutRole>()
    .gives::<admin::Role>(200)
    .also(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/roles/{name}",
        Scope("admin:roles"),
        "Delete a role that no user has",
    )
    .done()
    .or(&[E::Conflict]),
];
