//! Verification of a WebAuthn assertion, section 7.2.

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    CeremonyError, RelyingParty, authenticator_data,
    client_data::{self, Ceremony},
    cose,
};
use crate::domain::PublicKey;

/// An authenticator's response to a challenge.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    pub client_data: &'a [u8],
    pub authenticator_data: &'a [u8],
    pub signature: &'a [u8],
}

/// Verifies an assertion with the credential's public key; returns its signature counter, which the caller compares
/// with the stored one (step 21).
///
/// # Errors
/// [`CeremonyError`], naming the first step that fails.
pub fn verify_assertion(
    party: &RelyingParty,
    challenge: &[u8],
    key: &PublicKey,
    assertion: &Assertion<'_>,
) -> Result<u32, CeremonyError> {
    // Steps 10 to 14.
    client_data::verify(assertion.client_data, Ceremony::Get, challenge, party)?;
    // Steps 15 to 17.
    let data = authenticator_data::verify(assertion.authenticator_data, party)?;
    // Steps 19 and 20: the signature is over the authenticator data and the hash of the client data.
    let hash = digest(&SHA256, assertion.client_data);
    let message = [assertion.authenticator_data, hash.as_ref()].concat();
    cose::verify(key, &message, assertion.signature)?;
    Ok(data.sign_count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::webauthn::{soft_token::SoftToken, verify_registration};

    fn party() -> RelyingParty {
        RelyingParty::of_issuer("https://login.example.com").unwrap()
    }

    fn asserted(token: &mut SoftToken) -> (PublicKey, Vec<u8>, Vec<u8>, Vec<u8>) {
        let (client_data, object) = token.create(&party(), b"first");
        let made = verify_registration(&party(), b"first", &client_data, &object).unwrap();
        let (client_data, data, signature) = token.get(&party(), b"second");
        (made.public_key, client_data, data, signature)
    }

    #[test]
    fn each_algorithm_registers_and_asserts() {
        for mut token in SoftToken::of_each_algorithm() {
            let (key, client_data, data, signature) = asserted(&mut token);
            let stored = PublicKey::from_bytes(&key.to_bytes());
            assert_eq!(stored.as_ref(), Some(&key));
            let assertion = Assertion {
                client_data: &client_data,
                authenticator_data: &data,
                signature: &signature,
            };
            assert_eq!(
                verify_assertion(&party(), b"second", &key, &assertion),
                Ok(2)
            );
        }
    }

    #[test]
    fn an_assertion_holds_for_its_challenge_party_and_bytes_only() {
        let mut token = SoftToken::p256();
        let (key, client_data, data, signature) = asserted(&mut token);
        let check = |party: &RelyingParty, challenge: &[u8], client_data: &[u8], data: &[u8]| {
            let assertion = Assertion {
                client_data,
                authenticator_data: data,
                signature: &signature,
            };
            verify_assertion(party, challenge, &key, &assertion).unwrap_err()
        };
        let ours = party();
        assert_eq!(
            check(&ours, b"third", &client_data, &data),
            CeremonyError::OtherChallenge
        );
        let sub = RelyingParty::of_issuer("https://evil.example.com").unwrap();
        assert_eq!(
            check(&sub, b"second", &client_data, &data),
            CeremonyError::OtherOrigin
        );
        let other_id = RelyingParty {
            id: "example.com".into(),
            ..ours.clone()
        };
        assert_eq!(
            check(&other_id, b"second", &client_data, &data),
            CeremonyError::OtherRelyingParty
        );
        let mut counted = data.clone();
        counted[36] ^= 1;
        assert_eq!(
            check(&ours, b"second", &client_data, &counted),
            CeremonyError::WrongSignature
        );
        for (flag, error) in [
            (0x01, CeremonyError::UserNotPresent),
            (0x04, CeremonyError::UserNotVerified),
        ] {
            let mut without = data.clone();
            without[32] &= !flag;
            assert_eq!(check(&ours, b"second", &client_data, &without), error);
        }
        for end in 0..data.len() {
            assert!(
                matches!(
                    check(&ours, b"second", &client_data, &data[..end]),
                    CeremonyError::Malformed
                ),
                "cut at {end}"
            );
        }
        let text = String::from_utf8(client_data).unwrap();
        let created = text.replace("webauthn.get", "webauthn.create");
        assert_eq!(
            check(&ours, b"second", created.as_bytes(), &data),
            CeremonyError::OtherCeremony
        );
        let framed = text.replace("\"crossOrigin\":false", "\"crossOrigin\":true");
        assert_eq!(
            check(&ours, b"second", framed.as_bytes(), &data),
            CeremonyError::OtherOrigin
        );
        let bound = ",\"tokenBinding\":{\"status\":\"present\",\"id\":\"AA\"}}";
        let bound = text.replace('}', bound);
        assert_eq!(
            check(&ours, b"second", bound.as_bytes(), &data),
            CeremonyError::OtherOrigin
        );
    }

    #[test]
    fn a_registration_that_is_cut_or_followed_by_more_is_malformed() {
        let mut token = SoftToken::p256();
        let (client_data, object) = token.create(&party(), b"first");
        for end in 0..object.len() {
            let cut = verify_registration(&party(), b"first", &client_data, &object[..end]);
            assert_eq!(cut, Err(CeremonyError::Malformed), "cut at {end}");
        }
        let more = [object.as_slice(), &[0]].concat();
        let more = verify_registration(&party(), b"first", &client_data, &more);
        assert_eq!(more, Err(CeremonyError::Malformed));
    }
}
