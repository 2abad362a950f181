//! `/auth/me`: one's own profile.

use doorward_shared::{
    ErrorCode,
    auth::{Profile, ProfileKey, ProfilePatch},
};
use rocket::{Route, get, patch, routes};

use super::{
    ApiError, Bearer, Body, RequestInfo,
    first_party::Changing,
    reply::{Answer, ReadyJson, ok},
    values,
};
use crate::{
    domain::{Account, Door, UserChange},
    http::Services,
    service::{Caller, Credential},
};

pub(super) fn all() -> Vec<Route> {
    routes![me, change_me]
}

/// The person behind a caller; 403 for a token that an OAuth client obtained, and for the operator key.
fn person(caller: &Caller) -> Result<&Account, ApiError> {
    let refused = |message| ApiError::new(ErrorCode::InsufficientScope, message);
    if caller.client_id().is_some() {
        return Err(refused(
            "this needs a token from login or registration, or an API key; a client reads /oauth/userinfo",
        ));
    }
    let nobody = || refused("no user stands behind this credential");
    caller.account().map(AsRef::as_ref).ok_or_else(nobody)
}

/// A profile as `caller` sees it: with a key, `permissions` is what the key may do.
fn profile_for(caller: &Caller) -> Result<Profile, ApiError> {
    let profile = profile(person(caller)?);
    let Credential::Key { key, .. } = &caller.credential else {
        return Ok(profile);
    };
    Ok(Profile {
        permissions: caller.scopes.clone(),
        api_key: Some(ProfileKey {
            id: key.id,
            name: key.name.clone(),
            environment: key.environment,
        }),
        ..profile
    })
}

fn profile(account: &Account) -> Profile {
    let user = &account.user;
    Profile {
        id: user.id,
        email: user.email.as_str().to_owned(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        role: user.role.clone(),
        permissions: account.may.clone(),
        created_at: user.created_at,
        last_login_at: user.last_login_at,
        api_key: None,
    }
}

#[get("/auth/me")]
fn me(doorward: &Services, by: Bearer) -> Result<ReadyJson, ApiError> {
    person(&by)?;
    doorward.profiles.of(&by.0, || profile_for(&by))
}

#[patch("/auth/me", data = "<body>")]
async fn change_me(
    doorward: &Services,
    info: &RequestInfo,
    by: Changing,
    body: Body<ProfilePatch>,
) -> Answer<Profile> {
    let change = UserChange {
        first_name: values::name_change("firstName", body.0.first_name)?,
        last_name: values::name_change("lastName", body.0.last_name)?,
        ..UserChange::default()
    };
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let id = by.account.user.id;
    let user = doorward.store.change_user(id, change, act).await?;
    let may = by.account.may.clone();
    ok(profile(&Account { user, may }))
}
