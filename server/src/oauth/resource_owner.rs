//! The user at the authorization endpoint: whether they must sign in, what they consent to, and the code issued for it.

use std::sync::Arc;

use doorward_shared::{ScopeSet, Timestamp, UserId};

use super::{
    ClientAnswer, OAuthError,
    authorization_request::AuthorizationRequest,
    authorize::{AuthorizationEndpoint, AuthorizationOutcome, EndUser, NOT_ADMITTED, SAID_NO},
    redirect_uri::is_claimed_by_any_program,
    token::resources,
};
use crate::{
    clock::random_bytes,
    crypto::secret::authorization_code,
    domain::{
        Actor, AuditContext, AuthorizationCode, CODE_SECONDS, Client,
        rules::credential::scopes_left,
    },
    service::SignedIn,
    store::CodeCreation,
};

/// Result of asking for consent.
pub(super) enum Decision {
    /// The user must decide first.
    Ask(AuthorizationOutcome),
    /// The user grants this.
    Grant { user: UserId, scope: ScopeSet },
}

/// Asks the user for consent, and issues the code.
pub(super) struct ResourceOwner {
    pub endpoint: AuthorizationEndpoint,
    pub request: AuthorizationRequest,
    pub client: Arc<Client>,
    pub visitor: EndUser,
    pub now: Timestamp,
    /// The user's grant, once they have decided.
    pub granted: Option<ScopeSet>,
}

impl ResourceOwner {
    /// Whether the user must sign in, for the first time or again. Ages count from when the request arrived, so that a
    /// sign-in made for it is recent enough.
    fn must_sign_in(&self, who: &SignedIn) -> bool {
        let asked_at = self.request.asked_at;
        let signed_in_at = who.session.signed_in_at.unwrap_or_default();
        let max_age = self.request.max_age.map(i64::from);
        let too_long_ago = max_age.is_some_and(|age| signed_in_at < asked_at.plus_seconds(-age));
        let is_other = self
            .request
            .hinted_user
            .is_some_and(|user| user != who.account.user.id);
        let again = self.request.prompt.login && signed_in_at < asked_at;
        too_long_ago || is_other || again
    }

    /// Whether the user must use a second factor that this browser's sign-in did not include: because the client
    /// requests it and they have one, or because their role requires one. For a client's request, a
    /// factor that was removed since the sign-in does not count: the session it gives would be sent back here.
    ///
    /// # Errors
    /// Storage.
    async fn must_show_factor(&self, who: &SignedIn) -> Result<bool, OAuthError> {
        let (store, wants) = (&self.endpoint.store, self.request.wants_factor);
        if !who.session.method.has_factor() {
            return Ok(store.demands_factor(&who.account.user.role)
                || wants && store.factors(who.account.user.id).await?.is_any());
        }
        Ok(wants && store.factor_shown(who.session.id).await? == Some(false))
    }

    /// The requested scopes that the user can grant.
    fn offered(&self, who: &SignedIn) -> ScopeSet {
        scopes_left(&self.request.scope, &who.account.may, None)
    }

    /// The scopes to ask consent for: the requested ones, and those of individually requested claims.
    fn asked_for(&self, offered: &ScopeSet) -> ScopeSet {
        offered.union(&self.request.claims.scopes())
    }

    /// A client that cannot authenticate, at a redirect URI that any program may claim: earlier consent may have been
    /// given to another program (RFC 8252 section 8.6). A dynamically registered client is not verified either.
    fn must_ask_always(&self) -> bool {
        let is_public = !self.client.is_confidential();
        self.client.dynamic || (is_public && is_claimed_by_any_program(&self.request.redirect_uri))
    }

    /// The signed-in user, if the sign-in is sufficient for this request.
    async fn signed_in(&self) -> Result<Option<&SignedIn>, OAuthError> {
        let Some(who) = &self.visitor.signed_in else {
            return Ok(None);
        };
        let again = self.must_sign_in(who) || self.must_show_factor(who).await?;
        Ok((!again).then_some(who))
    }

