//! Operations of OAuth2 and OpenID Connect.

use rocket::http::Method::{Get, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Browser, Client, Token},
};
use crate::{
    http::{
        oauth_forms::{AuthorizeForm, LogoutForm, TokenQuestion, TokenRequest},
        token_response::OAuthToken,
    },
    oauth::{TokenInfo, UserInfo},
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
        "Authorization endpoint: sign a user in and ask for consent (RFC 6749 section 4.1.1)",
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
        "Sign a user out (OpenID Connect RP-Initiated Logout)",
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
        "Revoke a token (RFC 7009); tokens of other clients are ignored",
    )
    .form::<TokenQuestion>(),
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
        "As GET; the token may be sent in a form",
    )
    .gives::<UserInfo>(200),
];
