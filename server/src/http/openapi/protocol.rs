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
];
