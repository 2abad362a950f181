//! A change of a client's policy.

use super::{
    client_auth_method::AuthMethod, client_policy::ClientPolicy,
    unverified_email_policy::UnverifiedEmail,
};

/// Changes to a policy; a field that is `None` stays as it is.
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
    /// Whether the change could let its author act as the client.
    pub fn takes_over(&self) -> bool {
        self.changes_authentication() || self.skip_consent == Some(true)
    }

    /// Whether it changes how the client authenticates: an author who sets its keys can act as it.
    pub fn changes_authentication(&self) -> bool {
        self.auth_method.is_some() || self.jwks.is_some() || self.jwks_uri.is_some()
    }

    /// Applies the change to a policy.
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
