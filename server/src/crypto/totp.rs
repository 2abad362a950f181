//! Time-based one-time codes, RFC 6238, and recovery codes.

use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, Specification};
use doorward_shared::{Timestamp, UserId};
use zeroize::Zeroizing;

use super::secret::{Digest256, Secret};

/// Length of a step, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// Steps before and after the current one in which a code is accepted: clocks differ, and users type slowly.
const DRIFT_STEPS: i64 = 1;
/// Length of a shared secret, RFC 4226 section 4 R6.
pub const SECRET_BYTES: usize = 20;
/// Random bytes of a recovery code: 80 bits, so that its SHA-256 cannot be searched.
pub const RECOVERY_BYTES: usize = 10;
/// Number of recovery codes issued to an account.
pub const RECOVERY_CODES: usize = 10;

/// Context of a sealed secret, so that it cannot be used for another account.
pub fn seal_place(user: UserId) -> String {
    format!("totp {user}")
}

/// The code of one step, RFC 4226 section 5.3.
pub fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 0x0f);
    let word = tag[offset..offset + 4]
        .iter()
        .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The step of a code, if it is the current or a neighbouring one. The caller ensures that a step works once (RFC 6238
/// section 5.2).
pub fn step_of(secret: &[u8], typed: &str, now: Timestamp) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if typed.len() != 6 || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let current = now.seconds().div_euclid(STEP_SECONDS);
    let mut found = None;
    // Every step is compared, so that timing does not reveal which one matched.
    for step in current - DRIFT_STEPS..=current + DRIFT_STEPS {
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(
            code(secret, step).as_bytes(),
            typed.as_bytes(),
        );
        if same.is_ok() {
            found = Some(step);
        }
    }
    found
}

/// The secret as users type it into an authenticator.
pub fn secret_text(secret: &[u8]) -> Secret {
    BASE32_NOPAD.encode(secret).into()
}

/// Parses the output of [`secret_text`].
pub fn secret_bytes(text: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    BASE32_NOPAD
        .decode(text.expose().as_bytes())
        .ok()
        .map(Zeroizing::new)
}

/// The `otpauth` URI that authenticators read from a QR code.
pub fn uri(secret: &Secret, issuer: &str, account: &str) -> Secret {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    let issuer = utf8_percent_encode(issuer, PLAIN);
    let account = utf8_percent_encode(account, PLAIN);
    format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
        secret.expose()
    )
    .into()
}

/// Crockford's alphabet: no `i`, `l`, `o`, `u`, which are easily misread.
#[expect(
    clippy::expect_used,
    reason = "the specification is constant and tested"
)]
fn alphabet() -> data_encoding::Encoding {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.encoding().expect("32 symbols")
}

/// A recovery code: four groups of four letters and digits.
pub fn recovery_code(random: [u8; RECOVERY_BYTES]) -> Secret {
    let text = Zeroizing::new(alphabet().encode(&random));
    let groups: Vec<&str> = [&text[..4], &text[4..8], &text[8..12], &text[12..]].into();
    groups.join("-").into()
}

/// The stored hash of a recovery code, independent of how it was typed.
pub fn recovery_digest(typed: &str) -> Digest256 {
    let plain: Zeroizing<String> = Zeroizing::new(
        typed
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .map(|c| match c.to_ascii_lowercase() {
                'i' | 'l' => '1',
                'o' => '0',
                c => c,
            })
            .collect(),
    );
    Digest256::of(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_seconds(seconds);
            assert_eq!(step_of(secret, code, now), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_one_late_and_no_further() {
        let secret = b"12345678901234567890";
        let at = |seconds| step_of(secret, "287 082", Timestamp::from_seconds(seconds));
        assert_eq!(at(0), Some(1));
        assert_eq!(at(89), Some(1));
        assert_eq!(at(90), None);
        assert_eq!(at(-1), None);
        for wrong in ["", "28708", "2870820", "28708a", "287083", "２８７０８２"] {
            let now = Timestamp::from_seconds(59);
            assert_eq!(step_of(secret, wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = recovery_code([0xA5; RECOVERY_BYTES]);
        let text = code.expose();
        assert_eq!(text.len(), 19);
        let stored = recovery_digest(text);
        assert!(stored.matches(&recovery_digest(&text.to_uppercase().replace('-', " "))));
        assert!(!stored.matches(&recovery_digest(&text[1..])));
        assert!(recovery_digest("o1l").matches(&recovery_digest("0i1")));
    }

    #[test]
    fn names_cannot_leave_their_place_in_the_address() {
        let secret = secret_text(&[0; SECRET_BYTES]);
        let uri = uri(&secret, "a&b", "x?secret=y@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/a%26b:x%3Fsecret%3Dy%40example.com?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=a%26b&algorithm=SHA1&digits=6&period=30"
        );
    }
}
