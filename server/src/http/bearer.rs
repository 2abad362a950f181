//! Bearer authentication: the caller of a request, authenticated once, and the guard for any caller.

use std::ops::Deref;

use doorward_shared::ErrorCode;
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};
use tokio::sync::OnceCell;

use super::{ApiError, RequestInfo, Services};
use crate::service::Caller;

/// Any valid caller: a user's access token, a client-credentials token, or an API key.
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

impl Deref for Bearer {
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

/// The bearer token of an `Authorization` header, if it has that scheme.
pub(super) fn bearer_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then_some(token.trim())
}

/// The caller of a request, cached: a request with two guards is one use of its key.
#[derive(Default)]
struct Validated(OnceCell<Result<Caller, ApiError>>);

/// Authenticates the caller of a request.
pub(super) async fn caller(request: &Request<'_>) -> Result<Caller, ApiError> {
    validated(request, &[]).await
}

/// As [`caller`], requiring a scope.
pub(super) async fn holder_of(request: &Request<'_>, scope: &str) -> Result<Caller, ApiError> {
    let caller = key_for(request, scope).await?;
    caller.require(scope)?;
    Ok(caller)
}

/// As [`caller`]; an API key without the scope is rejected before it is charged.
pub(super) async fn key_for(request: &Request<'_>, scope: &str) -> Result<Caller, ApiError> {
    validated(request, &[scope]).await
}

async fn validated(request: &Request<'_>, scopes: &[&str]) -> Result<Caller, ApiError> {
    let validate = async {
        let services = Services::of(request)?;
        let credential = credential(request)?;
        let ip = RequestInfo::of(request, services).ip;
        let callers = &services.authenticator;
        let caller = callers.authenticate_for(scopes, credential, ip).await?;
        Ok::<_, ApiError>(caller)
    };
    let keep = async {
        match validate.await {
            // Another guard may require another scope, so a missing scope is not cached.
            Err(error) if error.code() == ErrorCode::InsufficientScope => Err(error),
            validated => Ok(validated),
        }
    };
    let Validated(validated) = request.local_cache(Validated::default);
    validated.get_or_try_init(|| keep).await?.clone()
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Bearer {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        ApiError::outcome(request, caller(request).await.map(Self))
    }
}
