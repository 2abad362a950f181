//! A person's account.

use caseless::Caseless;
use doorward_shared::{ScopeSet, Timestamp, UserId};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark, is_nfc};

use super::text::is_invisible;

/// An email address as it was typed (NFC), and the key by which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// Longest address, in bytes: RFC 5321 section 4.5.3.1.3 less the angle brackets.
    pub const MAX_BYTES: usize = 254;

    /// Takes an address of the form `local@domain`.
    ///
    /// # Errors
    /// A sentence that says what is wrong. Characters that look like others or like nothing (full-width
    /// forms, zero-width, controls) are refused, so that no two accounts look the same.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let shown: String = text.nfc().collect();
        if shown.len() > Self::MAX_BYTES {
            return Err("must be at most 254 bytes");
        }
        if shown.chars().any(|c| c.is_whitespace() || is_invisible(c)) {
            return Err("must not contain spaces or invisible characters");
        }
        if !shown.nfkc().eq(shown.chars()) {
            return Err("must not contain look-alike forms of characters");
        }
        let Some((local, domain)) = shown.rsplit_once('@') else {
            return Err("must be an email address");
        };
        if local.is_empty() || local.len() > 64 || !local_ok(local) || !domain_ok(domain) {
            return Err("must be an email address");
        }
        Ok(Self {
            key: fold(&shown),
            shown,
        })
    }

    /// The key of an address that somebody tries to sign in with, of whatever form.
    pub fn key_of(text: &str) -> String {
        fold(text)
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What two spellings of one address share: NFC, case-folded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// From storage, where both stand.
    pub(crate) fn stored(shown: String, key: String) -> Self {
        Self { shown, key }
    }
}

/// Canonical caseless matching, Unicode section 3.13 (D145): NFC(fold(NFD(text))).
fn fold(text: &str) -> String {
    let folded: String = text.nfd().default_case_fold().nfc().collect();
    if is_nfc(&folded) {
        folded
    } else {
        folded.nfc().collect()
    }
}

/// Letters, digits and the marks that belong to them, of any script; a mark alone sits on what stands before it.
fn written(text: &str, also: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || is_combining_mark(c) || also.contains(c);
    text.chars().all(allowed) && !text.starts_with(is_combining_mark)
}

fn local_ok(local: &str) -> bool {
    written(local, "!#$%&'*+-/=?^_`{|}~.")
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn domain_ok(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && written(label, "-")
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 253 && domain.split('.').all(label)
}

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: String,
    /// The user's own, beside the role's.
    pub permissions: ScopeSet,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
}

/// An account and what it may do now, as the hot path reads it.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    /// The role's permissions and the user's own.
    pub may: ScopeSet,
}

/// What an account starts with. Its password is hashed already.
#[derive(Debug)]
pub struct NewUser {
    pub email: Email,
    /// PHC string. Without one nobody can sign in until one is set.
    pub password: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: String,
    pub permissions: ScopeSet,
}

/// What changes of an account; `None` stays as it is.
#[derive(Debug, Default)]
pub struct UserChange {
    pub email: Option<Email>,
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub role: Option<String>,
    pub permissions: Option<ScopeSet>,
    pub disabled: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.key().to_owned())
    }

    #[test]
    fn spellings_of_one_address_share_a_key() {
        assert_eq!(key("Ada@Example.COM"), key("ada@example.com"));
        assert_eq!(key("jose\u{301}@example.com"), key("JOS\u{c9}@example.com"));
        assert_eq!(key("stra\u{df}e@example.com"), key("STRASSE@example.com"));
        assert!(key("ada@example.com").is_some());
    }

    #[test]
    fn addresses_that_look_like_others_are_refused() {
        for bad in [
            "a\u{200b}da@x.org",
            "\u{ff41}da@x.org",
            "a da@x.org",
            "ada@x.org\0",
            "ada",
            "@x.org",
            "ada@",
            "a@b@c",
            "a@-x",
            "a@x..y",
        ] {
            assert!(key(bad).is_none(), "{bad:?}");
        }
    }
}
