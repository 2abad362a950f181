//! Authenticator data, section 6.1: 32 bytes RP ID hash, flags, 4 bytes counter, attested credential, extensions.

use super::{CeremonyError, RelyingParty};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
/// Section 6.1.3 of Level 3: the credential may be copied to other devices.
const BACKUP_ELIGIBLE: u8 = 0x08;
const ATTESTED_CREDENTIAL: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;
/// Maximum length of a credential id, section 7.1 step 25 (Level 3).
const MAX_CREDENTIAL_ID: usize = 1023;

/// A newly created credential.
pub(super) struct Attested<'a> {
    pub credential_id: &'a [u8],
    pub public_key: ciborium::Value,
}

pub(super) struct AuthenticatorData<'a> {
    pub sign_count: u32,
    pub backup_eligible: bool,
    pub attested: Option<Attested<'a>>,
}

/// Parses authenticator data and applies the checks of both ceremonies: section 7.1 steps 13 to 15, section 7.2 steps
/// 15 to 17. User verification is always required.
pub(super) fn verify<'a>(
    bytes: &'a [u8],
    party: &RelyingParty,
) -> Result<AuthenticatorData<'a>, CeremonyError> {
    let malformed = CeremonyError::Malformed;
    let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(malformed)?;
    let (&flags, rest) = rest.split_first().ok_or(malformed)?;
    let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
    if rp_id_hash != party.id_hash() {
        return Err(CeremonyError::OtherRelyingParty);
    }
    if flags & USER_PRESENT == 0 {
        return Err(CeremonyError::UserNotPresent);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(CeremonyError::UserNotVerified);
    }
    let attested = match flags & ATTESTED_CREDENTIAL {
        0 => None,
        _ => Some(attested(&mut rest)?),
    };
    if flags & EXTENSIONS != 0 {
        let _: ciborium::Value = ciborium::from_reader(&mut rest).map_err(|_| malformed)?;
    }
    if !rest.is_empty() {
        return Err(malformed);
    }
    Ok(AuthenticatorData {
        sign_count: u32::from_be_bytes(*count),
        backup_eligible: flags & BACKUP_ELIGIBLE != 0,
        attested,
    })
}

/// Section 6.5.1: 16 bytes AAGUID, 2 bytes length, the id, the public key in COSE form.
fn attested<'a>(rest: &mut &'a [u8]) -> Result<Attested<'a>, CeremonyError> {
    let malformed = CeremonyError::Malformed;
    let (_aaguid, after) = rest.split_at_checked(16).ok_or(malformed)?;
    let (length, after) = after.split_first_chunk::<2>().ok_or(malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length == 0 || length > MAX_CREDENTIAL_ID {
        return Err(malformed);
    }
    let (credential_id, mut after) = after.split_at_checked(length).ok_or(malformed)?;
    let public_key = ciborium::from_reader(&mut after).map_err(|_| malformed)?;
    *rest = after;
    Ok(Attested {
        credential_id,
        public_key,
    })
}
