//! OAuth clients, RFC 6749 section 2.

use std::{fmt, net::IpAddr, str::FromStr};

use doorward_shared::{ClientId, ScopeSet, Timestamp};
use ulid::Ulid;
use url::{Host, Url};

use super::{AuthMethod, ClientPolicy, Digest256};

/// A grant a client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

impl GrantType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

impl FromStr for GrantType {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "authorization_code" => Ok(Self::AuthorizationCode),
            "refresh_token" => Ok(Self::RefreshToken),
            "client_credentials" => Ok(Self::ClientCredentials),
            "password" => {
                Err("must not hold password: that grant is never accepted (RFC 9700 section 2.4)")
            }
            _ => Err("must be authorization_code, refresh_token or client_credentials"),
        }
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The secrets of a confidential client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSecrets {
    pub current: Digest256,
    /// The previous secret, and when its grace period ends.
    pub previous: Option<(Digest256, Timestamp)>,
    /// How many of the two secrets have issued tokens that are not [marked](mark), as earlier versions did: 2 for both,
    /// 1 for the previous one only, else 0.
    pub unmarked: u8,
}

impl ClientSecrets {
    /// Compares the hash of a secret in constant time; the previous secret is accepted until its grace period ends.
    pub fn accept_digest(&self, given: &Digest256, now: Timestamp) -> bool {
        let old = self
            .previous
            .as_ref()
            .is_some_and(|(digest, until)| digest.matches(given) && now < *until);
        self.current.matches(given) || old
    }

    /// The secrets after a rotation to `next`. The current secret stays valid until `old_until`, if that is in the
    /// future.
    #[must_use]
    pub fn rotated(&self, next: Digest256, old_until: Timestamp, now: Timestamp) -> Self {
        Self {
            current: next,
            previous: (old_until > now).then_some((self.current, old_until)),
            unmarked: self.unmarked.saturating_sub(1),
        }
    }

    /// Whether a client-credentials token is still valid with regard to the secret it was obtained with: both end
    /// together.
    pub fn vouch_for(&self, token: Ulid, now: Timestamp) -> bool {
        let marked = |secret: &Digest256| mark(token, secret) == token;
        if marked(&self.current) {
            return true;
        }
        match self.previous {
            Some((old, until)) if marked(&old) => now < until,
            previous => match self.unmarked {
                0 => false,
                1 => previous.is_some_and(|(_, until)| now < until),
                _ => true,
            },
        }
    }
}

/// Length of the mark in a token's id, in bytes: it identifies the secret or key used to obtain the token.
const MARK: usize = 5;

/// A token id marked with the secret or key used to obtain the token: its last 40 bits are a hash over the other bits
/// and that credential.
pub fn mark(id: Ulid, secret: &Digest256) -> Ulid {
    let mut bytes = id.to_bytes();
    let (rest, mark) = bytes.split_at_mut(16 - MARK);
    let hash = Digest256::of(&[b"doorward client token 1".as_slice(), &secret.0, rest].concat());
    mark.copy_from_slice(&hash.0[..MARK]);
    Ulid::from_bytes(bytes)
}

