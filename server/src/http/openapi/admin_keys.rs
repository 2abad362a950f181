//! Operations of the admin API on API keys.

use doorward_shared::{ErrorCode as E, admin, apikey};
use rocket::http::Method::{Delete, Get, Patch, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::Scope,
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
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
        "API key usage by hour or by day",
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
];
