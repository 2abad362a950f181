//! Refreshing: one use of a refresh token, rate-limited and performed. `domain/rules/refresh.rs` decides the outcome.

use doorward_shared::{ScopeSet, Timestamp, auth::TokenResponse};

use super::{Error, Tokens};
use crate::{
    clock::Clock,
    crypto::{
        refresh_token::{NextToken, Presented},
        secret::Secret,
    },
    domain::{AuditContext, RefreshOwner, Session, User, rules::refresh::GracePeriods},
    state::limits::Limits,
    store::{Refreshed, Rotation, Store, StoreError},
};

/// Uses refresh tokens.
#[derive(Debug, Clone)]
pub struct Refresh {
    pub(crate) tokens: Tokens,
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
}

/// The scopes and audiences requested with a refresh token; everything granted if none is named.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefreshRequest {
    pub scope: Option<ScopeSet>,
    /// Audiences.
    pub resources: Vec<String>,
}

/// The result of using a refresh token.
#[derive(Debug)]
pub(crate) struct Renewed {
    pub session: Session,
    pub user: User,
    /// The session's current scope.
    pub scope: ScopeSet,
    /// Audiences of the next access token.
    pub resources: Vec<String>,
    pub refresh_token: Secret,
}

/// Why a refresh token is rejected.
#[derive(Debug)]
pub(crate) enum RefreshError {
    /// Unknown, or not a token of this owner (client or first party).
    Unknown,
    Expired,
    /// Already used, or its session has ended.
    Revoked,
    /// The account's role requires a second factor, and the account has none.
    NoFactor,
    /// The requested scope exceeds the grant. The token stays valid.
    ScopeTooWide,
    /// A requested audience was not granted, or none of the granted ones is the client's any more. The token stays
    /// valid.
    OtherResource,
    /// Limits or storage. The token stays valid.
    Failed(Error),
}

impl From<Error> for RefreshError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Refresh {
    /// Refreshes a first-party session.
    ///
    /// # Errors
    /// [`Error::InvalidRefreshToken`], [`Error::RefreshTokenExpired`], [`Error::RefreshTokenRevoked`],
    /// [`Error::FactorMissing`]; limits and storage.
    pub async fn first_party(
        &self,
        used: &Secret,
        context: AuditContext,
    ) -> Result<TokenResponse, Error> {
        let now = context.at;
        let renewed = self
            .renew(
                used,
                RefreshOwner::FirstParty,
                RefreshRequest::default(),
                context,
            )
            .await;
        let renewed = renewed.map_err(|why| match why {
            RefreshError::Unknown => Error::InvalidRefreshToken,
            RefreshError::Expired => Error::RefreshTokenExpired,
            RefreshError::NoFactor => Error::FactorMissing,
            RefreshError::Revoked | RefreshError::ScopeTooWide | RefreshError::OtherResource => {
                Error::RefreshTokenRevoked
            }
            RefreshError::Failed(error) => error,
        })?;
        let Renewed {
            session,
            user,
            scope,
            refresh_token,
            ..
        } = renewed;
        self.tokens
            .token_response(user.id, &session, &scope, &refresh_token, now)
    }

    /// Uses up a refresh token of one owner.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub(crate) async fn renew(
        &self,
        used: &Secret,
        owner: RefreshOwner,
        asked: RefreshRequest,
        context: AuditContext,
    ) -> Result<Renewed, RefreshError> {
        let next = self.tokens.next_refresh_token();
        let used = self.tokens.master.refresh().read(used.expose());
        let used = used.ok_or(RefreshError::Unknown)?;
        self.count(used, owner).await?;
        let rotation = self.rotation(used, next, owner, asked, context.at);
        match self.store.rotate_refresh(rotation, context).await? {
            Refreshed::Rotated {
                session,
                user,
                scope,
                resources,
                refresh_token,
            } => Ok(Renewed {
                session,
                user,
                scope,
                resources,
                refresh_token,
            }),
            Refreshed::Unknown => Err(RefreshError::Unknown),
            // The next sign-in asks for the factor.
            Refreshed::Expired | Refreshed::NeedsFactor { has_factor: true } => {
                Err(RefreshError::Expired)
            }
            Refreshed::NeedsFactor { has_factor: false } => Err(RefreshError::NoFactor),
            Refreshed::Revoked | Refreshed::Replayed => Err(RefreshError::Revoked),
            Refreshed::ScopeTooWide => Err(RefreshError::ScopeTooWide),
            Refreshed::OtherResource => Err(RefreshError::OtherResource),
        }
    }

    fn rotation(
        &self,
        used: Presented,
        next: NextToken,
        lineage: RefreshOwner,
        asked: RefreshRequest,
        now: Timestamp,
    ) -> Rotation {
        let settings = &self.tokens.settings;
        Rotation {
            used,
            next,
            owner: lineage,
            next_until: now.plus_seconds(i64::from(settings.refresh_token_seconds)),
            access_until: now.plus_seconds(i64::from(settings.access_token_seconds)),
            windows: GracePeriods {
                grace: settings.refresh_grace_seconds,
                retry: settings.refresh_retry_seconds,
            },
            scope: asked.scope,
            resources: asked.resources,
            issuer: self.tokens.issuer.clone(),
        }
    }

    /// Counts a use as a change by its account. Only a genuine token of this owner and of an active session counts, so
    /// that an unauthenticated client cannot use up another account's limit.
    ///
    /// # Errors
    /// [`Error::RateLimited`]: the token must not be used, and stays valid.
    async fn count(&self, used: Presented, lineage: RefreshOwner) -> Result<(), Error> {
        if self.tokens.settings.writes_per_minute_per_account == 0 {
            return Ok(());
        }
        let session = match used {
            Presented::Numbered {
                session,
                genuine: true,
                ..
            } => self.store.session_to_refresh(session).await?,
            other => {
                let found = self.store.refresh_token(other).await?;
                found.map(|(session, _)| session.core())
            }
        };
        let Some(session) = session else {
            return Ok(());
        };
        let of = session
            .client_id
            .map_or(RefreshOwner::FirstParty, RefreshOwner::Client);
        if of != lineage || !session.is_live(self.clock.now()) {
            return Ok(());
        }
        Ok(self.limits.write(session.user_id, self.clock.monotonic())?)
    }
}
