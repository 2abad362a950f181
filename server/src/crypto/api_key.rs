//! The text form of an API key: prefix, 32 random characters, and a checksum by which secret scanners recognize it.

use doorward_shared::apikey::Environment;

use super::secret::Secret;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Number of random characters.
const KEY_CHARS: usize = 32;
/// Number of checksum characters.
const SUM_CHARS: usize = 6;

/// Generates an API key: `sk_live_`, 32 random base62 characters, and 6 of CRC-32 over all before them.
pub fn api_key(
    prefix: &str,
    environment: Environment,
    random: &mut dyn FnMut() -> [u8; 64],
) -> Secret {
    let mut key = format!("{prefix}_{}_", environment.as_str());
    let end = key.len() + KEY_CHARS;
    while key.len() < end {
        for byte in random() {
            // 248 is the greatest multiple of 62 in a byte: values beyond it would bias the distribution.
            if byte < 248 && key.len() < end {
                key.push(char::from(BASE62[usize::from(byte % 62)]));
            }
        }
    }
    let sum = checksum(key.as_bytes());
    key.extend(sum.map(char::from));
    key.into()
}

fn checksum(bytes: &[u8]) -> [u8; SUM_CHARS] {
    let mut crc = crc32fast::hash(bytes) as usize;
    let mut sum = [b'0'; SUM_CHARS];
    for place in sum.iter_mut().rev() {
        *place = BASE62[crc % 62];
        crc /= 62;
    }
    sum
}

/// Whether a text starts like an API key, with any prefix: keys remain valid after the setting changes.
pub fn looks_like_api_key(text: &str) -> bool {
    environment_of(text).is_some()
}

fn environment_of(text: &str) -> Option<&str> {
    // A prefix is short: only the start of a long token is searched.
    let mut start = text.bytes().take(MAX_PREFIX + 1);
    let end = start.position(|byte| byte == b'_')?;
    let (prefix, rest) = (&text[..end], &text[end + 1..]);
    if !is_api_key_prefix(prefix) {
        return None;
    }
    rest.strip_prefix("live_")
        .or_else(|| rest.strip_prefix("test_"))
}

/// Maximum length of an API key's prefix, in bytes.
const MAX_PREFIX: usize = 16;

/// Whether a prefix is allowed: 1 to 16 of `a-z` and `0-9`, starting with a letter.
pub fn is_api_key_prefix(text: &str) -> bool {
    (1..=MAX_PREFIX).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Whether a text has the form of an API key, with a correct checksum. Detects typos and false positives of scanners.
pub fn api_key_form_ok(text: &str) -> bool {
    environment_of(text).is_some_and(|body| {
        body.len() == KEY_CHARS + SUM_CHARS
            && body.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text.as_bytes()[text.len() - SUM_CHARS..]
                == checksum(&text.as_bytes()[..text.len() - SUM_CHARS])
    })
}

/// `sk_live_ab…wxyz`: enough to identify a key, not to use it.
pub fn api_key_hint(key: &str) -> String {
    let start = key.len().saturating_sub(KEY_CHARS + SUM_CHARS - 2);
    format!("{}…{}", &key[..start], &key[key.len().saturating_sub(4)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Secret {
        let mut byte = 0u8;
        api_key("sk", Environment::Live, &mut || {
            std::array::from_fn(|_| {
                byte = byte.wrapping_mul(31).wrapping_add(7);
                byte
            })
        })
    }

    #[test]
    fn a_key_has_its_form_and_any_changed_character_breaks_it() {
        let key = sample();
        let text = key.expose();
        assert_eq!(text.len(), "sk_live_".len() + 38);
        assert!(api_key_form_ok(text));
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            assert!(
                !api_key_form_ok(&String::from_utf8_lossy(&bytes)),
                "changed at {at}"
            );
        }
        assert!(!api_key_form_ok(&text.replacen("sk", "pk", 1)));
        assert!(!api_key_form_ok(&text[..text.len() - 1]));
    }

    #[test]
    fn the_checksum_is_crc32_in_base62() {
        // CRC-32 of "123456789" is 0xCBF43926 = 3421780262, the check value of the IEEE polynomial.
        let digits: Vec<usize> = checksum(b"123456789")
            .iter()
            .filter_map(|c| BASE62.iter().position(|b| b == c))
            .collect();
        assert_eq!(
            digits.iter().fold(0, |sum, digit| sum * 62 + digit),
            0xCBF4_3926
        );
    }

    #[test]
    fn a_hint_shows_six_characters_of_the_secret() {
        let key = sample();
        let hint = api_key_hint(key.expose());
        assert!(hint.starts_with("sk_live_"));
        assert_eq!(hint.chars().count(), "sk_live_".len() + 2 + 1 + 4);
    }
}
