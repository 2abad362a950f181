//! `/oauth/register`: clients that register themselves (RFC 7591, RFC 7592), and the operators' tokens for it.

use std::io::Cursor;

use doorward_shared::{
    ClientId, Page, RegistrationTokenId,
    admin::{MintRegistrationToken, RegistrationToken, RegistrationTokenInfo},
};
use rocket::{
    Data, Request, Response, Route,
    data::{FromData, Outcome},
    delete, get,
    http::{ContentType, Header, Status},
    post, put,
    response::{self, Responder},
    routes,
};
use serde::Serialize;

use super::{
    Allowed, ApiError, Listing, OptionalBody, Recent, RequestInfo, Services,
    admin::scopes::{Clients, ClientsRead},
    body,
    oauth::Authorization,
    reply::{Answer, Done, NoContent, created, ok},
    values,
};
use crate::{
    clock::random_bytes,
    crypto::secret::{Secret, looks_like_api_key, registration_token},
    domain::{Client, Door},
    oauth::{Failure, Invitation, Origin, registration::Metadata},
};

pub(super) fn all() -> Vec<Route> {
    routes![register, show, change, end, mint, list, revoke]
}

/// Longest life of an initial access token, in seconds: 30 days.
const MAX_SECONDS: u32 = 30 * 86_400;
/// Its life where none is asked for: a day.
const SECONDS: u32 = 86_400;
/// Most uses of one.
const MAX_USES: u32 = 1000;

/// What a client is answered, RFC 7591 section 3.2.1.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ClientInformation {
    client_id: String,
    client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// 0: it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    /// For changing and ending the registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_access_token: Option<String>,
    registration_client_uri: String,
    #[serde(flatten)]
    metadata: Metadata,
}

fn information(doorward: &Services, client: Client) -> ClientInformation {
    let id = client.id.to_string();
    let policy = client.policy;
    ClientInformation {
        registration_client_uri: format!("{}/oauth/register/{id}", doorward.issuer),
        client_id: id,
        client_id_issued_at: client.created_at.seconds(),
        client_secret: None,
        client_secret_expires_at: None,
        registration_access_token: None,
        metadata: Metadata {
            client_id: None,
            redirect_uris: client.redirect_uris,
            client_name: Some(client.name),
            client_uri: policy.client_uri,
            logo_uri: policy.logo_uri,
            scope: Some(client.scopes.to_string()),
            grant_types: Some(client.grant_types.iter().map(ToString::to_string).collect()),
            response_types: Some(vec!["code".into()]),
            token_endpoint_auth_method: policy.auth_method.map(|method| method.to_string()),
            jwks: policy
                .jwks
                .and_then(|keys| serde_json::from_str(&keys).ok()),
            jwks_uri: policy.jwks_uri,
            post_logout_redirect_uris: policy.post_logout_redirect_uris,
            backchannel_logout_uri: policy.backchannel_logout_uri,
            backchannel_logout_session_required: Some(policy.backchannel_logout_session_required)
                .filter(|required| *required),
        },
    }
}

/// An answer in JSON that nobody keeps.
struct Told(Status, ClientInformation);

impl<'r> Responder<'r, 'static> for Told {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let body = serde_json::to_string(&self.1).map_err(|_| Status::InternalServerError)?;
        Response::build()
            .status(self.0)
            .header(ContentType::JSON)
            .header(Header::new("Cache-Control", "no-store"))
            .sized_body(body.len(), Cursor::new(body))
            .ok()
    }
}

/// Client metadata, read.
struct Asked(Result<Metadata, Failure>);

#[rocket::async_trait]
impl<'r> FromData<'r> for Asked {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        if !request.content_type().is_some_and(|kind| kind.is_json()) {
            return Outcome::Success(Self(Err(Failure {
                status: 415,
                ..Failure::request("the body must be application/json")
            })));
        }
        let read = body::read(data).await.map_err(|error| Failure {
            status: error.status().code,
            ..Failure::request(error.message().to_owned())
        });
        let parsed = read.and_then(|bytes| {
            body::parse(&bytes).map_err(|error| {
                Failure::new("invalid_client_metadata", error.message().to_owned())
            })
        });
        Outcome::Success(Self(parsed))
    }
}

/// The one bearer token of a request.
fn bearer(headers: &[&str]) -> Result<Option<Secret>, Failure> {
    match headers {
        [] => Ok(None),
        [header] => {
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Failure::no_token());
            }
            Ok(Some(token.trim().to_owned().into()))
        }
        _ => Err(Failure::request(
            "there is more than one Authorization header",
        )),
    }
}

