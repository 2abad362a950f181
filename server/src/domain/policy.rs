//! A client's policy: what an operator has decided about it, beside what the protocol itself needs.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::{
    Digest256, User,
    client::{absolute, is_loopback},
};

/// Whether a client is told an address that is not verified. Programs match accounts by address: whoever signs up with
/// an administrator's address would take over their account there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnverifiedEmail {
    #[default]
    Withhold,
    Send,
}

impl UnverifiedEmail {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withhold => "withhold",
            Self::Send => "send",
        }
    }
}

impl FromStr for UnverifiedEmail {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "withhold" => Ok(Self::Withhold),
            "send" => Ok(Self::Send),
            _ => Err("must be withhold or send"),
        }
    }
}

/// How a client authenticates at the token endpoint, where it is bound to one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    SecretBasic,
    SecretPost,
    PrivateKeyJwt,
    None,
}

/// What a client can show at the token endpoint, RFC 6749 section 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// It can keep no secret.
    Public,
    /// A confidential client that has only keys of its own.
    WithoutSecret,
    WithSecret,
}

impl AuthMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}

impl FromStr for AuthMethod {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [
            Self::SecretBasic,
            Self::SecretPost,
            Self::PrivateKeyJwt,
            Self::None,
        ]
        .into_iter()
        .find(|method| method.as_str() == text)
        .ok_or("must be client_secret_basic, client_secret_post, private_key_jwt or none")
    }
}

impl UnverifiedEmail {
    /// As [`ClientPolicy::told_email`].
    pub fn told(self, user: &User) -> Option<(&str, bool)> {
        let told = user.email_verified || self == Self::Send;
        told.then(|| (user.email.as_str(), user.email_verified))
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an operator has decided about a client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPolicy {
    /// Whether ID tokens hold the claims of the granted scopes, as userinfo does.
    pub id_token_claims: bool,
    pub unverified_email: UnverifiedEmail,
    /// Only members of one of these may sign in; everyone, when there are none.
    pub allowed_groups: Vec<String>,
    /// Where sign-out may send people, character by character.
    pub post_logout_redirect_uris: Vec<String>,
    /// Audience of tokens whose request names none.
    pub default_resource: Option<String>,
    /// Where it is told that a session has ended.
    pub backchannel_logout_uri: Option<String>,
    /// Whether logout tokens must name the session.
    pub backchannel_logout_session_required: bool,
    /// Any that the client can do, when `None`.
    pub auth_method: Option<AuthMethod>,
    /// Keys of its assertions: a JWK set.
    pub jwks: Option<String>,
    pub jwks_uri: Option<String>,
    /// What the client's own tokens are [marked](super::client::mark) with that it got with a key: one for each of `jwks`,
    /// or that of `jwksUri`. As stored: a change of those is not in it yet.
    pub key_marks: Vec<Digest256>,
    pub logo_uri: Option<String>,
    pub client_uri: Option<String>,
    /// A first-party application: nobody is asked for consent.
    pub skip_consent: bool,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self {
            id_token_claims: true,
            unverified_email: UnverifiedEmail::default(),
            allowed_groups: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            default_resource: None,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            auth_method: None,
            jwks: None,
            jwks_uri: None,
            key_marks: Vec::new(),
            logo_uri: None,
            client_uri: None,
            skip_consent: false,
        }
    }
}

impl ClientPolicy {
    /// Whether somebody may sign in to the client.
    pub fn admits(&self, user: &User) -> bool {
        self.admits_groups(&user.groups)
    }

    /// As [`ClientPolicy::admits`], for a member of these groups.
    pub fn admits_groups(&self, groups: &[String]) -> bool {
        let is_member = |allowed: &String| groups.contains(allowed);
        self.allowed_groups.is_empty() || self.allowed_groups.iter().any(is_member)
    }

    /// A person's address as the client may be told it, and whether it is verified; `None` where it is withheld.
    pub fn told_email<'a>(&self, user: &'a User) -> Option<(&'a str, bool)> {
        self.unverified_email.told(user)
    }

