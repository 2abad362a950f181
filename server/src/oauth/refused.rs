//! Refused clients are told to operators: the event `client.refused` and a log line.

use std::net::IpAddr;

use doorward_shared::ClientId;

use super::{Failure, authorize::SAID_NO};
use crate::{app::Doorward, state::Refusal};

/// Maximum length of a cause, in characters.
const CAUSE_CHARS: usize = 200;

/// Whether nothing is wrong with the client: a person has yet to sign in or to consent, or said no.
fn is_ordinary(failure: &Failure) -> bool {
    matches!(failure.error, "login_required" | "consent_required") || failure.description == SAID_NO
}

impl Doorward {
    /// Notes that a client was refused. What is the server's own fault is not.
    pub(crate) fn refused(&self, client: Option<ClientId>, failure: &Failure, ip: IpAddr) {
        if failure.status < 500 && !is_ordinary(failure) {
            let cause = format!("{}: {}", failure.error, failure.description);
            self.note_refused(client, &cause, ip);
        }
    }

    /// As [`Doorward::refused`], for a cause that the client is not told.
    pub(crate) fn note_refused(&self, client: Option<ClientId>, cause: &str, ip: IpAddr) {
        let cause: String = cause.chars().take(CAUSE_CHARS).collect();
        self.refusals.count(client, cause, ip, self.clock.now());
    }

    /// Writes refusals that are due; `all` that are counted, at the end of the process.
    pub(crate) async fn write_refusals(&self, all: bool) {
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
