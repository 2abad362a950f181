//! Operators' control of a user's access: password, links, factors, sessions.

use doorward_shared::admin::{
    CreateLink, FactorRemoval, Link, RevokeSessionsOf, Revoked, SetPassword,
};
use rocket::{Route, delete, post, routes};

use super::{scopes::Users, user_view::find};
use crate::{
    domain::EntryPoint,
    http::{
        ApiError, Body, OptionalBody, Recent, RequestInfo, Services, path_ids,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![
        set_password,
        remove_password,
        create_link,
        remove_factors,
        revoke_sessions
    ]
}

#[post("/admin/users/<id>/password", data = "<body>")]
async fn set_password(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<SetPassword>,
) -> EmptyResult {
    let account = find(services, id).await?;
    let password = body.0.password.clone().into();
    let (api_keys, context) = (body.0.api_keys, services.context(&by, info));
    services
        .accounts
        .set_password(&by, &account, password, api_keys, context)
        .await?;
    Ok(NoContent)
}

/// Removes a user's password, so that they have to set a new one. Requires the same permission as setting one.
#[delete("/admin/users/<id>/password")]
async fn remove_password(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
) -> EmptyResult {
    let user = path_ids::id(id, "user")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.remove_password(user, act).await?;
    services.factors.pending.end_of(user);
    services.factors.enrolments.end_of(user);
    Ok(NoContent)
}

#[post("/admin/users/<id>/link", data = "<body>")]
async fn create_link(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<CreateLink>,
) -> ApiResult<Link> {
    let account = find(services, id).await?;
    let context = services.context(&by, info);
    let links = &services.links;
    created(links.create(&by, &account, &body.0, context).await?)
}

/// Removes all second factors of a user who has lost theirs. A caller who may do so could then sign in with a password
/// they set, so it requires the same permission as setting one.
#[delete("/admin/users/<id>/mfa", data = "<body>")]
async fn remove_factors(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: OptionalBody<FactorRemoval>,
) -> EmptyResult {
    let user = path_ids::id(id, "user")?;
    let mut act = services.act(&by, EntryPoint::Admin, info)?;
    if let Some(reason) = body.0.reason {
        act = act.because(reason.into());
    }
    if act.reason().is_none_or(|reason| reason.trim().is_empty()) {
        let why = "is missing: say why, in the body or as X-Reason";
        return Err(ApiError::request("reason", why));
    }
    services.store.remove_factors(user, act).await?;
    services.factors.pending.end_of(user);
    services.factors.enrolments.end_of(user);
    Ok(NoContent)
}

#[post("/admin/users/<id>/sessions/revoke", data = "<body>")]
async fn revoke_sessions(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: OptionalBody<RevokeSessionsOf>,
) -> ApiResult<Revoked> {
    let id = path_ids::id(id, "user")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let store = &services.store;
    let revoked = store
        .revoke_sessions_of(id, None, body.0.api_keys, act)
        .await?;
    ok(Revoked { revoked })
}
