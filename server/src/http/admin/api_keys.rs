//! `/admin/apikeys`: API keys of all owners.

use doorward_shared::{
    Page, UserId,
    admin::{AdminKey, AdminMint, AdminMintedKey},
    apikey::{KeyPatch, KeyUsage, MintRequest, RotateRequest},
};
use rocket::{Route, delete, get, patch, post, routes};

use super::scopes::{ApiKeys, ApiKeysRead};
use crate::{
    crypto::secret::Secret,
    domain::{Act, ApiKey, EntryPoint, KeyOwner},
    http::{
        Allowed, ApiError, Body, Filters, Listing, OptionalBody, Recent, RequestInfo, Services,
        api_key_verification::{UsageOf, usage_of},
        idempotency_key::IdempotencyKey,
        key_restrictions, path_ids,
        query::Query,
        query_params::Params,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
    service::{KeyRef, Mint},
    store::KeyFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, mint, get, change, rotate, revoke, usage]
}

impl Filters for KeyFilter {
    const NAMES: &'static [&'static str] =
        &["ownerId", "scope", "unusedSince", "expiresBefore", "active"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let owner: Option<UserId> = params.parse("ownerId", "the id of a user")?;
        Ok(Self {
            owner: owner.map(KeyOwner::User),
            scope: params.parse("scope", "a scope: lower-case words joined by ':'")?,
            unused_since: params.time("unusedSince")?,
            expires_before: params.time("expiresBefore")?,
            active: params.parse("active", "true or false")?,
        })
    }
}

/// A key in the admin API, with its current state, which also depends on its owner.
async fn view(services: &Services, key: ApiKey) -> Result<AdminKey, ApiError> {
    let owner = match key.owner.user() {
        Some(id) => services.store.account(id).await?,
        None => None,
    };
    let owner_disabled = owner.is_some_and(|account| !account.user.is_enabled());
    Ok(AdminKey {
        state: key.state(owner_disabled, services.clock.now()),
        ends_at: key.ends_at(),
        id: key.id,
        owner_id: key.owner.user(),
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
    })
}

fn minted(key: ApiKey, secret: &Secret) -> AdminMintedKey {
    AdminMintedKey {
        id: key.id,
        owner_id: key.owner.user(),
        name: key.name,
        key: secret.expose().to_owned(),
        scopes: key.scopes,
        environment: key.environment,
        created_at: key.created_at,
        expires_at: key.expires_at,
    }
}

/// A key of any owner.
fn any(id: &str) -> Result<KeyRef, ApiError> {
    let id = path_ids::id(id, "API key")?;
    Ok(KeyRef { id, owner: None })
}

/// Whether a caller may have this key now; checked before a stored idempotent response is returned.
async fn may_have(services: &Services, act: Act, key: AdminMintedKey) -> Result<(), ApiError> {
    let owner = key.owner_id.map_or(KeyOwner::Operator, KeyOwner::User);
    let validated = services.api_keys.may_mint(act, owner, key.scopes);
    Ok(validated.await?)
}

#[get("/admin/apikeys")]
async fn list(
    services: &Services,
    _by: Allowed<ApiKeysRead>,
    listing: Listing<KeyFilter>,
) -> ApiResult<Page<AdminKey>> {
    let now = services.clock.now();
    let page = services
        .store
        .keys(listing.filter, listing.query, now)
        .await?;
    let mut data = Vec::with_capacity(page.data.len());
    for key in page.data {
        data.push(view(services, key).await?);
    }
    ok(Page {
        data,
        pagination: page.pagination,
    })
}

#[post("/admin/apikeys", data = "<body>")]
async fn mint(
    services: &Services,
    info: &RequestInfo,
    by: Recent<ApiKeys>,
    once: IdempotencyKey,
    body: Body<AdminMint>,
) -> ApiResult<AdminMintedKey> {
    let now = services.clock.now();
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let again = async |kept: AdminMintedKey| may_have(services, act, kept).await;
    let work = async {
        let own = || {
            by.key_owner().ok_or_else(|| {
                ApiError::validation("ownerId", "must be given: a client owns no keys")
            })
        };
        let owner = body
            .0
            .owner_id
            .map_or_else(own, |id| Ok(KeyOwner::User(id)))?;
        let asked = MintRequest {
            name: body.0.name.clone(),
            scopes: body.0.scopes.clone(),
            expires_at: body.0.expires_at,
            environment: body.0.environment,
            rate_limit: body.0.rate_limit,
            quota: body.0.quota,
            allowed_ips: body.0.allowed_ips.clone(),
            metadata: body.0.metadata.clone(),
            enabled: body.0.enabled,
        };
        let mint = Mint::new(owner, &asked, key_restrictions::of_mint(&asked)?, now)?;
        let act = services.act(&by, EntryPoint::Admin, info)?;
        let (key, secret) = services.api_keys.mint(act, mint).await?;
        created(minted(key, &secret))
    };
    once.run(services, &by, &body.0, again, work).await
}

#[get("/admin/apikeys/<id>")]
async fn get(services: &Services, _by: Allowed<ApiKeysRead>, id: &str) -> ApiResult<AdminKey> {
    let key = services
        .store
        .key(path_ids::id(id, "API key")?, None)
        .await?;
    let key = key.ok_or_else(|| ApiError::not_found("API key"))?;
    ok(view(services, key).await?)
}

#[get("/admin/apikeys/<id>/usage")]
async fn usage(
    services: &Services,
    _by: Allowed<ApiKeysRead>,
    id: &str,
    of: Query<UsageOf>,
) -> ApiResult<KeyUsage> {
    let key = services
        .store
        .key(path_ids::id(id, "API key")?, None)
        .await?;
    let key = key.ok_or_else(|| ApiError::not_found("API key"))?;
    ok(usage_of(services, key.id, &of.0).await?)
}

#[patch("/admin/apikeys/<id>", data = "<body>")]
async fn change(
    services: &Services,
    info: &RequestInfo,
    by: Recent<ApiKeys>,
    id: &str,
    body: Body<KeyPatch>,
) -> ApiResult<AdminKey> {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let change =
        services
            .api_keys
            .change(act, any(id)?, &body.0, key_restrictions::of_patch(&body.0)?);
    let key = change.await?;
    ok(view(services, key).await?)
}

#[post("/admin/apikeys/<id>/rotate", data = "<body>")]
async fn rotate(
    services: &Services,
    info: &RequestInfo,
    by: Recent<ApiKeys>,
    id: &str,
    once: IdempotencyKey,
    body: OptionalBody<RotateRequest>,
) -> ApiResult<AdminMintedKey> {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let again = async |kept: AdminMintedKey| may_have(services, act, kept).await;
    let work = async {
        let act = services.act(&by, EntryPoint::Admin, info)?;
        let grace = body.0.grace_seconds;
        let (key, secret) = services.api_keys.rotate(act, any(id)?, grace).await?;
        created(minted(key, &secret))
    };
    once.run(services, &by, &body.0, again, work).await
}

#[delete("/admin/apikeys/<id>")]
async fn revoke(
    services: &Services,
    info: &RequestInfo,
    by: Recent<ApiKeys>,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "API key")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.revoke_key(id, None, act).await?;
    Ok(NoContent)
}
