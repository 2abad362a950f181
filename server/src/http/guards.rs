//! Request guards: who is calling, and whether they may.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use doorward_shared::ErrorCode;
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};

use tokio::sync::OnceCell;

use super::{ApiError, RequestInfo, Services};
use crate::{
    domain::{Account, SessionCore},
    service::Caller,
};

/// Any valid caller: a person's access token, a client's own, or an API key.
///
/// ```
/// use doorward_server::Bearer;
/// use rocket::get;
///
/// #[get("/whoami")]
/// fn whoami(caller: Bearer) -> String {
///     caller.actor().to_string()
/// }
/// ```
#[derive(Debug)]
pub struct Bearer(pub Caller);

/// A scope that a route needs. Made by [`scope!`](crate::scope).
///
/// ```
/// use doorward_server::{Needs, scope};
///
/// scope! { ReadOrders = "read:orders"; }
/// assert_eq!(ReadOrders::SCOPE, "read:orders");
/// ```
pub trait Needs: Send + Sync {
    /// The scope, e.g. `read:orders`.
    const SCOPE: &'static str;
}

/// A caller who holds the scope of `N`, or a wider one: `read` covers `read:orders`.
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

/// As [`Allowed`], for a call that changes something: where the setting `step_up_seconds` asks for it, a person must
/// have signed in so recently. API keys and clients' own tokens have nobody who could sign in again, and pass.
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

/// A person with a token of login or registration: what routes that change an account ask for.
#[derive(Debug)]
pub struct FirstParty {
    pub caller: Caller,
    pub account: Arc<Account>,
    pub session: SessionCore,
}

/// Names scopes for [`Allowed`].
///
/// ```
/// doorward_server::scope! {
///     ReadOrders = "read:orders";
///     WriteOrders = "write:orders";
/// }
/// ```
#[macro_export]
macro_rules! scope {
    ($($(#[$doc:meta])* $name:ident = $scope:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[allow(unreachable_pub, reason = "the module around it decides who sees the type")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl $crate::Needs for $name {
            const SCOPE: &'static str = $scope;
        }
    )+};
}

pub(crate) use scope;

impl Deref for Bearer {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
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

/// The one credential of a request, RFC 6750 section 2.1.
fn credential<'r>(request: &'r Request<'_>) -> Result<&'r str, ApiError> {
    let mut headers = request.headers().get("authorization");
    let missing = || ApiError::new(ErrorCode::MissingToken, "missing bearer token");
    let header = headers.next().ok_or_else(missing)?;
    if headers.next().is_some() {
        return Err(ApiError::invalid_token());
    }
    let token = bearer_of(header).filter(|token| !token.is_empty());
    token.ok_or_else(missing)
}

/// The bearer token of an `Authorization` header, if it is of that scheme.
pub(super) fn bearer_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then_some(token.trim())
}

/// The caller of a request, who is judged once: a request with two guards is one use of its key.
#[derive(Default)]
struct Judged(OnceCell<Result<Caller, ApiError>>);

/// Judges the caller of a request.
pub(super) async fn caller(request: &Request<'_>) -> Result<Caller, ApiError> {
    judged(request, None).await
}

/// As [`caller`], of whom the scope of `N` is asked.
async fn holder<N: Needs>(request: &Request<'_>) -> Result<Caller, ApiError> {
    let caller = judged(request, Some(N::SCOPE)).await?;
    caller.require(N::SCOPE)?;
    Ok(caller)
}

async fn judged(request: &Request<'_>, scope: Option<&str>) -> Result<Caller, ApiError> {
    let judge = async {
        let doorward = Services::of(request)?;
        let credential = credential(request)?;
        let ip = RequestInfo::of(request, doorward).ip;
        let callers = &doorward.callers;
        let caller = callers.authenticate_for(scope, credential, ip).await?;
        Ok::<_, ApiError>(caller)
    };
    let keep = async {
        match judge.await {
            // Another guard may ask for another scope: that this one is missing is not kept.
            Err(error) if error.code() == ErrorCode::InsufficientScope => Err(error),
            judged => Ok(judged),
        }
    };
    let Judged(judged) = request.local_cache(Judged::default);
    judged.get_or_try_init(|| keep).await?.clone()
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Bearer {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        ApiError::outcome(request, caller(request).await.map(Self))
    }
}

#[rocket::async_trait]
impl<'r, N: Needs> FromRequest<'r> for Allowed<N> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let holder = holder::<N>(request).await;
        ApiError::outcome(request, holder.map(|caller| Self(caller, PhantomData)))
    }
}

#[rocket::async_trait]
impl<'r, N: Needs> FromRequest<'r> for Recent<N> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let judged = holder::<N>(request).await.and_then(|caller| {
            Services::of(request)?.callers.must_be_recent(&caller)?;
            Ok(Self(caller, PhantomData))
        });
        ApiError::outcome(request, judged)
    }
}

impl FirstParty {
    fn of(caller: Caller) -> Result<Self, ApiError> {
        let (account, session) = caller.first_party().ok_or_else(|| {
            let message = "this needs a token from login or registration";
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
pub(super) struct Changing(pub FirstParty);

impl Deref for Changing {
    type Target = FirstParty;
    fn deref(&self) -> &FirstParty {
        &self.0
    }
}

/// Judges the caller of a request that changes the account behind the credential, and counts the change, whatever
/// becomes of it.
pub(super) async fn changing(request: &Request<'_>) -> Result<Caller, ApiError> {
    let caller = caller(request).await?;
    if let Some(account) = caller.user_id() {
        let doorward = Services::of(request)?;
        doorward.limits.write(account, doorward.clock.monotonic())?;
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

/// A [`FirstParty`], where the request comes with one: nobody is refused for having none.
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
impl<'r> FromRequest<'r> for Changing {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let judged = changing(request).await.and_then(FirstParty::of);
        ApiError::outcome(request, judged.map(Self))
    }
}
