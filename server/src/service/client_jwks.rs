//! Public keys of clients: registered, or fetched from the client's `jwks_uri`.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::jwk::JwkSet;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use crate::{clock::Clock, crypto::client_jwks, domain::ClientPolicy, outbound::Outbound};

/// Maximum number of addresses whose keys are cached.
const REMEMBERED: usize = 1000;
/// Minimum interval between fetches of one address, whether they succeeded or not.
const FETCH_INTERVAL: Duration = Duration::from_secs(60);

/// The result of a fetch.
#[derive(Debug)]
struct CachedJwks {
    keys: Option<Arc<JwkSet>>,
    /// By the monotonic clock, as is the expiry.
    asked_at: Duration,
    until: Duration,
    /// Held while the keys are refetched before they expire.
    asking: Mutex<()>,
}

/// Finds clients' keys.
#[derive(Debug)]
pub(crate) struct ClientKeys {
    outbound: Outbound,
    clock: Clock,
    kept: Cache<String, Arc<CachedJwks>>,
}

impl ClientKeys {
    pub(crate) fn new(outbound: Outbound, clock: Clock) -> Self {
        Self {
            outbound,
            clock,
            kept: Cache::new(REMEMBERED),
        }
    }

    /// The keys of a client with this policy. With `anew`, because the cached ones lack a key, they are fetched again,
    /// unless they were fetched a moment ago.
    pub(crate) async fn of(&self, policy: &ClientPolicy, anew: bool) -> Option<Arc<JwkSet>> {
        if let Some(keys) = &policy.jwks {
            return client_jwks::parse(keys).ok().map(Arc::new);
        }
        let url = policy.jwks_uri.as_ref()?;
        let now = self.clock.monotonic();
        let Some(kept) = self.kept.get(url).filter(|kept| now < kept.until) else {
            // Concurrent requests share one fetch: an entry that is still being fetched stays.
            self.kept.remove_if(url, |kept| now >= kept.until);
            let kept = self.kept.get_or_insert_async(url, async {
                Ok::<_, std::convert::Infallible>(Arc::new(self.fetch(url, None).await))
            });
            return kept.await.ok()?.keys.clone();
        };
        if !anew || now < kept.asked_at + FETCH_INTERVAL {
            return kept.keys.clone();
        }
        // The cached keys serve other requests meanwhile, and stay if the fetch fails: an unauthenticated client can
        // name an unknown key at will.
        let Ok(_asking) = kept.asking.try_lock() else {
            return kept.keys.clone();
        };
        let fetched = Arc::new(self.fetch(url, Some(&kept)).await);
        self.kept.insert(url.clone(), fetched.clone());
        fetched.keys.clone()
    }

    async fn fetch(&self, url: &str, before: Option<&CachedJwks>) -> CachedJwks {
        let asked_at = self.clock.monotonic();
        let fetched = self.outbound.fetch(url).await;
        let read = fetched
            .map_err(|error| error.to_string())
            .and_then(|fetched| {
                let text = std::str::from_utf8(&fetched.body).map_err(|error| error.to_string())?;
                Ok((client_jwks::parse(text)?, fetched.keep_seconds))
            });
        match read {
            Ok((keys, seconds)) => CachedJwks {
                keys: Some(Arc::new(keys)),
                asked_at,
                until: asked_at + Duration::from_secs(seconds),
                asking: Mutex::default(),
            },
            Err(error) => {
                tracing::info!(%error, "a client's keys were not fetched");
                CachedJwks {
                    keys: before.and_then(|kept| kept.keys.clone()),
                    asked_at,
                    until: before.map_or(asked_at + FETCH_INTERVAL, |kept| kept.until),
                    asking: Mutex::default(),
                }
            }
        }
    }
}
