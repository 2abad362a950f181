//! Guards for operations on one's own account: a user with a token from login or registration.

use std::{ops::Deref, sync::Arc};

use doorward_shared::ErrorCode;
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};

use super::{ApiError, Services, bearer::caller};
use crate::{
    domain::{Account, SessionCore},
    service::Caller,
};

/// A user with a token from login or registration, as required by routes that change an account.
#[derive(Debug)]
pub struct FirstParty {
    pub caller: Caller,
    pub account: Arc<Account>,
    pub session: SessionCore,
}

impl FirstParty {
    pub(super) fn of(caller: Caller) -> Result<Self, ApiError> {
        let (account, session) = caller.first_party().ok_or_else(|| {
            let message = "requires a first-party token (from /auth/login or /auth/register)";
            ApiError::new(ErrorCode::InsufficientScope, message)
        })?;
        let (account, session) = (account.clone(), session.clone());
        Ok(Self {
            caller,
            account,
            session,
        })
    }
}

/// As [`FirstParty`], for a call that changes the account: each is counted by `writes_per_minute_per_account`.
#[derive(Debug)]
pub(super) struct FirstPartyWrite(pub FirstParty);

impl Deref for FirstPartyWrite {
    type Target = FirstParty;
    fn deref(&self) -> &FirstParty {
        &self.0
    }
}

/// Authenticates the caller of a request that changes the caller's account, and counts the change, whatever its result.
pub(super) async fn changing(request: &Request<'_>) -> Result<Caller, ApiError> {
    let caller = caller(request).await?;
    if let Some(account) = caller.user_id() {
        let services = Services::of(request)?;
        services.limits.write(account, services.clock.monotonic())?;
    }
    Ok(caller)
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for FirstParty {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        ApiError::outcome(request, caller(request).await.and_then(Self::of))
    }
}

/// A [`FirstParty`], if the request has one; requests without one are accepted.
#[derive(Debug)]
pub(super) struct AnyFirstParty(pub Option<FirstParty>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for AnyFirstParty {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let found = caller(request).await.and_then(FirstParty::of);
        Outcome::Success(Self(found.ok()))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for FirstPartyWrite {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let validated = changing(request).await.and_then(FirstParty::of);
        ApiError::outcome(request, validated.map(Self))
    }
}
