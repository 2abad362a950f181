//! Userinfo, OpenID Connect Core section 5.3.

use serde::Serialize;

use super::Failure;
use crate::service::{Caller, Credential};

/// What an application may know of the person: as much as the token's scopes allow.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct UserInfo {
    sub: String,
    /// With `profile`; first and last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<String>,
    /// With `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Addresses are not verified here.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl UserInfo {
    /// Of the person behind an access token.
    ///
    /// # Errors
    /// 403 `insufficient_scope` without `openid`.
    pub fn of(caller: &Caller) -> Result<Self, Failure> {
        let Credential::Session { account, .. } = &caller.credential else {
            return Err(Failure::insufficient_scope("openid"));
        };
        if !caller.scopes.covers("openid") {
            return Err(Failure::insufficient_scope("openid"));
        }
        let user = &account.user;
        let mut info = Self {
            sub: user.id.to_string(),
            ..Self::default()
        };
        if caller.scopes.covers("profile") {
            info.given_name = user.first_name.clone();
            info.family_name = user.last_name.clone();
            let names = [&user.first_name, &user.last_name];
            let names: Vec<_> = names.into_iter().flatten().map(String::as_str).collect();
            info.name = Some(names.join(" ")).filter(|name| !name.is_empty());
        }
        if caller.scopes.covers("email") {
            info.email = Some(user.email.as_str().to_owned());
            info.email_verified = Some(false);
        }
        Ok(info)
    }
}
