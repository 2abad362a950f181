//! Rules for registering and changing OAuth clients.

use doorward_shared::{ScopeSet, Timestamp};

use crate::domain::{
    AuthMethod, Client, ClientKind, ClientPolicy, ClientSecrets, Diff, DiffValue, Digest256,
    DomainError, GrantType, PolicyChange,
    client::{RESOURCE_SERVER, check_refresh, names_resource},
};

/// Changes to a client; a field that is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ClientChange {
    pub name: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub grant_types: Option<Vec<GrantType>>,
    pub scopes: Option<ScopeSet>,
    pub resources: Option<Vec<String>>,
    pub require_pkce: Option<bool>,
    pub resource_server: Option<bool>,
    pub policy: PolicyChange,
    /// This server's own resource identifier.
    pub own: String,
}

impl ClientChange {
    /// The scopes that the author of the change must hold. An author who controls where a client's codes go can act as
    /// the client, now or later.
    pub fn scopes_to_hold(&self, before: &Client) -> ScopeSet {
        let takes_over = self.redirect_uris.is_some()
            || self.grant_types.is_some()
            || self.scopes.is_some()
            || self.policy.takes_over();
        let given = self.scopes.clone().unwrap_or_default();
        if takes_over {
            given.union(&before.scopes)
        } else {
            given
        }
    }

    /// Whether the change gives its author a view of every user's tokens: the client becomes an audience of this
    /// server's tokens, or the author can authenticate as one that is.
    pub fn sees_all(&self, before: &Client) -> bool {
        let named = self.resources.as_ref();
        named.is_some_and(|named| names_resource(named, &self.own))
            || self.policy.changes_authentication() && before.sees_all(&self.own)
    }

    /// As [`ClientChange::sees_all`], for a resource server.
    pub fn resource_server(&self, before: &Client) -> bool {
        self.resource_server == Some(true)
            || self.policy.changes_authentication() && before.resource_server
    }
}

/// Whether a client can be registered.
///
/// # Errors
/// [`DomainError::Invalid`].
pub fn register(client: &Client) -> Result<(), DomainError> {
    check_policy(client, !client.is_confidential())?;
    check_grants(client)?;
    check_scopes(client)
}

/// The client after a change.
///
/// # Errors
/// [`DomainError::Invalid`].
pub fn change(before: &Client, change: ClientChange) -> Result<Client, DomainError> {
    let before = before.clone();
    let public = !before.is_confidential();
    let mut policy = before.policy.clone();
    change.policy.apply(&mut policy);
    let (grants, scopes) = (before.grant_types.clone(), before.scopes.clone());
    let after = Client {
        name: change.name.unwrap_or(before.name),
        redirect_uris: change.redirect_uris.unwrap_or(before.redirect_uris),
        grant_types: change.grant_types.unwrap_or(before.grant_types),
        scopes: change.scopes.unwrap_or(before.scopes),
        resources: change.resources.unwrap_or(before.resources),
        require_pkce: change.require_pkce.unwrap_or(before.require_pkce),
        resource_server: change.resource_server.unwrap_or(before.resource_server),
        policy,
        ..before
    };
    check_policy(&after, public)?;
    // Clients from before this rule keep what they have.
    if after.grant_types != grants || after.scopes != scopes {
        check_scopes(&after)?;
    }
    check_grants(&after)?;
    Ok(after)
}

/// The client with a new secret; the old secret stays valid until `old_until`.
///
/// # Errors
/// [`DomainError::Conflict`] for a public client.
pub fn rotate_secret(
    before: &Client,
    secret: Digest256,
    old_until: Timestamp,
    now: Timestamp,
) -> Result<Client, DomainError> {
    let secrets = match &before.secrets {
        Some(secrets) => secrets.rotated(secret, old_until, now),
        // It has authenticated with its keys alone so far; those stay valid.
        None if before.is_confidential() => ClientSecrets {
            current: secret,
            previous: None,
            unmarked: 0,
        },
        None => {
            return Err(DomainError::Conflict(
                "public clients cannot have a secret".into(),
            ));
        }
    };
    Ok(Client {
        secrets: Some(secrets),
        ..before.clone()
    })
}

