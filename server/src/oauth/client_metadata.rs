//! Validation of client metadata (RFC 7591) in dynamic registration, and the limits for such clients.

use doorward_shared::ScopeSet;
use serde::{Deserialize, Serialize};

use crate::{
    crypto::client_jwks,
    domain::{
        AuthMethod, ClientKind, ClientPolicy, GrantType,
        client::check_redirect_uri,
        client_uris::{check_backchannel_uri, check_jwks_uri, check_shown_uri},
        text::required_name,
    },
    store::OperatorOverrides,
};

/// Maximum number of redirect URIs of such a client.
const MAX_URIS: usize = 20;
/// Maximum size of all metadata of a client that registers without a credential, in bytes.
pub(crate) const STRANGERS_BYTES: usize = 8192;

/// Client metadata, RFC 7591 section 2. What is not known is ignored, as it says.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ClientMetadata)]
pub(crate) struct Metadata {
    /// In an update: the client to change, RFC 7592 section 2.2.
    #[serde(skip_serializing)]
    pub client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Space-separated; all that a client may have when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_required: Option<bool>,
}

/// Why metadata is rejected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MetadataError {
    /// A code of RFC 7591 section 3.2.2.
    pub error: &'static str,
    /// A sentence.
    pub why: String,
}

/// Limits of a client that registers itself.
#[derive(Debug, Clone)]
pub(crate) struct DynamicClientLimits {
    pub scopes: ScopeSet,
    /// Whether it may have a secret or a key; else it becomes a public client with PKCE, whatever it requests.
    pub confidential: bool,
    /// Maximum size of all its metadata, in bytes of JSON.
    pub bytes: usize,
}

/// A valid registration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Registration {
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub scopes: ScopeSet,
    pub policy: ClientPolicy,
    /// Whether a secret is to be created.
    pub with_secret: bool,
}

impl Registration {
    /// The registration with only those grants, redirect URIs and post-logout redirect URIs that an operator has left the client,
    /// if they have restricted them. Scopes are restricted in [`decide`].
    ///
    /// # Errors
    /// [`MetadataError`], if none is left.
    pub(super) fn within(mut self, left: &OperatorOverrides) -> Result<Self, MetadataError> {
        fn keep<T: PartialEq>(has: &mut Vec<T>, left: Option<&Vec<T>>) {
            if let Some(left) = left {
                has.retain(|one| left.contains(one));
            }
        }
        keep(&mut self.grant_types, left.grants.as_ref());
        if self.grant_types.is_empty() {
            return Err(bad(
                "none of these grant_types is allowed by the operator's policy",
            ));
        }
        keep(&mut self.redirect_uris, left.redirect_uris.as_ref());
        if self.redirect_uris.is_empty() && self.grant_types.contains(&GrantType::AuthorizationCode)
        {
            let why = "an operator has left this client none of these redirect_uris";
            return Err(bad_redirect(why));
        }
        let uris = &mut self.policy.post_logout_redirect_uris;
        keep(uris, left.post_logout_redirect_uris.as_ref());
        Ok(self)
    }
}

fn bad(why: impl Into<String>) -> MetadataError {
    MetadataError {
        error: "invalid_client_metadata",
        why: why.into(),
    }
}

fn bad_redirect(why: impl Into<String>) -> MetadataError {
    MetadataError {
        error: "invalid_redirect_uri",
        why: why.into(),
    }
}

/// Decides the registration that a request results in. It may be narrower than requested; the response shows the
/// result.
/// # Errors
/// [`MetadataError`].
pub(crate) fn decide(
    asked: &Metadata,
    allowed: &DynamicClientLimits,
) -> Result<Registration, MetadataError> {
    let length = serde_json::to_vec(asked).map_or(usize::MAX, |text| text.len());
    if length > allowed.bytes {
        return Err(bad(format!(
            "the metadata must be at most {} bytes",
            allowed.bytes
        )));
    }
    let grants = grants(asked, allowed)?;
    let response_types = asked.response_types.iter().flatten();
    if response_types.into_iter().any(|kind| kind != "code") {
        return Err(bad("response_types must be code"));
    }
    check_redirect_uris(asked, &grants)?;
    let (method, with_secret) = method(asked, allowed)?;
    if method == AuthMethod::None && grants.contains(&GrantType::ClientCredentials) {
        return Err(bad("client_credentials needs a client that keeps a secret"));
    }
    let scopes = scopes(asked, allowed)?;
    // OpenID Connect Core section 11: with `openid` alone no refresh token would ever be issued.
    let never = scopes.covers("openid") && !scopes.covers("offline_access");
    let grant_types = grants
        .into_iter()
        .filter(|grant| !(never && *grant == GrantType::RefreshToken))
        .collect();
    let name = asked
        .client_name
        .as_deref()
        .unwrap_or("unnamed application");
    Ok(Registration {
        name: required_name(name).map_err(|why| bad(format!("client_name {why}")))?,
        redirect_uris: asked.redirect_uris.clone(),
        grant_types,
        scopes,
        policy: policy(asked, method)?,
        with_secret,
    })
}

