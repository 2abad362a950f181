//! `/oauth/revoke` and `/oauth/introspect`.

use rocket::{Route, post, routes};

use super::{
    RequestInfo,
    oauth_answer::NoStore,
    oauth_body::{Authorization, FormBody, bearer},
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

/// The caller with a bearer token, of whom a scope is asked where it is an API key; errors are RFC 6750's.
pub(super) async fn caller(
    doorward: &Services,
    scope: &str,
    token: &str,
    info: &RequestInfo,
) -> Result<Caller, OAuthError> {
    let callers = &doorward.callers;
    Ok(callers.authenticate_for(&[scope], token, info.ip).await?)
}

/// RFC 7009: whether there was something to revoke is nobody's business but its client's.
#[post("/oauth/revoke", data = "<form>")]
async fn revoke(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<(), OAuthError> {
    let form = form.read(doorward, info)?;
    let by = doorward
        .clients
        .authenticated(&headers.0, &form, info.ip)
        .await?;
    let cause = AuditContext {
        actor: Actor::Client(by.client.id),
        client_id: None,
        ip: Some(info.ip),
        request_id: Some(info.id.clone()),
        at: doorward.clock.now(),
        reason: None,
        language: Default::default(),
    };
    let token = form.require("token")?;
    doorward.token_infos.revoke(&by, token, cause).await
}

#[post("/oauth/introspect", data = "<form>")]
async fn introspect(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<NoStore<TokenInfo>, OAuthError> {
    let form = form.read(doorward, info)?;
    let asker = asker(doorward, info, &headers.0, &form).await?;
    let token = form.require("token").inspect_err(|why| {
        let client = match &asker {
            IntrospectionCaller::Client(client) => Some(client.id),
            IntrospectionCaller::Operator { .. } => None,
        };
        doorward.clients.refused(client, why, info.ip);
    })?;
    Ok(NoStore(
        doorward.token_infos.introspect(&asker, token).await?,
    ))
}

/// RFC 7662 section 2.1: whoever asks shows who they are. A public client cannot.
async fn asker(
    doorward: &Services,
    info: &RequestInfo,
    headers: &[&str],
    form: &Form,
) -> Result<IntrospectionCaller, OAuthError> {
    let refused = |why: &OAuthError| doorward.clients.refused(None, why, info.ip);
    if let Some(token) = bearer(headers).inspect_err(refused)? {
        let caller = caller(doorward, "admin:sessions:read", token, info).await;
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
    let client = doorward.clients.client_of(headers, form, info.ip).await?;
    if client.is_confidential() {
        return Ok(IntrospectionCaller::Client(client));
    }
    let why = "a public client cannot introspect";
    doorward.clients.refused.note(
        Some(NamedClient::known(client.id)),
        "invalid_client",
        why,
        None,
        info.ip,
    );
    Err(OAuthError::client(!headers.is_empty()))
}
