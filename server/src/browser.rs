//! Who is signed in in a browser.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{ScopeSet, Timestamp};

use crate::{
    app::Doorward,
    caller::{Caller, Credential},
    crypto::secret::Digest256,
    domain::{Account, Session, SignInMethod},
    store::{NewSession, StoreError},
};

/// A person who has signed in in this browser, as it stands at this moment.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub account: Arc<Account>,
    pub session: Arc<Session>,
    /// All that the session was given and its person still may.
    pub scopes: ScopeSet,
}

impl SignedIn {
    /// As a caller with a first-party token would be.
    pub fn caller(&self) -> Caller {
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

impl Doorward {
    /// Who is signed in in the browser whose cookie has this hash.
    pub(crate) async fn signed_in(
        &self,
        cookie: Digest256,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(id) = self.store.browser_session(cookie).await? else {
            return Ok(None);
        };
        let Some(session) = self.store.session(id).await? else {
            return Ok(None);
        };
        if session.client_id.is_some() {
            return Ok(None);
        }
        let Ok((account, scopes)) = self.worth(&session, &session.scope, now).await? else {
            return Ok(None);
        };
        self.store.touch_session(id, now);
        let idle = i64::from(self.settings.refresh_token_seconds);
        // Moved only once half of the time is over: reading a page does not write each time.
        if session.idle_until < now.plus_seconds(idle / 2)
            && session.idle_until < session.expires_at
        {
            let kept = self.store.keep_session(id, now.plus_seconds(idle)).await;
            // Reading a page does not fail for it.
            if let Err(error) = kept {
                tracing::warn!(%error, "a session in use was not kept from its idle end");
            }
        }
        Ok(Some(SignedIn {
            account,
            session,
            scopes,
        }))
    }

    /// What the session of a browser starts with: no refresh token, the cookie is what it lives by.
    pub(crate) fn new_browser_session(
        &self,
        (ip, user_agent): (IpAddr, Option<String>),
        cookie: Digest256,
        now: Timestamp,
    ) -> NewSession {
        let idle_until = now.plus_seconds(i64::from(self.settings.refresh_token_seconds));
        NewSession {
            client_id: None,
            scope: None,
            ip,
            user_agent,
            refresh: None,
            refresh_until: idle_until,
            access_until: idle_until,
            expires_at: now.plus_seconds(i64::from(self.settings.session_seconds)),
            browser: Some(cookie),
            resources: Vec::new(),
            auth_time: None,
            method: SignInMethod::default(),
        }
    }
}
