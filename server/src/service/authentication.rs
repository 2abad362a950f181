//! Authentication of bearer credentials: the caller and their current scopes. From memory, without SQL.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{Scope, ScopeSet, SessionId, Timestamp, UserId, apikey::KeyCode};

use super::{Caller, Credential, Error, FoundKey, KeyCheck, KeyVerification};
use crate::{
    clock::Clock,
    crypto::{
        access_token::{AccessToken, FIRST_PARTY},
        api_key::looks_like_api_key,
        key_ring::{KeyRing, TokenError},
    },
    domain::{
        Account, SessionCore,
        rules::credential::{self, ClientToken, CredentialEnd, SessionOwner},
    },
    store::{Store, StoreError},
};

/// Authenticates bearer credentials.
#[derive(Debug, Clone)]
pub struct Authenticator {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) key_verification: KeyVerification,
    pub(crate) clock: Clock,
    /// Maximum age of a sign-in for administrative operations, in seconds; 0 for no maximum.
    pub(crate) step_up_seconds: u32,
}

impl Authenticator {
    /// Requires a user to have signed in within the last `step_up_seconds`, if the setting asks for it. API keys and
    /// client-credentials tokens pass, since no user could sign in again.
    ///
    /// # Errors
    /// [`Error::StepUp`].
    pub(crate) fn must_be_recent(&self, caller: &Caller) -> Result<(), Error> {
        let within = self.step_up_seconds;
        if credential::is_recent(caller.signed_in_at(), within, self.clock.now()) {
            Ok(())
        } else {
            Err(Error::StepUp(within))
        }
    }

    /// Authenticates a bearer credential, an access token or an API key, as of now.
    ///
    /// # Errors
    /// The reason it is invalid; [`Error::Store`] when it is not cached and the disk cannot be read.
    pub async fn authenticate(&self, credential: &str, ip: IpAddr) -> Result<Caller, Error> {
        self.authenticate_for(&[], credential, ip).await
    }

    /// Like [`Authenticator::authenticate`]; an API key that lacks one of `scopes` is rejected before it is charged.
    /// The caller of this function checks a token's scopes.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`]; [`Error::Scope`] for a key.
    pub(crate) async fn authenticate_for(
        &self,
        scopes: &[&str],
        credential: &str,
        ip: IpAddr,
    ) -> Result<Caller, Error> {
        if looks_like_api_key(credential) {
            self.authenticate_key(credential, ip, scopes).await
        } else {
            self.authenticate_token(credential).await
        }
    }

    async fn known_key(&self, text: &str) -> Result<FoundKey, Error> {
        self.key_verification
            .find(text)
            .await?
            .ok_or(Error::InvalidToken)
    }

    async fn authenticate_key(
        &self,
        text: &str,
        ip: IpAddr,
        scopes: &[&str],
    ) -> Result<Caller, Error> {
        let found = self.known_key(text).await?;
        // A malformed scope of an embedding application is checked later; no credential has it.
        let asked: Vec<Scope> = scopes.iter().filter_map(|one| one.parse().ok()).collect();
        let wanted = KeyCheck {
            scopes: &asked,
            ip: Some(ip),
            cost: 1,
        };
        let validated = self.key_verification.use_key(&found, wanted).await?;
        let mut missing = scopes.iter().filter(|one| !found.scopes.covers(one));
        if let (KeyCode::InsufficientScope, Some(scope)) = (validated.code, missing.next()) {
            return Err(Error::Scope((*scope).to_owned()));
        }
        let wait = validated
            .left
            .map_or(1, |left| left.retry_after(validated.at));
        with_key(found, validated.code, wait)
    }

