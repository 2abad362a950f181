//! Parsers of hash formats: PHC strings, the modular formats of `crypt(3)`, and those of passlib and Django.

use argon2::{Algorithm, Params, PasswordHash, Version, password_hash::Salt};
use base64::{
    Engine,
    alphabet::{BCRYPT, STANDARD},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::stored::{Digest, ImportError, Kind, StoredHash};

/// Minimum length of a salt in bytes; Argon2 allows none shorter.
const MIN_SALT: usize = 8;
/// The alphabet of `crypt(3)`, least significant first.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, LENIENT);

type Read = fn(&str) -> Option<StoredHash>;

/// Prefixes of hash formats and their parsers. Argon2 is parsed as a whole.
const KINDS: &[(&str, Read)] = &[
    ("$2a$", bcrypt),
    ("$2b$", bcrypt),
    ("$2y$", bcrypt),
    ("$scrypt$", scrypt),
    ("$7$", scrypt_crypt),
    ("$s0$", scrypt_hex),
    ("$pbkdf2$", |rest| pbkdf2(Digest::Sha1, rest)),
    ("$pbkdf2-sha1$", |rest| pbkdf2(Digest::Sha1, rest)),
    ("$pbkdf2-sha256$", |rest| pbkdf2(Digest::Sha256, rest)),
    ("$pbkdf2-sha384$", |rest| pbkdf2(Digest::Sha384, rest)),
    ("$pbkdf2-sha512$", |rest| pbkdf2(Digest::Sha512, rest)),
    ("pbkdf2_sha1$", |rest| django(Digest::Sha1, rest)),
    ("pbkdf2_sha256$", |rest| django(Digest::Sha256, rest)),
];
const ARGON2: [&str; 3] = ["$argon2id$", "$argon2i$", "$argon2d$"];

/// Whether a text starts like a supported hash.
pub(super) fn is_known(text: &str) -> bool {
    let mut starts = ARGON2.iter().chain(KINDS.iter().map(|(start, _)| start));
    starts.any(|start| text.starts_with(start))
}

/// Parses a hash.
///
/// # Errors
/// [`ImportError::OtherKind`], [`ImportError::Malformed`].
pub(super) fn hash(text: &str) -> Result<StoredHash, ImportError> {
    if ARGON2.iter().any(|start| text.starts_with(start)) {
        return argon2(text).ok_or(ImportError::Malformed);
    }
    let known = KINDS
        .iter()
        .find_map(|(start, read)| Some((text.strip_prefix(start)?, read)));
    let (rest, read) = known.ok_or(ImportError::OtherKind)?;
    read(rest).ok_or(ImportError::Malformed)
}

fn stored(kind: Kind, salt: Vec<u8>, expected: Vec<u8>) -> StoredHash {
    StoredHash {
        kind,
        salt,
        expected,
        imported: false,
    }
}

fn argon2(text: &str) -> Option<StoredHash> {
    let hash = PasswordHash::new(text).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm).ok()?;
    let version = match hash.version {
        // Argon2 1.0 wrote no version.
        None => Version::V0x10,
        Some(version) => Version::try_from(version).ok()?,
    };
    let mut salt = [0; Salt::MAX_LENGTH];
    let salt = hash.salt?.decode_b64(&mut salt).ok()?.to_vec();
    let expected = hash.hash?.as_bytes().to_vec();
    (salt.len() >= MIN_SALT)
        .then(|| stored(Kind::Argon2(algorithm, version, params), salt, expected))
}

/// `12$` and 22 characters of salt, 31 of hash.
fn bcrypt(rest: &str) -> Option<StoredHash> {
    let (cost, rest) = rest.split_once('$')?;
    if cost.len() != 2 || rest.len() != 53 {
        return None;
    }
    let cost = number(cost)?;
    let (salt, hash) = rest.split_at_checked(22)?;
    let salt = BCRYPT_BASE64.decode(salt).ok()?;
    let hash = BCRYPT_BASE64.decode(hash).ok()?;
    (4..=31)
        .contains(&cost)
        .then(|| stored(Kind::Bcrypt(cost), salt, hash))
}

/// `ln=16,r=8,p=1$salt$hash`.
fn scrypt(rest: &str) -> Option<StoredHash> {
    let [params, salt, hash] = parts(rest)?;
    let [log_n, r, p] = named(params, ["ln", "r", "p"])?;
    let (salt, hash) = (base64(salt)?, base64(hash)?);
    scrypt_of(log_n, r, p, salt, hash)
}

