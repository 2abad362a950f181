//! `/admin/keys`: signing keys.

use doorward_shared::{Page, Pagination, admin::SigningKey, page::MAX_LIMIT};
use rocket::{Route, State, get, post, routes};

use super::scopes::{Keys, KeysRead};
use crate::{
    app::Doorward,
    http::{
        Allowed, Listing, RequestInfo,
        reply::{Answer, created, ok},
    },
    store::StoredSigningKey,
};

pub fn all() -> Vec<Route> {
    routes![list, rotate]
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

/// There are never many: all of them are one page.
#[get("/admin/keys")]
async fn list(
    doorward: &State<Doorward>,
    _by: Allowed<KeysRead>,
    _listing: Listing<()>,
) -> Answer<Page<SigningKey>> {
    let keys = doorward.store.signing_keys().await?;
    let pagination = Pagination {
        total: keys.len() as u64,
        limit: MAX_LIMIT,
        ..Pagination::default()
    };
    ok(Page {
        data: keys.into_iter().map(view).collect(),
        pagination,
    })
}

#[post("/admin/keys/rotate")]
async fn rotate(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Allowed<Keys>,
) -> Answer<SigningKey> {
    let cause = info.cause(by.actor(), doorward.clock.now());
    created(view(doorward.rotate_signing_key(cause).await?))
}
