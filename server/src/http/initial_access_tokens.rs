//! `/admin/clients/registration-tokens`: initial access tokens for dynamic registration.

use doorward_shared::{
    Page, RegistrationTokenId,
    admin::{MintRegistrationToken, RegistrationToken, RegistrationTokenInfo},
};
use rocket::{Route, delete, get, post, routes};

use super::{
    Allowed, ApiError, Listing, OptionalBody, Recent, RequestInfo, Services,
    admin::scopes::{Clients, ClientsRead},
    path_ids,
    response::{ApiResult, EmptyResult, NoContent, created, ok},
};
use crate::{clock::random_bytes, crypto::secret::registration_token, domain::EntryPoint};

pub(super) fn routes() -> Vec<Route> {
    routes![mint, list, revoke]
}

/// Maximum lifetime of an initial access token, in seconds: 30 days.
const MAX_SECONDS: u32 = 30 * 86_400;
/// Its default lifetime: a day.
const SECONDS: u32 = 86_400;
/// Maximum number of uses of one.
const MAX_USES: u32 = 1000;

#[get("/admin/clients/registration-tokens")]
async fn list(
    services: &Services,
    _by: Allowed<ClientsRead>,
    listing: Listing<()>,
) -> ApiResult<Page<RegistrationTokenInfo>> {
    let now = services.clock.now();
    ok(services
        .store
        .registration_tokens(listing.query, now)
        .await?)
}

#[delete("/admin/clients/registration-tokens/<id>")]
async fn revoke(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    id: &str,
) -> EmptyResult {
    let id: RegistrationTokenId = path_ids::id(id, "registration token")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.revoke_registration_token(id, act).await?;
    Ok(NoContent)
}

#[post("/admin/clients/registration-tokens", data = "<body>")]
async fn mint(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    body: OptionalBody<MintRegistrationToken>,
) -> ApiResult<RegistrationToken> {
    let seconds = body.0.expires_in_seconds.unwrap_or(SECONDS);
    if !(1..=MAX_SECONDS).contains(&seconds) {
        let why = "must be 1 second to 30 days";
        return Err(ApiError::validation("expiresInSeconds", why));
    }
    let max_uses = body.0.max_uses.unwrap_or(1);
    if !(1..=MAX_USES).contains(&max_uses) {
        return Err(ApiError::validation("maxUses", "must be from 1 to 1000"));
    }
    let token = registration_token(random_bytes());
    let expires_at = services.clock.now().plus_seconds(i64::from(seconds));
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services
        .registrations
        .keep_token(&token, expires_at, max_uses, act)
        .await?;
    created(RegistrationToken {
        token: token.expose().to_owned(),
        expires_at,
        max_uses,
    })
}
