//! Rules for changing and rotating API keys, and for the number of keys per account.

use doorward_shared::{ScopeSet, Timestamp};

use crate::domain::{ApiKey, Diff, DiffValue, DomainError, KeyRestrictions, KeyTermsChange};

/// Changes to a key; a field that is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct KeyChange {
    pub name: Option<String>,
    pub scopes: Option<ScopeSet>,
    pub terms: KeyTermsChange,
}

/// The key after a change, and the diff. Scopes can only shrink: a wider key would give more to everyone who has its
/// secret.
///
/// # Errors
/// [`DomainError::Conflict`] for a revoked key, [`DomainError::Scope`] when a scope would grow.
pub fn change(
    before: &ApiKey,
    change: KeyChange,
    now: Timestamp,
) -> Result<(ApiKey, Diff), DomainError> {
    if before.is_revoked(now) {
        return Err(DomainError::Conflict("the key is revoked".into()));
    }
    let (mut key, mut diff) = (before.clone(), Diff::default());
    if let Some(name) = change.name {
        diff.note("name", key.name.as_str(), name.as_str());
        key.name = name;
    }
    if let Some(scopes) = change.scopes.filter(|scopes| *scopes != key.scopes) {
        if let Some(missing) = key.scopes.first_missing(&scopes) {
            return Err(DomainError::Scope(missing.to_string()));
        }
        diff.note(
            "scopes",
            DiffValue::list(&key.scopes),
            DiffValue::list(&scopes),
        );
        key.scopes = scopes;
    }
    let terms = change.terms.applied(&key.terms);
    note_terms(&mut diff, Some(&key.terms), &terms);
    key.terms = terms;
    Ok((key, diff))
}

/// Adds the changed restrictions of a key to the diff; for a new key, those that differ from the defaults.
pub fn note_terms(diff: &mut Diff, before: Option<&KeyRestrictions>, after: &KeyRestrictions) {
    let fresh = KeyRestrictions::default();
    let before = before.unwrap_or(&fresh);
    let text = |value: Option<String>| value.map_or(DiffValue::Nothing, DiffValue::Text);
    let rate = |terms: &KeyRestrictions| text(terms.rate_limit.map(|rate| rate.to_string()));
    let quota = |terms: &KeyRestrictions| text(terms.quota.map(|quota| quota.to_string()));
    let metadata = |terms: &KeyRestrictions| text(terms.metadata.as_ref().map(ToString::to_string));
    let allowed = |terms: &KeyRestrictions| DiffValue::list(&terms.allowed_ips);
    diff.note("rateLimit", rate(before), rate(after))
        .note("quota", quota(before), quota(after))
        .note("allowedIps", allowed(before), allowed(after))
        .note("metadata", metadata(before), metadata(after))
        .note("enabled", before.enabled, after.enabled);
}

/// When a key that is rotated now stops being valid. A key is rotated once.
///
/// # Errors
/// [`DomainError::Conflict`] for a key that is revoked, expired or already rotated.
pub fn rotate(key: &ApiKey, grace_seconds: u32, now: Timestamp) -> Result<Timestamp, DomainError> {
    if !key.is_live(now) || key.revoked_at.is_some() {
        return Err(DomainError::Conflict(
            "the key is revoked, expired or already rotated".into(),
        ));
    }
    Ok(now.plus_seconds(i64::from(grace_seconds)))
}

/// Whether an account with `live` active keys may have another one; a cap of 0 means no cap.
///
/// # Errors
/// [`DomainError::Conflict`].
pub fn one_more(live: u32, cap: u32) -> Result<(), DomainError> {
    if cap == 0 || live < cap {
        return Ok(());
    }
    let message = format!("API key limit reached ({cap} active keys): revoke one first");
    Err(DomainError::Conflict(message))
}

#[cfg(test)]
mod tests {
    use doorward_shared::{KeyId, apikey::Environment};
    use proptest::{prelude::*, sample::subsequence};
    use ulid::Ulid;

    use super::*;
    use crate::domain::KeyOwner;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn scopes() -> impl Strategy<Value = ScopeSet> {
        let all = vec!["admin:users", "admin:users:read", "orders", "read", "write"];
        subsequence(all, 0..=5).prop_map(|some| ScopeSet::parse(&some.join(" ")).unwrap())
    }

    fn time() -> impl Strategy<Value = Option<Timestamp>> {
        let near = prop_oneof![Just(NOW.0 - 1), Just(NOW.0), Just(NOW.0 + 1)];
        prop::option::of(near.prop_map(Timestamp))
    }

    prop_compose! {
        fn key()(scopes in scopes(), revoked_at in time(), expires_at in time()) -> ApiKey {
            ApiKey {
                id: KeyId(Ulid(1)),
                owner: KeyOwner::Operator,
                name: "k".into(),
                hint: "h".into(),
                scopes,
                environment: Environment::Live,
                created_at: Timestamp(0),
                expires_at,
                last_used_at: None,
                last_used_ip: None,
                revoked_at,
                minted_by: None,
                minter: None,
                client: None,
                terms: KeyRestrictions::default(),
                meter: None,
            }
        }
    }

    proptest! {
        #[test]
        fn a_key_never_may_more_than_before(before in key(), scopes in prop::option::of(scopes())) {
            let asked = KeyChange { scopes: scopes.clone(), ..KeyChange::default() };
            match change(&before, asked, NOW) {
                Ok((after, diff)) => {
                    prop_assert!(before.scopes.covers_all(&after.scopes));
                    prop_assert_eq!(diff.is_empty(), after == before);
                    prop_assert!(!before.is_revoked(NOW));
                }
                Err(DomainError::Scope(_)) => prop_assert!(!before.scopes.covers_all(&scopes.unwrap())),
                Err(_) => prop_assert!(before.is_revoked(NOW)),
            }
        }

        #[test]
        fn a_key_is_rotated_once_and_dies_within_its_grace(before in key(), grace in 0_u32..100) {
            let Ok(dies) = rotate(&before, grace, NOW) else {
                prop_assert!(before.revoked_at.is_some() || !before.is_live(NOW));
                return Ok(());
            };
            let old = ApiKey { revoked_at: Some(dies), ..before };
            prop_assert!(rotate(&old, grace, NOW).is_err());
            prop_assert!(!old.is_live(NOW.plus_seconds(i64::from(grace))));
        }

        #[test]
        fn no_account_passes_its_cap(live in 0_u32..20, cap in 0_u32..20) {
            prop_assert_eq!(one_more(live, cap).is_ok(), cap == 0 || live < cap);
        }
    }
}
