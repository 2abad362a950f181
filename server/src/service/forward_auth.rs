//! Forward authentication: decides for a proxy whether a request may pass, and where its browser signs in.

use std::sync::Arc;

use doorward_shared::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    BrowserSessions, Caller, Credential, SignedIn,
    forward_auth_target::{CODE, NamedTarget, Page},
};
use crate::{
    clock::{Clock, random_bytes},
    crypto::{seal::MasterKey, secret::authorization_code},
    domain::{ClaimSet, KeyOwner, UnverifiedEmail, User},
    settings::Settings,
    state::ReturnCodes,
    store::{Store, StoreError},
};
/// Lifetime of a sign-in link's return address, in seconds.
const LIFETIME: i64 = 3600;
/// MAC purposes: the sign-in link, and the cookie of a protected host.
const WAY: &str = "forward authentication";
const COOKIE: &str = "forward authentication cookie";

/// The identity headers for the proxy. Empty fields disclose nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardedIdentity {
    pub subject: String,
    pub email: String,
    pub groups: String,
    pub scope: String,
}

#[derive(Serialize, Deserialize)]
struct CachedAnswer {
    url: String,
    at: Timestamp,
}

/// Authorizes requests for proxies.
#[derive(Debug, Clone)]
pub struct ForwardAuth {
    pub(crate) store: Store,
    pub(crate) browser_sessions: BrowserSessions,
    pub(crate) settings: Arc<Settings>,
    /// Authenticates data round-tripped through browsers.
    pub(crate) master: Arc<MasterKey>,
    pub(crate) return_codes: Arc<ReturnCodes>,
    pub(crate) issuer: String,
    /// Name of the cookie on our own host.
    pub(crate) cookie: String,
    /// Whether our own host is served over TLS.
    pub(crate) tls: bool,
    pub(crate) clock: Clock,
}

impl ForwardAuth {
    /// The page named in a proxy's headers.
    pub(crate) fn asked_page(&self, named: &NamedTarget<'_>) -> Option<Page> {
        let hosts = &self.settings.forward_auth_hosts;
        Page::read(&named.url()?, hosts, !self.tls)
    }

    fn is_own_host(&self, host: &str) -> bool {
        let own = Url::parse(&self.issuer).ok();
        own.is_some_and(|own| own.host_str() == Some(host))
    }

    /// The sign-in link for a browser: it returns to the page, if there is one that browsers may be redirected to.
    pub(crate) fn way_in(&self, page: Option<&Page>) -> String {
        match page {
            Some(page) => self.way_to(page),
            None => format!("{}/sign-in", self.issuer),
        }
    }

    fn way_to(&self, page: &Page) -> String {
        let kept = CachedAnswer {
            url: page.url.clone(),
            at: self.clock.now(),
        };
        let json = serde_json::to_vec(&kept).unwrap_or_default();
        let kept = self.master.stamp().sign(WAY, &json);
        format!("{}/sign-in/back?to={kept}", self.issuer)
    }

    /// The return page of a sign-in link, if it has not expired and its host is still allowed.
    pub(crate) fn way_back(&self, kept: &str) -> Option<Page> {
        let json = self.master.stamp().check(WAY, kept)?;
        let kept: CachedAnswer = serde_json::from_slice(&json).ok()?;
        if self.clock.now() >= kept.at.plus_seconds(LIFETIME) {
            return None;
        }
        let hosts = &self.settings.forward_auth_hosts;
        Page::read(&kept.url, hosts, !self.tls)
    }

    /// The address to which a signed-in user is redirected: on another host than ours with a code for it.
    pub(crate) fn back_to(&self, page: &Page, who: &SignedIn) -> String {
        if self.is_own_host(&page.host) {
            return page.url.clone();
        }
        let code = authorization_code(random_bytes());
        let codes = &self.return_codes;
        codes.keep(&code, who.session.id, &page.place(), self.clock.now());
        let joint = if page.url.contains('?') { '&' } else { '?' };
        format!("{}{joint}{CODE}={}", page.url, code.expose())
    }

