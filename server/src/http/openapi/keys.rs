//! Operations that applications call with their API keys, and about keys that they receive.

use doorward_shared::{ErrorCode as E, apikey};
use rocket::http::Method::{Delete, Get, Patch, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{KeyHolder, ResourceServer},
};

/// Errors of operations that create or change a key.
const WRITES: &[E] = &[
    E::InsufficientScope,
    E::ValidationFailed,
    E::Conflict,
    E::RateLimited,
];

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/apikey",
        KeyHolder("admin:apikeys"),
        "Mint an API key; its secret is shown once",
    )
    .takes::<apikey::MintRequest>()
    .once()
    .gives::<apikey::MintedKey>(201)
    .or(WRITES),
    op(
        Get,
        "/apikey",
        KeyHolder("admin:apikeys:read"),
        "One's own API keys",
    )
    .lists::<apikey::ApiKey>(&["active"]),
    op(
        Post,
        "/apikey/verify",
        ResourceServer("admin:apikeys:read"),
        "Verify a key for one call, which counts towards its limits",
    )
    .takes::<apikey::VerifyRequest>()
    .gives::<apikey::Verification>(200)
    .or(&[E::InvalidCredentials, E::ValidationFailed]),
    op(
        Get,
        "/apikey/{id}/usage",
        KeyHolder("admin:apikeys:read"),
        "API key usage by hour or by day",
    )
    .asks(&["by", "from", "to"])
    .gives::<apikey::KeyUsage>(200),
    op(
        Get,
        "/apikey/{id}",
        KeyHolder("admin:apikeys:read"),
        "One of one's own API keys",
    )
    .gives::<apikey::ApiKey>(200),
    op(
        Patch,
        "/apikey/{id}",
        KeyHolder("admin:apikeys"),
        "Change a key: its name, its limits, or fewer scopes",
    )
    .takes::<apikey::KeyPatch>()
    .gives::<apikey::ApiKey>(200)
    .or(WRITES),
    op(
        Post,
        "/apikey/{id}/rotate",
        KeyHolder("admin:apikeys"),
        "Give a key a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .once()
    .gives::<apikey::MintedKey>(201)
    .or(WRITES),
    op(
        Delete,
        "/apikey/{id}",
        KeyHolder("admin:apikeys"),
        "Revoke a key at once",
    )
    .done()
    .or(&[E::RateLimited]),
];