fn check_grants(client: &Client) -> Result<(), DomainError> {
    if client.may(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
        let reason = "must name at least one for the authorization_code grant";
        return Err(invalid("redirectUris", reason));
    }
    if !client.is_confidential() && client.may(GrantType::ClientCredentials) {
        let reason = "client_credentials needs a confidential client (RFC 6749 section 4.4)";
        return Err(invalid("grantTypes", reason));
    }
    if client.resource_server && !client.is_confidential() {
        return Err(invalid("resourceServer", RESOURCE_SERVER));
    }
    Ok(())
}

/// Whether the policy is consistent with the kind of client: no change makes a public client confidential.
fn check_policy(client: &Client, public: bool) -> Result<(), DomainError> {
    let kind = match &client.secrets {
        _ if public => ClientKind::Public,
        Some(_) => ClientKind::WithSecret,
        None => ClientKind::WithoutSecret,
    };
    let checked = client.policy.check(kind);
    checked.map_err(|(field, reason)| invalid(field, reason))
}

fn check_scopes(client: &Client) -> Result<(), DomainError> {
    check_refresh(&client.grant_types, &client.scopes).map_err(|reason| invalid("scopes", reason))
}

fn invalid(field: &'static str, reason: &str) -> DomainError {
    DomainError::Invalid {
        field,
        reason: reason.into(),
    }
}

/// The diff of a client for the audit log; for a new client, all decisions.
pub fn diff(before: Option<&Client>, after: &Client) -> Diff {
    let mut diff = Diff::default();
    let list = |of: fn(&Client) -> DiffValue| (before.map_or(DiffValue::Nothing, of), of(after));
    let name = before.map(|client| client.name.as_str());
    diff.note("name", name, after.name.as_str());
    for (field, (old, new)) in [
        (
            "redirectUris",
            list(|client| DiffValue::list(&client.redirect_uris)),
        ),
        (
            "grantTypes",
            list(|client| DiffValue::list(&client.grant_types)),
        ),
        ("scopes", list(|client| DiffValue::list(&client.scopes))),
        (
            "resources",
            list(|client| DiffValue::list(&client.resources)),
        ),
        ("requirePkce", list(|client| client.require_pkce.into())),
        (
            "resourceServer",
            list(|client| client.resource_server.into()),
        ),
    ] {
        diff.note(field, old, new);
    }
    policy_changed(&mut diff, before, &after.policy);
    diff
}

/// A new client's policy is compared with the default one, so that only the operator's decisions are recorded.
fn policy_changed(diff: &mut Diff, before: Option<&Client>, after: &ClientPolicy) {
    let default = ClientPolicy::default();
    let before = before.map_or(&default, |client| &client.policy);
    let mut note = |field, of: fn(&ClientPolicy) -> DiffValue| {
        diff.note(field, of(before), of(after));
    };
    note("idTokenClaims", |policy| policy.id_token_claims.into());
    note("unverifiedEmail", |policy| {
        policy.unverified_email.as_str().into()
    });
    note("allowedGroups", |policy| {
        DiffValue::list(&policy.allowed_groups)
    });
    note("postLogoutRedirectUris", |policy| {
        DiffValue::list(&policy.post_logout_redirect_uris)
    });
    note("defaultResource", |policy| {
        policy.default_resource.as_deref().into()
    });
    note("backchannelLogoutUri", |policy| {
        policy.backchannel_logout_uri.as_deref().into()
    });
    note("backchannelLogoutSessionRequired", |policy| {
        policy.backchannel_logout_session_required.into()
    });
    note("tokenEndpointAuthMethod", |policy| {
        policy.auth_method.map(AuthMethod::as_str).into()
    });
    note("jwks", |policy| policy.jwks.as_deref().into());
    note("jwksUri", |policy| policy.jwks_uri.as_deref().into());
    note("logoUri", |policy| policy.logo_uri.as_deref().into());
    note("clientUri", |policy| policy.client_uri.as_deref().into());
    note("skipConsent", |policy| policy.skip_consent.into());
}

#[cfg(test)]
mod tests {
    use doorward_shared::ClientId;
    use proptest::{prelude::*, sample::subsequence};
    use ulid::Ulid;

    use super::*;
    use crate::domain::ClientPolicy;

