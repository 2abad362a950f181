//! `/admin/users`: made, changed, deleted.

use doorward_shared::admin::{CreateUser, User, UserPatch};
use rocket::{Route, delete, patch, post, routes};

use super::{scopes::Users, user_view::view};
use crate::{
    domain::{Door, Email, UserChange},
    http::{
        ApiError, Body, Recent, RequestInfo, Services,
        idempotency_key::IdempotencyKey,
        reply::{Answer, Done, NoContent, created, ok},
        values,
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
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    once: IdempotencyKey,
    body: Body<CreateUser>,
) -> Answer<User> {
    let act = doorward.act(&by, Door::Admin, info)?;
    let again = async |_: User| Ok(doorward.accounts.may_create(act.clone(), &body.0).await?);
    let work = async {
        let new = doorward.accounts.prepare(act.clone(), &body.0).await?;
        let role_given = body.0.role.is_some();
        let act = doorward.act(&by, Door::Admin, info)?;
        created(view(
            doorward.store.create_user(new, role_given, act).await?,
        ))
    };
    once.run(doorward, &by, &body.0, again, work).await
}

/// Judges a user that could be created, and creates none: for a rehearsal of an import.
#[post("/admin/users/check", data = "<body>")]
async fn check(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    body: Body<CreateUser>,
) -> Done {
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.accounts.rehearse(act, &body.0).await?;
    Ok(NoContent)
}

/// A change of an account, each value checked.
///
/// # Errors
/// `validation_failed`, naming the field.
pub(super) fn change_of(patch: UserPatch) -> Result<UserChange, ApiError> {
    let permissions = patch.permissions.as_deref();
    let permissions = permissions
        .map(|given| values::scopes("permissions", given))
        .transpose()?;
    let groups = patch.groups.as_deref();
    Ok(UserChange {
        email: patch.email.as_deref().map(email).transpose()?,
        first_name: values::name_change("firstName", patch.first_name)?,
        last_name: values::name_change("lastName", patch.last_name)?,
        role: patch.role,
        permissions,
        groups: groups
            .map(|given| values::groups("groups", given))
            .transpose()?,
        email_verified: patch.email_verified,
        disabled: patch.disabled,
    })
}

#[patch("/admin/users/<id>", data = "<body>")]
async fn change(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<UserPatch>,
) -> Answer<User> {
    let id = values::id(id, "user")?;
    let change = change_of(body.0)?;
    let act = doorward.act(&by, Door::Admin, info)?;
    ok(view(doorward.store.change_user(id, change, act).await?))
}

#[delete("/admin/users/<id>")]
async fn delete(doorward: &Services, info: &RequestInfo, by: Recent<Users>, id: &str) -> Done {
    let id = values::id(id, "user")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.delete_user(id, act).await?;
    Ok(NoContent)
}
