//! `/oauth/revoke` and `/oauth/introspect`: token revocation (RFC 7009) and introspection (RFC 7662).

use rocket::{Route, post, routes};

use super::{
    RequestInfo,
    oauth_body::{Authorization, FormBody, bearer},
    oauth_response::NoStore,
};
use crate::{
    domain::{Actor, AuditContext},
    http::Services,
    oauth::{Form, IntrospectionCaller, OAuthError, TokenInfo},
    service::Caller,
    state::NamedClient,
};

pub(super) fn routes() -> Vec<Route> {
    routes![revoke, introspect]
}

/// The caller with a bearer token; an API key must have the required scope. Errors are RFC 6750's.
pub(super) async fn caller(
    services: &Services,
    scope: &str,
    token: &str,
    info: &RequestInfo,
) -> Result<Caller, OAuthError> {
    let callers = &services.authenticator;
    Ok(callers.authenticate_for(&[scope], token, info.ip).await?)
}

/// RFC 7009: whether a token existed is disclosed to its own client only.
#[post("/oauth/revoke", data = "<form>")]
async fn revoke(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<(), OAuthError> {
    let form = form.read(services, info)?;
    let by = services
        .clients
        .authenticated(&headers.0, &form, info.ip)
        .await?;
    let cause = AuditContext {
        actor: Actor::Client(by.client.id),
        client_id: None,
        ip: Some(info.ip),
        request_id: Some(info.id.clone()),
        at: services.clock.now(),
        reason: None,
        language: Default::default(),
    };
    let token = form.require("token")?;
    services.introspection.revoke(&by, token, cause).await
}

#[post("/oauth/introspect", data = "<form>")]
async fn introspect(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<NoStore<TokenInfo>, OAuthError> {
    let form = form.read(services, info)?;
    let introspecting = introspecting(services, info, &headers.0, &form).await?;
    let token = form.require("token").inspect_err(|why| {
        let client = match &introspecting {
            IntrospectionCaller::Client(client) => Some(client.id),
            IntrospectionCaller::Operator { .. } => None,
        };
        services.clients.refused(client, why, info.ip);
    })?;
    Ok(NoStore(
        services
            .introspection
            .introspect(&introspecting, token)
            .await?,
    ))
}

/// RFC 7662 section 2.1: the caller must authenticate, which a public client cannot.
async fn introspecting(
    services: &Services,
    info: &RequestInfo,
    headers: &[&str],
    form: &Form,
) -> Result<IntrospectionCaller, OAuthError> {
    let refused = |why: &OAuthError| services.clients.refused(None, why, info.ip);
    if let Some(token) = bearer(headers).inspect_err(refused)? {
        let caller = caller(services, "admin:sessions:read", token, info).await;
        let operator = caller.and_then(|caller| {
            if caller.scopes.covers("admin:sessions:read") {
                let people = caller.scopes.covers("admin:users:read");
                Ok(IntrospectionCaller::Operator { people })
            } else {
                Err(OAuthError::insufficient_scope("admin:sessions:read"))
            }
        });
        return operator.inspect_err(refused);
    }
    let client = services.clients.client_of(headers, form, info.ip).await?;
    if client.is_confidential() {
        return Ok(IntrospectionCaller::Client(client));
    }
    let why = "a public client cannot introspect";
    services.clients.refused.record(
        Some(NamedClient::known(client.id)),
        "invalid_client",
        why,
        None,
        info.ip,
    );
    Err(OAuthError::client(!headers.is_empty()))
}
