//! Issues the tokens of users' sessions and of clients.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ScopeSet, SessionId, Timestamp, UserId, auth::TokenResponse};
use ulid::Ulid;

use super::Error;
use crate::{
    clock::random_bytes,
    crypto::{
        access_token::{AccessClaims, Audience, FIRST_PARTY},
        key_ring::{KeyRing, SignError},
        refresh_token::NextToken,
        seal::MasterKey,
        secret::{Digest256, Secret},
    },
    domain::{AuthorizationCode, Client, RequestedClaims, Session, SignInMethod, client::mark},
    settings::Settings,
    store::NewSession,
};

/// The subject and grant of an access token.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    /// A user's id, or the client's own.
    pub subject: String,
    /// The `client_id` under which the client knows itself; `None` for a first-party login.
    pub client_id: Option<String>,
    pub session: Option<SessionId>,
    pub scope: &'a ScopeSet,
    /// The issuer itself if empty.
    pub audience: Vec<String>,
    pub auth_time: Option<Timestamp>,
    /// How the user signed in; `None` for a client-credentials token.
    pub method: Option<SignInMethod>,
    pub seconds: u32,
    /// The secret that a client used to obtain a client-credentials token.
    pub secret: Option<Digest256>,
}

/// Issues tokens, and prepares their sessions.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub(crate) issuer: String,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keys: KeyRing,
    pub(crate) master: Arc<MasterKey>,
}

impl Tokens {
    /// Signs an access token.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn access_token(&self, grant: Grant<'_>, now: Timestamp) -> Result<String, SignError> {
        let audience = if grant.audience.is_empty() {
            vec![self.issuer.clone()]
        } else {
            grant.audience
        };
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            sub: grant.subject,
            aud: Audience::new(audience),
            exp: now.seconds() + i64::from(grant.seconds),
            iat: now.seconds(),
            jti: token_id(now, grant.secret),
            client_id: grant.client_id.unwrap_or_else(|| FIRST_PARTY.to_owned()),
            scope: grant.scope.to_string(),
            sid: grant.session.map(|id| id.to_string()),
            auth_time: grant.auth_time.map(Timestamp::seconds),
            amr: grant
                .method
                .map(|method| method.amr().iter().map(|name| (*name).into()).collect())
                .unwrap_or_default(),
            acr: grant.method.map(|method| method.acr().into()),
        };
        self.keys.sign_access(claims)
    }

    /// The response to a first-party sign-in or refresh.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn token_response(
        &self,
        user: UserId,
        session: &Session,
        scope: &ScopeSet,
        refresh_token: &Secret,
        now: Timestamp,
    ) -> Result<TokenResponse, Error> {
        let seconds = self.settings.access_token_seconds;
        let grant = Grant {
            subject: user.to_string(),
            client_id: None,
            session: Some(session.id),
            scope,
            audience: Vec::new(),
            auth_time: Some(session.auth_time.unwrap_or(session.created_at)),
            method: Some(session.method),
            seconds,
            secret: None,
        };
        Ok(TokenResponse {
            access_token: self.access_token(grant, now)?,
            refresh_token: refresh_token.expose().to_owned(),
            token_type: "Bearer".into(),
            expires_in: u64::from(seconds),
            scope: scope.to_string(),
            user_id: user,
            issued_at: now,
        })
    }

    /// The response to a sign-in: the first tokens of its session.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub(crate) fn first_response(
        &self,
        session: &Session,
        refresh: &NextToken,
    ) -> Result<TokenResponse, Error> {
        let (user, at) = (session.user_id, session.created_at);
        let refresh = refresh.token(session.id, 1);
        self.token_response(user, session, &session.scope, &refresh, at)
    }

    /// A new refresh token, not yet bound to a session.
    pub fn next_refresh_token(&self) -> NextToken {
        self.master.refresh().next()
    }

    /// The initial data of a new session, with its first refresh token, number 1.
    pub fn new_session(
        &self,
        ip: IpAddr,
        user_agent: Option<String>,
        now: Timestamp,
    ) -> (NewSession, NextToken) {
        let refresh = self.next_refresh_token();
        let session = NewSession {
            user_agent,
            refresh: Some(refresh.clone()),
            ..self.session_at(ip, now)
        };
        (session, refresh)
    }

    /// The initial data of a browser session: without a refresh token, since the cookie keeps it alive.
    pub(crate) fn new_browser_session(
        &self,
        ip: IpAddr,
        user_agent: Option<String>,
        cookie: Digest256,
        now: Timestamp,
    ) -> NewSession {
        let new = self.session_at(ip, now);
        NewSession {
            user_agent,
            access_until: new.refresh_until,
            browser: Some(cookie),
            ..new
        }
    }

    /// The initial data of a session created from a code.
    pub(crate) fn granted_session(
        &self,
        client: &Client,
        code: &AuthorizationCode,
        refresh: Option<NextToken>,
        now: Timestamp,
    ) -> NewSession {
        NewSession {
            client_id: Some(client.id),
            scope: Some(code.scope.clone()),
            user_agent: code.user_agent.clone(),
            refresh,
            auth_time: Some(code.auth_time),
            ..self.session_at(code.ip, now)
        }
    }

    fn session_at(&self, ip: IpAddr, now: Timestamp) -> NewSession {
        let settings = &self.settings;
        NewSession {
            client_id: None,
            scope: None,
            ip,
            user_agent: None,
            refresh: None,
            refresh_until: now.plus_seconds(i64::from(settings.refresh_token_seconds)),
            access_until: now.plus_seconds(i64::from(settings.access_token_seconds)),
            expires_at: now.plus_seconds(i64::from(settings.session_seconds)),
            browser: None,
            resources: Vec::new(),
            auth_time: None,
            method: SignInMethod::default(),
            signed_in_by: None,
            claims: RequestedClaims::default(),
        }
    }
}

/// A `jti`: a ULID in lower case.
fn token_id(now: Timestamp, secret: Option<Digest256>) -> String {
    let random = u128::from_be_bytes(random_bytes());
    let id = Ulid::from_parts(u64::try_from(now.0).unwrap_or_default(), random);
    secret
        .map_or(id, |secret| mark(id, &secret))
        .to_string()
        .to_ascii_lowercase()
}
