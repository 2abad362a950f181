//! Telling clients that a session has ended: OIDC Back-Channel Logout 1.0.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use tokio::task::JoinSet;
use ulid::Ulid;

use crate::{
    clock::{Clock, random_bytes},
    crypto::signing::{KeyRing, TokenType},
    outbound::{Outbound, OutboundError, Reach},
    store::{LogoutNotice, Store, StoreError},
};

/// Notices that are on their way at once.
const AT_ONCE: usize = 16;
/// How long a logout token is good, in seconds.
const TOKEN_SECONDS: i64 = 120;
/// How long to wait after storage failed.
const RETRY: Duration = Duration::from_secs(5);

/// A logout token, section 2.4.
#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    events: BTreeMap<&'static str, Empty>,
}

#[derive(Serialize)]
struct Empty {}

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What tells clients.
#[derive(Debug, Clone)]
pub struct Backchannel {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) outbound: Outbound,
    pub(crate) issuer: String,
    pub(crate) clock: Clock,
}

impl Backchannel {
    /// Tells clients as sessions end, and again those that were not reached, for as long as the server runs.
    pub(crate) async fn run(self) {
        loop {
            let signal = self.store.notice_signal();
            let wait = match self.round().await {
                Ok(Some(wait)) => wait,
                Ok(None) => {
                    signal.await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "clients were not told of ended sessions; tried again");
                    RETRY
                }
            };
            let _ = tokio::time::timeout(wait, signal).await;
        }
    }

    /// Tells whoever is due; answers when somebody is due next.
    async fn round(&self) -> Result<Option<Duration>, StoreError> {
        let now = self.clock.now();
        let mut under_way = JoinSet::new();
        for notice in self.store.due_notices(now, AT_ONCE).await? {
            let this = self.clone();
            under_way.spawn(async move { this.settle(notice).await });
        }
        while let Some(done) = under_way.join_next().await {
            done.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        }
        let next = self.store.next_notice().await?;
        let now = self.clock.now();
        let until = |at: doorward_shared::Timestamp| u64::try_from(at.0 - now.0).unwrap_or(0);
        Ok(next.map(|at| Duration::from_millis(until(at))))
    }

    async fn settle(&self, notice: LogoutNotice) -> Result<(), StoreError> {
        let store = &self.store;
        let (client, id) = (notice.client, notice.id);
        match self.tell(&notice).await? {
            Ok(()) => store.notice_done(id).await,
            Err(error) => {
                let again = store.notice_failed(notice, self.clock.now()).await?;
                tracing::info!(%client, %error, again, "a client was not told that a session has ended");
                Ok(())
            }
        }
    }

    /// Posts one logout token. A client that is gone, or wants it no more, counts as told.
    async fn tell(&self, notice: &LogoutNotice) -> Result<Result<(), OutboundError>, StoreError> {
        let Some(client) = self.store.client(notice.client).await? else {
            return Ok(Ok(()));
        };
        let Some(uri) = &client.policy.backchannel_logout_uri else {
            return Ok(Ok(()));
        };
        let now = self.clock.now().seconds();
        let claims = LogoutClaims {
            iss: &self.issuer,
            sub: notice.user.to_string(),
            aud: client.public_id(),
            iat: now,
            exp: now + TOKEN_SECONDS,
            jti: Ulid::from_bytes(random_bytes()).to_string(),
            sid: notice.session.to_string(),
            events: BTreeMap::from([(LOGOUT_EVENT, Empty {})]),
        };
        let token = match self.keys.sign(TokenType::Logout, &claims) {
            Ok(token) => token,
            Err(error) => return Ok(Err(OutboundError::Failed(error.to_string()))),
        };
        let reach = if client.dynamic {
            Reach::Public
        } else {
            Reach::Anywhere
        };
        let fields = [("logout_token", token.as_str())];
        Ok(self.outbound.post_form(uri, &fields, reach).await)
    }
}
