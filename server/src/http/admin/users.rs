//! `/admin/users`.

use std::sync::Arc;

use doorward_shared::{
    Page,
    admin::{
        CreateLink, CreateUser, FactorRemoval, Link, RevokeSessionsOf, Revoked, SetPassword, User,
        UserPatch,
    },
    auth::OwnApplication,
};
use rocket::{Route, delete, get, patch, post, routes};

use super::scopes::{Users, UsersRead};
use crate::{
    domain::{self, Door, Email, UserChange, role},
    http::{
        Allowed, ApiError, Body, Filters, Listing, OptionalBody, Recent, RequestInfo, Services,
        listing::Params,
        mfa::wire_factors,
        once::IdempotencyKey,
        own_data::application,
        reply::{Answer, Done, NoContent, created, ok},
        values,
    },
    store::{Outstanding, UserFilter},
};

pub(super) fn all() -> Vec<Route> {
    routes![
        list,
        create,
        check,
        get,
        applications,
        change,
        delete,
        set_password,
        remove_password,
        create_link,
        remove_factors,
        revoke_sessions
    ]
}

impl Filters for UserFilter {
    const NAMES: &'static [&'static str] = &["role", "disabled", "email"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        Ok(Self {
            role: params.text("role", role::name_ok, "the name of a role")?,
            disabled: params.parse("disabled", "true or false")?,
            email: params
                .text(
                    "email",
                    |text| Email::parse(text).is_ok(),
                    "a whole email address",
                )?
                .map(|text| Email::keys_of(&text)),
        })
    }
}

pub(crate) fn view(user: domain::User) -> User {
    User {
        id: user.id,
        email: user.email.as_str().to_owned(),
        first_name: user.first_name,
        last_name: user.last_name,
        role: user.role,
        permissions: user.permissions,
        groups: user.groups,
        email_verified: user.email_verified,
        disabled: user.disabled_at.is_some(),
        created_at: user.created_at,
        last_login_at: user.last_login_at,
        mfa: None,
        links: Vec::new(),
        mails: Vec::new(),
    }
}

#[get("/admin/users")]
async fn list(
    doorward: &Services,
    _by: Allowed<UsersRead>,
    listing: Listing<UserFilter>,
) -> Answer<Page<User>> {
    let page = doorward.store.users(listing.filter, listing.query).await?;
    ok(page.map(view))
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

async fn find(doorward: &Services, id: &str) -> Result<Arc<domain::Account>, ApiError> {
    let account = doorward.store.account(values::id(id, "user")?).await?;
    account.ok_or_else(|| ApiError::not_found("user"))
}

#[get("/admin/users/<id>")]
async fn get(doorward: &Services, _by: Allowed<UsersRead>, id: &str) -> Answer<User> {
    let account = find(doorward, id).await?;
    let (store, user) = (&doorward.store, account.user.id);
    let factors = store.factors(user).await?;
    let Outstanding { links, mails } = store.outstanding(user, doorward.clock.now()).await?;
    ok(User {
        mfa: factors.is_any().then(|| wire_factors(factors)),
        links,
        mails,
        ..view(account.user.clone())
    })
}

/// The applications that a user has let in, newest first.
#[get("/admin/users/<id>/applications")]
async fn applications(
    doorward: &Services,
    _by: Allowed<UsersRead>,
    id: &str,
    listing: Listing<()>,
) -> Answer<Page<OwnApplication>> {
    let account = find(doorward, id).await?;
    let consents = doorward.store.consents(account.user.id, listing.query);
    ok(consents.await?.map(application))
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

#[post("/admin/users/<id>/password", data = "<body>")]
async fn set_password(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<SetPassword>,
) -> Done {
    let account = find(doorward, id).await?;
    let password = body.0.password.clone().into();
    let (api_keys, cause) = (body.0.api_keys, doorward.cause(&by, info));
    doorward
        .accounts
        .set_password(&by, &account, password, api_keys, cause)
        .await?;
    Ok(NoContent)
}

/// Takes somebody's password away, so that they have to set a new one. It needs as much as setting one.
#[delete("/admin/users/<id>/password")]
async fn remove_password(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
) -> Done {
    let user = values::id(id, "user")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.remove_password(user, act).await?;
    doorward.factors.pending.end_of(user);
    doorward.factors.enrolments.end_of(user);
    Ok(NoContent)
}

#[post("/admin/users/<id>/link", data = "<body>")]
async fn create_link(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: Body<CreateLink>,
) -> Answer<Link> {
    let account = find(doorward, id).await?;
    let cause = doorward.cause(&by, info);
    let links = &doorward.links;
    created(links.create(&by, &account, &body.0, cause).await?)
}

/// Takes every second factor away from somebody who has lost theirs. Whoever may do so could sign in next with a
/// password they set: it needs as much as setting one.
#[delete("/admin/users/<id>/mfa", data = "<body>")]
async fn remove_factors(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: OptionalBody<FactorRemoval>,
) -> Done {
    let user = values::id(id, "user")?;
    let mut act = doorward.act(&by, Door::Admin, info)?;
    if let Some(reason) = body.0.reason {
        act = act.because(reason.into());
    }
    if act.reason().is_none_or(|reason| reason.trim().is_empty()) {
        let why = "is missing: say why, in the body or as X-Reason";
        return Err(ApiError::request("reason", why));
    }
    doorward.store.remove_factors(user, act).await?;
    doorward.factors.pending.end_of(user);
    doorward.factors.enrolments.end_of(user);
    Ok(NoContent)
}

#[post("/admin/users/<id>/sessions/revoke", data = "<body>")]
async fn revoke_sessions(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Users>,
    id: &str,
    body: OptionalBody<RevokeSessionsOf>,
) -> Answer<Revoked> {
    let id = values::id(id, "user")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    let store = &doorward.store;
    let revoked = store
        .revoke_sessions_of(id, None, body.0.api_keys, act)
        .await?;
    ok(Revoked { revoked })
}
