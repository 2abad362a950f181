//! `/apikey`: the caller's own API keys.

use doorward_shared::{
    ErrorCode, Page, ScopeSet, Timestamp, UserId,
    apikey::{ApiKey, Environment, KeyPatch, MintRequest, MintedKey, RotateRequest},
};
use rocket::{
    Request, Route, State, delete, get, patch, post,
    request::{FromRequest, Outcome},
    routes,
};

use super::{
    ApiError, Body, Filters, Listing, OptionalBody, RequestInfo,
    guards::{caller, changing},
    key_terms,
    listing::Params,
    once::IdempotencyKey,
    reply::{Answer, Done, NoContent, created, ok},
    values,
};
use crate::{
    app::Doorward,
    caller::{Caller, Credential},
    clock::random_bytes,
    crypto::secret::{Digest256, Secret, api_key, api_key_hint},
    domain::{
        self, Act, Door, KeyOwner, KeyTerms,
        rules::authority::{self as rule, KeyFacts},
    },
    store::{KeyChange, KeyFilter, NewKey},
};

/// Longest grace of a rotation, in seconds: 30 days.
pub(super) const MAX_GRACE: u32 = 30 * 86_400;

pub fn all() -> Vec<Route> {
    routes![mint, list, get, change, rotate, revoke]
}

/// Somebody who may see (`WRITE` false) or change their own keys: a person with a first-party token, or a key that
/// holds `admin:apikeys`.
#[derive(Debug)]
pub struct KeyHolder<const WRITE: bool> {
    caller: Caller,
    owner: KeyOwner,
}

impl<const WRITE: bool> KeyHolder<WRITE> {
    /// Whose keys they are.
    pub fn owner(&self) -> KeyOwner {
        self.owner
    }
}

#[rocket::async_trait]
impl<'r, const WRITE: bool> FromRequest<'r> for KeyHolder<WRITE> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let caller = if WRITE {
            changing(request).await
        } else {
            caller(request).await
        };
        let judged = caller.and_then(|caller| {
            let is_key = matches!(caller.credential, Credential::Key { .. });
            if is_key {
                caller.require(if WRITE {
                    "admin:apikeys"
                } else {
                    "admin:apikeys:read"
                })?;
            } else if caller.first_party().is_none() {
                let message = "this needs a token from login or registration";
                return Err(ApiError::new(ErrorCode::InsufficientScope, message));
            }
            let owner = caller.key_owner().ok_or_else(ApiError::invalid_token)?;
            Ok(Self { caller, owner })
        });
        match judged {
            Ok(holder) => Outcome::Success(holder),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }
}

/// Which of one's own keys.
#[derive(Debug)]
pub struct OwnKeys {
    active: Option<bool>,
}

impl Filters for OwnKeys {
    const NAMES: &'static [&'static str] = &["active"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let active = params.parse("active", "true or false")?;
        Ok(Self { active })
    }
}

/// What a key is minted from, checked.
#[derive(Debug)]
pub(super) struct Mint {
    pub owner: KeyOwner,
    pub name: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub expires_at: Option<Timestamp>,
    pub terms: KeyTerms,
}

impl Mint {
    /// Checks what was asked for.
    pub fn new(owner: KeyOwner, asked: &MintRequest, now: Timestamp) -> Result<Self, ApiError> {
        let scopes = values::scopes("scopes", &asked.scopes)?;
        if scopes.is_empty() {
            return Err(ApiError::validation(
                "scopes",
                "must name at least one scope",
            ));
        }
        if asked.expires_at.is_some_and(|at| at <= now) {
            return Err(ApiError::validation("expiresAt", "must be in the future"));
        }
        Ok(Self {
            owner,
            name: values::required_name("name", &asked.name)?,
            scopes,
            environment: asked.environment,
            expires_at: asked.expires_at,
            terms: key_terms::of_mint(asked)?,
        })
    }
}

impl Doorward {
    /// Whether a caller may mint such a key now: what an answer is given on that was kept.
    pub(super) fn may_mint(
        &self,
        act: &Act,
        owner: Option<UserId>,
        scopes: ScopeSet,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        let (store, act) = (self.store.clone(), act.clone());
        let owner = owner.map_or(KeyOwner::Operator, KeyOwner::User);
        async move {
            let judged = store.allowed(act, move |by| rule::mint_key(by, owner, &scopes));
            Ok(judged.await?)
        }
    }

