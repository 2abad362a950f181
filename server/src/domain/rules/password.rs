//! Rules for new passwords.

use std::sync::LazyLock;

use crate::domain::text::nfc;

/// Minimum number of characters in a password, NIST SP 800-63B section 3.1.1.2.
const MIN_CHARS: usize = 8;
/// Maximum size of a password, in bytes.
const MAX_BYTES: usize = 1024;

/// Sorted, lower case.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect()
});

/// Validates a new password.
///
/// # Errors
/// A sentence about the mistake: too short, too long, common, or the account's own address. Checks the text that is
/// hashed: the composed form (NFC).
pub fn check_password(password: &str, email: &str) -> Result<(), &'static str> {
    let password = nfc(password);
    if password.chars().count() < MIN_CHARS {
        return Err("must have at least 8 characters");
    }
    if password.len() > MAX_BYTES {
        return Err("must have at most 1024 bytes");
    }
    let folded = password.to_lowercase();
    if COMMON.binary_search(&folded.as_str()).is_ok() {
        return Err("is one of the most common passwords");
    }
    if folded == email.to_lowercase() {
        return Err("must not be the email address");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    proptest! {
        #[test]
        fn a_password_is_judged_alike_however_its_letters_were_typed(
            password in "[a-zäöüéñ]{0,12}", email in "[aä]{1,3}@example\\.com"
        ) {
            let decomposed: String = password.nfd().collect();
            prop_assert_eq!(check_password(&decomposed, &email), check_password(&password, &email));
        }

        #[test]
        fn a_password_that_is_taken_is_neither_short_nor_long_nor_the_address(
            password in "(?s).{0,400}", email in "[a-z]{4,8}@example\\.com"
        ) {
            let characters = nfc(&password).chars().count();
            if check_password(&password, &email).is_ok() {
                prop_assert!(characters >= 8 && nfc(&password).len() <= 1024);
                prop_assert!(password.to_lowercase() != email);
            }
            prop_assert!(check_password(&email.to_uppercase(), &email).is_err());
        }
    }

    #[test]
    fn what_is_judged_is_the_composed_form() {
        let email = "ada@example.com";
        let decomposed = "u\u{308}".repeat(7);
        assert!(check_password(&decomposed, email).is_err(), "7 letters");
        assert!(
            check_password(&"u\u{308}".repeat(400), email).is_ok(),
            "800 bytes"
        );
    }

    #[test]
    fn weak_passwords_are_refused_and_none_is_trimmed() {
        let email = "ada.lovelace@example.com";
        for bad in [
            "short",
            "1234567",
            "password1",
            "PASSWORD1",
            "Ada.Lovelace@example.com",
        ] {
            assert!(check_password(bad, email).is_err(), "{bad}");
        }
        assert!(check_password(&"x".repeat(1025), email).is_err());
        assert!(check_password(&"x".repeat(1024), email).is_ok());
        assert!(check_password("  spaces are kept  ", email).is_ok());
        assert!(
            check_password("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", email).is_err(),
            "7 characters, 14 bytes"
        );
    }
}
