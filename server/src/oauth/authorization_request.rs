//! The authorization request, RFC 6749 section 4.1.1 and OpenID Connect Core section 3.1.2.1.

use std::sync::Arc;

use doorward_shared::{ClientId, Scope, ScopeSet, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{
    ClientAnswer, Form, Hint, OAuthError, ResponseMode,
    authorize::AuthorizationEndpoint,
    token::{other_grant, other_scope, resources, scopes},
};
use crate::{
    crypto::key_ring::KeyRing,
    domain::{ClaimSet, Client, GrantType, RejectedParameter, RequestedClaims, wants_factor},
};

/// Maximum total length of all parameters except the scope, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A valid authorization request, as it is kept while the user signs in and consents. Later forms cannot change it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: ClientId,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub scope: ScopeSet,
    /// PKCE `S256` challenge; optional for a client that is not required to send one.
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub prompt: Prompt,
    /// Whether the client wants a sign-in with a second factor (`acr_values`, or `acr` in `claims`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants_factor: bool,
    /// `max_age`: how long ago the user may have signed in, in seconds.
    pub max_age: Option<u32>,
    pub login_hint: Option<String>,
    pub ui_locales: Option<String>,
    pub resources: Vec<String>,
    /// Individually requested claims.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_none")]
    pub claims: RequestedClaims,
    #[serde(default, skip_serializing_if = "ResponseMode::is_query")]
    pub mode: ResponseMode,
    /// The user that an `id_token_hint` names.
    pub hinted_user: Option<UserId>,
    pub asked_at: Timestamp,
    /// The scopes that the consent page showed: its form cannot grant more.
    pub shown: Option<ScopeSet>,
    /// It took too long and starts again: nothing counts as shown.
    #[serde(skip)]
    pub is_again: bool,
}

/// `prompt`, OpenID Connect Core section 3.1.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompt {
    pub none: bool,
    /// `login`, or `select_account`: the account is chosen by signing in.
    pub login: bool,
    pub consent: bool,
}

impl Prompt {
    fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut prompt = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => {
                    let known = ["none", "login", "select_account", "consent"];
                    return Err(OAuthError::request("prompt has a value that is not known")
                        .about(RejectedParameter::new("prompt", text, known)));
                }
            }
        }
        if prompt.none && (prompt.login || prompt.consent) {
            return Err(OAuthError::request(
                "prompt=none cannot be combined with other values",
            ));
        }
        Ok(prompt)
    }
}

/// Why a request is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationRequestError {
    /// Reported to the user without a redirect: the client or its redirect URI is not known.
    Page(Option<ClientId>, OAuthError),
    /// Reported to the client: the browser carries this response to it.
    Client {
        id: ClientId,
        failure: OAuthError,
        answer: ClientAnswer,
        /// Whether the client registered itself, and the user has not yet been shown where the redirect leads.
        needs_redirect_notice: bool,
    },
}

impl AuthorizationRequestError {
    /// The rejected client, and the reason.
    pub fn what(&self) -> (Option<ClientId>, &OAuthError) {
        match self {
            Self::Page(id, failure) => (*id, failure),
            Self::Client { id, failure, .. } => (Some(*id), failure),
        }
    }
}

impl From<OAuthError> for AuthorizationRequestError {
    fn from(failure: OAuthError) -> Self {
        Self::Page(None, failure)
    }
}

impl From<crate::store::StoreError> for AuthorizationRequestError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Page(None, error.into())
    }
}

/// The user that one of our ID tokens names. An unreadable one counts as none.
fn hinted(form: &Form, keys: &KeyRing) -> Option<UserId> {
    let hint = Hint::read(form.get("id_token_hint")?, keys)?;
    Some(hint.user)
}

