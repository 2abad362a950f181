//! Sign-up, sign-in and sign-out; forward authentication, and the token endpoint in this API's spelling.

use doorward_shared::{ErrorCode as E, auth};
use rocket::http::Method::{Get, Post};

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::{Anybody, Bearer, Client},
};
use crate::http::{oauth_forms::TokenRequest, token_response::BothTokens};

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/auth/register",
        Anybody,
        "Make an account and sign in",
    )
    .takes::<auth::RegisterRequest>()
    .gives::<auth::RegisterResponse>(201)
    .or(&[
        E::RegistrationClosed,
        E::Blocked,
        E::EmailTaken,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(
        Get,
        "/auth/check",
        Bearer,
        "Whether a request may pass: forward authentication for proxies. `scope` names what it needs; with `browser=1` a browser's sign-in counts and a 401 carries `Location`, with `browser=302` the answer is a redirect there",
    )
    .done()
    .or(&[E::InsufficientScope]),
    op(Post, "/auth/login", Anybody, "Sign in")
        .takes::<auth::LoginRequest>()
        .gives::<auth::TokenResponse>(200)
        .or(&[
            E::InvalidCredentials,
            E::MfaRequired,
            E::AccountDisabled,
            E::Blocked,
            E::EmailNotVerified,
            E::RateLimited,
            E::Overloaded,
        ]),
    op(
        Post,
        "/auth/refresh",
        Anybody,
        "Get a new access token; the refresh token is used up",
    )
    .takes::<auth::RefreshRequest>()
    .gives::<auth::TokenResponse>(200)
    .or(&[
        E::InvalidToken,
        E::TokenExpired,
        E::TokenRevoked,
        E::MfaEnrolmentRequired,
        E::RateLimited,
    ]),
    op(
        Post,
        "/auth/logout",
        Bearer,
        "End the session, or a client's own token, at once",
    )
    .done()
    .or(&[E::InsufficientScope]),
    op(
        Post,
        "/auth/token",
        Client,
        "The token endpoint in both spellings (RFC 6749 section 3.2)",
    )
    .form_or_json::<TokenRequest>()
    .gives::<BothTokens>(200),
];
