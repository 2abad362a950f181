//! `/auth/me`: reading and changing one's own profile. Its JSON is cached until the account changes.

use std::{
    ptr,
    sync::{Arc, Weak},
};

use doorward_shared::{
    ErrorCode,
    auth::{Profile, ProfileKey, ProfilePatch},
};
use rocket::{Route, get, patch, routes};
use ulid::Ulid;

use super::{
    ApiError, Bearer, Body, RequestInfo,
    first_party::FirstPartyWrite,
    path_ids,
    response::{ApiResult, ReadyJson, ok},
};
use crate::{
    cache::{Cache, Heap, cache},
    domain::{Account, ApiKey, EntryPoint, UserChange},
    http::Services,
    service::{Caller, Credential},
};

pub(super) fn routes() -> Vec<Route> {
    routes![me, change_me]
}

/// The user behind a caller; 403 for a token that an OAuth client obtained, and for the operator key.
fn person(caller: &Caller) -> Result<&Account, ApiError> {
    let refused = |message| ApiError::new(ErrorCode::InsufficientScope, message);
    if caller.client_id().is_some() {
        return Err(refused(
            "requires a first-party token (from /auth/login or /auth/register), or an API key; a client reads /oauth/userinfo",
        ));
    }
    let nobody = || refused("this credential does not belong to a user");
    caller.account().map(AsRef::as_ref).ok_or_else(nobody)
}

/// A profile as `caller` sees it: for a key, `permissions` are the key's current scopes.
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
fn me(services: &Services, by: Bearer) -> Result<ReadyJson, ApiError> {
    person(&by)?;
    services.profiles.of(&by.0, || profile_for(&by))
}

#[patch("/auth/me", data = "<body>")]
async fn change_me(
    services: &Services,
    info: &RequestInfo,
    by: FirstPartyWrite,
    body: Body<ProfilePatch>,
) -> ApiResult<Profile> {
    let change = UserChange {
        first_name: path_ids::name_change("firstName", body.0.first_name)?,
        last_name: path_ids::name_change("lastName", body.0.last_name)?,
        ..UserChange::default()
    };
    let act = services.act(&by.caller, EntryPoint::Own, info)?;
    let id = by.account.user.id;
    let user = services.store.change_user(id, change, act).await?;
    let may = by.account.may.clone();
    ok(profile(&Account { user, may }))
}

/// Typical size of a profile, in bytes.
const TYPICAL: usize = 400;

/// A profile's JSON, and the objects it was built from. A change of an account or a key replaces its object in memory,
/// so the JSON is valid exactly as long as the caller was authenticated with these objects. Weak references keep their
/// addresses from being reused, but not their contents: no data of a revoked key stays for its owner to pile up.
#[derive(Debug, Clone)]
struct Ready {
    account: Weak<Account>,
    key: Option<Weak<ApiKey>>,
    json: Arc<[u8]>,
}

impl Ready {
    fn is_of(&self, account: &Arc<Account>, key: Option<&Arc<ApiKey>>) -> bool {
        let same_key = match (&self.key, key) {
            (None, None) => true,
            (Some(one), Some(other)) => ptr::eq(one.as_ptr(), Arc::as_ptr(other)),
            _ => false,
        };
        same_key && ptr::eq(self.account.as_ptr(), Arc::as_ptr(account))
    }
}

impl Heap for Ready {
    fn heap_bytes(&self) -> usize {
        // The weak references keep the objects' allocations, but not the data that those point to.
        let key = self.key.as_ref().map_or(0, |_| size_of::<ApiKey>());
        size_of::<Account>() + key + self.json.len()
    }
}

/// Recently requested profiles, by the id of the account or of the key.
#[derive(Debug)]
pub(crate) struct Profiles(Cache<Ulid, Ready>);

impl Profiles {
    /// A cache of at most this many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(cache(bytes, TYPICAL))
    }

    /// The profile of the user behind a caller, created with `make` if it is not cached.
    ///
    /// # Errors
    /// As `make`; `insufficient_scope` if there is no user.
    pub(crate) fn of(
        &self,
        caller: &Caller,
        make: impl FnOnce() -> Result<Profile, ApiError>,
    ) -> Result<ReadyJson, ApiError> {
        let (id, account, key) = match &caller.credential {
            Credential::Session { account, .. } => (account.user.id.0, Some(account), None),
            Credential::Key { key, owner } => (key.id.0, owner.as_ref(), Some(key)),
            Credential::Client { client } => (client.id.0, None, None),
        };
        let ready = self.0.get(&id);
        if let (Some(ready), Some(account)) = (ready, account)
            && ready.is_of(account, key)
        {
            return Ok(ReadyJson(ready.json));
        }
        let unwritten = |_| {
            let message = "an answer could not be written";
            ApiError::new(ErrorCode::InternalError, message)
        };
        let json: Arc<[u8]> = serde_json::to_vec(&make()?).map_err(unwritten)?.into();
        if let Some(account) = account {
            let ready = Ready {
                account: Arc::downgrade(account),
                key: key.map(Arc::downgrade),
                json: json.clone(),
            };
            self.0.insert(id, ready);
        }
        Ok(ReadyJson(json))
    }
}
