//! Users in the admin API: lists, one user, and the applications they have consented to.

use std::sync::Arc;

use doorward_shared::{Page, admin::User, auth::OwnApplication};
use rocket::{Route, get, routes};

use super::scopes::UsersRead;
use crate::{
    domain::{self, Email, role},
    http::{
        Allowed, ApiError, Filters, Listing, Services,
        mfa::wire_factors,
        own_export_and_deletion::application,
        path_ids,
        query_params::Params,
        response::{ApiResult, ok},
    },
    store::{OutstandingLinks, UserFilter},
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, get, applications]
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
        disabled: !user.is_enabled(),
        email: user.email.as_str().to_owned(),
        first_name: user.first_name,
        last_name: user.last_name,
        role: user.role,
        permissions: user.permissions,
        groups: user.groups,
        email_verified: user.email_verified,
        created_at: user.created_at,
        last_login_at: user.last_login_at,
        mfa: None,
        links: Vec::new(),
        mails: Vec::new(),
    }
}

#[get("/admin/users")]
async fn list(
    services: &Services,
    _by: Allowed<UsersRead>,
    listing: Listing<UserFilter>,
) -> ApiResult<Page<User>> {
    let page = services.store.users(listing.filter, listing.query).await?;
    ok(page.map(view))
}

pub(super) async fn find(services: &Services, id: &str) -> Result<Arc<domain::Account>, ApiError> {
    let account = services.store.account(path_ids::id(id, "user")?).await?;
    account.ok_or_else(|| ApiError::not_found("user"))
}

#[get("/admin/users/<id>")]
async fn get(services: &Services, _by: Allowed<UsersRead>, id: &str) -> ApiResult<User> {
    let account = find(services, id).await?;
    let (store, user) = (&services.store, account.user.id);
    let factors = store.factors(user).await?;
    let OutstandingLinks { links, mails } = store.outstanding(user, services.clock.now()).await?;
    ok(User {
        mfa: factors.is_any().then(|| wire_factors(factors)),
        links,
        mails,
        ..view(account.user.clone())
    })
}

/// The applications that a user has consented to, newest first.
#[get("/admin/users/<id>/applications")]
async fn applications(
    services: &Services,
    _by: Allowed<UsersRead>,
    id: &str,
    listing: Listing<()>,
) -> ApiResult<Page<OwnApplication>> {
    let account = find(services, id).await?;
    let consents = services.store.consents(account.user.id, listing.query);
    ok(consents.await?.map(application))
}
