//! `/apikey`: the caller's own API keys.

use doorward_shared::{
    ErrorCode, Page,
    apikey::{ApiKey, KeyPatch, MintRequest, MintedKey, RotateRequest},
};
use rocket::{
    Request, Route, delete, get, patch, post,
    request::{FromRequest, Outcome},
    routes,
};

use super::{
    ApiError, Body, Filters, Listing, OptionalBody, RequestInfo,
    bearer::key_for,
    first_party::changing,
    idempotency_key::IdempotencyKey,
    key_restrictions, path_ids,
    query_params::Params,
    response::{ApiResult, EmptyResult, NoContent, created, ok},
};
use crate::{
    crypto::secret::Secret,
    domain::{self, EntryPoint, KeyOwner},
    http::Services,
    service::{Caller, Credential, KeyRef, Mint},
    store::KeyFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![mint, list, get, change, rotate, revoke]
}

/// A caller who may read (`WRITE` false) or change their own keys: a user with a first-party token, or a key that has
/// `admin:apikeys`.
#[derive(Debug)]
pub(super) struct KeyHolder<const WRITE: bool> {
    caller: Caller,
    owner: KeyOwner,
}

impl<const WRITE: bool> KeyHolder<WRITE> {
    /// The owner of the keys.
    pub(super) fn owner(&self) -> KeyOwner {
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
            key_for(request, "admin:apikeys:read").await
        };
        let validated = caller.and_then(|caller| {
            let is_key = matches!(caller.credential, Credential::Key { .. });
            if is_key {
                caller.require(if WRITE {
                    "admin:apikeys"
                } else {
                    "admin:apikeys:read"
                })?;
            } else if caller.first_party().is_none() {
                let message = "requires a first-party token (from /auth/login or /auth/register)";
                return Err(ApiError::new(ErrorCode::InsufficientScope, message));
            }
            let owner = caller.key_owner().ok_or_else(ApiError::invalid_token)?;
            Ok(Self { caller, owner })
        });
        ApiError::outcome(request, validated)
    }
}

/// The filter for one's own keys.
#[derive(Debug)]
pub(super) struct OwnKeys {
    active: Option<bool>,
}

impl Filters for OwnKeys {
    const NAMES: &'static [&'static str] = &["active"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let active = params.parse("active", "true or false")?;
        Ok(Self { active })
    }
}

/// A key owned by the caller.
fn own(id: &str, owner: KeyOwner) -> Result<KeyRef, ApiError> {
    let id = path_ids::id(id, "API key")?;
    Ok(KeyRef {
        id,
        owner: Some(owner),
    })
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

pub(super) fn view(key: domain::ApiKey) -> ApiKey {
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
        allowed_ips: key_restrictions::shown(&key.terms.allowed_ips),
        metadata: key.terms.metadata,
        enabled: key.terms.enabled,
    }
}

#[post("/apikey", data = "<body>")]
async fn mint(
    services: &Services,
    info: &RequestInfo,
    by: KeyHolder<true>,
    once: IdempotencyKey,
    body: Body<MintRequest>,
) -> ApiResult<MintedKey> {
    let now = services.clock.now();
    let act = services.act(&by.caller, EntryPoint::Own, info)?;
    let again = async |kept: MintedKey| {
        let validated = services.api_keys.may_mint(act, by.owner, kept.scopes);
        Ok(validated.await?)
    };
    let work = async {
        let mint = Mint::new(by.owner, &body.0, key_restrictions::of_mint(&body.0)?, now)?;
        let act = services.act(&by.caller, EntryPoint::Own, info)?;
        let (key, secret) = services.api_keys.mint(act, mint).await?;
        created(minted(key, &secret))
    };
    once.run(services, &by.caller, &body.0, again, work).await
}

#[get("/apikey")]
async fn list(
    services: &Services,
    by: KeyHolder<false>,
    listing: Listing<OwnKeys>,
) -> ApiResult<Page<ApiKey>> {
    let filter = KeyFilter {
        owner: Some(by.owner),
        active: listing.filter.active,
        ..KeyFilter::default()
    };
    let now = services.clock.now();
    let page = services.store.keys(filter, listing.query, now).await?;
    ok(page.map(view))
}

#[get("/apikey/<id>")]
async fn get(services: &Services, by: KeyHolder<false>, id: &str) -> ApiResult<ApiKey> {
    let id = path_ids::id(id, "API key")?;
    let key = services.store.key(id, Some(by.owner)).await?;
    ok(view(key.ok_or_else(|| ApiError::not_found("API key"))?))
}

#[patch("/apikey/<id>", data = "<body>")]
async fn change(
    services: &Services,
    info: &RequestInfo,
    by: KeyHolder<true>,
    id: &str,
    body: Body<KeyPatch>,
) -> ApiResult<ApiKey> {
    let act = services.act(&by.caller, EntryPoint::Own, info)?;
    let key = own(id, by.owner)?;
    let change = services
        .api_keys
        .change(act, key, &body.0, key_restrictions::of_patch(&body.0)?);
    ok(view(change.await?))
}

#[post("/apikey/<id>/rotate", data = "<body>")]
async fn rotate(
    services: &Services,
    info: &RequestInfo,
    by: KeyHolder<true>,
    id: &str,
    once: IdempotencyKey,
    body: OptionalBody<RotateRequest>,
) -> ApiResult<MintedKey> {
    let act = services.act(&by.caller, EntryPoint::Own, info)?;
    let again = async |kept: MintedKey| {
        let validated = services.api_keys.may_rotate(act, by.owner, kept.scopes);
        Ok(validated.await?)
    };
    let work = async {
        let act = services.act(&by.caller, EntryPoint::Own, info)?;
        let key = own(id, by.owner)?;
        let grace = body.0.grace_seconds;
        let (key, secret) = services.api_keys.rotate(act, key, grace).await?;
        created(minted(key, &secret))
    };
    once.run(services, &by.caller, &body.0, again, work).await
}

#[delete("/apikey/<id>")]
async fn revoke(
    services: &Services,
    info: &RequestInfo,
    by: KeyHolder<true>,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "API key")?;
    let act = services.act(&by.caller, EntryPoint::Own, info)?;
    services.store.revoke_key(id, Some(by.owner), act).await?;
    Ok(NoContent)
}
