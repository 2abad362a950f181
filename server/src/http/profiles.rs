//! Profiles as `/auth/me` answers them, written once for as long as nothing changes.

use std::{
    ptr,
    sync::{Arc, Weak},
};

use doorward_shared::{ErrorCode, auth::Profile};
use ulid::Ulid;

use super::{ApiError, reply::ReadyJson};
use crate::{
    cache::{Cache, Heap, cache},
    domain::{Account, ApiKey},
    service::{Caller, Credential},
};

/// What a profile takes that most people have, in bytes.
const TYPICAL: usize = 400;

/// A profile, and what it was made from. A change of an account or a key gives another one in memory, so that this is good
/// exactly as long as these are the ones that the caller was judged by. It keeps their place taken, where nothing else can
/// come to be, but not what they hold: of a key that ended nothing stays that its owner could pile up.
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
        // Of what was made from it, the places alone.
        let key = self.key.as_ref().map_or(0, |_| size_of::<ApiKey>());
        size_of::<Account>() + key + self.json.len()
    }
}

/// Profiles that were asked for lately, by the id of the account or of the key.
#[derive(Debug)]
pub(crate) struct Profiles(Cache<Ulid, Ready>);

impl Profiles {
    /// In at most so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(cache(bytes, TYPICAL))
    }

    /// The profile of the person behind a caller, which `make` makes where there is none yet.
    ///
    /// # Errors
    /// As `make`; `insufficient_scope` where there is no person.
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
