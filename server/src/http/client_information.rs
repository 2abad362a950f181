//! Bodies of dynamic registration: client metadata in, client information out (RFC 7591 section 3).

use std::io::Cursor;

use rocket::{
    Data, Request, Response,
    data::{FromData, Outcome},
    http::{ContentType, Header, Status},
    response::{self, Responder},
};
use serde::Serialize;

use super::{Services, body};
use crate::{
    domain::Client,
    oauth::{OAuthError, client_metadata::Metadata},
};

/// What a client is answered, RFC 7591 section 3.2.1.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ClientInformation {
    pub client_id: String,
    pub client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// 0: it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    /// For changing and ending the registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_access_token: Option<String>,
    pub registration_client_uri: String,
    #[serde(flatten)]
    pub metadata: Metadata,
}

pub(super) fn information(services: &Services, client: Client) -> ClientInformation {
    let id = client.id.to_string();
    let policy = client.policy;
    ClientInformation {
        registration_client_uri: format!("{}/oauth/register/{id}", services.issuer),
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

/// A JSON response that must not be cached.
pub(super) struct ClientInformationResponse(pub Status, pub ClientInformation);

impl<'r> Responder<'r, 'static> for ClientInformationResponse {
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

/// Parsed client metadata.
pub(super) struct ClientMetadataBody(pub Result<Metadata, OAuthError>);

#[rocket::async_trait]
impl<'r> FromData<'r> for ClientMetadataBody {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        if !request.content_type().is_some_and(|kind| kind.is_json()) {
            return Outcome::Success(Self(Err(OAuthError {
                status: 415,
                ..OAuthError::request("the body must be application/json")
            })));
        }
        let read = body::read(data).await.map_err(|error| OAuthError {
            status: error.status().code,
            ..OAuthError::request(error.message().to_owned())
        });
        let parsed = read.and_then(|bytes| {
            body::parse(&bytes).map_err(|error| {
                OAuthError::new("invalid_client_metadata", error.message().to_owned())
            })
        });
        Outcome::Success(Self(parsed))
    }
}
