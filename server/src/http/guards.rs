//! Guards for callers with a required scope.

use std::{marker::PhantomData, ops::Deref};

use rocket::{
    Request,
    request::{FromRequest, Outcome},
};

use super::{ApiError, Needs, Services, bearer::holder_of};
use crate::service::Caller;

/// A caller who has the scope of `N`, or a wider one: `read` covers `read:orders`.
///
/// ```
/// use doorward_server::{Allowed, scope};
/// use rocket::{delete, get};
///
/// scope! {
///     /// What a caller needs to see orders.
///     ReadOrders = "read:orders";
///     WriteOrders = "write:orders";
/// }
///
/// #[get("/orders")]
/// fn orders(caller: Allowed<ReadOrders>) -> String {
///     format!("orders of {}", caller.actor())
/// }
///
/// #[delete("/orders/<id>")]
/// fn cancel(_caller: Allowed<WriteOrders>, id: u64) -> String {
///     format!("cancelled {id}")
/// }
/// ```
pub struct Allowed<N>(pub Caller, PhantomData<N>);

/// As [`Allowed`], for a call that changes something: if the setting `step_up_seconds` is set, a user must have signed
/// in within that time. API keys and client-credentials tokens pass, since no user could sign in again.
pub struct Recent<N>(pub Caller, PhantomData<N>);

impl<N> std::fmt::Debug for Recent<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Recent").field(&self.0).finish()
    }
}

impl<N> std::fmt::Debug for Allowed<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Allowed").field(&self.0).finish()
    }
}

impl<N> Deref for Allowed<N> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<N> Deref for Recent<N> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

#[rocket::async_trait]
impl<'r, N: Needs> FromRequest<'r> for Allowed<N> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let holder = holder_of(request, N::SCOPE).await;
        ApiError::outcome(request, holder.map(|caller| Self(caller, PhantomData)))
    }
}

#[rocket::async_trait]
impl<'r, N: Needs> FromRequest<'r> for Recent<N> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let validated = holder_of(request, N::SCOPE).await.and_then(|caller| {
            Services::of(request)?
                .authenticator
                .must_be_recent(&caller)?;
            Ok(Self(caller, PhantomData))
        });
        ApiError::outcome(request, validated)
    }
}
