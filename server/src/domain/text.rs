//! Rules for names and other text that users choose.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Maximum length of a user's, key's or client's name, in characters.
pub const MAX_NAME_CHARS: usize = 200;

/// Invisible characters, and those that change how others are rendered: controls, bidi marks, zero-width and tags.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Case-folded form, equal for spellings that differ only in case or composition: canonical caseless matching, Unicode
/// section 3.13 (D145), NFC(fold(NFD(text))).
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded: String = text.nfd().default_case_fold().nfc().collect();
    nfc(&folded).into_owned()
}

/// The composed form (NFC), without a copy if `text` is already composed.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// A name as stored: NFC, without surrounding white space. Empty text becomes `None`.
///
/// # Errors
/// A sentence about the mistake, for control and bidi characters, and beyond 200 characters. Joiners (as in emoji) and
/// variation selectors are part of writing, and allowed.
pub fn name(text: &str) -> Result<String, &'static str> {
    let name: String = text.trim().nfc().collect();
    let joins = |c| matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0020}'..='\u{E007F}' | '\u{00AD}');
    if name.chars().any(|c| is_invisible(c) && !joins(c)) {
        return Err("must not contain control or invisible characters");
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err("must be at most 200 characters");
    }
    Ok(name)
}

/// As [`name`], but required.
///
/// # Errors
/// As [`name`].
pub fn required_name(text: &str) -> Result<String, &'static str> {
    let name = name(text)?;
    if name.is_empty() {
        Err("must not be empty")
    } else {
        Ok(name)
    }
}