/// `C6..../....salt$hash` of `crypt(3)`: the digits of log N, r and p, the salt as plain text, and 43 digits.
fn scrypt_crypt(rest: &str) -> Option<StoredHash> {
    let (head, hash) = rest.split_once('$')?;
    let (params, salt) = head.split_at_checked(11)?;
    let log_n = digits(params.get(..1)?)?;
    let (r, p) = (digits(params.get(1..6)?)?, digits(params.get(6..)?)?);
    if hash.len() != 43 {
        return None;
    }
    let mut bytes = Vec::with_capacity(33);
    for group in hash.as_bytes().chunks(4) {
        let value = digits(std::str::from_utf8(group).ok()?)?;
        bytes.extend_from_slice(&value.to_le_bytes()[..group.len() * 6 / 8]);
    }
    scrypt_of(log_n, r, p, salt.as_bytes().to_vec(), bytes)
}

/// `e0801$salt$hash` of libscrypt and similar: log N, r and p in hexadecimal, one byte each for the last two.
fn scrypt_hex(rest: &str) -> Option<StoredHash> {
    let [params, salt, hash] = parts(rest)?;
    let params = u32::from_str_radix(params, 16).ok()?;
    let (log_n, r, p) = (params >> 16, params >> 8 & 0xff, params & 0xff);
    scrypt_of(log_n, r, p, base64(salt)?, base64(hash)?)
}

fn scrypt_of(log_n: u32, r: u32, p: u32, salt: Vec<u8>, hash: Vec<u8>) -> Option<StoredHash> {
    let log_n = u8::try_from(log_n).ok()?;
    let sound = (1..=63).contains(&log_n) && r > 0 && p > 0;
    // RFC 7914 section 2: N is below 2^(128 * r / 8), and r * p below 2^30.
    let sound = sound && u32::from(log_n) < r.saturating_mul(16) && r.checked_mul(p)? < 1 << 30;
    (sound && !salt.is_empty()).then(|| stored(Kind::Scrypt { log_n, r, p }, salt, hash))
}

/// `i=600000,l=32$salt$hash`, or passlib's `600000$salt$hash`.
fn pbkdf2(digest: Digest, rest: &str) -> Option<StoredHash> {
    let [params, salt, hash] = parts(rest)?;
    let hash = base64(hash)?;
    let iterations = match named(params, ["i", "l"]) {
        Some([iterations, bytes]) if bytes as usize == hash.len() => iterations,
        Some(_) => return None,
        None => match named(params, ["i"]) {
            Some([iterations]) => iterations,
            None => number(params)?,
        },
    };
    pbkdf2_of(digest, iterations, base64(salt)?, hash)
}

/// `600000$salt$hash`, the salt as plain text.
fn django(digest: Digest, rest: &str) -> Option<StoredHash> {
    let [iterations, salt, hash] = parts(rest)?;
    pbkdf2_of(
        digest,
        number(iterations)?,
        salt.as_bytes().to_vec(),
        base64(hash)?,
    )
}

fn pbkdf2_of(
    digest: Digest,
    iterations: u32,
    salt: Vec<u8>,
    mut hash: Vec<u8>,
) -> Option<StoredHash> {
    hash.truncate(digest.bytes());
    let iterations = iterations.try_into().ok()?;
    (!salt.is_empty()).then(|| stored(Kind::Pbkdf2(digest, iterations), salt, hash))
}

fn parts<const N: usize>(text: &str) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.split('$').collect();
    parts.try_into().ok()
}

/// The values of `a=1,b=2`, in this order.
fn named<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut given = text.split(',');
    let mut values = [0; N];
    for (name, value) in names.iter().zip(&mut values) {
        *value = number(given.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    given.next().is_none().then_some(values)
}

/// Digits only: no sign, no space.
fn number(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The standard alphabet, or passlib's with a dot instead of the plus; with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let decoded = BASE64.decode(text.replace('.', "+")).ok()?;
    (!decoded.is_empty()).then_some(decoded)
}

fn digits(text: &str) -> Option<u32> {
    let mut value: u32 = 0;
    for (at, byte) in text.bytes().enumerate() {
        let digit = CRYPT.iter().position(|known| *known == byte)?;
        value |= u32::try_from(digit).ok()?.checked_shl(6 * at as u32)?;
    }
    Some(value)
}
