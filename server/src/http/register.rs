//! `/oauth/register`: clients that register themselves (RFC 7591, RFC 7592).

use doorward_shared::ClientId;
use rocket::{Route, delete, get, http::Status, post, put, routes};

use super::{
    RequestInfo, Services,
    client_information::{Asked, ClientInformation, Told, information},
    oauth_body::Authorization,
    registration_credential::{bearer, invitation},
    reply::NoContent,
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
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    asked: Asked,
) -> Result<Told, OAuthError> {
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
fn named(id: &str, headers: &[&str]) -> Result<(ClientId, Secret), OAuthError> {
    let token = bearer(headers)?.ok_or_else(OAuthError::no_token)?;
    let unknown = |_| OAuthError::token("the registration access token is not valid");
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
async fn show(
    doorward: &Services,
    headers: Authorization<'_>,
    id: &str,
) -> Result<Told, OAuthError> {
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
) -> Result<Told, OAuthError> {
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
) -> Result<NoContent, OAuthError> {
    let (id, token) = named(id, &headers.0)?;
    let from = origin(info);
    doorward.registrations.end(id, &token, from).await?;
    Ok(NoContent)
}