/// A registered client.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub id: ClientId,
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub scopes: ScopeSet,
    pub resources: Vec<String>,
    /// `None` for a public client, and for one that authenticates with its key alone.
    pub secrets: Option<ClientSecrets>,
    /// Whether a confidential client must use PKCE as well.
    pub require_pkce: bool,
    /// Whether it may introspect every access token and API key.
    pub resource_server: bool,
    pub policy: ClientPolicy,
    /// Whether it registered itself: nothing it states about itself is verified.
    pub dynamic: bool,
    /// URL of its client ID metadata document.
    pub document: Option<String>,
    /// Client-credentials tokens issued before this are invalid: a restore ends the older ones.
    pub client_tokens_valid_from: Option<Timestamp>,
    /// Codes issued up to this time are invalid: revoking its sessions also revokes codes not yet exchanged.
    pub codes_valid_after: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Client {
    /// Whether it can authenticate: with a secret, or with a key of its own.
    pub fn is_confidential(&self) -> bool {
        self.secrets.is_some() || self.policy.auth_method == Some(AuthMethod::PrivateKeyJwt)
    }

    /// The `client_id` under which the client knows itself.
    pub fn public_id(&self) -> String {
        self.document.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// Whether its authorization requests need a PKCE challenge; always true for a public client.
    pub fn needs_pkce(&self) -> bool {
        self.require_pkce || !self.is_confidential()
    }

    /// Whether introspection shows it every user's tokens: those for this server itself, `own`, are among its
    /// audiences.
    pub fn sees_all(&self, own: &str) -> bool {
        names_resource(&self.resources, own)
    }

    /// Its secrets, if it may authenticate with one.
    pub fn usable_secrets(&self) -> Option<&ClientSecrets> {
        let by_key = self.policy.auth_method == Some(AuthMethod::PrivateKeyJwt);
        self.secrets.as_ref().filter(|_| !by_key)
    }

    /// The thumbprints of its keys, if it may authenticate with one.
    pub fn usable_keys(&self) -> &[Digest256] {
        match self.policy.auth_method {
            None | Some(AuthMethod::PrivateKeyJwt) => &self.policy.key_thumbprints,
            Some(_) => &[],
        }
    }

    /// Whether the client can still use every credential it had before. Covers keys and having a secret at all, not
    /// rotation, where the old secret has a grace period.
    pub fn keeps_credentials_of(&self, before: &Self) -> bool {
        let mut keys = before.usable_keys().iter();
        keys.all(|key| self.usable_keys().contains(key))
            && (self.usable_secrets().is_some() || before.usable_secrets().is_none())
    }

    /// Whether a client-credentials token is still valid: the secret or key it was obtained with must still be usable,
    /// and the issue time in its id recent enough.
    pub fn vouches_for(&self, token: Ulid, now: Timestamp) -> bool {
        let issued = i64::try_from(token.timestamp_ms()).unwrap_or(i64::MAX);
        if self
            .client_tokens_valid_from
            .is_some_and(|from| issued < from.0)
        {
            return false;
        }
        let by_key = |key: &Digest256| mark(token, key) == token;
        let by_secret = |secrets: &ClientSecrets| secrets.vouch_for(token, now);
        self.usable_secrets().is_some_and(by_secret) || self.usable_keys().iter().any(by_key)
    }

    /// Whether a code issued to it at this time may still be exchanged.
    pub fn takes_code_of(&self, made_at: Timestamp) -> bool {
        self.codes_valid_after.is_none_or(|after| made_at > after)
    }

    /// Whether it may use `grant`.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

/// Why a public client cannot be a resource server: it cannot authenticate.
pub const RESOURCE_SERVER: &str = "needs a confidential client";

/// Whether a resource is one of these, in any equivalent spelling.
pub fn names_resource(resources: &[String], asked: &str) -> bool {
    resources.iter().any(|named| is_same_resource(named, asked))
}

/// Whether a client may have these grants with these scopes.
///
/// # Errors
/// A sentence that says what is wrong with the scopes: with `openid` alone no refresh token would ever come
/// (OpenID Connect Core section 11).
pub fn check_refresh(grants: &[GrantType], scopes: &ScopeSet) -> Result<(), &'static str> {
    let refreshes = grants.contains(&GrantType::RefreshToken);
    if refreshes && scopes.covers("openid") && !scopes.covers("offline_access") {
        return Err("must hold offline_access beside openid for the refresh_token grant");
    }
    Ok(())
}

/// Parts of a client's absolute URI.
pub(super) struct Parts<'a> {
    /// In lower case.
    scheme: String,
    /// Everything after the scheme and its colon.
    rest: &'a str,
}

pub(super) fn absolute(uri: &str) -> Result<Parts<'_>, &'static str> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Err("must be an absolute URI");
    };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !scheme_ok || rest.is_empty() || uri.len() > 2000 {
        return Err("must be an absolute URI");
    }
    if uri
        .bytes()
        .any(|b| b <= b' ' || b >= 0x7f || b"\"<>\\^`{|}".contains(&b))
    {
        return Err("must not contain spaces, backslashes or characters no URI has");
    }
    if uri.contains('#') {
        return Err("must not have a fragment");
    }
    let scheme = scheme.to_ascii_lowercase();
    let is_dangerous = ["javascript", "data", "vbscript", "file", "blob", "about"];
    if is_dangerous.contains(&scheme.as_str()) {
        return Err("has a scheme that is not allowed");
    }
    if matches!(scheme.as_str(), "http" | "https") {
        let authority = rest
            .strip_prefix("//")
            .map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
        match authority {
            None | Some("") => return Err("must name a host"),
            Some(authority) if authority.contains('@') => {
                return Err("must not carry user information");
            }
            Some(authority) if authority.starts_with(':') => return Err("must name a host"),
            Some(_) => {}
        }
    }
    Ok(Parts { scheme, rest })
}

