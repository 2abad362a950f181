//! `/oauth/revoke` and `/oauth/introspect`.

use rocket::{Route, post, routes};

use super::{
    RequestInfo,
    oauth_answer::Secretly,
    oauth_body::{Authorization, FormBody, bearer},
};
use crate::{
    domain::{Actor, Cause},
    http::Services,
    oauth::{Asker, Failure, Form, TokenInfo},
    service::Caller,
    state::NamedClient,
};

pub(super) fn all() -> Vec<Route> {
    routes![revoke, introspect]
}

/// The caller with a bearer token, of whom a scope is asked where it is an API key; errors are RFC 6750's.
pub(super) async fn caller(
    doorward: &Services,
    scope: &str,
    token: &str,
    info: &RequestInfo,
) -> Result<Caller, Failure> {
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
) -> Result<(), Failure> {
    let form = form.read(doorward, info)?;
    let by = doorward
        .clients
        .authenticated(&headers.0, &form, info.ip)
        .await?;
    let cause = Cause {
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
) -> Result<Secretly<TokenInfo>, Failure> {
    let form = form.read(doorward, info)?;
    let asker = asker(doorward, info, &headers.0, &form).await?;
    let token = form.require("token").inspect_err(|why| {
        let client = match &asker {
            Asker::Client(client) => Some(client.id),
            Asker::Operator { .. } => None,
        };
        doorward.clients.refused(client, why, info.ip);
    })?;
    Ok(Secretly(
        doorward.token_infos.introspect(&asker, token).await?,
    ))
}

/// RFC 7662 section 2.1: whoever asks shows who they are. A public client cannot.
async fn asker(
    doorward: &Services,
    info: &RequestInfo,
    headers: &[&str],
    form: &Form,
) -> Result<Asker, Failure> {
    let refused = |why: &Failure| doorward.clients.refused(None, why, info.ip);
    if let Some(token) = bearer(headers).inspect_err(refused)? {
        let caller = caller(doorward, "admin:sessions:read", token, info).await;
        let operator = caller.and_then(|caller| {
            if caller.scopes.covers("admin:sessions:read") {
                let people = caller.scopes.covers("admin:users:read");
                Ok(Asker::Operator { people })
            } else {
                Err(Failure::insufficient_scope("admin:sessions:read"))
            }
        });
        return operator.inspect_err(refused);
    }
    let client = doorward.clients.client_of(headers, form, info.ip).await?;
    if client.is_confidential() {
        return Ok(Asker::Client(client));
    }
    let why = "a public client cannot introspect";
    doorward.clients.refused.note(
        Some(NamedClient::known(client.id)),
        "invalid_client",
        why,
        None,
        info.ip,
    );
    Err(Failure::client(!headers.is_empty()))
}