    /// Whether its parts go together, for a client of this kind.
    ///
    /// # Errors
    /// The field that is at fault, and what is wrong with it.
    pub fn check(&self, kind: ClientKind) -> Result<(), (&'static str, &'static str)> {
        const METHOD: &str = "tokenEndpointAuthMethod";
        let public = kind == ClientKind::Public;
        match self.auth_method {
            Some(AuthMethod::None) if !public => {
                return Err((METHOD, "must not be none: that is for public clients"));
            }
            Some(AuthMethod::SecretBasic | AuthMethod::SecretPost) if public => {
                return Err((METHOD, "must be none: a public client has no secret"));
            }
            Some(AuthMethod::SecretBasic | AuthMethod::SecretPost) | None
                if kind == ClientKind::WithoutSecret =>
            {
                let why = "must be private_key_jwt: the client has no secret; give it one first";
                return Err((METHOD, why));
            }
            Some(AuthMethod::PrivateKeyJwt) if public => {
                let why = "must not be private_key_jwt: that is for confidential clients";
                return Err((METHOD, why));
            }
            Some(AuthMethod::PrivateKeyJwt) if self.jwks.is_none() && self.jwks_uri.is_none() => {
                return Err(("jwks", "must be given, or jwksUri, for private_key_jwt"));
            }
            _ => {}
        }
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return Err(("jwksUri", "must not stand beside jwks (RFC 7591 section 2)"));
        }
        if self.backchannel_logout_session_required && self.backchannel_logout_uri.is_none() {
            return Err((
                "backchannelLogoutSessionRequired",
                "needs a backchannelLogoutUri",
            ));
        }
        Ok(())
    }
}

/// What changes of a policy; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PolicyChange {
    pub id_token_claims: Option<bool>,
    pub unverified_email: Option<UnverifiedEmail>,
    pub allowed_groups: Option<Vec<String>>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub default_resource: Option<Option<String>>,
    pub backchannel_logout_uri: Option<Option<String>>,
    pub backchannel_logout_session_required: Option<bool>,
    pub auth_method: Option<Option<AuthMethod>>,
    pub jwks: Option<Option<String>>,
    pub jwks_uri: Option<Option<String>>,
    pub logo_uri: Option<Option<String>>,
    pub client_uri: Option<Option<String>>,
    pub skip_consent: Option<bool>,
}

impl PolicyChange {
    /// Whether with it somebody may come to do what the client may.
    pub fn takes_over(&self) -> bool {
        self.changes_authentication() || self.skip_consent == Some(true)
    }

    /// Whether it says how the client shows who it is: whoever names its keys can be it.
    pub fn changes_authentication(&self) -> bool {
        self.auth_method.is_some() || self.jwks.is_some() || self.jwks_uri.is_some()
    }

    /// Changes a policy.
    pub fn apply(self, policy: &mut ClientPolicy) {
        fn set<T>(field: &mut T, change: Option<T>) {
            if let Some(value) = change {
                *field = value;
            }
        }
        set(&mut policy.id_token_claims, self.id_token_claims);
        set(&mut policy.unverified_email, self.unverified_email);
        set(&mut policy.allowed_groups, self.allowed_groups);
        set(
            &mut policy.post_logout_redirect_uris,
            self.post_logout_redirect_uris,
        );
        set(&mut policy.default_resource, self.default_resource);
        set(
            &mut policy.backchannel_logout_uri,
            self.backchannel_logout_uri,
        );
        set(
            &mut policy.backchannel_logout_session_required,
            self.backchannel_logout_session_required,
        );
        set(&mut policy.auth_method, self.auth_method);
        set(&mut policy.jwks, self.jwks);
        set(&mut policy.jwks_uri, self.jwks_uri);
        set(&mut policy.logo_uri, self.logo_uri);
        set(&mut policy.client_uri, self.client_uri);
        set(&mut policy.skip_consent, self.skip_consent);
    }
}

/// Longest name of a group, in characters, and most groups of a person or a client.
pub const MAX_GROUP: usize = 64;