    /// The user's decision about the request so far.
    ///
    /// # Errors
    /// [`OAuthError`], reported to the client.
    pub(super) async fn decide(&self) -> Result<Decision, OAuthError> {
        let prompt = self.request.prompt;
        let refuse = |error, reason: &'static str| Err(OAuthError::new(error, reason));
        let Some(who) = self.signed_in().await? else {
            return if prompt.none {
                refuse("login_required", "no user is signed in (prompt=none)")
            } else {
                Ok(Decision::Ask(AuthorizationOutcome::SignIn))
            };
        };
        if !self.client.policy.admits(&who.account.user) {
            if prompt.none {
                return refuse("access_denied", NOT_ADMITTED);
            }
            let failure = OAuthError::new("access_denied", NOT_ADMITTED);
            let answer = self.endpoint.refusal_of(&self.request, &failure);
            return Ok(Decision::Ask(AuthorizationOutcome::NotAdmitted(answer)));
        }
        let offered = self.offered(who);
        if offered.is_empty() && !self.request.scope.is_empty() {
            return refuse("access_denied", "the user has none of the requested scopes");
        }
        let user = who.account.user.id;
        match self.visitor.decision {
            Some(false) => return refuse("access_denied", SAID_NO),
            Some(true) => {
                // Nothing beyond what the consent page showed.
                let shown = self.request.shown.clone().unwrap_or_default();
                return Ok(Decision::Grant {
                    user,
                    scope: offered.intersect(&shown),
                });
            }
            None => {}
        }
        let before = self.endpoint.store.consent(user, self.client.id).await?;
        let asked = self.asked_for(&offered);
        let known = before.is_some_and(|before| before.covers_all(&asked)) && !prompt.consent;
        if (known || self.client.policy.skip_consent) && !self.must_ask_always() {
            Ok(Decision::Grant {
                user,
                scope: offered,
            })
        } else if prompt.none {
            refuse("consent_required", "the user has not consented yet")
        } else {
            Ok(Decision::Ask(AuthorizationOutcome::Consent(asked)))
        }
    }

    /// Issues the code for the user's grant.
    ///
    /// # Errors
    /// As [`ResourceOwner::decide`]; storage.
    pub(super) async fn make_code(&self) -> Result<String, OAuthError> {
        let (Some(who), Some(scope)) = (&self.visitor.signed_in, &self.granted) else {
            return Err(OAuthError::server());
        };
        let code = authorization_code(random_bytes());
        let kept = self.code(who, scope).await?;
        let context = self.context(who.account.user.id);
        let allowed = self.visitor.decision == Some(true);
        let store = &self.endpoint.store;
        let created = store.create_code(code.digest(), kept, allowed, context);
        match created.await? {
            CodeCreation::Kept => Ok(code.expose().to_owned()),
            CodeCreation::SignedOut => {
                Err(OAuthError::new("login_required", "the sign-in has ended"))
            }
            CodeCreation::NotAllowed => {
                let why = "the consent was revoked";
                Err(OAuthError::new("consent_required", why))
            }
        }
    }

    /// The grant that a code stands for.
    async fn code(
        &self,
        who: &SignedIn,
        scope: &ScopeSet,
    ) -> Result<AuthorizationCode, OAuthError> {
        Ok(AuthorizationCode {
            client_id: self.client.id,
            user_id: who.account.user.id,
            redirect_uri: self.request.redirect_uri.clone(),
            scope: scope.clone(),
            challenge: self.request.challenge.clone(),
            nonce: self.request.nonce.clone(),
            auth_time: who.session.signed_in_at.unwrap_or_default(),
            // The request may have been kept for hours.
            resources: resources(
                &self.endpoint.issuer,
                &self.endpoint.store,
                &self.client,
                self.request.resources.clone(),
            )
            .await?,
            claims: self.request.claims,
            ip: self.visitor.ip,
            user_agent: self.visitor.user_agent.clone(),
            expires_at: self.now.plus_seconds(CODE_SECONDS),
            signed_in_by: Some(who.session.id),
            used_at: None,
            session_id: None,
        })
    }

    fn context(&self, user: UserId) -> AuditContext {
        AuditContext {
            actor: Actor::User(user),
            client_id: Some(self.client.id),
            ip: Some(self.visitor.ip),
            request_id: Some(self.visitor.request_id.clone()),
            at: self.now,
            reason: None,
            language: Default::default(),
        }
    }

    /// The authorization response with a code.
    pub(super) fn answer(&self, code: &str) -> ClientAnswer {
        let mut parameters = vec![("code", code.to_owned())];
        parameters.extend(self.request.state.clone().map(|state| ("state", state)));
        parameters.push(("iss", self.endpoint.issuer.clone()));
        ClientAnswer {
            uri: self.request.redirect_uri.clone(),
            mode: self.request.mode,
            parameters,
        }
    }
}