async fn invitation(
    doorward: &Services,
    info: &RequestInfo,
    headers: &[&str],
) -> Result<Invitation, Failure> {
    let Some(token) = bearer(headers)? else {
        return Ok(Invitation::None);
    };
    if !looks_like_api_key(token.expose()) {
        return Ok(Invitation::Token(token));
    }
    let failed = |error: ApiError| match error.status().code {
        401 => Failure::token(error.message().to_owned()),
        403 => Failure::insufficient_scope("admin:clients"),
        _ => Failure::unavailable(),
    };
    let caller = doorward.callers.authenticate(token.expose(), info.ip).await;
    let caller = caller.map_err(Failure::from)?;
    caller.require("admin:clients").map_err(Failure::from)?;
    let act = doorward.act(&caller, Door::Admin, info).map_err(failed)?;
    Ok(Invitation::Act(Box::new(act), caller.scopes.clone()))
}

fn origin(info: &RequestInfo) -> Origin {
    Origin {
        ip: info.ip,
        request_id: info.id.clone(),
    }
}

#[post("/oauth/register", data = "<asked>")]
async fn register(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    asked: Asked,
) -> Result<Told, Failure> {
    let invitation = invitation(doorward, info, &headers.0).await?;
    let from = origin(info);
    let made = doorward
        .registrations
        .register(asked.0, invitation, from)
        .await?;
    let expires = made.secret.as_ref().map(|_| 0);
    let secret = made.secret.map(|secret| secret.expose().to_owned());
    Ok(Told(
        Status::Created,
        ClientInformation {
            client_secret: secret,
            client_secret_expires_at: expires,
            registration_access_token: Some(made.token.expose().to_owned()),
            ..information(doorward, made.client)
        },
    ))
}

/// The client's id and token; an id of another form is as unknown as another client's.
fn named(id: &str, headers: &[&str]) -> Result<(ClientId, Secret), Failure> {
    let token = bearer(headers)?.ok_or_else(Failure::no_token)?;
    let unknown = |_| Failure::token("the registration access token is not valid");
    Ok((id.parse().map_err(unknown)?, token))
}

/// What whoever holds a registration access token is told, RFC 7592 section 3: the token again, which is not stored.
fn known(doorward: &Services, client: Client, token: &Secret) -> ClientInformation {
    ClientInformation {
        registration_access_token: Some(token.expose().to_owned()),
        ..information(doorward, client)
    }
}

#[get("/oauth/register/<id>")]
async fn show(doorward: &Services, headers: Authorization<'_>, id: &str) -> Result<Told, Failure> {
    let (id, token) = named(id, &headers.0)?;
    let client = doorward.registrations.find(id, &token).await?;
    Ok(Told(Status::Ok, known(doorward, client, &token)))
}

#[put("/oauth/register/<id>", data = "<asked>")]
async fn change(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    id: &str,
    asked: Asked,
) -> Result<Told, Failure> {
    let (id, token) = named(id, &headers.0)?;
    let from = origin(info);
    let client = doorward
        .registrations
        .change(id, &token, asked.0, from)
        .await?;
    Ok(Told(Status::Ok, known(doorward, client, &token)))
}

#[delete("/oauth/register/<id>")]
async fn end(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    id: &str,
) -> Result<NoContent, Failure> {
    let (id, token) = named(id, &headers.0)?;
    let from = origin(info);
    doorward.registrations.end(id, &token, from).await?;
    Ok(NoContent)
}

#[get("/admin/clients/registration-tokens")]
async fn list(
    doorward: &Services,
    _by: Allowed<ClientsRead>,
    listing: Listing<()>,
) -> Answer<Page<RegistrationTokenInfo>> {
    let now = doorward.clock.now();
    ok(doorward
        .store
        .registration_tokens(listing.query, now)
        .await?)
}

#[delete("/admin/clients/registration-tokens/<id>")]
async fn revoke(doorward: &Services, info: &RequestInfo, by: Recent<Clients>, id: &str) -> Done {
    let id: RegistrationTokenId = values::id(id, "registration token")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.revoke_registration_token(id, act).await?;
    Ok(NoContent)
}

#[post("/admin/clients/registration-tokens", data = "<body>")]
async fn mint(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Clients>,
    body: OptionalBody<MintRegistrationToken>,
) -> Answer<RegistrationToken> {
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
    let expires_at = doorward.clock.now().plus_seconds(i64::from(seconds));
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward
        .registrations
        .keep_token(&token, expires_at, max_uses, act)
        .await?;
    created(RegistrationToken {
        token: token.expose().to_owned(),
        expires_at,
        max_uses,
    })
}
