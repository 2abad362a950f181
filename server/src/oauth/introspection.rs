//! Token introspection, RFC 7662.

use std::sync::Arc;

use doorward_shared::{ClientId, Timestamp};
use serde::Serialize;

use super::{
    OAuthError,
    introspection_caller::{IntrospectionCaller, disclosed_email, reads_people, sees, shows_email},
};
use crate::{
    crypto::{access_token::Audience, api_key::looks_like_api_key, seal::MasterKey},
    service::{Authenticator, Caller, Credential, Error},
    store::StoreError,
};

/// What introspection answers, RFC 7662 section 2.2. Of a token that is not active nothing is said.
#[derive(Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TokenInfo {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The person's email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// `Bearer`; a refresh token has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<AnyAudience>)]
    aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// As [`Audience`], for the description: one value or several.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = Audience)]
#[expect(dead_code, reason = "it stands for its schema")]
#[serde(untagged)]
enum AnyAudience {
    One(String),
    Many(Vec<String>),
}

/// Introspects tokens.
#[derive(Debug, Clone)]
pub struct Introspection {
    pub(crate) authenticator: Authenticator,
    /// Verifies refresh tokens.
    pub(crate) master: Arc<MasterKey>,
    pub(crate) issuer: String,
}

impl Introspection {
    /// The introspection response about `token` for `introspecting`: from memory for access tokens and API keys.
    ///
    /// # Errors
    /// 503 when storage is needed and cannot be read: that is not "inactive".
    pub async fn introspect(
        &self,
        introspecting: &IntrospectionCaller,
        token: &str,
    ) -> Result<TokenInfo, OAuthError> {
        let found = if looks_like_api_key(token) {
            self.about_key(introspecting, token).await
        } else if token.starts_with("rt_") {
            self.about_refresh_token(introspecting, token).await
        } else {
            self.about_access_token(introspecting, token).await
        };
        Ok(found?.unwrap_or_default())
    }

    /// Keys are issued to no client: only operators and resource servers can introspect them.
    async fn about_key(
        &self,
        introspecting: &IntrospectionCaller,
        token: &str,
    ) -> Result<Option<TokenInfo>, OAuthError> {
        if matches!(introspecting, IntrospectionCaller::Client(client) if !client.resource_server) {
            return Ok(None);
        }
        let Some(caller) = validated(self.authenticator.validate_key(token).await)? else {
            return Ok(None);
        };
        let Credential::Key { key, .. } = &caller.credential else {
            return Ok(None);
        };
        let owner = caller.account();
        Ok(Some(TokenInfo {
            active: true,
            scope: Some(caller.scopes.to_string()),
            username: owner
                .filter(|_| shows_email(introspecting, &caller))
                .and_then(|owner| disclosed_email(introspecting, &owner.user)),
            token_type: Some("Bearer"),
            exp: key.expires_at.map(Timestamp::seconds),
            iat: Some(key.created_at.seconds()),
            sub: Some(owner.map_or_else(|| key.id.to_string(), |owner| owner.user.id.to_string())),
            aud: Some(Audience::One(self.issuer.clone())),
            iss: Some(self.issuer.clone()),
            jti: Some(key.id.to_string()),
            ..TokenInfo::default()
        }))
    }

    async fn about_access_token(
        &self,
        introspecting: &IntrospectionCaller,
        token: &str,
    ) -> Result<Option<TokenInfo>, OAuthError> {
        let claims = self
            .authenticator
            .keys
            .verify_any_audience(token, self.authenticator.clock.now());
        let Ok(token) = claims else {
            return Ok(None);
        };
        if !sees(introspecting, &token) {
            return Ok(None);
        }
        let Some(caller) = validated(self.authenticator.validate(token).await)? else {
            return Ok(None);
        };
        let Some(token) = &caller.claims else {
            return Ok(None);
        };
        let person = caller.account();
        Ok(Some(TokenInfo {
            active: true,
            scope: Some(caller.scopes.to_string()),
            client_id: Some(token.client_id().to_owned()),
            username: person
                .filter(|_| shows_email(introspecting, &caller))
                .and_then(|person| disclosed_email(introspecting, &person.user)),
            token_type: Some("Bearer"),
            exp: Some(token.exp()),
            iat: Some(token.iat()),
            sub: Some(token.subject()),
            aud: Some(token.audience().clone()),
            iss: Some(self.issuer.clone()),
            jti: Some(token.jti().to_string().to_ascii_lowercase()),
            sid: token.session().map(|(id, _)| id.to_string()),
        }))
    }

    async fn about_refresh_token(
        &self,
        introspecting: &IntrospectionCaller,
        token: &str,
    ) -> Result<Option<TokenInfo>, OAuthError> {
        let now = self.authenticator.clock.now();
        let Some(shown) = self.master.refresh().read(token) else {
            return Ok(None);
        };
        let Some((session, live_until)) = self.authenticator.store.refresh_token(shown).await?
        else {
            return Ok(None);
        };
        let own = match introspecting {
            IntrospectionCaller::Client(client) => session.client_id == Some(client.id),
            IntrospectionCaller::Operator { .. } => true,
        };
        // Used, or expired: not active.
        let live = live_until.is_some_and(|until| now < until);
        if !own || !live {
            return Ok(None);
        }
        let session = session.core();
        let worth = self.authenticator.rights_of(&session, &session.scope, now);
        let Ok((account, scope)) = worth.await? else {
            return Ok(None);
        };
        let shown =
            session.client_id.is_none() || reads_people(introspecting) || scope.covers("email");
        Ok(Some(TokenInfo {
            active: true,
            scope: Some(scope.to_string()),
            client_id: self.public_id(session.client_id).await?,
            username: disclosed_email(introspecting, &account.user).filter(|_| shown),
            exp: live_until.map(Timestamp::seconds),
            iat: None,
            sub: Some(account.user.id.to_string()),
            iss: Some(self.issuer.clone()),
            sid: Some(session.id.to_string()),
            ..TokenInfo::default()
        }))
    }

    /// The `client_id` under which a client knows itself.
    pub(super) async fn public_id(
        &self,
        id: Option<ClientId>,
    ) -> Result<Option<String>, StoreError> {
        let client = match id {
            Some(id) => self.authenticator.store.client(id).await?,
            None => None,
        };
        Ok(client.map(|client| client.public_id()))
    }
}

/// An invalid credential is not an error here; a storage failure is.
fn validated(caller: Result<Caller, Error>) -> Result<Option<Caller>, OAuthError> {
    match caller {
        Ok(caller) => Ok(Some(caller)),
        Err(Error::Store(error)) => Err(error.into()),
        Err(Error::Internal(_)) => Err(OAuthError::server()),
        Err(_) => Ok(None),
    }
}