    fn grants() -> impl Strategy<Value = Vec<GrantType>> {
        let all = vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
        ];
        subsequence(all, 0..=3)
    }

    fn scopes() -> impl Strategy<Value = ScopeSet> {
        let all = vec!["openid", "offline_access", "read", "write"];
        subsequence(all, 0..=4).prop_map(|some| ScopeSet::parse(&some.join(" ")).unwrap())
    }

    fn uris() -> impl Strategy<Value = Vec<String>> {
        subsequence(vec!["https://a.example/cb".to_owned()], 0..=1)
    }

    prop_compose! {
        fn client()(
            grant_types in grants(), scopes in scopes(), redirect_uris in uris(), confidential in any::<bool>(),
            resource_server in any::<bool>()
        ) -> Client {
            Client {
                id: ClientId(Ulid(1)),
                name: "App".into(),
                redirect_uris,
                grant_types,
                scopes,
                resources: Vec::new(),
                secrets: confidential.then_some(ClientSecrets {
                    current: Digest256([1; 32]),
                    previous: None,
                    unmarked: 0,
                }),
                require_pkce: false,
                resource_server,
                policy: ClientPolicy::default(),
                dynamic: false,
                document: None,
                client_tokens_valid_from: None,
                codes_valid_after: None,
                created_at: Timestamp(0),
            }
        }
    }

    prop_compose! {
        fn a_change()(
            redirect_uris in prop::option::of(uris()), grant_types in prop::option::of(grants()),
            scopes in prop::option::of(scopes()), require_pkce in prop::option::of(any::<bool>()),
            resource_server in prop::option::of(any::<bool>())
        ) -> ClientChange {
            ClientChange { redirect_uris, grant_types, scopes, require_pkce, resource_server, ..ClientChange::default() }
        }
    }

    proptest! {
        #[test]
        fn no_change_makes_a_client_that_could_not_be_registered(
            before in client(), a_change in a_change()
        ) {
            prop_assume!(register(&before).is_ok());
            if let Ok(after) = change(&before, a_change) {
                prop_assert_eq!(register(&after), Ok(()));
                prop_assert_eq!(after.is_confidential(), before.is_confidential());
                prop_assert_eq!(after.id, before.id);
            }
        }

        #[test]
        fn a_public_client_never_gets_tokens_of_its_own_and_is_no_resource_server(before in client(), a_change in a_change()) {
            if let Ok(after) = change(&before, a_change) {
                prop_assert!(after.is_confidential() || !after.may(GrantType::ClientCredentials));
                prop_assert!(after.is_confidential() || !after.resource_server);
            }
        }

        #[test]
        fn what_is_not_named_stays_and_whoever_redirects_codes_must_hold_all_the_client_may(
            before in client(), a_change in a_change()
        ) {
            let held = a_change.scopes_to_hold(&before);
            let takes = a_change.redirect_uris.is_some() || a_change.grant_types.is_some();
            prop_assert!(!takes || held.covers_all(&before.scopes));
            let (uris, scopes) = (a_change.redirect_uris.is_none(), a_change.scopes.is_none());
            if let Ok(after) = change(&before, a_change) {
                prop_assert!(held.covers_all(&after.scopes) || after.scopes == before.scopes);
                prop_assert!(!uris || after.redirect_uris == before.redirect_uris);
                prop_assert!(!scopes || after.scopes == before.scopes);
            }
        }
    }

    #[test]
    fn a_client_from_before_the_rule_of_offline_access_keeps_what_it_has() {
        let before = Client {
            id: ClientId(Ulid(1)),
            name: "App".into(),
            redirect_uris: vec!["https://a.example/cb".into()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: ScopeSet::parse("openid").unwrap(),
            resources: Vec::new(),
            secrets: None,
            require_pkce: false,
            resource_server: false,
            policy: ClientPolicy::default(),
            dynamic: false,
            document: None,
            client_tokens_valid_from: None,
            codes_valid_after: None,
            created_at: Timestamp(0),
        };
        let renamed = ClientChange {
            name: Some("Other".into()),
            ..ClientChange::default()
        };
        assert_eq!(change(&before, renamed).unwrap().name, "Other");
        let wider = ClientChange {
            scopes: Some(ScopeSet::parse("openid read").unwrap()),
            ..ClientChange::default()
        };
        assert!(change(&before, wider).is_err());
        assert!(register(&before).is_err());
    }
}