    /// Exchanges the code in the requested page's URL for a cookie of its host; returns the `Set-Cookie` value.
    pub(crate) async fn take_code(
        &self,
        page: &Page,
    ) -> Result<Option<(SignedIn, String)>, StoreError> {
        let Some(code) = &page.code else {
            return Ok(None);
        };
        let now = self.clock.now();
        let Some(session) = self.return_codes.take(code, &page.place(), now) else {
            return Ok(None);
        };
        let Some(who) = self
            .browser_sessions
            .signed_in_session(session, now)
            .await?
        else {
            return Ok(None);
        };
        let stamp = self.master.stamp();
        let value = stamp.sign(&cookie_place(page), &session.0.to_bytes());
        let secure = if page.tls { "; Secure" } else { "" };
        let header = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}",
            self.check_cookie(page),
        );
        Ok(Some((who, header)))
    }

    /// Uses up the code in a page's URL if the user is already signed in there.
    pub(crate) fn drop_code(&self, page: &Page) {
        if let Some(code) = &page.code {
            self.return_codes
                .take(code, &page.place(), self.clock.now());
        }
    }

    /// Name of the cookie on a protected host: one for each port, since ports share a cookie jar.
    pub(crate) fn check_cookie(&self, page: &Page) -> String {
        let name = self.cookie.trim_start_matches("__Host-");
        let prefix = if page.tls { "__Host-" } else { "" };
        let port = page.port.map(|port| format!("-{port}"));
        format!("{prefix}{name}-check{}", port.unwrap_or_default())
    }

    /// The user signed in in a browser, by its cookie of a protected host. The application behind the proxy sees the
    /// cookie, so its MAC covers the origin and it is valid nowhere else. It ends with its session.
    pub(crate) async fn signed_in_at_host(
        &self,
        page: &Page,
        cookie: &str,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(session) = self.master.stamp().check(&cookie_place(page), cookie) else {
            return Ok(None);
        };
        let Ok(session) = <[u8; 16]>::try_from(session) else {
            return Ok(None);
        };
        let session = SessionId(ulid::Ulid::from_bytes(session));
        self.browser_sessions
            .in_use(session, self.clock.now())
            .await
    }

    /// The identity that the proxy receives, as the claim rules allow.
    pub(crate) async fn passed(&self, caller: &Caller) -> Result<ForwardedIdentity, StoreError> {
        let scope = caller.scopes.to_string();
        let (user, client, claims) = match &caller.credential {
            Credential::Client { client } => {
                return Ok(ForwardedIdentity {
                    subject: client.id.to_string(),
                    scope,
                    ..ForwardedIdentity::default()
                });
            }
            Credential::Key { key, owner: None } => {
                debug_assert_eq!(key.owner, KeyOwner::Operator);
                return Ok(ForwardedIdentity {
                    subject: key.id.to_string(),
                    scope,
                    ..ForwardedIdentity::default()
                });
            }
            Credential::Key {
                owner: Some(owner), ..
            } => (&owner.user, None, None),
            Credential::Session { account, session } => match session.client_id {
                None => (&account.user, None, None),
                Some(id) => {
                    let client = self.store.client(id).await?;
                    let claims = ClaimSet::of_scopes(&caller.scopes);
                    (&account.user, client, Some(claims))
                }
            },
        };
        let unverified = client.map(|client| client.policy.unverified_email);
        let (email, groups) = disclosed_identity(user, unverified.unwrap_or_default(), claims);
        Ok(ForwardedIdentity {
            subject: user.id.to_string(),
            email,
            groups,
            scope,
        })
    }
}

/// Address and groups; for an OAuth client's token only those that its scopes include.
fn disclosed_identity(
    user: &User,
    unverified: UnverifiedEmail,
    claims: Option<ClaimSet>,
) -> (String, String) {
    use crate::domain::claims::Claim;
    let gives = |claim| claims.is_none_or(|claims| claims.contains(claim));
    let email = unverified.disclosed(user).filter(|_| gives(Claim::Email));
    let groups = if gives(Claim::Groups) {
        user.groups.join(",")
    } else {
        String::new()
    };
    (clean(email.map_or("", |(email, _)| email)), groups)
}

/// Header value without control characters.
fn clean(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().filter(|c| !c.is_control()).collect()
}

/// MAC purpose of a protected host's cookie.
fn cookie_place(page: &Page) -> String {
    let scheme = if page.tls { "https" } else { "http" };
    format!("{COOKIE}\n{scheme}\n{}", page.place())
}