/// Whether a client may register `uri` as a redirect target. Plain `http` is allowed for loopback and `http_hosts`
/// only.
///
/// # Errors
/// A sentence about the mistake: relative, with a fragment (RFC 6749 section 3.1.2), `javascript:` or `data:`, with
/// user information, with an invalid port or wildcard, or unencrypted.
pub fn check_redirect_uri(uri: &str, http_hosts: &[String]) -> Result<(), String> {
    let Parts { scheme, rest } = absolute(uri)?;
    if uri.contains('*') {
        return Err("must not hold a wildcard: redirect URIs match character by character".into());
    }
    if let Some(port) = bad_port(rest) {
        return Err(format!("port {port} is out of range (1 to 65535)"));
    }
    // Private-use schemes of native apps (RFC 8252 section 7.1) are parsed too.
    let url = Url::parse(uri).map_err(|error| format!("is not a URL: {error}"))?;
    let Some(host) = url.host().filter(|_| scheme == "http") else {
        return Ok(());
    };
    let listed = |name: &String| name.eq_ignore_ascii_case(url.host_str().unwrap_or_default());
    if is_loopback(&host) || http_hosts.iter().any(listed) {
        return Ok(());
    }
    Err(format!(
        "http is only for loopback addresses: use https, or add {host} to the setting http_redirect_hosts"
    ))
}

/// The invalid port in the part after a scheme, if there is one.
fn bad_port(rest: &str) -> Option<&str> {
    let authority = rest.strip_prefix("//")?.split(['/', '?']).next()?;
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    let (_, port) = authority[host_end..].split_once(':')?;
    let is_digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (is_digits && !is_port).then_some(port)
}

/// Whether a host is loopback.
pub fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// As [`is_loopback`], for a host in canonical text form: IPv6 without brackets, no shortened IPv4.
pub fn is_loopback_text(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Maximum number of resources of one request.
pub const MAX_RESOURCES: usize = 8;

/// An audience: an absolute URI without a fragment, RFC 8707 section 2.
///
/// # Errors
/// A sentence about the mistake.
pub fn check_resource(uri: &str) -> Result<(), String> {
    Ok(absolute(uri).map(drop)?)
}

/// Whether two resources are equal: an empty path equals `/` (RFC 3986 section 6.2.3).
pub fn is_same_resource(one: &str, other: &str) -> bool {
    fn bare(uri: &str) -> &str {
        let is_root = |uri: &&str| {
            let authority = uri.split_once("://").map(|(_, rest)| rest);
            authority.is_some_and(|rest| !rest.contains(['/', '?']))
        };
        uri.strip_suffix('/').filter(is_root).unwrap_or(uri)
    }
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str) -> Result<(), String> {
        check_redirect_uri(uri, &["wiki.lan".to_owned()])
    }

    #[test]
    fn redirect_uris_are_absolute_and_harmless() {
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "com.example.app:/oauth",
            "https://a.example/cb?x=1",
            "https://a.example:65535/cb",
            "https://[2001:db8::1]:8443/cb",
            "http://[::1]:80/cb",
            "http://localhost/cb",
            "http://127.0.0.2:51004/cb",
            "http://WIKI.lan:8080/cb",
            "myapp://callback",
            "https://a.example/cb:99999",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "/cb",
            "//host/cb",
            "https:///cb",
            "https://a.example/#f",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "https://u:p@a.example/",
            "https://a.example\\@b/",
            "https://a example/",
            "https:",
            "",
            "https://:80/",
            "https://a.example:0/",
            "https://a.example:65536/",
            "https://a.example:99999/cb",
            "http://127.0.0.1:99999/cb",
            "https://[::1]:99999/cb",
            "https://a.example:x/cb",
            "https://*.example/cb",
            "https://a.example/*",
            "http://a.example/cb",
            "http://wiki.lan.evil.example/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://10.0.0.1/cb",
            "https://[::1/cb",
            "myapp://host:99999/cb",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let reason = check("https://a.example:99999/cb").unwrap_err();
        assert_eq!(reason, "port 99999 is out of range (1 to 65535)");
    }

    #[test]
    fn a_resource_without_a_path_is_the_one_with_a_slash() {
        let same = [
            ("https://api.example", "https://api.example/"),
            ("https://api.example/", "https://api.example/"),
            ("https://api.example:8443/", "https://api.example:8443"),
        ];
        for (one, other) in same {
            assert!(is_same_resource(one, other), "{one} {other}");
        }
        let others = [
            ("https://api.example/a", "https://api.example/a/"),
            ("https://api.example", "https://api.example//"),
            ("https://api.example?x", "https://api.example?x/"),
            ("https://api.example", "https://api.example.evil/"),
            ("urn:x", "urn:x/"),
        ];
        for (one, other) in others {
            assert!(!is_same_resource(one, other), "{one} {other}");
        }
    }
}
