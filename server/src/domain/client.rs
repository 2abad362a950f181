//! OAuth clients, RFC 6749 section 2.

use std::{fmt, str::FromStr};

use doorward_shared::{ClientId, ScopeSet, Timestamp};
use ulid::Ulid;

use crate::crypto::secret::Digest256;

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
            "password" => Err("the password grant is never accepted (RFC 9700 section 2.4)"),
            _ => Err("must be authorization_code, refresh_token or client_credentials"),
        }
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a confidential client proves itself with.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSecrets {
    pub current: Digest256,
    /// The one before, and when its grace ends.
    pub previous: Option<(Digest256, Timestamp)>,
    /// How many of the two have given tokens that are not [marked](mark): 2, or 1 for the one before, for what earlier
    /// versions gave; else 0.
    pub unmarked: u8,
}

impl ClientSecrets {
    /// Compares in constant time; an old secret is good until its grace ends.
    pub fn accept(&self, secret: &str, now: Timestamp) -> bool {
        let given = Digest256::of(secret.as_bytes());
        let old = self
            .previous
            .as_ref()
            .is_some_and(|(digest, until)| digest.matches(&given) && now < *until);
        self.current.matches(&given) || old
    }

    /// The secrets after `next` has taken the current one's place, which is good until `old_until` if that is to come.
    #[must_use]
    pub fn rotated(&self, next: Digest256, old_until: Timestamp, now: Timestamp) -> Self {
        Self {
            current: next,
            previous: (old_until > now).then_some((self.current, old_until)),
            unmarked: self.unmarked.saturating_sub(1),
        }
    }

    /// Whether a token of the client's own is good as far as the secret goes that it was got with: it ends with it.
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

/// Bytes of a token's id that say which secret it was got with.
const MARK: usize = 5;

/// The id of a token that was got with this secret: its last 40 bits are of a hash over the others and the secret.
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
    /// None for a public client.
    pub secrets: Option<ClientSecrets>,
    pub created_at: Timestamp,
}

impl Client {
    /// Whether it can keep a secret.
    pub fn is_confidential(&self) -> bool {
        self.secrets.is_some()
    }

    /// Whether it may use `grant`.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

/// Whether a client may register `uri` as a redirect target.
///
/// # Errors
/// A sentence that says what is wrong: relative, with a fragment (RFC 6749 section 3.1.2), `javascript:` or
/// `data:`, with user information, or with characters no URI has.
pub fn check_redirect_uri(uri: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Err("must be an absolute URI");
    };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !scheme_ok || uri.len() > 2000 {
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
    match scheme.to_ascii_lowercase().as_str() {
        "javascript" | "data" | "vbscript" | "file" | "blob" | "about" => {
            Err("has a scheme that is not allowed")
        }
        "http" | "https" => {
            let authority = rest
                .strip_prefix("//")
                .map(|r| r.split(['/', '?']).next().unwrap_or_default());
            match authority {
                None | Some("") => Err("must name a host"),
                Some(authority) if authority.contains('@') => {
                    Err("must not carry user information")
                }
                Some(authority) if authority.starts_with(':') => Err("must name a host"),
                Some(_) => Ok(()),
            }
        }
        // Private-use schemes of native apps, RFC 8252 section 7.1.
        _ if rest.is_empty() => Err("must be an absolute URI"),
        _ => Ok(()),
    }
}

/// An audience: an absolute URI without a fragment, RFC 8707 section 2.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_resource(uri: &str) -> Result<(), &'static str> {
    check_redirect_uri(uri)
}

#[cfg(test)]
mod tests {
    use super::check_redirect_uri;

    #[test]
    fn redirect_uris_are_absolute_and_harmless() {
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "com.example.app:/oauth",
            "https://a.example/cb?x=1",
        ] {
            assert_eq!(check_redirect_uri(good), Ok(()), "{good}");
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
        ] {
            assert!(check_redirect_uri(bad).is_err(), "{bad}");
        }
    }
}
