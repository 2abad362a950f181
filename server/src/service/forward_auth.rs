//! Forward authentication: a proxy asks whether a request may pass, and where its browser signs in.

use std::sync::Arc;

use doorward_shared::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Browsers, Caller, Credential, SignedIn};
use crate::{
    clock::{Clock, random_bytes},
    crypto::{
        seal::MasterKey,
        secret::{Digest256, Secret, authorization_code},
    },
    domain::{ClaimSet, ClientPolicy, KeyOwner, User},
    settings::Settings,
    state::ReturnCodes,
    store::{Store, StoreError},
};
/// The parameter with the code that leads a browser back.
pub(crate) const CODE: &str = "doorward_code";
/// Longest address that is led back to, in bytes.
const MAX_PAGE: usize = 1500;
/// For how long the way to sign in leads back, in seconds.
const LIFETIME: i64 = 3600;
const PLACE: &str = "forward authentication";

/// A page behind the proxy that a browser has asked for.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Without our code.
    pub url: String,
    /// In lower case, without port.
    pub host: String,
    pub tls: bool,
    /// The code that came with it.
    pub code: Option<Secret>,
}

/// What a proxy is told of whoever may pass. Empty where nothing is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    pub subject: String,
    pub email: String,
    pub groups: String,
    pub scope: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    url: String,
    at: Timestamp,
}

impl Page {
    /// The page that a proxy names, if it is on one of the hosts that browsers are led back to.
    pub fn read(url: &str, hosts: &[String], allow_http: bool) -> Option<Self> {
        let clean = url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if url.len() > MAX_PAGE || !clean {
            return None;
        }
        let mut parsed = Url::parse(url).ok()?;
        let tls = parsed.scheme() == "https";
        if !(tls || (allow_http && parsed.scheme() == "http")) {
            return None;
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return None;
        }
        let host = parsed.host_str()?.to_owned();
        if !hosts.contains(&host) {
            return None;
        }
        parsed.set_fragment(None);
        let pairs = parsed.query_pairs();
        let code = pairs.filter(|(name, _)| name == CODE).last();
        let code = code.map(|(_, value)| Secret::from(value.into_owned()));
        if code.is_some() {
            without_code(&mut parsed);
        }
        Some(Self {
            url: parsed.into(),
            host,
            tls,
            code,
        })
    }
}

/// Takes our parameter out of a query; the rest stays as it is, character by character.
fn without_code(url: &mut Url) {
    let query = url.query().unwrap_or_default().to_owned();
    let ours = |part: &&str| !part.starts_with(&format!("{CODE}="));
    let rest: Vec<_> = query.split('&').filter(ours).collect();
    url.set_query(
        Some(rest.join("&"))
            .as_deref()
            .filter(|rest| !rest.is_empty()),
    );
}

/// What judges requests for proxies.
#[derive(Debug, Clone)]
pub struct ForwardAuth {
    pub(crate) store: Store,
    pub(crate) browsers: Browsers,
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
    pub(crate) fn asked_page(
        &self,
        original: Option<&str>,
        forwarded: (Option<&str>, Option<&str>, Option<&str>),
    ) -> Option<Page> {
        let url = match (original, forwarded) {
            (Some(url), _) => url.to_owned(),
            (None, (Some(scheme), Some(host), uri)) => {
                format!("{scheme}://{host}{}", uri.unwrap_or("/"))
            }
            _ => return None,
        };
        let hosts = &self.settings.forward_auth_hosts;
        Page::read(&url, hosts, !self.tls)
    }

    fn is_own_host(&self, host: &str) -> bool {
        let own = Url::parse(&self.issuer).ok();
        own.is_some_and(|own| own.host_str() == Some(host))
    }

    /// Where a browser signs in to come back to a page.
    pub(crate) fn way_to(&self, page: &Page) -> String {
        let kept = Kept {
            url: page.url.clone(),
            at: self.clock.now(),
        };
        let json = serde_json::to_vec(&kept).unwrap_or_default();
        let kept = self.master.stamp().put_on(PLACE, &json);
        format!("{}/sign-in/back?to={kept}", self.issuer)
    }

    /// The page that such a way leads back to, if it is not too old and its host still one of those.
    pub(crate) fn way_back(&self, kept: &str) -> Option<Page> {
        let json = self.master.stamp().check(PLACE, kept)?;
        let kept: Kept = serde_json::from_slice(&json).ok()?;
        if self.clock.now() >= kept.at.plus_seconds(LIFETIME) {
            return None;
        }
        self.asked_page(Some(&kept.url), (None, None, None))
    }

