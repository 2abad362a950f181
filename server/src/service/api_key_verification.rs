//! API key verification and usage counting. Without SQL once a key is cached.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use doorward_shared::{
    KeyId, Scope, ScopeSet, Timestamp,
    apikey::{KeyCode, UsagePoint, Verification},
};

use crate::{
    clock::Clock,
    crypto::{api_key::api_key_form_ok, secret::Digest256},
    domain::{
        Account, ApiKey, KeyOwner,
        rules::{
            key_usage::RemainingUses,
            key_validity::{self, OwnerNow},
        },
    },
    metrics::Metrics,
    state::KeyMeters,
    store::{Store, StoreError, UsageRange},
};

/// Verifies API keys and charges their usage.
#[derive(Debug, Clone)]
pub struct KeyVerification {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) meters: Arc<KeyMeters>,
}

/// An existing key, with its current owner.
#[derive(Debug, Clone)]
pub(crate) struct FoundKey {
    pub key: Arc<ApiKey>,
    /// `None` for the operator's keys, and for a deleted owner.
    pub owner: Option<Arc<Account>>,
    /// Its current scopes.
    pub scopes: ScopeSet,
}

/// The requirements of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyCheck<'a> {
    pub scopes: &'a [Scope],
    /// The client's address, if known.
    pub ip: Option<IpAddr>,
    /// At least 1.
    pub cost: u64,
}

/// A verified call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validated {
    pub code: KeyCode,
    /// The remaining limits.
    pub left: Option<RemainingUses>,
    pub at: Timestamp,
}

impl FoundKey {
    fn owner(&self) -> OwnerNow<'_> {
        OwnerNow::of(&self.key, self.owner.as_deref())
    }

    /// The error of the key itself, if there is one.
    ///
    /// # Errors
    /// The error.
    pub(crate) fn check(&self, ip: IpAddr, now: Timestamp) -> Result<(), KeyCode> {
        key_validity::validate(&self.key, self.owner(), &self.scopes, &[], Some(ip), now)
    }
}

impl KeyVerification {
    /// The key with this secret, valid or not.
    ///
    /// # Errors
    /// [`StoreError`], if it is not cached and cannot be read.
    pub(crate) async fn find(&self, secret: &str) -> Result<Option<FoundKey>, StoreError> {
        if !api_key_form_ok(secret) {
            return Ok(None);
        }
        let hash = Digest256::of(secret.as_bytes());
        let Some(key) = self.store.key_by_hash(hash).await? else {
            return Ok(None);
        };
        let owner = match key.owner {
            KeyOwner::Operator => None,
            KeyOwner::User(id) => self.store.account(id).await?,
        };
        let scopes = key_validity::scopes_now(&key, OwnerNow::of(&key, owner.as_deref()));
        Ok(Some(FoundKey { key, owner, scopes }))
    }

    /// Verifies a call and, if it is valid, charges it. Rejected calls are counted too.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is charged then.
    pub(crate) async fn use_key(
        &self,
        found: &FoundKey,
        wanted: KeyCheck<'_>,
    ) -> Result<Validated, StoreError> {
        let validated = self.validate(found, wanted, true).await?;
        let valid = validated.code == KeyCode::Valid;
        if valid {
            self.store.touch_key(found.key.id, validated.at, wanted.ip);
        }
        self.meters.count(found.key.id, validated.at, valid);
        Ok(validated)
    }

    /// As [`KeyVerification::use_key`], but without charging or counting the call: a query is not a use.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn look(
        &self,
        found: &FoundKey,
        wanted: KeyCheck<'_>,
    ) -> Result<Validated, StoreError> {
        self.validate(found, wanted, false).await
    }

    async fn validate(
        &self,
        found: &FoundKey,
        wanted: KeyCheck<'_>,
        pays: bool,
    ) -> Result<Validated, StoreError> {
        let (key, at) = (&found.key, self.clock.now());
        let validated = key_validity::validate(
            key,
            found.owner(),
            &found.scopes,
            wanted.scopes,
            wanted.ip,
            at,
        );
        let left = if key.is_metered() {
            let pays = pays && validated.is_ok();
            Some(self.meter(key, wanted.cost, at, pays).await?)
        } else {
            None
        };
        let refused = left.and_then(|left| left.refused);
        let code = match validated {
            Err(code) => code,
            Ok(()) => refused.unwrap_or(KeyCode::Valid),
        };
        Ok(Validated { code, left, at })
    }

    async fn meter(
        &self,
        key: &ApiKey,
        cost: u64,
        now: Timestamp,
        pays: bool,
    ) -> Result<RemainingUses, StoreError> {
        let id = key.meter();
        loop {
            let validated = self.meters.with(id, now, |meter| {
                let left = meter.validate(&key.terms, cost, now, pays);
                (left, pays && left.refused.is_none())
            });
            if let Some(left) = validated {
                return Ok(left);
            }
            let meter = self.store.key_meter(id, now).await?;
            self.meters.take_up(id, meter.unwrap_or_default(), now);
        }
    }

    /// The verification result for an API about a key that it received.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is charged then.
    pub(crate) async fn verify(
        &self,
        secret: &str,
        wanted: KeyCheck<'_>,
    ) -> Result<Verification, StoreError> {
        let Some(found) = self.find(secret).await? else {
            self.metrics.verification(KeyCode::NotFound);
            return Ok(Verification::not_found());
        };
        let validated = self.use_key(&found, wanted).await?;
        self.metrics.verification(validated.code);
        let key = found.key;
        Ok(Verification {
            valid: validated.code == KeyCode::Valid,
            code: validated.code,
            key_id: Some(key.id),
            owner_id: key.owner.user(),
            name: Some(key.name.clone()),
            scopes: Some(found.scopes),
            environment: Some(key.environment),
            metadata: key.terms.metadata.clone(),
            expires_at: key.expires_at,
            rate_limit: validated.left.and_then(|left| left.rate),
            quota: validated.left.and_then(|left| left.quota),
        })
    }

    /// Usage of a key: persisted counts plus those not yet flushed. A query writes nothing, since a key's holder may
    /// repeat it without limit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn usage(
        &self,
        id: KeyId,
        of: UsageRange,
    ) -> Result<Vec<UsagePoint>, StoreError> {
        let _still = self.meters.moving.read().await;
        let unwritten = self.meters.uses_of(id);
        self.store
            .key_usage(id, of, unwritten, self.clock.now())
            .await
    }

    /// Persists charges and counts since the last call.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is retried.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let changed = self.meters.take_changed();
        let busy: HashSet<_> = changed.iter().map(|(id, _)| *id).collect();
        let spent = self.store.write_key_meters(changed, now).await;
        let spent = spent.map_err(|(error, ids)| {
            self.meters.not_written(ids);
            error
        });
        self.meters.let_go_of_idle(now, &busy);
        let _moving = self.meters.moving.write().await;
        let counted = self.store.add_key_uses(self.meters.take_uses()).await;
        let counted = counted.map_err(|(error, uses)| {
            self.meters.put_uses_back(uses);
            error
        });
        spent.and(counted)
    }
}
