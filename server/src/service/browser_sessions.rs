//! Browser sessions: the user who is signed in in a browser.

use std::sync::Arc;

use doorward_shared::{ScopeSet, SessionId, Timestamp};

use super::{Authenticator, Caller, Credential};
use crate::{
    domain::{Account, Digest256, SessionCore},
    store::{Store, StoreError},
};

/// The user signed in in this browser, as of now.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub account: Arc<Account>,
    pub session: SessionCore,
    /// All scopes of the session that its user still has.
    pub scopes: ScopeSet,
}

impl SignedIn {
    /// The caller that a first-party token of this session would give.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            scopes: self.scopes.clone(),
            credential: Credential::Session {
                account: self.account.clone(),
                session: self.session.clone(),
            },
            claims: None,
        }
    }
}

/// Finds the session of a browser.
#[derive(Debug, Clone)]
pub struct BrowserSessions {
    pub(crate) store: Store,
    pub(crate) authenticator: Authenticator,
    /// Idle lifetime of a session, in seconds.
    pub(crate) idle_seconds: u32,
}

impl BrowserSessions {
    /// The user of a first-party session, if it is still valid.
    pub(crate) async fn signed_in_session(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(session) = self.store.session(id).await? else {
            return Ok(None);
        };
        if session.client_id.is_some() {
            return Ok(None);
        }
        let worth = self.authenticator.rights_of(&session, &session.scope, now);
        Ok(worth.await?.ok().map(|(account, scopes)| SignedIn {
            account,
            session,
            scopes,
        }))
    }

    /// The user signed in in the browser whose cookie has this hash.
    pub(crate) async fn signed_in(
        &self,
        cookie: Digest256,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(id) = self.store.browser_session(cookie).await? else {
            return Ok(None);
        };
        self.in_use(id, now).await
    }

    /// As [`BrowserSessions::signed_in_session`], and records that the session is in use, since the browser has just
    /// proven that it owns it.
    pub(crate) async fn in_use(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(who) = self.signed_in_session(id, now).await? else {
            return Ok(None);
        };
        let session = &who.session;
        self.store.touch_session(id, now);
        let idle = i64::from(self.idle_seconds);
        // Extended only after half of the lifetime: most page views write nothing.
        if session.idle_until < now.plus_seconds(idle / 2)
            && session.idle_until < session.expires_at
        {
            let kept = self.store.keep_session(id, now.plus_seconds(idle)).await;
            // A failure here does not fail the page view.
            if let Err(error) = kept {
                tracing::warn!(%error, "could not extend the session's idle timeout");
            }
        }
        Ok(Some(who))
    }
}
