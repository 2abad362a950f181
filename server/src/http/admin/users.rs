//! `/admin/users`: creating, changing and deleting users.

use doorward_shared::admin::{CreateUser, User, UserPatch};
use rocket::{Route, delete, patch, post, routes};

use super::{scopes::Users, user_view::view};
use crate::{
    domain::{Email, EntryPoint, UserChange},
    http::{
        ApiError, Body, Recent, RequestInfo, Services,
        idempotency_key::IdempotencyKey,
        path_ids,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![create, check, change, delete]
}

fn email(text: &str) -> Result<Email, ApiError> {
    Email::parse(text).map_err(|why| ApiError::validation("email", why))
}

#[post("/admin/users", data = "<body>")]
async fn create(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    once: IdempotencyKey,
    body: Body<CreateUser>,
) -> ApiResult<User> {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let again = async |_: User| Ok(services.accounts.may_create(act.clone(), &body.0).await?);
    let work = async {
        let new = services.accounts.prepare(act.clone(), &body.0).await?;
        let role_given = body.0.role.is_some();
        let act = services.act(&by, EntryPoint::Admin, info)?;
        created(view(
            services.store.create_user(new, role_given, act).await?,
        ))
    };
    once.run(services, &by, &body.0, again, work).await
}

/// Dry run: validates a user without creating one, for an import.
#[post("/admin/users/check", data = "<body>")]
async fn check(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    body: Body<CreateUser>,
) -> EmptyResult {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.accounts.validate(act, &body.0).await?;
    Ok(NoContent)
}

/// A change of an account, validated.
///
/// # Errors
/// `validation_failed`, naming the field.
pub(super) fn change_of(patch: UserPatch) -> Result<UserChange, ApiError> {
    let permissions = patch.permissions.as_deref();
    let permissions = permissions
        .map(|given| path_ids::scopes("permissions", given))
        .transpose()?;
    let groups = patch.groups.as_deref();
    Ok(UserChange {
        email: patch.email.as_deref().map(email).transpose()?,
        first_name: path_ids::name_change("firstName", patch.first_name)?,
        last_name: path_ids::name_change("lastName", patch.last_name)?,
        role: patch.role,
        permissions,
        groups: groups
            .map(|given| path_ids::groups("groups", given))
            .transpose()?,
        email_verified: patch.email_verified,
        disabled: patch.disabled,
    })
}

#[patch("/admin/users/<id>", data = "<body>")]
async fn change(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<UserPatch>,
) -> ApiResult<User> {
    let id = path_ids::id(id, "user")?;
    let change = change_of(body.0)?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    ok(view(services.store.change_user(id, change, act).await?))
}

#[delete("/admin/users/<id>")]
async fn delete(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "user")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.delete_user(id, act).await?;
    Ok(NoContent)
}
