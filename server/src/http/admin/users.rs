//! `/admin/users`.

use std::sync::Arc;

use doorward_shared::{
    Page, ScopeSet, UserId,
    admin::{CreateUser, Revoked, SetPassword, User, UserPatch},
};
use rocket::{Route, State, delete, get, patch, post, routes};

use super::scopes::{Users, UsersRead};
use crate::{
    app::Doorward,
    caller::Caller,
    domain::{self, Email, NewUser, UserChange, role},
    http::{
        Allowed, ApiError, Body, Filters, Listing, Recent, RequestInfo,
        listing::Params,
        once::IdempotencyKey,
        reply::{Answer, Done, NoContent, created, ok},
        values,
    },
    store::UserFilter,
};

pub fn all() -> Vec<Route> {
    routes![
        list,
        create,
        get,
        change,
        delete,
        set_password,
        revoke_sessions
    ]
}

impl Filters for UserFilter {
    const NAMES: &'static [&'static str] = &["role", "disabled"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        Ok(Self {
            role: params.text("role", role::name_ok, "the name of a role")?,
            disabled: params.parse("disabled", "true or false")?,
        })
    }
}

fn view(user: domain::User) -> User {
    User {
        id: user.id,
        email: user.email.as_str().to_owned(),
        first_name: user.first_name,
        last_name: user.last_name,
        role: user.role,
        permissions: user.permissions,
        disabled: user.disabled_at.is_some(),
        created_at: user.created_at,
        last_login_at: user.last_login_at,
    }
}

#[get("/admin/users")]
async fn list(
    doorward: &State<Doorward>,
    _by: Allowed<UsersRead>,
    listing: Listing<UserFilter>,
) -> Answer<Page<User>> {
    let page = doorward.store.users(listing.filter, listing.query).await?;
    ok(page.map(view))
}

/// Whoever gives a role gives its permissions.
async fn may_give_role(doorward: &Doorward, by: &Caller, name: &str) -> Result<(), ApiError> {
    let role = doorward.store.role(name.to_owned()).await?;
    let role = role.ok_or_else(|| ApiError::validation("role", "is not a role"))?;
    by.may_give(&role.permissions)
}

fn email(text: &str) -> Result<Email, ApiError> {
    Email::parse(text).map_err(|why| ApiError::validation("email", why))
}

async fn new_user(
    doorward: &Doorward,
    by: &Caller,
    form: &CreateUser,
) -> Result<NewUser, ApiError> {
    let email = email(&form.email)?;
    email
        .check_new()
        .map_err(|why| ApiError::validation("email", why))?;
    let permissions = match &form.permissions {
        Some(permissions) => values::scopes("permissions", permissions)?,
        None => ScopeSet::default(),
    };
    by.may_give(&permissions)?;
    // The role everybody starts with needs no right to give it.
    if let Some(role) = &form.role {
        may_give_role(doorward, by, role).await?;
    }
    let first_name = values::name("firstName", form.first_name.clone())?;
    let last_name = values::name("lastName", form.last_name.clone())?;
    let password = match &form.password {
        Some(password) => {
            let hash =
                doorward.hash_new_password(password.clone().into(), email.as_str(), "password");
            Some(hash.await?)
        }
        None => None,
    };
    Ok(NewUser {
        email,
        password,
        first_name,
        last_name,
        role: form.role.clone().unwrap_or_else(|| role::CUSTOMER.into()),
        permissions,
    })
}

#[post("/admin/users", data = "<body>")]
async fn create(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Users>,
    once: IdempotencyKey,
    body: Body<CreateUser>,
) -> Answer<User> {
    let now = doorward.clock.now();
    let work = async {
        let new = new_user(doorward, &by, &body.0).await?;
        let cause = info.cause(by.actor(), doorward.clock.now());
        let (user, _) = doorward.store.create_user(new, None, cause).await?;
        created(view(user))
    };
    let call = ("POST /admin/users", &body.0);
    doorward.answers.once(once, (&by, now), call, work).await
}

async fn find(doorward: &Doorward, id: &str) -> Result<Arc<domain::Account>, ApiError> {
    find_by(doorward, values::id(id, "user")?).await
}

async fn find_by(doorward: &Doorward, id: UserId) -> Result<Arc<domain::Account>, ApiError> {
    let account = doorward.store.account(id).await?;
    account.ok_or_else(|| ApiError::not_found("user"))
}

/// What of an account's permissions is Doorward's own: what makes an operator.
fn administration(account: &domain::Account) -> ScopeSet {
    account.may.below("admin")
}

#[get("/admin/users/<id>")]
async fn get(doorward: &State<Doorward>, _by: Allowed<UsersRead>, id: &str) -> Answer<User> {
    ok(view(find(doorward, id).await?.user.clone()))
}

#[patch("/admin/users/<id>", data = "<body>")]
async fn change(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<UserPatch>,
) -> Answer<User> {
    let id = values::id(id, "user")?;
    let patch = body.0;
    let permissions = patch.permissions.as_deref();
    let permissions = permissions
        .map(|given| values::scopes("permissions", given))
        .transpose()?;
    if let Some(permissions) = &permissions {
        by.may_give(permissions)?;
    }
    if let Some(role) = &patch.role {
        may_give_role(doorward, &by, role).await?;
    }
    if patch.role.is_some() || permissions.is_some() {
        // What is taken away too: an account without it is anybody's to take over, until it is given back.
        by.may_give(&administration(&*find_by(doorward, id).await?))?;
    }
    let change = UserChange {
        email: patch.email.as_deref().map(email).transpose()?,
        first_name: values::name_change("firstName", patch.first_name)?,
        last_name: values::name_change("lastName", patch.last_name)?,
        role: patch.role,
        permissions,
        disabled: patch.disabled,
    };
    let cause = info.cause(by.actor(), doorward.clock.now());
    ok(view(doorward.store.change_user(id, change, cause).await?))
}

#[delete("/admin/users/<id>")]
async fn delete(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
) -> Done {
    let id = values::id(id, "user")?;
    let cause = info.cause(by.actor(), doorward.clock.now());
    doorward.store.delete_user(id, cause).await?;
    Ok(NoContent)
}

#[post("/admin/users/<id>/password", data = "<body>")]
async fn set_password(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<SetPassword>,
) -> Done {
    let account = find(doorward, id).await?;
    // Whoever sets a password can sign in with it: operators' accounts only by those who hold as much.
    by.may_give(&administration(&account))?;
    let (user, email) = (account.user.id, account.user.email.as_str());
    let hash = doorward
        .hash_new_password(body.0.password.into(), email, "password")
        .await?;
    let cause = info.cause(by.actor(), doorward.clock.now());
    doorward
        .store
        .set_password(user, hash, None, None, cause)
        .await?;
    doorward.forget_failures(email);
    Ok(NoContent)
}

#[post("/admin/users/<id>/sessions/revoke")]
async fn revoke_sessions(
    doorward: &State<Doorward>,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
) -> Answer<Revoked> {
    let id = values::id(id, "user")?;
    let cause = info.cause(by.actor(), doorward.clock.now());
    let revoked = doorward.store.revoke_sessions_of(id, None, cause).await?;
    ok(Revoked { revoked })
}
