//! `/oauth/register`: dynamic client registration (RFC 7591, RFC 7592).

use doorward_shared::ClientId;
use rocket::{Route, delete, get, http::Status, post, put, routes};

use super::{
    RequestInfo, Services,
    client_information::{
        ClientInformation, ClientInformationResponse, ClientMetadataBody, information,
    },
    oauth_body::Authorization,
    registration_credential::{bearer, invitation},
    response::NoContent,
};
use crate::{
    crypto::secret::Secret,
    domain::Client,
    oauth::{OAuthError, Origin},
};

pub(super) fn routes() -> Vec<Route> {
    routes![register, show, change, end]
}

fn origin(info: &RequestInfo) -> Origin {
    Origin {
        ip: info.ip,
        request_id: info.id.clone(),
    }
}

#[post("/oauth/register", data = "<asked>")]
async fn register(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    asked: ClientMetadataBody,
) -> Result<ClientInformationResponse, OAuthError> {
    let invitation = invitation(services, info, &headers.0).await?;
    let from = origin(info);
    let made = services
        .registrations
        .register(asked.0, invitation, from)
        .await?;
    let expires = made.secret.as_ref().map(|_| 0);
    let secret = made.secret.map(|secret| secret.expose().to_owned());
    Ok(ClientInformationResponse(
        Status::Created,
        ClientInformation {
            client_secret: secret,
            client_secret_expires_at: expires,
            registration_access_token: Some(made.token.expose().to_owned()),
            ..information(services, made.client)
        },
    ))
}

/// The client's id and token; a malformed id is treated like another client's.
fn named(id: &str, headers: &[&str]) -> Result<(ClientId, Secret), OAuthError> {
    let token = bearer(headers)?.ok_or_else(OAuthError::no_token)?;
    let unknown = |_| OAuthError::token("the registration access token is not valid");
    Ok((id.parse().map_err(unknown)?, token))
}

/// The response to a registration access token, RFC 7592 section 3: it includes the token, which is not stored.
fn known(services: &Services, client: Client, token: &Secret) -> ClientInformation {
    ClientInformation {
        registration_access_token: Some(token.expose().to_owned()),
        ..information(services, client)
    }
}

#[get("/oauth/register/<id>")]
async fn show(
    services: &Services,
    headers: Authorization<'_>,
    id: &str,
) -> Result<ClientInformationResponse, OAuthError> {
    let (id, token) = named(id, &headers.0)?;
    let client = services.registrations.find(id, &token).await?;
    Ok(ClientInformationResponse(
        Status::Ok,
        known(services, client, &token),
    ))
}

#[put("/oauth/register/<id>", data = "<asked>")]
async fn change(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    id: &str,
    asked: ClientMetadataBody,
) -> Result<ClientInformationResponse, OAuthError> {
    let (id, token) = named(id, &headers.0)?;
    let from = origin(info);
    let client = services
        .registrations
        .change(id, &token, asked.0, from)
        .await?;
    Ok(ClientInformationResponse(
        Status::Ok,
        known(services, client, &token),
    ))
}

#[delete("/oauth/register/<id>")]
async fn end(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    id: &str,
) -> Result<NoContent, OAuthError> {
    let (id, token) = named(id, &headers.0)?;
    let from = origin(info);
    services.registrations.end(id, &token, from).await?;
    Ok(NoContent)
}
