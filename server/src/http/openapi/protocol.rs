//! OAuth2 and OpenID Connect.

use rocket::http::Method::{Delete, Get, Post, Put};

use super::operation::{
    Operation,
    Who::{Anybody, Browser, Client, Token},
    op,
};
use crate::{
    http::{
        client_information::ClientInformation,
        oauth_forms::{AuthorizeForm, LogoutForm, TokenRequest},
        token_answer::OAuthToken,
        token_info::TokenQuestion,
    },
    oauth::{Metadata, TokenInfo, UserInfo, registration::Metadata as Metadata7591},
};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/oauth/token",
        Client,
        "The token endpoint (RFC 6749 section 3.2)",
    )
    .form::<TokenRequest>()
    .gives::<OAuthToken>(200),
    op(
        Get,
        "/oauth/authorize",
        Browser,
        "Sign a person in and ask what the client may do (RFC 6749 section 4.1.1)",
    )
    .redirects(),
    op(
        Post,
        "/oauth/authorize",
        Browser,
        "The same, with the parameters in a form",
    )
    .form::<AuthorizeForm>()
    .redirects(),
    op(
        Get,
        "/oauth/logout",
        Browser,
        "Sign a person out (OpenID Connect RP-Initiated Logout)",
    )
    .redirects(),
    op(
        Post,
        "/oauth/logout",
        Browser,
        "The same, with the parameters in a form",
    )
    .form::<LogoutForm>()
    .redirects(),
    op(
        Post,
        "/oauth/revoke",
        Client,
        "Give up a token (RFC 7009); somebody else's is left alone",
    )
    .form::<TokenQuestion>(),
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
        "Change it; what is left out is gone",
    )
    .takes::<Metadata7591>()
    .gives::<ClientInformation>(200),
    op(
        Delete,
        "/oauth/register/{id}",
        Anybody,
        "End it; the client's tokens die",
    )
    .done(),
    op(
        Post,
        "/oauth/introspect",
        Client,
        "What a token is (RFC 7662); also with a bearer token that holds admin:sessions:read",
    )
    .form::<TokenQuestion>()
    .gives::<TokenInfo>(200),
    op(
        Get,
        "/oauth/userinfo",
        Token("openid"),
        "Who signed in (OpenID Connect Core section 5.3)",
    )
    .gives::<UserInfo>(200),
    op(
        Post,
        "/oauth/userinfo",
        Token("openid"),
        "As GET; the token may stand in a form",
    )
    .gives::<UserInfo>(200),
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
