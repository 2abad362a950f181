//! Request context of a hosted page: the browser, its language, and the pending requests.

use maud::{Markup, html};
use rocket::{
    Request,
    http::Method,
    request::{FromRequest, Outcome},
};

use super::{
    browser_cookie::{Browser, cookies, new_cookie},
    form_token::{TOKEN, token_for},
    forward_auth_return, language,
    page::Page,
    page_response::{PageResponse, go},
    signed_in_guard::way_back,
    texts::Texts,
};
use crate::{
    crypto::secret::Secret,
    domain::{Actor, AuditContext},
    http::{ApiError, RequestInfo, Services, user_agent::UserAgent},
    oauth::{
        AuthorizationRequest, AuthorizationRequestError, ClientAnswer, OAuthError, ResponseMode,
    },
    store::NewSession,
};

/// Request context of a hosted page.
#[derive(Debug)]
pub(super) struct PageContext<'r> {
    pub services: &'r Services,
    pub browser: Browser,
    pub info: &'r RequestInfo,
    pub agent: Option<String>,
    pub texts: &'static Texts,
    /// The embedding app's page from which the browser was sent to sign in.
    pub back: Option<String>,
    /// The return address of the protected host's page that this browser is signing in for.
    pub protected: Option<String>,
    /// Whether the browser reports that the response is shown to a user: not fetched by a script, not in a frame.
    pub is_seen: bool,
}

impl PageContext<'_> {
    /// The authorization request in a form or a link, if it has one; also switches to the language that its client
    /// requests.
    ///
    /// # Errors
    /// A page, for a request that was modified or is too old.
    pub(super) fn carrying(
        self,
        kept: Option<&str>,
    ) -> Result<(Self, Option<AuthorizationRequest>), PageResponse> {
        match kept {
            Some(kept) => self
                .carried(kept)
                .map(|(page_context, request)| (page_context, Some(request))),
            None => Ok((self, None)),
        }
    }

    /// As [`PageContext::carrying`], if the authorization request is required.
    ///
    /// # Errors
    /// As [`PageContext::carrying`].
    pub(super) fn carried(self, kept: &str) -> Result<(Self, AuthorizationRequest), PageResponse> {
        let request = self.services.authorization.restore_request(kept);
        let request = request.map_err(|failure| self.failed(&failure))?;
        Ok((self.of(&request), request))
    }

    /// In the language that a request's client asks for, if it is supported.
    pub(super) fn of(self, request: &AuthorizationRequest) -> Self {
        Self {
            texts: language::or(request.ui_locales.as_deref(), self.texts),
            ..self
        }
    }

    /// The default destination of a signed-in user.
    pub(super) fn home(&self) -> String {
        let account = || format!("{}/account", self.services.site.base);
        let back = self.protected.clone().or_else(|| self.back.clone());
        back.unwrap_or_else(account)
    }

    /// An error page.
    pub(super) fn failed(&self, failure: &OAuthError) -> PageResponse {
        Page::of_failure(self.texts, failure).into()
    }

    /// Whether the request has this method. HEAD is routed to the handlers of GET, and must change nothing.
    pub(super) fn is(&self, method: Method) -> bool {
        self.info.method == method
    }

    /// The response to a rejected authorization request; also records the rejection for operators.
    pub(super) fn refused(&self, refused: AuthorizationRequestError) -> PageResponse {
        if !self.is(Method::Head) {
            let (client, failure) = refused.what();
            self.services.clients.refused(client, failure, self.info.ip);
        }
        match refused {
            AuthorizationRequestError::Page(_, failure) => self.failed(&failure),
            AuthorizationRequestError::Client {
                answer,
                needs_redirect_notice: true,
                ..
            } if self.is_seen => Page::refused_stranger(self.texts, answer).into(),
            AuthorizationRequestError::Client { answer, .. } => {
                self.respond_to_client(answer, true)
            }
        }
    }

    /// Redirects to a client. A form's redirect chain may not lead there, so the response to a form is a page that
    /// redirects; with `located`, programs can follow it.
    pub(super) fn leave(&self, to: String, located: bool) -> PageResponse {
        if self.is(Method::Post) {
            let page = Page::redirecting(self.texts, to);
            Page {
                has_location: located,
                ..page
            }
            .into()
        } else {
            go(to)
        }
    }

    /// The start of a sign-in in this browser: a new cookie, the session to open, and the audit context.
    pub(super) fn new_sign_in(&self) -> (Secret, NewSession, AuditContext) {
        let now = self.services.clock.now();
        let cookie = new_cookie();
        let agent = self.agent.clone();
        let tokens = &self.services.tokens;
        let session = tokens.new_browser_session(self.info.ip, agent, cookie.digest(), now);
        (cookie, session, self.context(Actor::Anonymous))
    }

    /// The audit context of a change by `actor`; mails about it use the page's language.
    pub(super) fn context(&self, actor: Actor) -> AuditContext {
        AuditContext {
            language: self.texts.language,
            ..self.info.context(actor, self.services.clock.now())
        }
    }

    /// A page with forms. A browser without a cookie of ours gets one: a form is valid only in the browser it was made
    /// for.
    pub(super) fn page(&self, title: &'static str, main: Markup) -> Page {
        Page {
            cookie: self.browser.cookie_if_fresh(self.services),
            ..Page::new(self.texts, title, main)
        }
    }

    /// Sends a response to a client in its requested `response_mode`.
    pub(super) fn respond_to_client(&self, answer: ClientAnswer, located: bool) -> PageResponse {
        match answer.mode {
            ResponseMode::Query => self.leave(answer.url(), located),
            ResponseMode::FormPost => Page::posting(self.texts, answer).into(),
        }
    }

    /// A form to `action`, with its CSRF token; its page must be a [`PageContext::page`].
    pub(super) fn form(&self, action: &str, fields: Markup) -> Markup {
        self.form_with(action, None, fields)
    }

    /// As [`PageContext::form`], with passkey sign-in options for the script.
    pub(super) fn form_with(&self, action: &str, passkey: Option<&str>, fields: Markup) -> Markup {
        self.form_of(action, passkey, None, fields)
    }

    /// As [`PageContext::form`], with the options for a new passkey.
    pub(super) fn form_making(&self, action: &str, options: &str, fields: Markup) -> Markup {
        self.form_of(action, None, Some(options), fields)
    }

    fn form_of(
        &self,
        action: &str,
        passkey: Option<&str>,
        new_passkey: Option<&str>,
        fields: Markup,
    ) -> Markup {
        let token = token_for(self.services, action, self.browser.hash());
        html! {
            form method="post" action={ (self.services.site.base) (action) } data-passkey=[passkey]
                data-new-passkey=[new_passkey] {
                input type="hidden" name=(TOKEN) value=(token);
                (fields)
            }
        }
    }
}

/// The URL that continues to the protected page which a browser is signing in for.
fn to_protected(request: &Request<'_>, services: &Services) -> Option<String> {
    let kept = cookies(request, &forward_auth_return::cookie_name(services)).next()?;
    services.forward_auth.way_back(kept)?;
    Some(forward_auth_return::address(services, kept))
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for PageContext<'r> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        match Services::of(request) {
            Ok(services) => Outcome::Success(Self {
                services,
                browser: Browser::of(request, services).await,
                info: RequestInfo::of(request, services),
                agent: UserAgent::of(request).0,
                texts: language::of(request),
                back: way_back(request, services),
                protected: to_protected(request, services),
                is_seen: request.headers().get_one("sec-fetch-dest") == Some("document"),
            }),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }
}
