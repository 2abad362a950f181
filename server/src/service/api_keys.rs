//! Minting, changing and rotating API keys, by their owner or by an operator.

use doorward_shared::{
    KeyId, ScopeSet, Timestamp,
    apikey::{Environment, KeyPatch, MintRequest},
};

use super::{Error, validation};
use crate::{
    clock::random_bytes,
    crypto::{
        api_key::{api_key, api_key_hint},
        secret::{Digest256, Secret},
    },
    domain::{
        Act, ApiKey, KeyOwner, KeyRestrictions, KeyTermsChange,
        rules::{
            api_key::KeyChange,
            authority::{self as rule, KeyFacts},
        },
    },
    store::{KeySecret, NewKey, Store},
};

/// Maximum grace period of a rotation, in seconds: 30 days.
pub(crate) const MAX_GRACE: u32 = 30 * 86_400;

/// Mints and changes API keys.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    pub(crate) store: Store,
    /// Prefix of new keys.
    pub(crate) prefix: String,
}

/// The validated request for a new key.
#[derive(Debug)]
pub(crate) struct Mint {
    owner: KeyOwner,
    name: String,
    scopes: ScopeSet,
    environment: Environment,
    expires_at: Option<Timestamp>,
    terms: KeyRestrictions,
}

impl Mint {
    /// Validates the request.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(crate) fn new(
        owner: KeyOwner,
        asked: &MintRequest,
        terms: KeyRestrictions,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let scopes = some_scopes(&asked.scopes)?;
        if asked.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expiresAt", "must be in the future"));
        }
        Ok(Self {
            owner,
            name: validation::required_name("name", &asked.name)?,
            scopes,
            environment: asked.environment,
            expires_at: asked.expires_at,
            terms,
        })
    }
}

/// A key and its required owner; any owner if `None`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyRef {
    pub id: KeyId,
    pub owner: Option<KeyOwner>,
}

impl ApiKeys {
    /// Whether a caller may mint this key now; checked before a stored idempotent response is returned.
    ///
    /// # Errors
    /// Storage, including rejections by the domain's rules.
    pub(crate) async fn may_mint(
        &self,
        act: Act,
        owner: KeyOwner,
        scopes: ScopeSet,
    ) -> Result<(), Error> {
        let validated = self
            .store
            .allowed(act, move |by| rule::mint_key(by, owner, &scopes));
        Ok(validated.await?)
    }

    /// Whether a caller may rotate this key of theirs now: they need the right to grant its scopes, not only to hold
    /// them.
    ///
    /// # Errors
    /// Storage, including rejections by the domain's rules.
    pub(crate) async fn may_rotate(
        &self,
        act: Act,
        owner: KeyOwner,
        scopes: ScopeSet,
    ) -> Result<(), Error> {
        let validated = self.store.allowed(act, move |by| {
            let key = KeyFacts {
                owner,
                scopes: &scopes,
                is_operator_key: false,
            };
            rule::rotate_key(by, key)
        });
        Ok(validated.await?)
    }

    /// Mints a key; returns it with its secret.
    ///
    /// # Errors
    /// Storage, including rejections by the domain's rules.
    pub(crate) async fn mint(&self, act: Act, mint: Mint) -> Result<(ApiKey, Secret), Error> {
        let (secret, hash, hint) = self.new_secret(mint.environment);
        let new = NewKey {
            owner: mint.owner,
            hash,
            hint,
            name: mint.name,
            scopes: mint.scopes,
            environment: mint.environment,
            expires_at: mint.expires_at,
            terms: mint.terms,
            meter: None,
        };
        Ok((self.store.create_key(new, act).await?, secret))
    }

    /// Replaces a key's secret; the old one stays valid for another `grace_seconds`.
    ///
    /// # Errors
    /// [`Error::Invalid`]; storage, including rejections by the domain's rules.
    pub(crate) async fn rotate(
        &self,
        act: Act,
        key: KeyRef,
        grace_seconds: u32,
    ) -> Result<(ApiKey, Secret), Error> {
        if grace_seconds > MAX_GRACE {
            return Err(Error::invalid("graceSeconds", "must be at most 30 days"));
        }
        let KeyRef { id, owner } = key;
        let key = self.store.key(id, owner).await?;
        let key = key.ok_or(crate::domain::DomainError::NotFound("API key"))?;
        let (secret, hash, hint) = self.new_secret(key.environment);
        let rotated = self
            .store
            .rotate_key(id, owner, KeySecret { hash, hint }, grace_seconds, act)
            .await?;
        Ok((rotated, secret))
    }

    /// Changes a key: its name, its restrictions, or fewer scopes.
    ///
    /// # Errors
    /// [`Error::Invalid`]; storage, including rejections by the domain's rules.
    pub(crate) async fn change(
        &self,
        act: Act,
        key: KeyRef,
        asked: &KeyPatch,
        terms: KeyTermsChange,
    ) -> Result<ApiKey, Error> {
        let name = asked.name.as_deref();
        let name = name
            .map(|name| validation::required_name("name", name))
            .transpose()?;
        let scopes = asked.scopes.as_deref().map(some_scopes).transpose()?;
        let KeyRef { id, owner } = key;
        let change = KeyChange {
            name,
            scopes,
            terms,
        };
        Ok(self.store.change_key(id, owner, change, act).await?)
    }

    fn new_secret(&self, environment: Environment) -> (Secret, Digest256, String) {
        let secret = api_key(&self.prefix, environment, &mut random_bytes::<64>);
        let (hash, hint) = (secret.digest(), api_key_hint(secret.expose()));
        (secret, hash, hint)
    }
}

fn some_scopes(given: &[String]) -> Result<ScopeSet, Error> {
    let scopes = validation::scopes("scopes", given)?;
    if scopes.is_empty() {
        return Err(Error::invalid("scopes", "must name at least one scope"));
    }
    Ok(scopes)
}
