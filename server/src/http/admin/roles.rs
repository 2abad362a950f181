//! `/admin/roles`.

use doorward_shared::{
    Page,
    admin::{PutRole, Role},
};
use rocket::{Route, delete, get, put, routes};

use super::scopes::{Roles, RolesRead};
use crate::{
    domain::{self, Door, role},
    http::{
        Allowed, ApiError, Body, Listing, Recent, RequestInfo, Services,
        reply::{Answer, Done, NoContent, created, ok},
        values,
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
    doorward: &Services,
    _by: Allowed<RolesRead>,
    listing: Listing<()>,
) -> Answer<Page<Role>> {
    ok(doorward.store.roles(listing.query).await?.map(view))
}

async fn find(doorward: &Services, name: &str) -> Result<Role, ApiError> {
    let role = doorward.store.role(name.to_owned()).await?;
    role.map(view).ok_or_else(|| ApiError::not_found("role"))
}

#[get("/admin/roles/<name>")]
async fn get(doorward: &Services, _by: Allowed<RolesRead>, name: &str) -> Answer<Role> {
    ok(find(doorward, name).await?)
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
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Roles>,
    name: &str,
    body: Body<PutRole>,
) -> Answer<Role> {
    check_name(name)?;
    let permissions = values::scopes("permissions", &body.0.permissions)?;
    let act = doorward.act(&by, Door::Admin, info)?;
    let new = doorward
        .store
        .put_role(name.to_owned(), permissions, act)
        .await?;
    let role = find(doorward, name).await?;
    if new { created(role) } else { ok(role) }
}

#[delete("/admin/roles/<name>")]
async fn delete(doorward: &Services, info: &RequestInfo, by: Recent<Roles>, name: &str) -> Done {
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.delete_role(name.to_owned(), act).await?;
    Ok(NoContent)
}