impl AuthorizationRequest {
    /// Validates the request of a client whose redirect URI is known.
    ///
    /// # Errors
    /// [`OAuthError`], reported to the client.
    pub(super) async fn checked(
        pairs: Vec<(String, String)>,
        client: &Arc<Client>,
        redirect_uri: &str,
        endpoint: &AuthorizationEndpoint,
    ) -> Result<AuthorizationRequest, OAuthError> {
        let form = Form::checked(pairs)?;
        refuse_unsupported(&form)?;
        let kind = form.require("response_type")?;
        if kind != "code" {
            let reason = "the only response_type is code";
            return Err(OAuthError::new("unsupported_response_type", reason)
                .about(RejectedParameter::new("response_type", kind, ["code"])));
        }
        let mode = ResponseMode::parse(form.get("response_mode"))?;
        let asked = form.get("claims").map(requested_claims).transpose()?;
        let asked = asked.unwrap_or_default();
        if !client.may(GrantType::AuthorizationCode) {
            return Err(other_grant(GrantType::AuthorizationCode, client));
        }
        let registered = registered_scopes(&form, client)?;
        check_length(&form)?;
        let max_age = form.get("max_age").map(str::parse).transpose();
        Ok(AuthorizationRequest {
            client_id: client.id,
            redirect_uri: redirect_uri.to_owned(),
            state: form.get("state").map(str::to_owned),
            scope: registered,
            challenge: challenge(&form, client.needs_pkce())?,
            nonce: form.get("nonce").map(str::to_owned),
            prompt: Prompt::parse(form.get("prompt").unwrap_or_default())?,
            wants_factor: asked.wants_factor
                || wants_factor(form.get("acr_values").unwrap_or_default().split(' ')),
            max_age: max_age.map_err(|_| OAuthError::request("max_age must be whole seconds"))?,
            login_hint: form.get("login_hint").map(str::to_owned),
            ui_locales: form.get("ui_locales").map(str::to_owned),
            resources: resources(
                &endpoint.issuer,
                &endpoint.store,
                client,
                form.all("resource"),
            )
            .await?,
            claims: asked.claims.within(&client.scopes),
            mode,
            hinted_user: hinted(&form, &endpoint.keys).or(asked.subject),
            asked_at: endpoint.clock.now(),
            shown: None,
            is_again: false,
        })
    }
}

/// OpenID Connect Core section 3.1.2.6: unsupported parameters are rejected, not ignored.
fn refuse_unsupported(form: &Form) -> Result<(), OAuthError> {
    for (name, error) in [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ] {
        if form.get(name).is_some() {
            return Err(OAuthError::new(error, format!("{name} is not supported")));
        }
    }
    Ok(())
}

/// The requested scopes; all of the client's if none are. OpenID Connect Core section 3.1.2.1: unknown ones are left
/// out, and the response lists what is granted.
fn registered_scopes(form: &Form, client: &Client) -> Result<ScopeSet, OAuthError> {
    let asked = match form.get("scope") {
        Some(scope) => scopes(scope)?,
        None => client.scopes.clone(),
    };
    let known = |scope: &&Scope| client.scopes.covers(scope.as_str());
    let registered: ScopeSet = asked.iter().filter(known).cloned().collect();
    if registered.is_empty() && !asked.is_empty() {
        return Err(other_scope(&asked.to_string(), &client.scopes));
    }
    Ok(registered)
}

/// Whether it is short enough to be carried by our forms.
fn check_length(form: &Form) -> Result<(), OAuthError> {
    let others = form.pairs().iter().filter(|(name, _)| name != "scope");
    let length: usize = others.map(|(name, value)| name.len() + value.len()).sum();
    if length > MAX_BYTES {
        return Err(OAuthError::request("the request is too long"));
    }
    Ok(())
}

/// The requests in the parameter `claims`.
#[derive(Debug, Default)]
struct ClaimsParameter {
    claims: RequestedClaims,
    /// The user whose ID token is requested, by `sub`.
    subject: Option<UserId>,
    /// Whether `acr` is requested with a class that requires a second factor.
    wants_factor: bool,
}

/// Maximum length of the `claims` parameter, in bytes.
const MAX_CLAIMS: usize = 4096;

