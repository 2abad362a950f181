//! `/admin/roles`: roles.

use doorward_shared::{
    Page,
    admin::{PutRole, Role},
};
use rocket::{Route, delete, get, put, routes};

use super::scopes::{Roles, RolesRead};
use crate::{
    domain::{self, EntryPoint, role},
    http::{
        Allowed, ApiError, Body, Listing, Recent, RequestInfo, Services, path_ids,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, get, put, delete]
}

fn view(role: domain::Role) -> Role {
    Role {
        built_in: domain::Role::is_built_in(&role.name),
        name: role.name,
        permissions: role.permissions,
        users: role.users,
    }
}

#[get("/admin/roles")]
async fn list(
    services: &Services,
    _by: Allowed<RolesRead>,
    listing: Listing<()>,
) -> ApiResult<Page<Role>> {
    ok(services.store.roles(listing.query).await?.map(view))
}

async fn find(services: &Services, name: &str) -> Result<Role, ApiError> {
    let role = services.store.role(name.to_owned()).await?;
    role.map(view).ok_or_else(|| ApiError::not_found("role"))
}

#[get("/admin/roles/<name>")]
async fn get(services: &Services, _by: Allowed<RolesRead>, name: &str) -> ApiResult<Role> {
    ok(find(services, name).await?)
}

/// # Errors
/// `validation_failed`.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    if role::name_ok(name) {
        Ok(())
    } else {
        let reason = "must be 1 to 64 of a-z, 0-9, - and _, starting with a letter";
        Err(ApiError::validation("name", reason))
    }
}

#[put("/admin/roles/<name>", data = "<body>")]
async fn put(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Roles>,
    name: &str,
    body: Body<PutRole>,
) -> ApiResult<Role> {
    check_name(name)?;
    let permissions = path_ids::scopes("permissions", &body.0.permissions)?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let new = services
        .store
        .put_role(name.to_owned(), permissions, act)
        .await?;
    let role = find(services, name).await?;
    if new { created(role) } else { ok(role) }
}

#[delete("/admin/roles/<name>")]
async fn delete(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Roles>,
    name: &str,
) -> EmptyResult {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.delete_role(name.to_owned(), act).await?;
    Ok(NoContent)
}
