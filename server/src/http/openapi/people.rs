//! What applications call for their people and with their keys, and what supervisors call; second factors stand in `factors`.

use doorward_shared::{
    ErrorCode as E, apikey,
    auth::{self, OwnSession},
};
use rocket::http::Method::{Delete, Get, Patch, Post};

use super::operation::{
    Operation,
    Who::{Anybody, Bearer, Client, FirstParty, KeyHolder, ResourceServer},
    op,
};
use crate::http::{health::Health, oauth_forms::TokenRequest, token_answer::BothTokens};

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
    op(Get, "/auth/me", Bearer, "The account behind the credential")
        .gives::<auth::Profile>(200)
        .or(&[E::InsufficientScope]),
    op(
        Get,
        "/auth/me/export",
        FirstParty,
        "What is kept about oneself",
    )
    .gives::<auth::OwnData>(200),
    op(
        Delete,
        "/auth/me",
        FirstParty,
        "Delete one's own account, with all sessions and keys",
    )
    .takes::<auth::DeleteAccount>()
    .done()
    .or(&[
        E::InvalidCredentials,
        E::Conflict,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Patch, "/auth/me", FirstParty, "Change one's own name")
        .takes::<auth::ProfilePatch>()
        .gives::<auth::Profile>(200)
        .or(&[E::ValidationFailed, E::RateLimited]),
    op(
        Post,
        "/auth/password",
        FirstParty,
        "Change one's own password; every other session ends, with `apiKeys` the API keys too",
    )
    .takes::<auth::PasswordRequest>()
    .done()
    .or(&[
        E::InvalidCredentials,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(
        Post,
        "/auth/password/reset",
        Anybody,
        "Set a password by a one-time link; all sessions end, and the API keys unless `keepApiKeys`",
    )
    .takes::<auth::ResetRequest>()
    .done()
    .or(&[
        E::InvalidToken,
        E::TokenExpired,
        E::ValidationFailed,
        E::Overloaded,
    ]),
    op(
        Post,
        "/auth/password/forgot",
        Anybody,
        "Mail a link for a new password to whoever has the address; the answer is the same for every address",
    )
    .takes::<auth::ForgotRequest>()
    .accepted()
    .or(&[E::MailDisabled, E::Blocked]),
    op(
        Post,
        "/auth/email",
        FirstParty,
        "Ask for another address: it is the account's once the link that is mailed there was opened",
    )
    .takes::<auth::EmailRequest>()
    .accepted()
    .or(&[
        E::MailDisabled,
        E::InvalidCredentials,
        E::StepUpRequired,
        E::EmailTaken,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(
        Post,
        "/auth/email/resend",
        Anybody,
        "Mail the link that verifies an address again: of `email`, else of the caller; the answer is the same for every address",
    )
    .may_take::<auth::ResendRequest>()
    .accepted()
    .or(&[E::MailDisabled, E::MissingToken, E::Blocked]),
    op(
        Post,
        "/auth/email/verify",
        Anybody,
        "Verify an address by the link that was mailed there",
    )
    .takes::<auth::VerifyEmailRequest>()
    .done()
    .or(&[E::InvalidToken, E::TokenExpired, E::EmailTaken]),
    op(Get, "/auth/sessions", FirstParty, "One's own live sessions").lists::<OwnSession>(&[]),
    op(
        Delete,
        "/auth/sessions/{id}",
        FirstParty,
        "End one of one's own sessions",
    )
    .done()
    .or(&[E::RateLimited]),
    op(
        Post,
        "/auth/token",
        Client,
        "The token endpoint in both spellings (RFC 6749 section 3.2)",
    )
    .form_or_json::<TokenRequest>()
    .gives::<BothTokens>(200),
    op(
        Post,
        "/apikey",
        KeyHolder("admin:apikeys"),
        "Mint an API key; its secret is shown once",
    )
    .takes::<apikey::MintRequest>()
    .once()
    .gives::<apikey::MintedKey>(201)
    .or(&[
        E::InsufficientScope,
        E::ValidationFailed,
        E::Conflict,
        E::RateLimited,
    ]),
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
        "Whether a key is good for a call, which its limits then pay",
    )
    .takes::<apikey::VerifyRequest>()
    .gives::<apikey::Verification>(200)
    .or(&[E::InvalidCredentials, E::ValidationFailed]),
    op(
        Get,
        "/apikey/{id}/usage",
        KeyHolder("admin:apikeys:read"),
        "How often a key was shown, by hour or by day",
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
    .or(&[
        E::InsufficientScope,
        E::ValidationFailed,
        E::Conflict,
        E::RateLimited,
    ]),
    op(
        Post,
        "/apikey/{id}/rotate",
        KeyHolder("admin:apikeys"),
        "Give a key a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .once()
    .gives::<apikey::MintedKey>(201)
    .or(&[
        E::InsufficientScope,
        E::ValidationFailed,
        E::Conflict,
        E::RateLimited,
    ]),
    op(
        Delete,
        "/apikey/{id}",
        KeyHolder("admin:apikeys"),
        "Revoke a key at once",
    )
    .done()
    .or(&[E::RateLimited]),
    op(Get, "/health/live", Anybody, "The process answers").gives::<Health>(200),
    op(Get, "/health/ready", Anybody, "Storage takes commits")
        .gives::<Health>(200)
        .or(&[E::StorageUnavailable]),
    op(Get, "/metrics", Anybody, "Numbers for Prometheus").text("text/plain"),
    op(Get, "/openapi.json", Anybody, "This description").text("application/json"),
    op(Get, "/docs", Anybody, "This description for people").text("text/html"),
];
