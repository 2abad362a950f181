//! Second factors: those an account has set up, and the method of a sign-in.

use doorward_shared::{PasskeyId, Timestamp};

use super::Digest256;

/// How a user authenticated. Carried from the sign-in to every token, never derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignInMethod {
    #[default]
    Password,
    /// A TOTP code or a recovery code, after the password.
    PasswordAndCode,
    PasswordAndPasskey(PasskeyKind),
    Passkey(PasskeyKind),
}

/// Whether a passkey's private key can leave its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyKind {
    DeviceBound,
    Synced,
}

/// Authentication context classes, weaker first: a password alone, and with a second factor or a passkey.
pub const ACR_VALUES: [&str; 2] = ["urn:doorward:acr:password", "urn:doorward:acr:factor"];

/// Whether a client that requests these classes, in order of preference, wants a second factor: decided by the first
/// known one.
pub fn wants_factor<'a>(mut asked: impl Iterator<Item = &'a str>) -> bool {
    asked.find(|class| ACR_VALUES.contains(class)) == Some(ACR_VALUES[1])
}

impl SignInMethod {
    const ALL: [Self; 6] = [
        Self::Password,
        Self::PasswordAndCode,
        Self::PasswordAndPasskey(PasskeyKind::DeviceBound),
        Self::PasswordAndPasskey(PasskeyKind::Synced),
        Self::Passkey(PasskeyKind::DeviceBound),
        Self::Passkey(PasskeyKind::Synced),
    ];

    /// Authentication method references, RFC 8176 section 2.
    pub fn amr(self) -> &'static [&'static str] {
        use PasskeyKind::{DeviceBound, Synced};
        match self {
            Self::Password => &["pwd"],
            Self::PasswordAndCode => &["pwd", "otp", "mfa"],
            Self::PasswordAndPasskey(DeviceBound) => &["pwd", "hwk", "user", "mfa"],
            Self::PasswordAndPasskey(Synced) => &["pwd", "swk", "user", "mfa"],
            Self::Passkey(DeviceBound) => &["hwk", "user", "mfa"],
            Self::Passkey(Synced) => &["swk", "user", "mfa"],
        }
    }

    /// Whether a second factor was used. A passkey is one: it verifies its user.
    pub fn has_factor(self) -> bool {
        self != Self::Password
    }

    /// Authentication context class, OpenID Connect Core section 2: one of [`ACR_VALUES`].
    pub fn acr(self) -> &'static str {
        ACR_VALUES[usize::from(self.has_factor())]
    }

    /// The stored form: the references, separated by spaces.
    pub fn stored(self) -> String {
        self.amr().join(" ")
    }

    /// Parses the stored form.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.stored() == text)
    }
}

/// A credential's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// ES256: the uncompressed point of P-256, 65 bytes.
    P256(Vec<u8>),
    /// EdDSA: Ed25519, 32 bytes.
    Ed25519(Vec<u8>),
    /// RS256: modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// The stored form: one byte for the kind, then the key.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::P256(point) => [&[1], point.as_slice()].concat(),
            Self::Ed25519(key) => [&[2], key.as_slice()].concat(),
            Self::Rsa { n, e } => [&[3, e.len() as u8], e.as_slice(), n].concat(),
        }
    }

    /// Parses the stored form; `None` for bytes that [`PublicKey::to_bytes`] did not write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, key) = bytes.split_first()?;
        match kind {
            1 => Some(Self::P256(key.to_vec())),
            2 => Some(Self::Ed25519(key.to_vec())),
            3 => {
                let (length, rest) = key.split_first()?;
                let (e, n) = rest.split_at_checked(usize::from(*length))?;
                let (n, e) = (n.to_vec(), e.to_vec());
                Some(Self::Rsa { n, e })
            }
            _ => None,
        }
    }
}

/// A stored passkey.
#[derive(Debug, Clone, PartialEq)]
pub struct Passkey {
    pub id: PasskeyId,
    pub user_id: doorward_shared::UserId,
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
    pub kind: PasskeyKind,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// The second factors of an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Factors {
    pub totp: bool,
    pub passkeys: Vec<Passkey>,
    pub recovery_codes: u32,
}

impl Factors {
    /// Whether a sign-in requires one. Recovery codes only replace one.
    pub fn is_any(&self) -> bool {
        self.totp || !self.passkeys.is_empty()
    }
}

/// A verified factor; it still has to be consumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownFactor {
    /// The time step of a TOTP code.
    Totp {
        step: i64,
    },
    Recovery {
        hash: Digest256,
    },
    Passkey {
        id: PasskeyId,
        sign_count: u32,
    },
}

/// Whether a signature counter may follow another: it grows, or the authenticator has none (Level 2, section 7.2
/// step 21).
pub fn counter_goes_on(stored: u32, shown: u32) -> bool {
    shown > stored || (shown == 0 && stored == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_comes_back_from_storage() {
        for method in SignInMethod::ALL {
            assert_eq!(SignInMethod::from_stored(&method.stored()), Some(method));
            assert_eq!(method.amr().contains(&"mfa"), method.has_factor());
        }
        assert_eq!(SignInMethod::from_stored(""), None);
    }

    #[test]
    fn a_token_claims_a_factor_only_where_one_was_shown() {
        for method in SignInMethod::ALL {
            assert_eq!(method.acr() == ACR_VALUES[1], method.has_factor());
        }
    }

    #[test]
    fn the_first_class_that_is_known_counts() {
        let [password, factor] = ACR_VALUES;
        for (asked, wanted) in [
            (vec![factor], true),
            (vec!["unknown", factor, password], true),
            (vec![password, factor], false),
            (vec!["unknown"], false),
            (vec![], false),
        ] {
            assert_eq!(wants_factor(asked.iter().copied()), wanted, "{asked:?}");
        }
    }

    #[test]
    fn a_counter_grows_or_stays_nought() {
        assert!(counter_goes_on(0, 0));
        assert!(counter_goes_on(0, 1));
        assert!(counter_goes_on(7, 8));
        assert!(!counter_goes_on(7, 7));
        assert!(!counter_goes_on(7, 0));
    }
}
