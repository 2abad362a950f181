//! A client's policy: the operator's decisions about it, in addition to what the protocol requires.

use super::{
    Digest256, User,
    client_auth_method::{AuthMethod, ClientKind},
    unverified_email_policy::UnverifiedEmail,
};

/// The operator's decisions about a client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPolicy {
    /// Whether ID tokens hold the claims of the granted scopes, as userinfo does.
    pub id_token_claims: bool,
    pub unverified_email: UnverifiedEmail,
    /// Only members of one of these groups may sign in; empty allows every user.
    pub allowed_groups: Vec<String>,
    /// Allowed redirect targets after sign-out, compared character by character.
    pub post_logout_redirect_uris: Vec<String>,
    /// Audience of tokens whose request names none.
    pub default_resource: Option<String>,
    /// Where logout tokens for ended sessions are sent.
    pub backchannel_logout_uri: Option<String>,
    /// Whether logout tokens must name the session.
    pub backchannel_logout_session_required: bool,
    /// `None` allows every method the client has credentials for.
    pub auth_method: Option<AuthMethod>,
    /// Keys that verify its assertions: a JWK set.
    pub jwks: Option<String>,
    pub jwks_uri: Option<String>,
    /// Thumbprints that [mark](super::client::mark) the client's own tokens obtained with a key: one per key of `jwks`,
    /// or that of `jwksUri`. As stored: does not reflect a pending change of those two fields.
    pub key_thumbprints: Vec<Digest256>,
    pub logo_uri: Option<String>,
    pub client_uri: Option<String>,
    /// A first-party application: users are not asked for consent.
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
            key_thumbprints: Vec::new(),
            logo_uri: None,
            client_uri: None,
            skip_consent: false,
        }
    }
}

impl ClientPolicy {
    /// Whether a user may sign in to the client.
    pub fn admits(&self, user: &User) -> bool {
        self.admits_groups(&user.groups)
    }

    /// As [`ClientPolicy::admits`], for a member of these groups.
    pub fn admits_groups(&self, groups: &[String]) -> bool {
        let is_member = |allowed: &String| groups.contains(allowed);
        self.allowed_groups.is_empty() || self.allowed_groups.iter().any(is_member)
    }

    /// A user's address as disclosed to the client, and whether it is verified; `None` if withheld.
    pub fn told_email<'a>(&self, user: &'a User) -> Option<(&'a str, bool)> {
        self.unverified_email.disclosed(user)
    }

    /// Whether the fields are consistent with each other and with this kind of client.
    ///
    /// # Errors
    /// The field with the mistake, and a description of it.
    pub fn check(&self, kind: ClientKind) -> Result<(), (&'static str, &'static str)> {
        const METHOD: &str = "tokenEndpointAuthMethod";
        let public = kind == ClientKind::Public;
        match self.auth_method {
            Some(AuthMethod::None) if !public => {
                return Err((METHOD, "must not be none: that is for public clients"));
            }
            Some(AuthMethod::SecretBasic | AuthMethod::SecretPost) if public => {
                return Err((METHOD, "must be none: public clients cannot have a secret"));
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
            return Err((
                "jwksUri",
                "must not be sent together with jwks (RFC 7591 section 2)",
            ));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_members_are_admitted_where_groups_are_named() {
        let mut policy = ClientPolicy::default();
        assert!(policy.admits_groups(&[]));
        policy.allowed_groups = vec!["staff".into(), "ops".into()];
        assert!(policy.admits_groups(&["ops".into(), "x".into()]));
        assert!(!policy.admits_groups(&["op".into()]) && !policy.admits_groups(&[]));
    }
}
