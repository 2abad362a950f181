//! Operations of the admin API on OAuth clients, and on initial access tokens for dynamic registration.

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
        "/admin/clients",
        Scope("admin:clients:read"),
        "OAuth clients",
    )
    .lists::<admin::Client>(&[]),
    op(
        Post,
        "/admin/clients/registration-tokens",
        Scope("admin:clients"),
        "Mint an initial access token for dynamic client registration; it is shown once",
    )
    .takes::<admin::MintRegistrationToken>()
    .gives::<admin::RegistrationToken>(201)
    .or(&[E::ValidationFailed]),
    op(
        Get,
        "/admin/clients/registration-tokens",
        Scope("admin:clients:read"),
        "Initial access tokens that are still valid",
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
        "Delete an OAuth client and revoke its tokens",
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
];