    /// The address at which somebody who is signed in goes on: on another host than ours with a code for it.
    pub(crate) fn back_to(&self, page: &Page, who: &SignedIn) -> String {
        if self.is_own_host(&page.host) {
            return page.url.clone();
        }
        let code = authorization_code(random_bytes());
        let now = self.clock.now();
        let codes = &self.return_codes;
        if !codes.keep(&code, who.session.id, &page.host, now) {
            return page.url.clone();
        }
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
        let Some(session) = self.return_codes.take(code, &page.host, now) else {
            return Ok(None);
        };
        let Some(who) = self.browsers.signed_in_session(session, now).await? else {
            return Ok(None);
        };
        let cookie = authorization_code(random_bytes());
        let hash = host_cookie(&page.host, cookie.expose());
        self.store.add_browser_cookie(hash, session).await?;
        let secure = if page.tls { "; Secure" } else { "" };
        let header = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
            self.check_cookie(page.tls),
            cookie.expose()
        );
        Ok(Some((who, header)))
    }

    /// Name of the cookie on protected hosts.
    pub(crate) fn check_cookie(&self, tls: bool) -> String {
        let name = self.cookie.trim_start_matches("__Host-");
        let prefix = if tls { "__Host-" } else { "" };
        format!("{prefix}{name}-check")
    }

    /// Who is signed in in a browser that shows a cookie of a protected host. It is good for that host alone, and nowhere
    /// else: whatever stands behind the proxy sees it.
    pub(crate) async fn signed_in_at_host(
        &self,
        host: &str,
        cookie: &str,
    ) -> Result<Option<SignedIn>, StoreError> {
        let hash = host_cookie(host, cookie);
        self.browsers.signed_in(hash, self.clock.now()).await
    }

    /// What the proxy is told of a caller, as the claim rules allow.
    pub(crate) async fn passed(&self, caller: &Caller) -> Result<Passed, StoreError> {
        let scope = caller.scopes.to_string();
        let (user, policy, claims) = match &caller.credential {
            Credential::Client { client } => {
                return Ok(Passed {
                    subject: client.id.to_string(),
                    scope,
                    ..Passed::default()
                });
            }
            Credential::Key { key, owner: None } => {
                debug_assert_eq!(key.owner, KeyOwner::Operator);
                return Ok(Passed {
                    subject: key.id.to_string(),
                    scope,
                    ..Passed::default()
                });
            }
            Credential::Key {
                owner: Some(owner), ..
            } => (&owner.user, ClientPolicy::default(), None),
            Credential::Session { account, session } => match session.client_id {
                None => (&account.user, ClientPolicy::default(), None),
                Some(id) => {
                    let client = self.store.client(id).await?;
                    let policy = client.map(|client| client.policy.clone());
                    let claims = ClaimSet::of_scopes(&caller.scopes);
                    (&account.user, policy.unwrap_or_default(), Some(claims))
                }
            },
        };
        let (email, groups) = told(user, &policy, claims);
        Ok(Passed {
            subject: user.id.to_string(),
            email,
            groups,
            scope,
        })
    }
}

/// Address and groups; for an OAuth client's token only what its scopes give.
fn told(user: &User, policy: &ClientPolicy, claims: Option<ClaimSet>) -> (String, String) {
    use crate::domain::claims::Claim;
    let gives = |claim| claims.is_none_or(|claims| claims.contains(claim));
    let email = policy.told_email(user).filter(|_| gives(Claim::Email));
    let groups = if gives(Claim::Groups) {
        user.groups.join(",")
    } else {
        String::new()
    };
    (clean(email.map_or("", |(email, _)| email)), groups)
}

/// Text for a header: without control characters.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// What a cookie of a protected host is looked up by.
fn host_cookie(host: &str, cookie: &str) -> Digest256 {
    Digest256::of(format!("doorward forward auth cookie 1\n{host}\n{cookie}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Option<(String, bool)> {
        let hosts = ["app.lan".to_owned(), "10.0.0.7".into()];
        Page::read(url, &hosts, false).map(|page| (page.url, page.code.is_some()))
    }

    #[test]
    fn only_pages_of_the_hosts_are_led_back_to() {
        for (good, url) in [
            ("https://app.lan/a?b=c", "https://app.lan/a?b=c"),
            ("https://APP.lan:8443/", "https://app.lan:8443/"),
            ("https://10.0.0.7/x#y", "https://10.0.0.7/x"),
        ] {
            assert_eq!(read(good), Some((url.into(), false)), "{good}");
        }
        for bad in [
            "http://app.lan/",
            "https://evil.example/",
            "https://app.lan.evil.example/",
            "https://evil.example/app.lan",
            "https://app.lan@evil.example/",
            "https://u@app.lan/",
            "https://app.lan\\@evil.example/",
            "//app.lan/",
            "/app.lan",
            "javascript:alert(1)//app.lan",
            "https://app.lan/a b",
            "https://app.lan/\r\nX: y",
            "https://evil.example\\.app.lan/",
            "",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&format!("https://app.lan/{}", "x".repeat(1500))), None);
    }

    #[test]
    fn our_code_is_taken_out_and_the_rest_stays_as_it_is() {
        let with = |query: &str| read(&format!("https://app.lan/p{query}"));
        for (query, rest) in [
            ("?doorward_code=x", ""),
            ("?a=%20b&doorward_code=x&c", "?a=%20b&c"),
        ] {
            assert_eq!(
                with(query),
                Some((format!("https://app.lan/p{rest}"), true))
            );
        }
    }
}
