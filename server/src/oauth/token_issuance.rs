//! Exchanges a grant for tokens.

use std::{collections::HashMap, sync::Arc};

use doorward_shared::{Scope, ScopeSet, scope::OPENID_SCOPES};

use super::{Form, OAuthError, TokenAnswer, redirect_uri::allowed_redirect, token::TokenEndpoint};
use crate::{
    crypto::secret::{Digest256, Secret},
    domain::{
        AuditContext, AuthorizationCode, Client, GrantType, PersonClaims, RejectedParameter,
        Session,
        rules::{
            code::{self as rule, CodeCheck},
            credential::{audience, scopes_left},
        },
    },
    service::Grant,
    store::{NewSession, Redeemed},
};

/// Description of the rejection of a code.
pub(super) const BAD_CODE: &str = "the authorization code is not valid";

/// The grant presented in a token request.
#[expect(clippy::large_enum_variant, reason = "one for each request")]
pub(super) enum Presented {
    ClientCredentials,
    Code {
        hash: Digest256,
        redirect_uri: String,
        /// Whether a PKCE verifier was sent.
        verified: bool,
        found: Option<AuthorizationCode>,
    },
    Refresh {
        used: Secret,
        scope: Option<ScopeSet>,
    },
}

/// One token request of an authenticated client.
pub(super) struct Exchange {
    pub endpoint: TokenEndpoint,
    pub client: Arc<Client>,
    pub presented: Presented,
    pub context: AuditContext,
    /// Requested audiences, all of which the client may request.
    pub resources: Vec<String>,
    /// Hash of the secret that the client used.
    pub secret: Option<Digest256>,
}

impl Exchange {
    pub(super) fn kind(&self) -> GrantType {
        match self.presented {
            Presented::ClientCredentials => GrantType::ClientCredentials,
            Presented::Code { .. } => GrantType::AuthorizationCode,
            Presented::Refresh { .. } => GrantType::RefreshToken,
        }
    }

    /// The parameters that the flow reads, without client authentication. For client credentials, an omitted scope
    /// becomes all that the client may have by itself.
    pub(super) fn parameters(&self, form: &Form) -> HashMap<String, String> {
        let ours = ["client_id", "client_secret", "resource"];
        let pairs = form.pairs().iter();
        let read = pairs.filter(|(name, _)| !ours.contains(&name.as_str()));
        let mut parameters: HashMap<_, _> = read.cloned().collect();
        if matches!(self.presented, Presented::ClientCredentials) {
            let own = || own_scopes(&self.client).to_string();
            parameters.entry("scope".to_owned()).or_insert_with(own);
        }
        // Also drops an empty scope, which the flow would reject as malformed.
        parameters.retain(|_, value| !value.is_empty());
        parameters
    }

    /// The scope requested with a refresh token.
    pub(super) fn refreshed_scope(&self) -> Option<ScopeSet> {
        match &self.presented {
            Presented::Refresh { scope, .. } => Some(scope.clone().unwrap_or_default()),
            _ => None,
        }
    }

    /// The presented code, if it is valid. Presenting a used one ends the session it was exchanged for.
    pub(super) async fn find_code(&mut self) -> Result<Option<AuthorizationCode>, OAuthError> {
        let Presented::Code {
            hash,
            redirect_uri,
            verified,
            found,
        } = &mut self.presented
        else {
            return Err(OAuthError::server());
        };
        let store = &self.endpoint.store;
        let Some(code) = store.code(*hash).await? else {
            return Ok(None);
        };
        let shown = rule::PresentedCode {
            client: self.client.id,
            redirect_uri,
            verified: *verified,
        };
        match rule::check(&code, shown, self.context.at) {
            CodeCheck::Good => {}
            CodeCheck::Nothing => return Ok(None),
            CodeCheck::OtherRedirect => {
                let sent =
                    RejectedParameter::uri("redirect_uri", redirect_uri, [&code.redirect_uri]);
                return Err(OAuthError::grant(BAD_CODE).about(sent));
            }
            CodeCheck::Replay => {
                store.replay_code(*hash, self.context.clone()).await?;
                return Ok(None);
            }
            CodeCheck::NoVerifier => return Err(OAuthError::grant("code_verifier is missing")),
            CodeCheck::NoChallenge => {
                let reason = "code_verifier sent for a code that had no code_challenge";
                return Err(OAuthError::grant(reason));
            }
        }
        *found = Some(code.clone());
        Ok(Some(code))
    }

    /// Issues the tokens. `scope` is what the flow grants a client by itself. Calls to storage are boxed: the flow
    /// moves the whole future, and a client-credentials token needs none of it.
    pub(super) async fn issue(&self, scope: &str) -> Result<TokenAnswer, OAuthError> {
        match &self.presented {
            Presented::ClientCredentials => {
                let scope = ScopeSet::parse(scope).map_err(|_| OAuthError::server())?;
                self.of_client(&scope)
            }
            Presented::Code {
                hash,
                found: Some(code),
                ..
            } => Box::pin(self.of_code(*hash, code)).await,
            Presented::Code { found: None, .. } => Err(OAuthError::server()),
            Presented::Refresh { used, scope } => {
                Box::pin(self.of_refresh(used, scope.as_ref())).await
            }
        }
    }

