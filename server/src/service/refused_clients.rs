//! Records rejected clients, and rejected sign-ins without a known account, for operators: an event and a log line.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use doorward_shared::ClientId;

use crate::{
    clock::Clock,
    domain::RejectedParameter,
    metrics::Metrics,
    state::{NamedClient, RefusedRequest, RejectedCaller, RejectedRequests, Seen},
    store::Store,
};

/// Maximum length of a cause, in characters.
const CAUSE_CHARS: usize = 200;

/// Records rejected clients.
#[derive(Debug, Clone)]
pub struct RefusedClients {
    pub(crate) store: Store,
    pub(crate) refusals: Arc<RejectedRequests>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
}

impl RefusedClients {
    /// Records that a client was rejected, with the OAuth error, the cause, and what it sent. Sends nothing to the
    /// client.
    pub(crate) fn record(
        &self,
        client: Option<NamedClient>,
        error: &'static str,
        why: impl Into<Cow<'static, str>>,
        sent: Option<RejectedParameter>,
        ip: IpAddr,
    ) {
        let why = why.into();
        let cause = format!("{error}: {why}");
        // One counter for each message of ours, but none for a message that contains an unauthenticated client's text.
        self.metrics.refusal(match why {
            Cow::Borrowed(_) => &cause,
            Cow::Owned(_) => error,
        });
        let cause: String = cause.chars().take(CAUSE_CHARS).collect();
        let client = client.map(|client| NamedClient {
            is_dynamic: self.is_dynamic(client.id),
            ..client
        });
        let seen = Seen {
            client,
            sent,
            ..Seen::of(RejectedCaller::Client, cause, ip)
        };
        self.refusals.count(seen, self.clock.now());
    }

    /// Whether a client is registered dynamically, by the cache: a client that is refused has just been looked up.
    fn is_dynamic(&self, id: ClientId) -> bool {
        let client = self.store.client_in_memory(id);
        client.is_some_and(|client| client.dynamic)
    }

    /// Records a sign-in attempt from a blocked network.
    pub(crate) fn note_blocked(&self, ip: IpAddr) {
        let cause = "the network is blocked".to_owned();
        let seen = Seen::of(RejectedCaller::Blocked, cause, ip);
        self.refusals.count(seen, self.clock.now());
    }

    /// Records a rejected sign-in without a known account, and the cause.
    pub(crate) fn note_sign_in(&self, cause: &'static str, ip: IpAddr) {
        self.metrics.failure();
        let seen = Seen::of(RejectedCaller::SignIn, cause.into(), ip);
        self.refusals.count(seen, self.clock.now());
    }

    /// Writes rejections that are due; `all` writes every counted one, at the end of the process.
    pub(crate) async fn write(&self, all: bool) {
        let now = self.clock.now();
        let due = self.refusals.take_due(now, all);
        if due.is_empty() {
            return;
        }
        for refusal in &due {
            let RefusedRequest {
                what,
                client,
                cause,
                sent,
                ip,
                count,
            } = refusal;
            let client = client.map(|id| id.to_string()).unwrap_or_default();
            let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
            match what {
                RejectedCaller::Client => {
                    let sent = sent.as_ref().map(tracing::field::display);
                    tracing::info!(%client, %cause, sent, %ip, count, "client refused");
                }
                RejectedCaller::SignIn | RejectedCaller::Blocked => {
                    tracing::info!(%cause, %ip, count, "sign-in refused");
                }
            }
        }
        if let Err(error) = self.store.note_refusals(due, now).await {
            tracing::warn!(%error, "could not write events of refused clients");
        }
    }
}
