//! A client's policy: what an operator has decided about it, beside what the protocol itself needs.

use super::{
    Digest256, User,
    auth_method::{AuthMethod, ClientKind},
    unverified_email::UnverifiedEmail,
};

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
    pub key_thumbprints: Vec<Digest256>,
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
            key_thumbprints: Vec::new(),
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
        self.unverified_email.disclosed(user)
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