    /// Issues a client-credentials token.
    fn of_client(&self, scope: &ScopeSet) -> Result<TokenAnswer, OAuthError> {
        let tokens = &self.endpoint.tokens;
        let seconds = tokens.settings.client_token_seconds;
        let grant = Grant {
            subject: self.client.id.to_string(),
            client_id: Some(self.client.public_id()),
            session: None,
            scope,
            audience: self.audience(scope, self.resources.clone()),
            auth_time: None,
            method: None,
            seconds,
            secret: self.secret,
        };
        Ok(TokenAnswer {
            access_token: tokens.access_token(grant, self.context.at)?,
            expires_in: seconds,
            scope: scope.to_string(),
            refresh_token: None,
            id_token: None,
        })
    }

    /// RFC 8707 section 2.2: at the token endpoint, a subset of the granted audiences.
    fn check_resources(&self, code: &AuthorizationCode) -> Result<(), OAuthError> {
        let granted = |uri: &String| code.resources.is_empty() || code.resources.contains(uri);
        let Some(other) = self.resources.iter().find(|uri| !granted(uri)) else {
            return Ok(());
        };
        let why = "the resource was not asked for at the authorization endpoint";
        let sent = RejectedParameter::uri("resource", other, &code.resources);
        Err(OAuthError::new("invalid_target", why).about(sent))
    }

    /// Uses up a code: creates its session, and returns the granted audiences.
    async fn redeem(
        &self,
        hash: Digest256,
        new: NewSession,
    ) -> Result<(Session, Vec<String>), OAuthError> {
        let issuer = self.endpoint.tokens.issuer.clone();
        let store = &self.endpoint.store;
        let redeemed = store.redeem_code(hash, new, issuer, self.context.clone());
        match redeemed.await? {
            Redeemed::Opened(opened, granted) => Ok((opened.1, granted)),
            Redeemed::OtherResource => Err(OAuthError::new(
                "invalid_target",
                "the client's registration no longer covers the granted scope",
            )),
            Redeemed::Replayed | Redeemed::Gone => Err(OAuthError::grant(BAD_CODE)),
        }
    }

    /// Exchanges a code: uses it up and creates its session.
    async fn of_code(
        &self,
        hash: Digest256,
        code: &AuthorizationCode,
    ) -> Result<TokenAnswer, OAuthError> {
        let (client, tokens, now) = (&self.client, &self.endpoint.tokens, self.context.at);
        self.check_resources(code)?;
        if !allowed_redirect(&self.client, &code.redirect_uri) {
            // It was removed from the client since: the presenter has the code already.
            return Err(OAuthError::grant(BAD_CODE));
        }
        // OpenID Connect Core section 11: with `openid`, a refresh token is requested by `offline_access`.
        let asked = !code.scope.covers("openid") || code.scope.covers("offline_access");
        let offline = asked && client.may(GrantType::RefreshToken);
        let refresh = offline.then(|| tokens.next_refresh_token());
        let new = tokens.granted_session(client, code, refresh.clone(), now);
        let (session, granted) = self.redeem(hash, new).await?;
        let account = self.endpoint.store.account(session.user_id).await?;
        let account = account.ok_or_else(|| OAuthError::grant("the account no longer exists"))?;
        let scope = scopes_left(&session.scope, &account.may, Some(client));
        // The requested audiences were just checked against the client's.
        let audience = audience(&self.resources, granted);
        let access_token = self.access_token(&session, &scope, audience)?;
        let id_token = scope.covers("openid").then(|| {
            let wanted = self.wanted_claims(code, &scope);
            let person = PersonClaims::of(&account.user, &client.policy, wanted);
            self.id_token(&session, code, person, &access_token)
        });
        Ok(TokenAnswer {
            id_token: id_token.transpose()?,
            access_token,
            expires_in: tokens.settings.access_token_seconds,
            scope: scope.to_string(),
            refresh_token: refresh.map(|first| first.token(session.id, 1).expose().to_owned()),
        })
    }

    /// An access token of a session that a user granted to the client.
    pub(super) fn access_token(
        &self,
        session: &Session,
        scope: &ScopeSet,
        audience: Vec<String>,
    ) -> Result<String, OAuthError> {
        let tokens = &self.endpoint.tokens;
        let grant = Grant {
            subject: session.user_id.to_string(),
            client_id: Some(self.client.public_id()),
            session: Some(session.id),
            scope,
            audience: self.audience(scope, audience),
            auth_time: session.auth_time,
            method: Some(session.method),
            seconds: tokens.settings.access_token_seconds,
            secret: None,
        };
        Ok(tokens.access_token(grant, self.context.at)?)
    }

    /// Audiences of a token: the requested ones, else the client's default. With `openid` the issuer is among them, so
    /// that userinfo accepts it.
    fn audience(&self, scope: &ScopeSet, mut asked: Vec<String>) -> Vec<String> {
        let issuer = &self.endpoint.tokens.issuer;
        if asked.is_empty() {
            asked.extend(self.client.policy.default_resource.clone());
        }
        if !asked.is_empty() && scope.covers("openid") && !asked.contains(issuer) {
            asked.push(issuer.clone());
        }
        asked
    }
}

/// Scopes that a client may have by itself: no user signs in, so OpenID Connect's scopes do not apply.
pub(super) fn own_scopes(client: &Client) -> ScopeSet {
    let real = |scope: &&Scope| !OPENID_SCOPES.contains(&scope.as_str());
    client.scopes.iter().filter(real).cloned().collect()
}
