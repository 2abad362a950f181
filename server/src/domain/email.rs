//! Email addresses: validation, canonical form, and redaction.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

use super::{
    idna,
    text::{fold, is_invisible, nfc},
};

/// An email address as typed (NFC), and the key by which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    shown: Box<str>,
    /// `None` if it equals the address, as for most of them.
    key: Option<Box<str>>,
}

impl Email {
    /// Maximum length of an address, in bytes: RFC 5321 section 4.5.3.1.3 less the angle brackets.
    pub const MAX_BYTES: usize = 254;
    const TOO_LONG: &str = "must be at most 254 bytes";
    /// Maximum length of the local part, in bytes: RFC 5321 section 4.5.3.1.1.
    const MAX_LOCAL: usize = 64;
    const LOCAL_TOO_LONG: &str = "must have at most 64 bytes before the @";

    /// Parses an address of the form `local@domain`.
    ///
    /// # Errors
    /// A sentence about the mistake. Lookalike and invisible characters (full-width forms, zero-width, controls) are
    /// rejected, so that no two accounts look the same, and so is a domain without a form in A-labels (IDNA 2008).
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let shown = nfc(text).into_owned();
        if shown.len() > Self::MAX_BYTES {
            return Err(Self::TOO_LONG);
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
        if local.len() > Self::MAX_LOCAL {
            return Err(Self::LOCAL_TOO_LONG);
        }
        if local.is_empty() || !local_ok(local) || domain.is_empty() {
            return Err("must be an email address");
        }
        let Some(ascii) = idna::to_ascii(domain) else {
            return Err("must have a domain that is valid (IDNA 2008)");
        };
        // In A-labels it must also satisfy the ASCII length limit of SMTP.
        if local.len() + 1 + ascii.len() > Self::MAX_BYTES {
            return Err(Self::TOO_LONG);
        }
        let key = key(local, &ascii);
        Ok(Self::stored(shown, key))
    }

    /// Heap size, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.shown.len() + self.key.as_deref().map_or(0, str::len)
    }

    /// The key of an address that a user tries to sign in with, in any form.
    pub fn key_of(text: &str) -> String {
        let split = text.rsplit_once('@');
        let ascii = split.and_then(|(local, domain)| Some((local, idna::to_ascii(domain)?)));
        match ascii {
            Some((local, ascii)) => key(local, &ascii),
            None => fold(text),
        }
    }

    /// The key of an account whose address became equal to another's when domain comparison switched to A-labels: it
    /// keeps the spelling it was created with. `folded` is that spelling, case-folded. No other key contains spaces.
    pub fn key_beside(key: &str, folded: &str) -> String {
        format!(" {key} {folded}")
    }

    /// Keys of accounts that `text` may mean, in order of precedence.
    pub fn keys_of(text: &str) -> [String; 2] {
        let key = Self::key_of(text);
        [Self::key_beside(&key, &fold(text)), key]
    }

    /// Whether an account may be created with it: its local part must use one script, or scripts that are written
    /// together (UTS 39, "highly restrictive"), so that it cannot imitate another.
    ///
    /// # Errors
    /// A sentence about the mistake.
    pub fn check_new(&self) -> Result<(), &'static str> {
        let local = self.shown.rsplit_once('@').map_or("", |(local, _)| local);
        let written: String = local.chars().filter(|&c| is_written(c)).collect();
        if written.check_restriction_level(RestrictionLevel::HighlyRestrictive) {
            Ok(())
        } else {
            Err(
                "must not mix letters of several scripts, or use letters that are no longer written",
            )
        }
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The local part, before the `@`.
    pub fn local(&self) -> &str {
        let split = self.shown.rsplit_once('@');
        split.map_or(&*self.shown, |(local, _)| local)
    }

    /// Its domain in A-labels, as used to deliver mail.
    pub fn domain_ascii(&self) -> String {
        let domain = self.shown.rsplit_once('@').map_or("", |(_, domain)| domain);
        idna::to_ascii(domain).unwrap_or_else(|| domain.to_owned())
    }

    /// The canonical key: local part in NFC and case-folded, domain in A-labels.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.shown)
    }

    /// From storage, where both the address and its key are stored.
    pub(crate) fn stored(shown: String, key: String) -> Self {
        let key = (key != shown).then(|| key.into());
        Self {
            shown: shown.into(),
            key,
        }
    }
}

