//! Refused clients are told to operators: the event `client.refused` and a log line.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::ClientId;

use crate::{
    clock::Clock,
    state::{Refusal, Refusals},
    store::Store,
};

/// Maximum length of a cause, in characters.
const CAUSE_CHARS: usize = 200;

/// What notes refused clients.
#[derive(Debug, Clone)]
pub struct RefusedClients {
    pub(crate) store: Store,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) clock: Clock,
}

impl RefusedClients {
    /// Notes that a client was refused, and why; it is not told here.
    pub(crate) fn note(&self, client: Option<ClientId>, cause: &str, ip: IpAddr) {
        let cause: String = cause.chars().take(CAUSE_CHARS).collect();
        self.refusals.count(client, cause, ip, self.clock.now());
    }

    /// Writes refusals that are due; `all` that are counted, at the end of the process.
    pub(crate) async fn write(&self, all: bool) {
        let now = self.clock.now();
        let due = self.refusals.take_due(now, all);
        if due.is_empty() {
            return;
        }
        for refusal in &due {
            let Refusal {
                client,
                cause,
                ip,
                count,
            } = refusal;
            let client = client.map(|id| id.to_string()).unwrap_or_default();
            let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
            tracing::info!(%client, %cause, %ip, count, "client refused");
        }
        if let Err(error) = self.store.note_refusals(due, now).await {
            tracing::warn!(%error, "events of refused clients were not written");
        }
    }
}
