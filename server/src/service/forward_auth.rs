//! Forward authentication: a proxy asks whether a request may pass, and where its browser signs in.

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
/// For how long the way to sign in leads back, in seconds.
const LIFETIME: i64 = 3600;
/// What stamps are for: the way to sign in, and the cookie of a protected host.
const WAY: &str = "forward authentication";
const COOKIE: &str = "forward authentication cookie";

/// What a proxy is told of whoever may pass. Empty where nothing is told.
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

/// What judges requests for proxies.
#[derive(Debug, Clone)]
pub struct ForwardAuth {
    pub(crate) store: Store,
    pub(crate) browser_sessions: BrowserSessions,
    pub(crate) settings: Arc<Settings>,
    /// Stamps what browsers carry.
    pub(crate) master: Arc<MasterKey>,
    pub(crate) return_codes: Arc<ReturnCodes>,
    pub(crate) issuer: String,
    /// Name of the cookie on our own host.
    pub(crate) cookie: String,
    /// Whether our own host is reached over TLS.
    pub(crate) tls: bool,
    pub(crate) clock: Clock,
}

impl ForwardAuth {
    /// The page that a proxy's headers name.
    pub(crate) fn asked_page(&self, named: &NamedTarget<'_>) -> Option<Page> {
        let hosts = &self.settings.forward_auth_hosts;
        Page::read(&named.url()?, hosts, !self.tls)
    }

    fn is_own_host(&self, host: &str) -> bool {
        let own = Url::parse(&self.issuer).ok();
        own.is_some_and(|own| own.host_str() == Some(host))
    }

    /// Where a browser signs in: to come back to a page, where it asked for one that may be led back to.
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

    /// The page that such a way leads back to, if it is not too old and its host still one of those.
    pub(crate) fn way_back(&self, kept: &str) -> Option<Page> {
        let json = self.master.stamp().check(WAY, kept)?;
        let kept: CachedAnswer = serde_json::from_slice(&json).ok()?;
        if self.clock.now() >= kept.at.plus_seconds(LIFETIME) {
            return None;
        }
        let hosts = &self.settings.forward_auth_hosts;
        Page::read(&kept.url, hosts, !self.tls)
    }

    /// The address at which somebody who is signed in goes on: on another host than ours with a code for it.
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

    /// Turns the code that a page was asked for with into a cookie of its host; answers its `Set-Cookie`.
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

    /// Uses up the code of a page that somebody has asked for who is signed in there already.
    pub(crate) fn drop_code(&self, page: &Page) {
        if let Some(code) = &page.code {
            self.return_codes
                .take(code, &page.place(), self.clock.now());
        }
    }

    /// Name of the cookie on a protected host: one for each port, since they share a jar.
    pub(crate) fn check_cookie(&self, page: &Page) -> String {
        let name = self.cookie.trim_start_matches("__Host-");
        let prefix = if page.tls { "__Host-" } else { "" };
        let port = page.port.map(|port| format!("-{port}"));
        format!("{prefix}{name}-check{}", port.unwrap_or_default())
    }

    /// Who is signed in in a browser that shows a cookie of a protected host. It is stamped for that origin alone,
    /// and worth nothing elsewhere: whatever stands behind the proxy sees it. It ends with its session.
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

    /// What the proxy is told of a caller, as the claim rules allow.
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

/// Address and groups; for an OAuth client's token only what its scopes give.
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

/// Text for a header: without control characters.
fn clean(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().filter(|c| !c.is_control()).collect()
}

/// What a cookie of a protected host is stamped for.
fn cookie_place(page: &Page) -> String {
    let scheme = if page.tls { "https" } else { "http" };
    format!("{COOKIE}\n{scheme}\n{}", page.place())
}
