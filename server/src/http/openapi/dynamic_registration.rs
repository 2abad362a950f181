//! Dynamic client registration, and public documents: keys and metadata.

use rocket::http::Method::{Delete, Get, Post, Put};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::Anybody,
};
use crate::{
    http::client_information::ClientInformation,
    oauth::{Metadata, client_metadata::Metadata as Metadata7591},
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/oauth/register",
        Anybody,
        "Register a client (RFC 7591), where the setting client_registration allows it; with an initial access token or an API key as bearer",
    )
    .takes::<Metadata7591>()
    .gives::<ClientInformation>(201),
    op(
        Get,
        "/oauth/register/{id}",
        Anybody,
        "A client's registration, with its registration access token as bearer (RFC 7592)",
    )
    .gives::<ClientInformation>(200),
    op(
        Put,
        "/oauth/register/{id}",
        Anybody,
        "Replace the registration (RFC 7592 section 2.2); omitted fields are cleared",
    )
    .takes::<Metadata7591>()
    .gives::<ClientInformation>(200),
    op(
        Delete,
        "/oauth/register/{id}",
        Anybody,
        "Delete the registration and revoke the client's tokens",
    )
    .done(),
    op(
        Get,
        "/.well-known/oauth-authorization-server",
        Anybody,
        "What this server serves (RFC 8414)",
    )
    .gives::<Metadata>(200),
    op(
        Get,
        "/.well-known/openid-configuration",
        Anybody,
        "The same for OpenID Connect clients",
    )
    .gives::<Metadata>(200),
    op(
        Get,
        "/.well-known/jwks.json",
        Anybody,
        "Public keys of tokens (RFC 7517)",
    )
    .text("application/json"),
];
