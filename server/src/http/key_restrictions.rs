//! Restrictions of an API key in requests and responses.

use doorward_shared::apikey::{KeyPatch, Metadata, MintRequest, Quota, RateLimit};

use super::ApiError;
use crate::domain::{AllowedIp, KeyRestrictions, KeyTermsChange, rules::key_restrictions as rule};

/// The restrictions of a new key.
///
/// # Errors
/// `validation_failed` naming the field.
pub(super) fn of_mint(asked: &MintRequest) -> Result<KeyRestrictions, ApiError> {
    let change = KeyTermsChange {
        rate_limit: asked.rate_limit.map(Some),
        quota: asked.quota.map(Some),
        allowed_ips: asked.allowed_ips.as_deref().map(networks).transpose()?,
        metadata: asked.metadata.clone().map(Some),
        enabled: asked.enabled,
    };
    check(&change)?;
    Ok(change.applied(&KeyRestrictions::default()))
}

/// The changes of a patch to a key's restrictions.
///
/// # Errors
/// `validation_failed` naming the field.
pub(super) fn of_patch(asked: &KeyPatch) -> Result<KeyTermsChange, ApiError> {
    let allowed = asked.allowed_ips.as_ref();
    let allowed = allowed.map(|given| networks(given.as_deref().unwrap_or_default()));
    let change = KeyTermsChange {
        rate_limit: asked.rate_limit,
        quota: asked.quota,
        allowed_ips: allowed.transpose()?,
        metadata: asked.metadata.clone(),
        enabled: asked.enabled,
    };
    check(&change)?;
    Ok(change)
}

/// Text form of addresses and networks.
pub(super) fn shown(allowed: &[AllowedIp]) -> Vec<String> {
    allowed.iter().map(ToString::to_string).collect()
}

fn networks(given: &[String]) -> Result<Vec<AllowedIp>, ApiError> {
    rule::allowed_ips(given).map_err(|(at, why)| match at {
        Some(at) => ApiError::element("allowedIps", at, why),
        None => ApiError::validation("allowedIps", why),
    })
}

fn check(change: &KeyTermsChange) -> Result<(), ApiError> {
    let rate: Option<RateLimit> = change.rate_limit.flatten();
    let quota: Option<Quota> = change.quota.flatten();
    let metadata: Option<&Metadata> = change.metadata.as_ref().and_then(Option::as_ref);
    rate.map_or(Ok(()), rule::check_rate_limit)
        .map_err(|why| ApiError::validation("rateLimit", why))?;
    quota
        .map_or(Ok(()), rule::check_quota)
        .map_err(|why| ApiError::validation("quota", why))?;
    metadata
        .map_or(Ok(()), rule::check_metadata)
        .map_err(|why| ApiError::validation("metadata", why))
}