/// Groups as they were given, checked; sorted and each once.
///
/// # Errors
/// The element at fault, if it is one, and what is wrong.
pub fn groups(given: &[String]) -> Result<Vec<String>, (Option<usize>, &'static str)> {
    if given.len() > MAX_GROUP {
        return Err((None, "must be at most 64 groups"));
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let well_formed =
        |name: &str| (1..=MAX_GROUP).contains(&name.len()) && name.bytes().all(allowed);
    if let Some(at) = given.iter().position(|name| !well_formed(name)) {
        let why = "must be 1 to 64 of a-z, 0-9, '-', '_' and '.'";
        return Err((Some(at), why));
    }
    let mut groups = given.to_vec();
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

fn web(uri: &str) -> Result<Url, String> {
    absolute(uri)?;
    if uri.contains('*') {
        return Err("must not hold a wildcard".into());
    }
    Url::parse(uri).map_err(|error| format!("is not a URL: {error}"))
}

/// An address that pages show or link: https, or http at loopback.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_shown_uri(uri: &str) -> Result<(), String> {
    let url = web(uri)?;
    let loopback = url.host().is_some_and(|host| is_loopback(&host));
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err("must be https, or http at a loopback address".into()),
    }
}

/// Where logout tokens are posted. A client that registered itself may not send the server into its own network.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_backchannel_uri(uri: &str, is_dynamic: bool) -> Result<(), String> {
    check_shown_uri(uri)?;
    if is_dynamic && web(uri)?.host().is_none_or(|host| is_inside(&host)) {
        return Err("must be https at a public address".into());
    }
    Ok(())
}

/// Whether a host by its name alone is no public one. What a name stands for is judged when it is connected to.
pub fn is_inside(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let local = ["localhost", "local", "internal", "lan", "home.arpa", "test"];
            let below = |zone: &&str| {
                let rest = name.strip_suffix(*zone);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            !name.contains('.') || local.iter().any(below)
        }
        Host::Ipv4(ip) => !super::address::is_public((*ip).into()),
        Host::Ipv6(ip) => !super::address::is_public((*ip).into()),
    }
}

/// Where a client's keys are fetched: https, without a port or user of their own making.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_jwks_uri(uri: &str) -> Result<(), String> {
    match web(uri)?.scheme() {
        "https" => Ok(()),
        _ => Err("must be https".into()),
    }
}

/// Largest JWK set, in bytes.
pub const MAX_JWKS: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_lower_case_words_each_once() {
        let of = |names: &[&str]| {
            groups(
                &names
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            of(&["staff", "a.b-c_d", "staff"]),
            Ok(vec!["a.b-c_d".into(), "staff".into()])
        );
        for bad in ["", "Staff", "a b", "a,b", "\u{e4}", &"x".repeat(65)] {
            assert_eq!(of(&["ok", bad]).unwrap_err().0, Some(1), "{bad}");
        }
        assert!(of(&vec!["x"; 65]).is_err());
        assert!(of(&[&"x".repeat(64)]).is_ok());
    }

    #[test]
    fn only_members_are_admitted_where_groups_are_named() {
        let mut policy = ClientPolicy::default();
        assert!(policy.admits_groups(&[]));
        policy.allowed_groups = vec!["staff".into(), "ops".into()];
        assert!(policy.admits_groups(&["ops".into(), "x".into()]));
        assert!(!policy.admits_groups(&["op".into()]) && !policy.admits_groups(&[]));
    }

    #[test]
    fn shown_addresses_are_harmless() {
        for good in [
            "https://app.example/logo.png",
            "http://127.0.0.1:9/x",
            "http://localhost/",
        ] {
            assert_eq!(check_shown_uri(good), Ok(()), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "http://app.example/x",
            "ftp://app.example/x",
            "/logo.png",
            "https://u:p@app.example/",
            "https://app.example/\"><script>",
        ] {
            assert!(check_shown_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_that_registered_itself_names_no_inside_address() {
        for inside in [
            "http://127.0.0.1/x",
            "https://localhost/x",
            "https://10.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://printer/x",
            "https://x.internal/",
            "https://169.254.169.254/latest",
            "https://2130706433/",
            "https://0x7f.1/",
        ] {
            assert!(check_backchannel_uri(inside, true).is_err(), "{inside}");
        }
        assert_eq!(
            check_backchannel_uri("https://app.example/out", true),
            Ok(())
        );
        assert_eq!(check_backchannel_uri("https://10.0.0.1/out", false), Ok(()));
    }
}
