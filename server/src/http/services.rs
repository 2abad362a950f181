//! Everything that handlers need: use cases, OAuth endpoints, branding of the pages. `app.rs` builds it once.

use std::sync::{Arc, OnceLock};

use doorward_shared::{ErrorCode, Timestamp};
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};

use super::{ApiError, Profiles, RequestInfo, branding::Site};
use crate::{
    clock::Clock,
    crypto::{key_ring::KeyRing, seal::MasterKey},
    domain::{Act, AuditContext, EntryPoint},
    metrics::Metrics,
    oauth::{AuthorizationEndpoint, Clients, Introspection, Registrations, TokenEndpoint},
    service::{
        Accounts, ApiKeys, Authenticator, Backups, Blocks, BrowserSessions, Caller, ForwardAuth,
        Jobs, KeyVerification, Links, OwnFactors, Passwords, Refresh, SecondFactors, Sessions,
        SignIn, SigningKeys, Statistics, Tokens, Verification,
    },
    settings::Settings,
    state::{
        IdempotentAnswers, LogDedup, UnclaimedSignIns, UsedForms, event_streams::EventStreams,
        limits::Limits,
    },
    store::Store,
};

/// The services that handlers and guards use.
#[derive(Debug)]
pub struct Services {
    pub settings: Arc<Settings>,
    /// Base URL under which clients reach this server, without a trailing slash.
    pub issuer: String,
    /// The API description as served, built on first request.
    pub(crate) description: OnceLock<Arc<str>>,
    pub clock: Clock,
    pub started_at: Timestamp,
    pub metrics: Metrics,
    pub store: Store,
    pub keys: KeyRing,
    pub limits: Limits,
    pub authenticator: Authenticator,
    pub passwords: Passwords,
    pub sign_in: SignIn,
    pub accounts: Accounts,
    /// Creates one-time links, and sets passwords with them.
    pub links: Links,
    /// Verifies addresses, and mails links that users request.
    pub verification: Verification,
    pub tokens: Tokens,
    pub refresh: Refresh,
    /// Verifies API keys and charges their use.
    pub key_verification: KeyVerification,
    /// Mints API keys and changes them.
    pub api_keys: ApiKeys,
    pub sessions: Sessions,
    pub signing_keys: SigningKeys,
    pub statistics: Statistics,
    pub backups: Backups,
    /// Blocks networks for sign-in and sign-up.
    pub blocks: Blocks,
    pub jobs: Jobs,
    pub browser_sessions: BrowserSessions,
    pub clients: Clients,
    pub token_endpoint: TokenEndpoint,
    pub authorization: AuthorizationEndpoint,
    pub introspection: Introspection,
    /// Changes users' own second factors.
    pub own_factors: OwnFactors,
    pub registrations: Registrations,
    pub forward_auth: ForwardAuth,
    pub(crate) factors: Arc<SecondFactors>,
    pub(crate) master: Arc<MasterKey>,
    pub(crate) site: Site,
    pub(crate) unclaimed_sign_ins: UnclaimedSignIns,
    pub(crate) answers: IdempotentAnswers,
    pub(crate) used_forms: UsedForms,
    pub(crate) streams: EventStreams,
    pub(crate) log_dedup: LogDedup,
    pub(crate) profiles: Profiles,
}

impl Services {
    /// The services of the app that received a request.
    ///
    /// # Errors
    /// `internal_error`, if the fairing is not attached.
    pub(in crate::http) fn of<'r>(request: &'r Request<'_>) -> Result<&'r Self, ApiError> {
        let missing = || {
            ApiError::new(
                ErrorCode::InternalError,
                "the Doorward fairing is not attached",
            )
        };
        let services = request.rocket().state::<Arc<Self>>();
        services.map(AsRef::as_ref).ok_or_else(missing)
    }

    /// An operation by a caller in a request. Storage authorizes it when it is performed.
    ///
    /// # Errors
    /// `invalid_token`, for a token in a format that this server does not issue.
    pub(in crate::http) fn act(
        &self,
        caller: &Caller,
        door: EntryPoint,
        info: &RequestInfo,
    ) -> Result<Act, ApiError> {
        let context = self.context(caller, info);
        Ok(caller.act(door, self.settings.step_up_seconds, context)?)
    }

    /// The audit context of a caller's operation in a request.
    pub(in crate::http) fn context(&self, caller: &Caller, info: &RequestInfo) -> AuditContext {
        AuditContext {
            client_id: caller.client_id(),
            ..info.context(caller.actor(), self.clock.now())
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Services {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        ApiError::outcome(request, Services::of(request))
    }
}