/// OpenID Connect Core section 5.5. Unknown claims are left out, as it requires.
fn requested_claims(text: &str) -> Result<ClaimsParameter, OAuthError> {
    type Named = serde_json::Map<String, serde_json::Value>;
    #[derive(Deserialize)]
    struct Claims {
        id_token: Option<Named>,
        userinfo: Option<Named>,
    }
    let bad = || OAuthError::request("claims must be a JSON object of at most 4 KiB");
    if text.len() > MAX_CLAIMS {
        return Err(bad());
    }
    let claims: Claims = serde_json::from_str(text).map_err(|_| bad())?;
    let set = |named: &Option<Named>| {
        let names = named.iter().flat_map(|named| named.keys());
        ClaimSet::of_names(names.map(String::as_str))
    };
    let subject = claims
        .id_token
        .as_ref()
        .and_then(|named| named.get("sub")?.get("value")?.as_str()?.parse().ok());
    let acr = claims.id_token.as_ref().and_then(|named| named.get("acr"));
    Ok(ClaimsParameter {
        wants_factor: acr.is_some_and(names_factor),
        claims: RequestedClaims {
            id_token: set(&claims.id_token),
            userinfo: set(&claims.userinfo),
        },
        subject,
    })
}

/// Whether a request for the claim `acr`, OpenID Connect Core section 5.5.1.1, names the stronger class first.
fn names_factor(acr: &serde_json::Value) -> bool {
    let values = acr["values"].as_array().into_iter().flatten();
    let named = acr["value"].as_str().into_iter();
    wants_factor(named.chain(values.filter_map(|value| value.as_str())))
}

/// Not a redirect URI of the client: the browser is not redirected there.
pub(super) fn bad_redirect(uri: Option<&str>, client: &Client) -> OAuthError {
    OAuthError::request("redirect_uri is not registered for this client").about(
        RejectedParameter::uri(
            "redirect_uri",
            uri.unwrap_or_default(),
            &client.redirect_uris,
        ),
    )
}

/// RFC 7636 section 4.3, with `S256` alone: 43 characters of base64url.
fn challenge(form: &Form, is_needed: bool) -> Result<Option<String>, OAuthError> {
    let Some(challenge) = form.get("code_challenge") else {
        if is_needed {
            return Err(OAuthError::request("send a PKCE code_challenge (S256)"));
        }
        return match form.get("code_challenge_method") {
            Some(_) => Err(OAuthError::request(
                "code_challenge_method without code_challenge",
            )),
            None => Ok(None),
        };
    };
    let method = form.get("code_challenge_method");
    if method != Some("S256") {
        let sent = RejectedParameter::new(
            "code_challenge_method",
            method.unwrap_or_default(),
            ["S256"],
        );
        return Err(OAuthError::request("code_challenge_method must be S256").about(sent));
    }
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if challenge.len() != 43 || !challenge.bytes().all(base64url) {
        return Err(OAuthError::request(
            "code_challenge must be 43 characters of base64url",
        ));
    }
    Ok(Some(challenge.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_none_goes_with_nothing_else() {
        let none = Prompt {
            none: true,
            ..Prompt::default()
        };
        assert_eq!(Prompt::parse("none"), Ok(none));
        let both = Prompt {
            login: true,
            consent: true,
            none: false,
        };
        assert_eq!(Prompt::parse("login consent"), Ok(both));
        for bad in ["none login", "consent none", "create", "None"] {
            assert!(Prompt::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_challenge_is_s256_and_nothing_else() {
        let right = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let of = |query: &str, needed| challenge(&Form::parse(query.as_bytes()).unwrap(), needed);
        let parsed = |query: String| of(&query, false);
        let s256 = "&code_challenge_method=S256";
        assert_eq!(of("", false), Ok(None));
        assert!(of("", true).is_err() && of(s256, true).is_err());
        assert!(parsed(format!("code_challenge={right}{s256}")).is_ok());
        for bad in [
            format!("code_challenge={right}"),
            format!("code_challenge={right}&code_challenge_method=plain"),
            format!("code_challenge={right}&code_challenge_method=s256"),
            format!("code_challenge={}{s256}", &right[1..]),
            format!("code_challenge={right}a{s256}"),
            format!("code_challenge={}%3D{s256}", &right[1..]),
            s256.into(),
        ] {
            assert!(parsed(bad.clone()).is_err(), "{bad}");
        }
    }
}