/// What the audit log keeps of an address without an account: its first letter and its domain. Nothing of invalid
/// input: it may be a password typed into the wrong field.
pub fn abridged(typed: &str) -> Option<String> {
    let email = Email::parse(typed).ok()?;
    let (local, domain) = email.as_str().rsplit_once('@')?;
    let first = local.chars().next()?;
    domain.contains('.').then(|| format!("{first}…@{domain}"))
}

/// The mailbox that a key of an address most likely delivers to: providers deliver `ada+shop@…` to `ada@…`, and some
/// `a.da@…` too. Only for rate limits, where a wrong guess does little harm.
pub fn mailbox_of(key: &str) -> String {
    let Some((local, domain)) = key.rsplit_once('@') else {
        return key.to_owned();
    };
    let base = local.split('+').next().unwrap_or_default();
    let base = if base.is_empty() { local } else { base };
    format!("{}@{domain}", base.replace('.', ""))
}

fn key(local: &str, ascii: &str) -> String {
    format!("{}@{ascii}", fold(local))
}

/// Letters, digits, and their combining marks.
fn is_written(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// A character of any script; a mark alone applies to the character before it.
fn local_ok(local: &str) -> bool {
    let allowed = |c: char| is_written(c) || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    local.chars().all(allowed)
        && !local.starts_with(is_combining_mark)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<String> {
        let parsed = Email::parse(text).ok().map(|email| email.key().to_owned());
        if let Some(key) = &parsed {
            assert_eq!(
                *key,
                Email::key_of(text),
                "signing in finds what signing up made"
            );
        }
        parsed
    }

    #[test]
    fn spellings_of_one_address_share_a_key() {
        for (one, other) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("jose\u{301}@example.com", "JOS\u{c9}@example.com"),
            ("stra\u{df}e@example.com", "STRASSE@example.com"),
            ("kurt@b\u{fc}cher.example", "Kurt@xn--BCHER-kva.example"),
            ("kurt@BU\u{308}CHER.example", "kurt@xn--bcher-kva.example"),
        ] {
            assert!(key(one).is_some(), "{one}");
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        assert_ne!(key("a@stra\u{df}e.example"), key("a@strasse.example"));
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
            "a@\u{2603}.example",
            "a@xn--ls8h.example",
            "a@xn--zzzzzz.example",
        ] {
            assert!(key(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_that_is_too_long_is_told_what_is() {
        let local = |bytes: usize| Email::parse(&format!("{}@x.org", "a".repeat(bytes)));
        assert!(local(Email::MAX_LOCAL).is_ok());
        assert_eq!(local(Email::MAX_LOCAL + 1), Err(Email::LOCAL_TOO_LONG));
        assert_eq!(local(Email::MAX_BYTES), Err(Email::TOO_LONG));
        assert!(Email::TOO_LONG.contains(&Email::MAX_BYTES.to_string()));
        assert!(Email::LOCAL_TOO_LONG.contains(&Email::MAX_LOCAL.to_string()));
    }

    #[test]
    fn a_new_address_does_not_mix_scripts() {
        let new = |text: &str| Email::parse(text).unwrap().check_new();
        for good in [
            "ada.lovelace+news_1@example.com",
            "j\u{fc}rgen+x=y@example.com",
            "\u{430}\u{434}\u{430}7@example.com",
            "\u{5c71}\u{7530}\u{305f}\u{308d}\u{3046}@example.com",
            "taro\u{5c71}\u{7530}@example.com",
            "ada@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.example",
            "1234@example.com",
        ] {
            assert_eq!(new(good), Ok(()), "{good}");
        }
        for bad in [
            "\u{430}dmin@example.com",
            "adm\u{456}n@example.com",
            "\u{3bf}scar@example.com",
            "a\u{5d0}@example.com",
            "\u{5c71}\u{430}@example.com",
            "p\u{430}.ypal+x@example.com",
        ] {
            assert!(new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_log_keeps_a_letter_and_the_domain() {
        let kept = |text: &str| abridged(text);
        assert_eq!(kept("ada@example.com").as_deref(), Some("a…@example.com"));
        assert_eq!(kept("a@example.com").as_deref(), Some("a…@example.com"));
        assert_eq!(
            kept("\u{e9}va@b\u{fc}cher.example").as_deref(),
            Some("\u{e9}…@b\u{fc}cher.example")
        );
        for nothing in [
            "correct horse battery",
            "p@ssw0rd",
            "@",
            "x@",
            "a\n@example.com",
            "hunter2",
            "",
        ] {
            assert_eq!(kept(nothing), None, "{nothing}");
        }
    }
}
