//! Userinfo, OpenID Connect Core section 5.3.

use serde::Serialize;

use super::OAuthError;
use crate::{
    domain::{ClaimSet, PersonClaims},
    service::{Caller, Credential},
    store::Store,
};

/// What an application may know of the person: as much as the token's scopes and the client's policy allow.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct UserInfo {
    sub: String,
    #[serde(flatten)]
    claims: PersonClaims,
}

impl UserInfo {
    /// The claims about the user that are disclosed to the holder of an access token.
    ///
    /// # Errors
    /// 403 `insufficient_scope` without `openid`; 503 when storage cannot be read.
    pub(crate) async fn of(store: &Store, caller: &Caller) -> Result<Self, OAuthError> {
        let Credential::Session { account, session } = &caller.credential else {
            return Err(OAuthError::insufficient_scope("openid"));
        };
        if !caller.scopes.covers("openid") {
            return Err(OAuthError::insufficient_scope("openid"));
        }
        let client = match session.client_id {
            Some(id) => store.client(id).await?,
            None => None,
        };
        let client = client.ok_or_else(|| OAuthError::insufficient_scope("openid"))?;
        let asked = session.claims.userinfo.within(&client.scopes);
        let wanted = ClaimSet::of_scopes(&caller.scopes).union(asked);
        Ok(Self {
            sub: account.user.id.to_string(),
            claims: PersonClaims::of(&account.user, &client.policy, wanted),
        })
    }
}
