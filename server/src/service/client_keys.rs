//! Public keys of clients: registered, or fetched from where the client says they are.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::jwk::JwkSet;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::{crypto::jwks, domain::ClientPolicy, outbound::Outbound};

/// Addresses whose keys are remembered, at most.
const REMEMBERED: usize = 1000;
/// For so long an address is not asked again, whether it answered or not.
const REST: Duration = Duration::from_secs(60);

/// What an address answered.
#[derive(Debug)]
struct Kept {
    keys: Option<Arc<JwkSet>>,
    asked_at: Instant,
    until: Instant,
}

/// Finds clients' keys.
#[derive(Debug)]
pub(crate) struct ClientKeys {
    outbound: Outbound,
    kept: Cache<String, Arc<Kept>>,
}

impl ClientKeys {
    pub fn new(outbound: Outbound) -> Self {
        Self {
            outbound,
            kept: Cache::new(REMEMBERED),
        }
    }

    /// The keys of a client with this policy. `anew` where those of before lack one: they are fetched again, unless that
    /// was a moment ago.
    pub async fn of(&self, policy: &ClientPolicy, anew: bool) -> Option<Arc<JwkSet>> {
        if let Some(keys) = &policy.jwks {
            return jwks::parse(keys).ok().map(Arc::new);
        }
        let url = policy.jwks_uri.as_ref()?;
        let now = Instant::now();
        let is_good = |kept: &Kept| now < kept.until && !(anew && now >= kept.asked_at + REST);
        if let Some(kept) = self.kept.get(url)
            && !is_good(&kept)
        {
            self.kept.remove(url);
        }
        // Of many requests at once one asks.
        let kept = self.kept.get_or_insert_async(url, async {
            Ok::<_, std::convert::Infallible>(Arc::new(self.fetch(url).await))
        });
        kept.await.ok()?.keys.clone()
    }

    async fn fetch(&self, url: &str) -> Kept {
        let asked_at = Instant::now();
        let fetched = self.outbound.fetch(url).await;
        let read = fetched
            .map_err(|error| error.to_string())
            .and_then(|fetched| {
                let text = std::str::from_utf8(&fetched.body).map_err(|error| error.to_string())?;
                Ok((jwks::parse(text)?, fetched.keep_seconds))
            });
        match read {
            Ok((keys, seconds)) => Kept {
                keys: Some(Arc::new(keys)),
                asked_at,
                until: asked_at + Duration::from_secs(seconds),
            },
            Err(error) => {
                tracing::info!(%error, "a client's keys were not fetched");
                Kept {
                    keys: None,
                    asked_at,
                    until: asked_at + REST,
                }
            }
        }
    }
}
