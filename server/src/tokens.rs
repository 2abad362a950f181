//! Tokens that people's sessions and clients get.

use std::sync::Arc;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId, auth::TokenResponse};
use ulid::Ulid;

use crate::{
    app::Doorward,
    clock::random_bytes,
    crypto::{
        refresh::{NextToken, Presented},
        secret::{Digest256, Secret},
        signing::{SignError, TokenType},
        token::{AccessClaims, Audience, FIRST_PARTY},
    },
    domain::{Lineage, Session, SignInMethod, client::mark, rules::refresh::Windows},
    limits::RetryAfter,
    store::{NewSession, Rotation, StoreError},
};

/// Why a use of a refresh token was not counted.
#[derive(Debug)]
pub enum Counted {
    Limited(RetryAfter),
    Unknown(StoreError),
}

impl From<StoreError> for Counted {
    fn from(error: StoreError) -> Self {
        Self::Unknown(error)
    }
}

/// For whom an access token is.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    /// A user's id, or the client's own.
    pub subject: String,
    /// None for a first-party login.
    pub client_id: Option<ClientId>,
    pub session: Option<SessionId>,
    pub scope: &'a ScopeSet,
    /// The issuer itself when empty.
    pub audience: Vec<String>,
    pub auth_time: Option<Timestamp>,
    /// How the person signed in; `None` for a client's own token.
    pub method: Option<SignInMethod>,
    pub seconds: u32,
    /// The secret that a client got a token of its own with.
    pub secret: Option<Digest256>,
}

impl Doorward {
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
            client_id: grant
                .client_id
                .map_or_else(|| FIRST_PARTY.to_owned(), |id| id.to_string()),
            scope: grant.scope.to_string(),
            sid: grant.session.map(|id| id.to_string()),
            auth_time: grant.auth_time.map(Timestamp::seconds),
            amr: grant
                .method
                .map(|method| method.amr().iter().map(|name| (*name).into()).collect())
                .unwrap_or_default(),
        };
        self.keys.sign(TokenType::Access, &claims)
    }

    /// The answer to a first-party sign-in or refresh.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn token_response(
        &self,
        user: UserId,
        session: &Session,
        scope: &ScopeSet,
        refresh_token: &Secret,
        now: Timestamp,
    ) -> Result<TokenResponse, SignError> {
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

    /// Counts a use of a refresh token as a change by its account. Only a genuine token of this door and of a live session
    /// counts: nobody else's change is refused for what a stranger sends.
    ///
    /// # Errors
    /// [`Counted::Limited`]: the token must not be used, and stays good.
    pub async fn count_refresh(&self, used: Presented, lineage: Lineage) -> Result<(), Counted> {
        if self.settings.writes_per_minute_per_account == 0 {
            return Ok(());
        }
        let session = match used {
            Presented::Numbered {
                session,
                genuine: true,
                ..
            } => self.store.session(session).await?,
            other => {
                let found = self.store.refresh_token(other).await?;
                found.map(|(session, _)| Arc::new(session))
            }
        };
        let Some(session) = session else {
            return Ok(());
        };
        let of = session
            .client_id
            .map_or(Lineage::FirstParty, Lineage::Client);
        if of != lineage || !session.is_live(self.clock.now()) {
            return Ok(());
        }
        let counted = self.limits.write(session.user_id, self.clock.monotonic());
        counted.map_err(Counted::Limited)
    }

    /// A refresh token to be, of whichever session.
    pub fn next_refresh_token(&self) -> NextToken {
        self.master.refresh().next()
    }

    /// One use of a refresh token, for all that was granted; `None` for what is no refresh token.
    pub(crate) fn rotation(
        &self,
        used: &str,
        next: NextToken,
        lineage: Lineage,
        now: Timestamp,
    ) -> Option<Rotation> {
        let settings = &self.settings;
        Some(Rotation {
            used: self.master.refresh().read(used)?,
            next,
            lineage,
            next_until: now.plus_seconds(i64::from(settings.refresh_token_seconds)),
            access_until: now.plus_seconds(i64::from(settings.access_token_seconds)),
            windows: Windows {
                grace: settings.refresh_grace_seconds,
                retry: settings.refresh_retry_seconds,
            },
            scope: None,
            resources: Vec::new(),
        })
    }

    /// What a new session starts with, and its first refresh token, number 1.
    pub fn new_session(
        &self,
        ip: std::net::IpAddr,
        user_agent: Option<String>,
        now: Timestamp,
    ) -> (NewSession, NextToken) {
        let refresh = self.next_refresh_token();
        let session = NewSession {
            client_id: None,
            scope: None,
            ip,
            user_agent,
            refresh: Some(refresh.clone()),
            refresh_until: now.plus_seconds(i64::from(self.settings.refresh_token_seconds)),
            access_until: now.plus_seconds(i64::from(self.settings.access_token_seconds)),
            expires_at: now.plus_seconds(i64::from(self.settings.session_seconds)),
            browser: None,
            resources: Vec::new(),
            auth_time: None,
            method: SignInMethod::default(),
        };
        (session, refresh)
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