fn check_redirect_uris(asked: &Metadata, grants: &[GrantType]) -> Result<(), MetadataError> {
    if asked.redirect_uris.len() > MAX_URIS || asked.post_logout_redirect_uris.len() > MAX_URIS {
        let why = format!("there must be at most {MAX_URIS} of each kind");
        return Err(bad_redirect(why));
    }
    for (at, uri) in asked.redirect_uris.iter().enumerate() {
        let named = |why| bad_redirect(format!("redirect_uris[{at}]: {why}"));
        check_redirect_uri(uri, &[]).map_err(named)?;
    }
    if asked.redirect_uris.is_empty() && grants.contains(&GrantType::AuthorizationCode) {
        return Err(bad_redirect("redirect_uris must name at least one"));
    }
    Ok(())
}

/// The requested values as far as they are allowed; all allowed ones if it requests none.
fn scopes(asked: &Metadata, allowed: &DynamicClientLimits) -> Result<ScopeSet, MetadataError> {
    let named = asked
        .scope
        .as_deref()
        .filter(|text| !text.trim().is_empty());
    let Some(named) = named else {
        return Ok(allowed.scopes.clone());
    };
    let named = ScopeSet::parse(named).map_err(|_| bad("a scope is malformed"))?;
    Ok(named.intersect(&allowed.scopes))
}

fn grants(
    asked: &Metadata,
    allowed: &DynamicClientLimits,
) -> Result<Vec<GrantType>, MetadataError> {
    let default = vec!["authorization_code".to_owned()];
    let names = asked.grant_types.as_ref().unwrap_or(&default);
    let mut grants = Vec::new();
    for name in names {
        // Other grant types that a client may list, such as `implicit`, are left out.
        if let Ok(grant) = name.parse::<GrantType>()
            && (allowed.confidential || grant != GrantType::ClientCredentials)
        {
            grants.push(grant);
        }
    }
    grants.sort();
    grants.dedup();
    if grants.iter().all(|grant| *grant == GrantType::RefreshToken) {
        return Err(bad("grant_types holds none that this server gives"));
    }
    Ok(grants)
}

/// The authentication method of the client, and whether it gets a secret.
fn method(
    asked: &Metadata,
    allowed: &DynamicClientLimits,
) -> Result<(AuthMethod, bool), MetadataError> {
    let asked = asked.token_endpoint_auth_method.as_deref();
    let method = asked
        .unwrap_or("client_secret_basic")
        .parse::<AuthMethod>()
        .map_err(|why| bad(format!("token_endpoint_auth_method {why}")))?;
    Ok(match method {
        _ if !allowed.confidential => (AuthMethod::None, false),
        AuthMethod::None | AuthMethod::PrivateKeyJwt => (method, false),
        AuthMethod::SecretBasic | AuthMethod::SecretPost => (method, true),
    })
}

/// The error for a metadata member.
fn named(name: &'static str) -> impl Fn(String) -> MetadataError {
    move |why| bad(format!("{name} {why}"))
}

fn check_uris(asked: &Metadata) -> Result<(), MetadataError> {
    for uri in &asked.post_logout_redirect_uris {
        check_redirect_uri(uri, &[]).map_err(named("post_logout_redirect_uris"))?;
    }
    if let Some(uri) = &asked.backchannel_logout_uri {
        check_backchannel_uri(uri, true).map_err(named("backchannel_logout_uri"))?;
    }
    for (name, uri) in [
        ("logo_uri", &asked.logo_uri),
        ("client_uri", &asked.client_uri),
    ] {
        if let Some(uri) = uri {
            check_shown_uri(uri).map_err(named(name))?;
        }
    }
    if let Some(uri) = &asked.jwks_uri {
        check_jwks_uri(uri).map_err(named("jwks_uri"))?;
    }
    Ok(())
}

