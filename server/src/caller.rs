//! Who is calling: a credential, and what it may do at this moment.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{
    ClientId, ErrorCode, ScopeSet, SessionId, Timestamp, UserId, apikey::KeyCode,
};
use ulid::Ulid;

use crate::{
    app::Doorward,
    crypto::{
        secret::looks_like_api_key,
        signing::TokenError,
        token::{AccessClaims, FIRST_PARTY},
    },
    domain::{
        Account, Act, Actor, ApiKey, Authority, Cause, Client, Door, Holder, KeyOwner, Session,
        rules::credential::{self, Over},
    },
    http::{ApiError, RequestInfo},
    service::{FoundKey, Wanted},
    store::StoreError,
};

/// What somebody called with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An access token of a person's session.
    Session {
        account: Arc<Account>,
        session: Arc<Session>,
    },
    /// An API key; the operator key has no owner.
    Key {
        key: Arc<ApiKey>,
        owner: Option<Arc<Account>>,
    },
    /// A client's own access token.
    Client { client: Arc<Client> },
}

/// Somebody whose credential is good now.
#[derive(Debug, Clone)]
pub struct Caller {
    pub credential: Credential,
    /// What the credential was given and its owner still may.
    pub scopes: ScopeSet,
    /// Of an access token.
    pub claims: Option<Arc<AccessClaims>>,
}

impl Caller {
    /// Who acts, for the audit log.
    pub fn actor(&self) -> Actor {
        match &self.credential {
            Credential::Session { account, .. } => Actor::User(account.user.id),
            Credential::Key { key, .. } => Actor::Key(key.id),
            Credential::Client { client } => Actor::Client(client.id),
        }
    }

    /// The person behind it, if there is one.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.credential {
            Credential::Session { account, .. } => Some(account),
            Credential::Key { owner, .. } => owner.as_ref(),
            Credential::Client { .. } => None,
        }
    }

    /// The person's id, if there is one.
    pub fn user_id(&self) -> Option<UserId> {
        self.account().map(|account| account.user.id)
    }

    /// The session the token belongs to.
    pub fn session_id(&self) -> Option<SessionId> {
        match &self.credential {
            Credential::Session { session, .. } => Some(session.id),
            _ => None,
        }
    }

    /// Whose keys this caller makes: its own, or the machine's for the operator key. A client owns none.
    pub fn key_owner(&self) -> Option<KeyOwner> {
        match &self.credential {
            Credential::Session { account, .. } => Some(KeyOwner::User(account.user.id)),
            Credential::Key { key, .. } => Some(key.owner),
            Credential::Client { .. } => None,
        }
    }

    /// The account and session of a first-party login; none for keys and for tokens OAuth clients obtained.
    pub fn first_party(&self) -> Option<(&Arc<Account>, &Arc<Session>)> {
        match &self.credential {
            Credential::Session { account, session } if session.client_id.is_none() => {
                Some((account, session))
            }
            _ => None,
        }
    }

    /// When the person behind a session last showed who they are; none for keys and clients.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        let Credential::Session { session, .. } = &self.credential else {
            return None;
        };
        let claimed = self.claims.as_ref().and_then(|claims| claims.auth_time);
        let at = session
            .signed_in_at()
            .or(claimed.map(Timestamp::from_seconds));
        // Where nobody knows, it was not lately.
        Some(at.unwrap_or_default())
    }

    /// Which credential it is, of all that a person or a client has: their session, key, or the client itself.
    pub fn credential_id(&self) -> String {
        match &self.credential {
            Credential::Session { session, .. } => session.id.to_string(),
            Credential::Key { key, .. } => key.id.to_string(),
            Credential::Client { client } => client.id.to_string(),
        }
    }

    /// The OAuth client through which a person acts.
    pub fn client_id(&self) -> Option<ClientId> {
        match &self.credential {
            Credential::Session { session, .. } => session.client_id,
            _ => None,
        }
    }

    /// The credential, as the transaction of an act reads it anew.
    fn holder(&self) -> Result<Holder, ApiError> {
        let granted = match &self.claims {
            Some(claims) => {
                ScopeSet::parse(&claims.scope).map_err(|_| ApiError::invalid_token())?
            }
            None => self.scopes.clone(),
        };
        Ok(match &self.credential {
            Credential::Session { session, .. } => Holder::Session {
                id: session.id,
                granted,
            },
            Credential::Key { key, .. } => Holder::Key(key.id),
            Credential::Client { client } => {
                let claims = self.claims.as_ref().ok_or_else(ApiError::invalid_token)?;
                Holder::Client {
                    id: client.id,
                    token: Ulid::from_string(&claims.jti).map_err(|_| ApiError::invalid_token())?,
                    granted,
                }
            }
        })
    }

    /// Refuses whoever lacks a scope.
    ///
    /// # Errors
    /// `insufficient_scope`, naming it.
    pub fn require(&self, scope: &str) -> Result<(), ApiError> {
        if self.scopes.covers(scope) {
            Ok(())
        } else {
            Err(ApiError::scope(scope))
        }
    }
}