    /// Whether an API key is valid now, from any address. Does not count as a use.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub(crate) async fn validate_key(&self, text: &str) -> Result<Caller, Error> {
        let found = self.known_key(text).await?;
        let wanted = KeyCheck {
            scopes: &[],
            ip: None,
            cost: 1,
        };
        let validated = self.key_verification.look(&found, wanted).await?;
        with_key(found, validated.code, 1)
    }

    /// As [`Authenticator::authenticate`], for a long-running request: it is not charged as another use of a key.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub(crate) async fn authenticate_again(
        &self,
        credential: &str,
        ip: IpAddr,
    ) -> Result<Caller, Error> {
        if !looks_like_api_key(credential) {
            return self.authenticate_token(credential).await;
        }
        let found = self.known_key(credential).await?;
        let now = self.clock.now();
        let code = found.check(ip, now).err().unwrap_or(KeyCode::Valid);
        if code == KeyCode::Valid {
            self.store.touch_key(found.key.id, now, Some(ip));
        }
        with_key(found, code, 1)
    }

    async fn authenticate_token(&self, token: &str) -> Result<Caller, Error> {
        let now = self.clock.now();
        let (claims, expired) = match self.keys.verify_access(token, now) {
            Ok(claims) => (claims, false),
            Err(TokenError::Expired(claims)) => (claims, true),
            Err(TokenError::Invalid) => return Err(Error::InvalidToken),
            Err(TokenError::Withdrawn) => return Err(Error::TokenRevoked),
        };
        // Revoked wins over expired.
        let caller = self.validate(claims).await?;
        if expired {
            Err(Error::TokenExpired)
        } else {
            Ok(caller)
        }
    }

    /// Whether the session or client of a correctly signed token is still active, regardless of the token's own expiry.
    ///
    /// # Errors
    /// [`Error::TokenRevoked`], [`Error::TokenExpired`] for an expired session, [`Error::InvalidToken`].
    pub(crate) async fn validate(&self, token: AccessToken) -> Result<Caller, Error> {
        match token.session() {
            Some((id, user)) => self.validate_session(id, user, token).await,
            None => self.validate_client(token).await,
        }
    }

    async fn validate_session(
        &self,
        id: SessionId,
        user: UserId,
        token: AccessToken,
    ) -> Result<Caller, Error> {
        let session = self.store.session_of(id, user).await?;
        let session = session.ok_or(Error::TokenRevoked)?;
        let through = self.is_through(&session, token.client_id()).await?;
        if session.user_id != user || !through {
            return Err(Error::InvalidToken);
        }
        let now = self.clock.now();
        let (account, scopes) = self.rights_of(&session, token.granted(), now).await??;
        self.store.touch_session(id, now);
        Ok(Caller {
            credential: Credential::Session { account, session },
            scopes,
            claims: Some(token),
        })
    }

    /// Whether a session was granted to the client that a token names; a token without a client needs a first-party
    /// session.
    async fn is_through(&self, session: &SessionCore, named: &str) -> Result<bool, StoreError> {
        let Some(id) = session.client_id else {
            return Ok(named == FIRST_PARTY);
        };
        if id.to_string() == named {
            return Ok(true);
        }
        let client = self.store.client(id).await?;
        Ok(client.is_some_and(|client| client.document.as_deref() == Some(named)))
    }

    /// The account of a session, and the subset of `granted` that is still valid.
    ///
    /// # Errors
    /// [`StoreError`]; the inner error is why the session is over.
    pub(crate) async fn rights_of(
        &self,
        session: &SessionCore,
        granted: &ScopeSet,
        now: Timestamp,
    ) -> Result<Result<(Arc<Account>, ScopeSet), CredentialEnd>, StoreError> {
        let account = self.store.account(session.user_id).await?;
        let client = match session.client_id {
            Some(id) => self.store.client(id).await?,
            None => None,
        };
        let owner = account.as_deref();
        let owner = SessionOwner {
            account: owner,
            must_have_factor: owner.is_some_and(|of| self.store.demands_factor(&of.user.role)),
        };
        let scopes = credential::session_scopes(session, owner, client.as_deref(), granted, now);
        Ok(scopes.and_then(|scopes| Ok((account.ok_or(CredentialEnd::Revoked)?, scopes))))
    }

    async fn validate_client(&self, token: AccessToken) -> Result<Caller, Error> {
        let id = token.client().ok_or(Error::InvalidToken)?;
        let shown = ClientToken {
            id: token.jti(),
            is_token_revoked: self.store.is_token_revoked(token.jti()).await?,
        };
        let client = self.store.client(id).await?;
        let now = self.clock.now();
        let scopes = credential::client_scopes(client.as_deref(), shown, token.granted(), now)?;
        let client = client.ok_or(Error::TokenRevoked)?;
        Ok(Caller {
            credential: Credential::Client { client },
            scopes,
            claims: Some(token),
        })
    }
}

/// The caller of a verified key.
fn with_key(found: FoundKey, code: KeyCode, retry_after: u64) -> Result<Caller, Error> {
    match code {
        KeyCode::Valid => Ok(Caller {
            credential: Credential::Key {
                key: found.key,
                owner: found.owner,
            },
            scopes: found.scopes,
            claims: None,
        }),
        KeyCode::NotFound => Err(Error::InvalidToken),
        KeyCode::Revoked | KeyCode::Disabled => Err(Error::TokenRevoked),
        KeyCode::Expired => Err(Error::TokenExpired),
        KeyCode::IpNotAllowed => Err(Error::KeyNotForThis(
            "this API key may not be used from this address",
        )),
        KeyCode::InsufficientScope => {
            Err(Error::KeyNotForThis("this API key lacks a required scope"))
        }
        KeyCode::RateLimited => Err(Error::KeyUsedUp {
            what: "rate limit",
            retry_after,
        }),
        KeyCode::QuotaExceeded => Err(Error::KeyUsedUp {
            what: "quota",
            retry_after,
        }),
    }
}
