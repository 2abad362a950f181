//! `POST /apikey/verify`, for APIs that receive keys, and `GET /apikey/{id}/usage`.

use std::net::IpAddr;

use doorward_shared::{
    ErrorCode, KeyId, Scope,
    apikey::{KeyUsage, Verification, VerifyRequest},
};
use rocket::{
    Request, Route, get, post,
    request::{FromRequest, Outcome},
    routes,
};

use super::{
    ApiError, Body, Filters, RequestInfo, Services,
    apikey::KeyHolder,
    bearer::holder_of,
    path_ids,
    query::Query,
    query_params::Params,
    response::{ApiResult, ok},
};
use crate::{oauth::Form, service::KeyCheck, state::NamedClient, store::UsageRange};

pub(super) fn routes() -> Vec<Route> {
    routes![verify, usage]
}

/// A caller who may verify keys: an OAuth client that is a resource server, or one that has `admin:apikeys:read`.
#[derive(Debug)]
pub(super) struct KeyVerifier;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for KeyVerifier {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        ApiError::outcome(request, caller(request).await.map(|()| Self))
    }
}

async fn caller(request: &Request<'_>) -> Result<(), ApiError> {
    let headers: Vec<_> = request.headers().get("authorization").collect();
    let is_basic = |header: &&str| {
        let scheme = header.split(' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("basic")
    };
    if !headers.iter().any(is_basic) {
        return holder_of(request, "admin:apikeys:read").await.map(drop);
    }
    let services = Services::of(request)?;
    let ip = RequestInfo::of(request, services).ip;
    let client = services
        .clients
        .client_of(&headers, &Form::default(), ip)
        .await;
    let client = client.map_err(|failure| match failure.status {
        500.. => ApiError::new(
            ErrorCode::StorageUnavailable,
            "storage is unavailable; nothing was done",
        ),
        _ => ApiError::new(
            ErrorCode::InvalidCredentials,
            "client authentication failed",
        ),
    })?;
    if client.resource_server && client.is_confidential() {
        return Ok(());
    }
    let why = "the client is not registered with resourceServer";
    let refused = &services.clients.refused;
    refused.record(
        Some(NamedClient::known(client.id)),
        "insufficient_scope",
        why,
        None,
        ip,
    );
    Err(ApiError::new(
        ErrorCode::InsufficientScope,
        "this needs a client that is registered with resourceServer",
    ))
}

#[post("/apikey/verify", data = "<body>")]
async fn verify(
    services: &Services,
    _by: KeyVerifier,
    body: Body<VerifyRequest>,
) -> ApiResult<Verification> {
    let asked = body.0;
    let scopes = path_ids::scopes("scopes", asked.scopes.as_deref().unwrap_or_default())?;
    let scopes: Vec<Scope> = scopes.iter().cloned().collect();
    let ip = asked.ip.as_deref().map(address).transpose()?;
    let wanted = KeyCheck {
        scopes: &scopes,
        ip,
        cost: asked.cost.unwrap_or(1),
    };
    ok(services.key_verification.verify(&asked.key, wanted).await?)
}

/// An address, with or without the zone of a link-local one.
fn address(text: &str) -> Result<IpAddr, ApiError> {
    let wrong = |_| ApiError::validation("ip", "must be an IPv4 or IPv6 address");
    let ip = text.split_once('%').map_or(text, |(ip, _zone)| ip);
    ip.parse().map_err(wrong)
}

/// The requested range of a key's usage.
#[derive(Debug)]
pub(super) struct UsageOf(UsageRange);

impl Filters for UsageOf {
    const NAMES: &'static [&'static str] = &["by", "from", "to"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let by = params.parse("by", "hour or day")?;
        let by = by.ok_or_else(|| ApiError::request("by", "must be given: hour or day"))?;
        let (from, to) = (params.time("from")?, params.time("to")?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(ApiError::request("to", "must not be before from"));
        }
        Ok(Self(UsageRange { by, from, to }))
    }
}

#[get("/apikey/<id>/usage")]
async fn usage(
    services: &Services,
    by: KeyHolder<false>,
    id: &str,
    of: Query<UsageOf>,
) -> ApiResult<KeyUsage> {
    let id: KeyId = path_ids::id(id, "API key")?;
    let key = services.store.key(id, Some(by.owner())).await?;
    let key = key.ok_or_else(|| ApiError::not_found("API key"))?;
    ok(usage_of(services, key.id, &of.0).await?)
}

/// The usage counts of a key.
pub(super) async fn usage_of(
    services: &Services,
    id: KeyId,
    of: &UsageOf,
) -> Result<KeyUsage, ApiError> {
    let data = services.key_verification.usage(id, of.0).await?;
    Ok(KeyUsage { data })
}