impl Doorward {
    /// Something a caller is about to do in a request. Storage judges it when it is done.
    ///
    /// # Errors
    /// `invalid_token`, for a token of a form that this server does not sign.
    pub(crate) fn act(
        &self,
        caller: &Caller,
        door: Door,
        info: &RequestInfo,
    ) -> Result<Act, ApiError> {
        let authority = Authority {
            holder: caller.holder()?,
            door,
            signed_in_at: caller.signed_in_at(),
            step_up_seconds: self.settings.step_up_seconds,
        };
        Ok(Act::new(authority, self.cause(caller, info)))
    }

    /// What is put down to a caller in a request.
    pub(crate) fn cause(&self, caller: &Caller, info: &RequestInfo) -> Cause {
        Cause {
            client_id: caller.client_id(),
            ..info.cause(caller.actor(), self.clock.now())
        }
    }

    /// Where the setting `step_up_seconds` asks for it, a person must have signed in so recently. API keys and clients'
    /// own tokens have nobody who could sign in again, and pass.
    ///
    /// # Errors
    /// `step_up_required`.
    pub(crate) fn must_be_recent(&self, caller: &Caller) -> Result<(), ApiError> {
        let within = self.settings.step_up_seconds;
        if credential::is_recent(caller.signed_in_at(), within, self.clock.now()) {
            Ok(())
        } else {
            Err(ApiError::step_up(within))
        }
    }

    /// Judges a bearer credential, an access token or an API key, as it stands at this moment.
    ///
    /// # Errors
    /// 401 with the code that says why; 503 when it is not in memory and the disk cannot be read.
    pub async fn authenticate(&self, credential: &str, ip: IpAddr) -> Result<Caller, ApiError> {
        if looks_like_api_key(credential) {
            self.authenticate_key(credential, ip).await
        } else {
            self.authenticate_token(credential).await
        }
    }

    async fn authenticate_key(&self, text: &str, ip: IpAddr) -> Result<Caller, ApiError> {
        let found = self.api_keys.find(text).await?;
        let found = found.ok_or_else(ApiError::invalid_token)?;
        let wanted = Wanted {
            scopes: &[],
            ip: Some(ip),
            cost: 1,
        };
        let judged = self.api_keys.use_key(&found, wanted).await?;
        let wait = judged.left.map_or(1, |left| left.retry_after(judged.at));
        with_key(found, judged.code, wait)
    }

    /// Whether an API key is good now, from wherever it may come. Asking is not using it.
    ///
    /// # Errors
    /// As [`Doorward::authenticate`].
    pub(crate) async fn judge_key(&self, text: &str) -> Result<Caller, ApiError> {
        let found = self.api_keys.find(text).await?;
        let found = found.ok_or_else(ApiError::invalid_token)?;
        let wanted = Wanted {
            scopes: &[],
            ip: None,
            cost: 1,
        };
        let judged = self.api_keys.look(&found, wanted).await?;
        with_key(found, judged.code, 1)
    }

    /// As [`Doorward::authenticate`], for a request that goes on: it is not one more use of a key.
    ///
    /// # Errors
    /// As [`Doorward::authenticate`].
    pub(crate) async fn authenticate_again(
        &self,
        credential: &str,
        ip: IpAddr,
    ) -> Result<Caller, ApiError> {
        if !looks_like_api_key(credential) {
            return self.authenticate_token(credential).await;
        }
        let found = self.api_keys.find(credential).await?;
        let found = found.ok_or_else(ApiError::invalid_token)?;
        let now = self.clock.now();
        let code = found.standing(ip, now).err().unwrap_or(KeyCode::Valid);
        if code == KeyCode::Valid {
            self.store.touch_key(found.key.id, now, Some(ip));
        }
        with_key(found, code, 1)
    }

    async fn authenticate_token(&self, token: &str) -> Result<Caller, ApiError> {
        let now = self.clock.now();
        let (claims, expired) = match self.keys.verify_access(token, now) {
            Ok(claims) => (claims, false),
            Err(TokenError::Expired(claims)) => (claims, true),
            Err(TokenError::Invalid) => return Err(ApiError::invalid_token()),
        };
        // Revoked wins over expired.
        let caller = self.judge(claims).await?;
        if expired {
            Err(ApiError::token_expired())
        } else {
            Ok(caller)
        }
    }

