//! The credential of a dynamic registration: an operator's, an initial access token, or none.

use super::{ApiError, RequestInfo, Services};
use crate::{
    crypto::{api_key::looks_like_api_key, secret::Secret},
    domain::EntryPoint,
    oauth::{OAuthError, RegistrationCredential},
};

/// The one bearer token of a request.
pub(super) fn bearer(headers: &[&str]) -> Result<Option<Secret>, OAuthError> {
    match headers {
        [] => Ok(None),
        [header] => {
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(OAuthError::no_token());
            }
            Ok(Some(token.trim().to_owned().into()))
        }
        _ => Err(OAuthError::request(
            "there is more than one Authorization header",
        )),
    }
}

pub(super) async fn invitation(
    services: &Services,
    info: &RequestInfo,
    headers: &[&str],
) -> Result<RegistrationCredential, OAuthError> {
    let Some(token) = bearer(headers)? else {
        return Ok(RegistrationCredential::None);
    };
    if !looks_like_api_key(token.expose()) {
        return Ok(RegistrationCredential::Token(token));
    }
    let failed = |error: ApiError| match error.status().code {
        401 => OAuthError::token(error.message().to_owned()),
        403 => OAuthError::insufficient_scope("admin:clients"),
        _ => OAuthError::unavailable(),
    };
    let callers = &services.authenticator;
    let caller = callers.authenticate_for(&["admin:clients"], token.expose(), info.ip);
    let caller = caller.await.map_err(OAuthError::from)?;
    let act = services
        .act(&caller, EntryPoint::Admin, info)
        .map_err(failed)?;
    Ok(RegistrationCredential::Act(
        Box::new(act),
        caller.scopes.clone(),
    ))
}