    /// Mints a key; answers it with its secret.
    pub(super) async fn mint(
        &self,
        act: Act,
        mint: Mint,
    ) -> Result<(domain::ApiKey, Secret), ApiError> {
        let (secret, hash, hint) = self.new_api_key(mint.environment);
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

    /// Replaces a key's secret. With `owner` only if the key is theirs.
    pub(super) async fn rotate_api_key(
        &self,
        act: Act,
        (id, owner): (&str, Option<KeyOwner>),
        asked: &RotateRequest,
    ) -> Result<(domain::ApiKey, Secret), ApiError> {
        let id = values::id(id, "API key")?;
        if asked.grace_seconds > MAX_GRACE {
            return Err(ApiError::validation(
                "graceSeconds",
                "must be at most 30 days",
            ));
        }
        let key = self.store.key(id, owner).await?;
        let key = key.ok_or_else(|| ApiError::not_found("API key"))?;
        let (secret, hash, hint) = self.new_api_key(key.environment);
        let rotated = self
            .store
            .rotate_key(id, owner, (hash, hint), asked.grace_seconds, act)
            .await?;
        Ok((rotated, secret))
    }

    fn new_api_key(&self, environment: Environment) -> (Secret, Digest256, String) {
        let prefix = &self.settings.api_key_prefix;
        let secret = api_key(prefix, environment, &mut random_bytes::<64>);
        let (hash, hint) = (secret.digest(), api_key_hint(secret.expose()));
        (secret, hash, hint)
    }
}

fn minted(key: domain::ApiKey, secret: &Secret) -> MintedKey {
    MintedKey {
        id: key.id,
        name: key.name,
        key: secret.expose().to_owned(),
        scopes: key.scopes,
        environment: key.environment,
        created_at: key.created_at,
        expires_at: key.expires_at,
    }
}

fn view(key: domain::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id,
        name: key.name,
        hint: key.hint,
        scopes: key.scopes,
        environment: key.environment,
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
        last_used_ip: key.last_used_ip,
        revoked_at: key.revoked_at,
        minted_by: key.minted_by,
        client_id: key.client,
        rate_limit: key.terms.rate_limit,
        quota: key.terms.quota,
        allowed_ips: key_terms::shown(&key.terms.allowed_ips),
        metadata: key.terms.metadata,
        enabled: key.terms.enabled,
    }
}

#[post("/apikey", data = "<body>")]
async fn mint(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: KeyHolder<true>,
    once: IdempotencyKey,
    body: Body<MintRequest>,
) -> Answer<MintedKey> {
    let now = doorward.clock.now();
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let owner = by.owner.user();
    let again = |kept: MintedKey| doorward.may_mint(&act, owner, kept.scopes);
    let work = async {
        let mint = Mint::new(by.owner, &body.0, now)?;
        let act = doorward.act(&by.caller, Door::Own, info)?;
        let (key, secret) = doorward.mint(act, mint).await?;
        created(minted(key, &secret))
    };
    let call = ("POST /apikey", &body.0);
    doorward
        .answers
        .once(once, (&by.caller, now), call, again, work)
        .await
}

#[get("/apikey")]
async fn list(
    doorward: &State<Doorward>,
    by: KeyHolder<false>,
    listing: Listing<OwnKeys>,
) -> Answer<Page<ApiKey>> {
    let filter = KeyFilter {
        owner: Some(by.owner),
        active: listing.filter.active,
        ..KeyFilter::default()
    };
    let now = doorward.clock.now();
    let page = doorward.store.keys(filter, listing.query, now).await?;
    ok(page.map(view))
}

#[get("/apikey/<id>")]
async fn get(doorward: &State<Doorward>, by: KeyHolder<false>, id: &str) -> Answer<ApiKey> {
    let id = values::id(id, "API key")?;
    let key = doorward.store.key(id, Some(by.owner)).await?;
    ok(view(key.ok_or_else(|| ApiError::not_found("API key"))?))
}

#[patch("/apikey/<id>", data = "<body>")]
async fn change(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: KeyHolder<true>,
    id: &str,
    body: Body<KeyPatch>,
) -> Answer<ApiKey> {
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let key = (id, Some(by.owner));
    ok(view(doorward.change_api_key(act, key, &body.0).await?))
}

impl Doorward {
    /// Changes a key: its name, its terms, or fewer scopes. With `owner` only if the key is theirs.
    pub(super) async fn change_api_key(
        &self,
        act: Act,
        (id, owner): (&str, Option<KeyOwner>),
        asked: &KeyPatch,
    ) -> Result<domain::ApiKey, ApiError> {
        let id = values::id(id, "API key")?;
        let name = asked.name.as_deref();
        let name = name
            .map(|name| values::required_name("name", name))
            .transpose()?;
        let scopes = asked.scopes.as_deref();
        let scopes = scopes
            .map(|scopes| values::scopes("scopes", scopes))
            .transpose()?;
        if scopes.as_ref().is_some_and(ScopeSet::is_empty) {
            return Err(ApiError::validation(
                "scopes",
                "must name at least one scope",
            ));
        }
        let change = KeyChange {
            name,
            scopes,
            terms: key_terms::of_patch(asked)?,
        };
        Ok(self.store.change_key(id, owner, change, act).await?)
    }
}

#[post("/apikey/<id>/rotate", data = "<body>")]
async fn rotate(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: KeyHolder<true>,
    id: &str,
    once: IdempotencyKey,
    body: OptionalBody<RotateRequest>,
) -> Answer<MintedKey> {
    let now = doorward.clock.now();
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let (store, owner) = (doorward.store.clone(), by.owner);
    // As rotating it again would be: people rotate what they may give, not only what they hold.
    let again = |kept: MintedKey| async move {
        let judged = store.allowed(act, move |by| {
            let key = KeyFacts {
                owner,
                scopes: &kept.scopes,
                is_operator_key: false,
            };
            rule::rotate_key(by, key)
        });
        Ok(judged.await?)
    };
    let work = async {
        let act = doorward.act(&by.caller, Door::Own, info)?;
        let key = (id, Some(by.owner));
        let (key, secret) = doorward.rotate_api_key(act, key, &body.0).await?;
        created(minted(key, &secret))
    };
    let call = format!("rotate {id}");
    doorward
        .answers
        .once(once, (&by.caller, now), (&call, &body.0), again, work)
        .await
}

#[delete("/apikey/<id>")]
async fn revoke(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: KeyHolder<true>,
    id: &str,
) -> Done {
    let id = values::id(id, "API key")?;
    let act = doorward.act(&by.caller, Door::Own, info)?;
    doorward.store.revoke_key(id, Some(by.owner), act).await?;
    Ok(NoContent)
}