    /// Whether what a rightly signed token stands for is still there, whenever the token itself expires.
    ///
    /// # Errors
    /// `token_revoked`, `token_expired` for a session that is over, `invalid_token`.
    pub(crate) async fn judge(&self, claims: Arc<AccessClaims>) -> Result<Caller, ApiError> {
        let granted = ScopeSet::parse(&claims.scope).map_err(|_| ApiError::invalid_token())?;
        match &claims.sid {
            Some(sid) => self.judge_session(sid, granted, claims.clone()).await,
            None => self.judge_client(granted, claims.clone()).await,
        }
    }

    async fn judge_session(
        &self,
        sid: &str,
        granted: ScopeSet,
        claims: Arc<AccessClaims>,
    ) -> Result<Caller, ApiError> {
        let id: SessionId = sid.parse().map_err(|_| ApiError::invalid_token())?;
        let user: UserId = claims.sub.parse().map_err(|_| ApiError::invalid_token())?;
        let session = self
            .store
            .session(id)
            .await?
            .ok_or_else(ApiError::token_revoked)?;
        let client = session
            .client_id
            .map_or_else(|| FIRST_PARTY.to_owned(), |id| id.to_string());
        if session.user_id != user || client != claims.client_id {
            return Err(ApiError::invalid_token());
        }
        let now = self.clock.now();
        let (account, scopes) = self.worth(&session, &granted, now).await??;
        self.store.touch_session(id, now);
        Ok(Caller {
            credential: Credential::Session { account, session },
            scopes,
            claims: Some(claims),
        })
    }

    /// Whose a session is, and what of `granted` it is worth now.
    ///
    /// # Errors
    /// [`StoreError`]; within, why it is over.
    pub(crate) async fn worth(
        &self,
        session: &Session,
        granted: &ScopeSet,
        now: Timestamp,
    ) -> Result<Result<(Arc<Account>, ScopeSet), Over>, StoreError> {
        let account = self.store.account(session.user_id).await?;
        let client = match session.client_id {
            Some(id) => self.store.client(id).await?,
            None => None,
        };
        let (owner, through) = (account.as_deref(), client.as_deref());
        let scopes = credential::session_scopes(session, owner, through, granted, now);
        Ok(scopes.and_then(|scopes| Ok((account.ok_or(Over::Revoked)?, scopes))))
    }

    async fn judge_client(
        &self,
        granted: ScopeSet,
        claims: Arc<AccessClaims>,
    ) -> Result<Caller, ApiError> {
        let id: ClientId = claims.sub.parse().map_err(|_| ApiError::invalid_token())?;
        let jti = Ulid::from_string(&claims.jti).map_err(|_| ApiError::invalid_token())?;
        if claims.sub != claims.client_id {
            return Err(ApiError::invalid_token());
        }
        let given_up = self.store.is_token_revoked(jti).await?;
        let client = self.store.client(id).await?;
        let (token, now) = ((jti, given_up), self.clock.now());
        let scopes = credential::client_scopes(client.as_deref(), token, &granted, now)?;
        let client = client.ok_or_else(ApiError::token_revoked)?;
        Ok(Caller {
            credential: Credential::Client { client },
            scopes,
            claims: Some(claims),
        })
    }
}

impl From<Over> for ApiError {
    fn from(over: Over) -> Self {
        match over {
            Over::Revoked => Self::token_revoked(),
            Over::Expired => Self::token_expired(),
        }
    }
}

/// The caller with a key that was judged.
fn with_key(found: FoundKey, code: KeyCode, retry_after: u64) -> Result<Caller, ApiError> {
    match code {
        KeyCode::Valid => Ok(Caller {
            credential: Credential::Key {
                key: found.key,
                owner: found.owner,
            },
            scopes: found.scopes,
            claims: None,
        }),
        KeyCode::NotFound => Err(ApiError::invalid_token()),
        KeyCode::Revoked | KeyCode::Disabled => Err(ApiError::token_revoked()),
        KeyCode::Expired => Err(ApiError::token_expired()),
        KeyCode::IpNotAllowed => Err(ApiError::new(
            ErrorCode::InsufficientScope,
            "this API key may not be used from this address",
        )),
        KeyCode::InsufficientScope => Err(ApiError::new(
            ErrorCode::InsufficientScope,
            "this API key lacks a scope",
        )),
        KeyCode::RateLimited => Err(ApiError::limited(
            "the rate limit of this API key is used up",
            retry_after,
        )),
        KeyCode::QuotaExceeded => Err(ApiError::limited(
            "the quota of this API key is used up",
            retry_after,
        )),
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::invalid_token(),
            TokenError::Expired(_) => Self::new(ErrorCode::TokenExpired, "the token has expired"),
        }
    }
}
