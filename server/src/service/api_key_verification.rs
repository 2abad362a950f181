//! Whether an API key is good for a call, and what the call spends of its limits. No SQL once a key is known.

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

/// What is needed to judge keys.
#[derive(Debug, Clone)]
pub struct KeyVerification {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) meters: Arc<KeyMeters>,
}

/// A key that there is, with its owner as they are now.
#[derive(Debug, Clone)]
pub(crate) struct FoundKey {
    pub key: Arc<ApiKey>,
    /// None for the machine's own keys, and for a deleted owner.
    pub owner: Option<Arc<Account>>,
    /// What it may do now.
    pub scopes: ScopeSet,
}

/// What a key is to be good for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyCheck<'a> {
    pub scopes: &'a [Scope],
    /// Where it came from, if that is known.
    pub ip: Option<IpAddr>,
    /// At least 1.
    pub cost: u64,
}

/// A call that was judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validated {
    pub code: KeyCode,
    /// What is left of its limits.
    pub left: Option<RemainingUses>,
    pub at: Timestamp,
}

impl FoundKey {
    fn owner(&self) -> OwnerNow<'_> {
        OwnerNow::of(&self.key, self.owner.as_deref())
    }

    /// What is wrong with the key itself, if something is.
    ///
    /// # Errors
    /// What is.
    pub(crate) fn check(&self, ip: IpAddr, now: Timestamp) -> Result<(), KeyCode> {
        key_validity::validate(&self.key, self.owner(), &self.scopes, &[], Some(ip), now)
    }
}

impl KeyVerification {
    /// The key with this secret, good or not.
    ///
    /// # Errors
    /// [`StoreError`], where it is not in memory and cannot be read.
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

    /// Judges a call and, if it is valid, has it paid. It is counted either way.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is spent then.
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

    /// As [`KeyVerification::use_key`], but that nothing is spent or counted: asking is not using.
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

    /// What an API is told of a key that it was called with.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is spent then.
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

    /// How often a key was shown: what is on disk, and what is still to be written. Nothing is written for it, since whoever has a
    /// key may ask as often as they like.
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

    /// Writes what was spent and counted since the last time.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is tried again.
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
