//! `/admin/keys`: signing keys.

use doorward_shared::{Page, Pagination, admin::SigningKey};
use rocket::{Route, delete, get, post, routes};

use super::scopes::{Keys, KeysRead};
use crate::{
    domain::{EntryPoint, text::fold},
    http::{
        Allowed, ApiError, Listing, Recent, RequestInfo, Services,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
    store::{ListQuery, StoredSigningKey},
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, rotate, revoke]
}

fn view(key: StoredSigningKey) -> SigningKey {
    SigningKey {
        id: key.kid,
        algorithm: key.algorithm,
        active: key.retires_at.is_none(),
        created_at: key.created_at,
        retires_at: key.retires_at,
    }
}

#[get("/admin/keys")]
async fn list(
    services: &Services,
    _by: Allowed<KeysRead>,
    listing: Listing<()>,
) -> ApiResult<Page<SigningKey>> {
    let keys = services.store.signing_keys().await?;
    ok(page(keys.into_iter().map(view).collect(), &listing.query)?)
}

/// One page, newest first. There are never many keys, so all are read. The cursor is the last id seen.
fn page(mut keys: Vec<SigningKey>, query: &ListQuery) -> Result<Page<SigningKey>, ApiError> {
    let up = match &query.sort {
        None => false,
        Some(sort) if sort.field == "createdAt" => !sort.descending,
        Some(_) => return Err(ApiError::request("sort", "must be one of createdAt")),
    };
    if let Some(q) = &query.q {
        let q = fold(q);
        keys.retain(|key| fold(&key.id).contains(&q) || fold(&key.algorithm).contains(&q));
    }
    keys.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    if up {
        keys.reverse();
    }
    let total = keys.len() as u64;
    let skipped = match &query.cursor {
        None => usize::try_from(query.offset).unwrap_or(usize::MAX),
        Some(cursor) => {
            let seen = keys.iter().position(|key| key.id == *cursor);
            seen.ok_or_else(|| ApiError::request("cursor", "is not a cursor of this list"))? + 1
        }
    };
    let limit = query.limit as usize;
    let has_more = keys.len().saturating_sub(skipped) > limit;
    let data: Vec<_> = keys.into_iter().skip(skipped).take(limit).collect();
    let last = data.last().filter(|_| has_more);
    let pagination = Pagination {
        total,
        total_at_least: false,
        limit: query.limit,
        offset: query.offset,
        has_more,
        next_cursor: last.map(|key| key.id.clone()),
    };
    Ok(Page { data, pagination })
}

#[post("/admin/keys/rotate")]
async fn rotate(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Keys>,
) -> ApiResult<SigningKey> {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    created(view(services.signing_keys.rotate(act).await?))
}

#[delete("/admin/keys/<kid>")]
async fn revoke(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Keys>,
    kid: &str,
) -> EmptyResult {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.signing_keys.revoke(kid, act).await?;
    Ok(NoContent)
}
