//! Notifies clients that a session has ended: OIDC Back-Channel Logout 1.0.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use doorward_shared::Timestamp;
use serde::Serialize;
use tokio::task::{self, JoinSet};
use ulid::Ulid;

use crate::{
    clock::{Clock, random_bytes},
    crypto::key_ring::{KeyRing, TokenType},
    outbound::{AllowedDestinations, Outbound, OutboundError},
    state::LogoutQueue,
    store::{LogoutNotice, Store, StoreError},
};

/// Extra due notices to read, since that many may already be in progress for a client.
const MORE: usize = 2;
/// Lifetime of a logout token, in seconds.
const TOKEN_SECONDS: i64 = 120;
/// Delay after a storage failure.
const RETRY: Duration = Duration::from_secs(5);
/// Wait while nothing is due; each new notice wakes the worker.
const FOREVER: Duration = Duration::from_secs(3600);

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

/// Sends logout notices to clients.
#[derive(Debug, Clone)]
pub struct Backchannel {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) outbound: Outbound,
    pub(crate) issuer: String,
    pub(crate) clock: Clock,
}

/// Tasks that notify clients, and the notice of each.
#[derive(Debug, Default)]
struct UnderWay {
    tasks: JoinSet<bool>,
    notices: HashMap<task::Id, Ulid>,
}

impl UnderWay {
    fn spawn(&mut self, notice: Ulid, task: impl Future<Output = bool> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.notices.insert(id, notice);
    }

    /// The next completed notice, and whether its client was reached.
    async fn next(&mut self) -> Option<(Ulid, bool)> {
        let (id, reached) = match self.tasks.join_next_with_id().await? {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(%error, "back-channel logout task failed");
                (error.id(), false)
            }
        };
        self.notices.remove(&id).map(|notice| (notice, reached))
    }
}

impl Backchannel {
    /// Notifies clients as sessions end, and retries those that were not reached, for as long as the server runs.
    pub(crate) async fn run(self) {
        let mut queue = LogoutQueue::default();
        let mut under_way = UnderWay::default();
        loop {
            let signal = self.store.notice_signal();
            let wait = match self.start_due(&mut queue, &mut under_way).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "could not read pending logout notices; retrying");
                    Some(RETRY)
                }
            };
            tokio::select! {
                Some((notice, reached)) = under_way.next(), if !under_way.tasks.is_empty() => {
                    queue.end(notice, reached, self.clock.now());
                }
                () = signal => {}
                () = tokio::time::sleep(wait.unwrap_or(FOREVER)) => {}
            }
        }
    }

    /// Starts due notices that have a free slot; returns the time until the next one is due. Clients take turns, the
    /// one whose notice has waited longest first.
    async fn start_due(
        &self,
        queue: &mut LogoutQueue,
        under_way: &mut UnderWay,
    ) -> Result<Option<Duration>, StoreError> {
        if queue.is_full() {
            return Ok(None);
        }
        let now = self.clock.now();
        let mut next = None::<Timestamp>;
        for (id, due) in self.store.clients_to_tell().await? {
            let due = due.max(queue.rests_until(id));
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            let client = self.store.client(id).await?;
            let is_stranger = client.is_some_and(|client| client.dynamic);
            let places = queue.places(id, is_stranger, now);
            if places == 0 {
                // Continues when one in progress completes.
                continue;
            }
            // Notices in progress are still due, so that many more are read.
            let due = self.store.due_notices(id, now, places + MORE).await?;
            let waiting = due
                .into_iter()
                .filter(|notice| !queue.is_under_way(notice.id));
            for notice in waiting.take(places).collect::<Vec<_>>() {
                queue.begin(notice.id, id, is_stranger);
                let this = self.clone();
                under_way.spawn(notice.id, async move { this.record_delivery(notice).await });
            }
        }
        let until = |at: Timestamp| u64::try_from(at.0 - now.0).unwrap_or(0);
        Ok(next.map(|at| Duration::from_millis(until(at))))
    }

    /// Notifies one client; returns whether it was reached.
    async fn record_delivery(&self, notice: LogoutNotice) -> bool {
        let (client, id) = (notice.client, notice.id);
        let told = match self.notify(&notice).await {
            Ok(told) => told,
            Err(error) => Err(OutboundError::Failed(error.to_string())),
        };
        let reached = told.is_ok();
        let noted = match told {
            Ok(()) => self.store.notice_done(id).await,
            Err(error) => {
                let again = self.store.notice_failed(notice, self.clock.now()).await;
                tracing::info!(%client, %error, again = again.as_ref().ok(), "could not notify a client that a session has ended");
                again.map(drop)
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%client, %error, "could not record the outcome of a logout notice");
            // It is still due: retried after the back-off.
            return false;
        }
        reached
    }

    /// Posts one logout token. A client that was deleted or no longer wants notices counts as notified.
    async fn notify(&self, notice: &LogoutNotice) -> Result<Result<(), OutboundError>, StoreError> {
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
            AllowedDestinations::Public
        } else {
            AllowedDestinations::Anywhere
        };
        let fields = [("logout_token", token.as_str())];
        Ok(self.outbound.post_form(uri, &fields, reach).await)
    }
}