fn policy(asked: &Metadata, method: AuthMethod) -> Result<ClientPolicy, MetadataError> {
    check_uris(asked)?;
    let signs = method == AuthMethod::PrivateKeyJwt;
    let keys = asked
        .jwks
        .as_ref()
        .filter(|_| signs)
        .map(ToString::to_string);
    if let Some(keys) = &keys {
        client_jwks::check(keys).map_err(named("jwks"))?;
    }
    let policy = ClientPolicy {
        post_logout_redirect_uris: asked.post_logout_redirect_uris.clone(),
        backchannel_logout_uri: asked.backchannel_logout_uri.clone(),
        backchannel_logout_session_required: asked
            .backchannel_logout_session_required
            .unwrap_or(false),
        auth_method: Some(method),
        jwks: keys,
        jwks_uri: asked.jwks_uri.clone().filter(|_| signs),
        logo_uri: asked.logo_uri.clone(),
        client_uri: asked.client_uri.clone(),
        ..ClientPolicy::default()
    };
    let kind = match method {
        AuthMethod::None => ClientKind::Public,
        AuthMethod::SecretBasic | AuthMethod::SecretPost => ClientKind::WithSecret,
        AuthMethod::PrivateKeyJwt => ClientKind::WithoutSecret,
    };
    policy
        .check(kind)
        .map_err(|(field, why)| bad(format!("{field} {why}")))?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> DynamicClientLimits {
        DynamicClientLimits {
            scopes: ScopeSet::parse("openid profile email offline_access").unwrap(),
            confidential: false,
            bytes: STRANGERS_BYTES,
        }
    }

    fn asked(changes: serde_json::Value) -> Metadata {
        let mut all = serde_json::json!({ "redirect_uris": ["https://app.example/cb"] });
        for (name, value) in changes.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_stranger_becomes_a_public_client_with_what_anybody_may_have() {
        let made = decide(
            &asked(serde_json::json!({
                "token_endpoint_auth_method": "client_secret_post", "scope": "openid offline_access admin read",
                "grant_types": ["authorization_code", "refresh_token", "client_credentials", "implicit"],
            })),
            &open(),
        )
        .unwrap();
        assert_eq!(made.policy.auth_method, Some(AuthMethod::None));
        assert!(!made.with_secret);
        assert_eq!(made.scopes.to_string(), "offline_access openid");
        assert_eq!(
            made.grant_types,
            [GrantType::AuthorizationCode, GrantType::RefreshToken]
        );
    }

    #[test]
    fn refresh_tokens_that_would_never_come_are_left_out() {
        let grants = serde_json::json!(["authorization_code", "refresh_token"]);
        let made = decide(
            &asked(serde_json::json!({ "scope": "openid", "grant_types": grants })),
            &open(),
        );
        assert_eq!(made.unwrap().grant_types, [GrantType::AuthorizationCode]);
    }

    #[test]
    fn harmful_metadata_is_refused() {
        for (error, changes) in [
            (
                "invalid_redirect_uri",
                serde_json::json!({ "redirect_uris": [] }),
            ),
            (
                "invalid_redirect_uri",
                serde_json::json!({ "redirect_uris": ["javascript:alert(1)"] }),
            ),
            (
                "invalid_redirect_uri",
                serde_json::json!({ "redirect_uris": ["http://app.example/"] }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "logo_uri": "javascript:alert(1)" }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "backchannel_logout_uri": "https://10.0.0.1/x" }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "backchannel_logout_uri": "http://127.0.0.1/x" }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "grant_types": ["password"] }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "response_types": ["token"] }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "token_endpoint_auth_method": "x" }),
            ),
            (
                "invalid_client_metadata",
                serde_json::json!({ "client_name": "a\u{202e}b\n" }),
            ),
        ] {
            assert_eq!(
                decide(&asked(changes.clone()), &open()).unwrap_err().error,
                error,
                "{changes}"
            );
        }
    }
}
