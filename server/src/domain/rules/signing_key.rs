//! Rules for how long a retired signing key still verifies, and for deleting one.

use doorward_shared::Timestamp;

use crate::domain::DomainError;

/// Extra time that a key stays in the JWKS after its last token expires, in seconds: clocks of resource servers differ.
const SLACK: u32 = 60;

/// When a key that stops signing now leaves the JWKS: after the last token that it may have signed.
pub fn retires_at(stopped_at: Timestamp, longest_token_seconds: u32) -> Timestamp {
    stopped_at.plus_seconds(i64::from(longest_token_seconds) + i64::from(SLACK))
}

/// Whether a key has left the JWKS; the signing key has no end.
pub fn is_retired(retires_at: Option<Timestamp>, now: Timestamp) -> bool {
    retires_at.is_some_and(|at| at <= now)
}

/// State of a signing key that an operator wants to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKeyUsage {
    Missing,
    /// New tokens are signed with it.
    Signs,
    Verifies,
}

/// Whether a key may be deleted.
///
/// # Errors
/// [`DomainError::NotFound`]; [`DomainError::Conflict`] for the signing key.
pub fn delete(standing: SigningKeyUsage) -> Result<(), DomainError> {
    match standing {
        SigningKeyUsage::Missing => Err(DomainError::NotFound("signing key")),
        SigningKeyUsage::Signs => Err(DomainError::Conflict(
            "this key signs new tokens: rotate the signing key first".into(),
        )),
        SigningKeyUsage::Verifies => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_verifies_until_its_last_token_has_expired_everywhere(
            stopped in 0_i64..1_000_000_000, longest in 0_u32..10_000_000, before_stop in 0_i64..1_000_000
        ) {
            let stopped_at = Timestamp(stopped);
            let gone = retires_at(stopped_at, longest);
            // A token signed at the last moment, on a clock that is behind by less than the slack.
            let expires = Timestamp(stopped - before_stop).plus_seconds(i64::from(longest));
            prop_assert!(gone >= expires.plus_seconds(i64::from(SLACK)));
            prop_assert!(!is_retired(Some(gone), expires));
            prop_assert!(is_retired(Some(gone), gone) && !is_retired(None, gone));
        }
    }

    #[test]
    fn the_key_that_signs_is_not_deleted() {
        assert_eq!(delete(SigningKeyUsage::Verifies), Ok(()));
        assert!(matches!(
            delete(SigningKeyUsage::Signs),
            Err(DomainError::Conflict(_))
        ));
        let missing = delete(SigningKeyUsage::Missing);
        assert_eq!(missing, Err(DomainError::NotFound("signing key")));
    }
}
