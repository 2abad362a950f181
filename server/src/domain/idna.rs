//! Conversion of email domains to A-labels, by IDNA 2008.

use std::{borrow::Cow, ops::RangeInclusive};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::char::is_combining_mark;

/// Maximum length of text that is converted: the time grows faster than linearly.
const MAX_BYTES: usize = 1024;

/// The domain with its labels as A-labels, in lower case: `xn--bcher-kva.example` for `bücher.example`. `None` where
/// it has no such form: labels that are too long or empty, broken A-labels, and characters that RFC 5892 does not allow
/// in labels, such as symbols and emoji.
pub fn to_ascii(domain: &str) -> Option<String> {
    if domain.len() > MAX_BYTES {
        return None;
    }
    let uts46 = Uts46::new();
    let (deny, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let ascii = uts46
        .to_ascii(domain.as_bytes(), deny, hyphens, DnsLength::Verify)
        .ok()?;
    if ascii.split('.').any(is_a_label) {
        let (unicode, valid) = uts46.to_unicode(ascii.as_bytes(), deny, hyphens);
        valid.ok()?;
        if !unicode.split('.').all(is_allowed) {
            return None;
        }
    }
    Some(Cow::into_owned(ascii))
}

fn is_a_label(label: &str) -> bool {
    label.starts_with("xn--")
}

/// RFC 5892 where UTS 46 is more permissive: letters, digits and marks, and the few context-dependent characters where
/// its appendix A allows them. UTS 46 already checks the joiners of those rules.
fn is_allowed(label: &str) -> bool {
    if label.is_ascii() {
        return !is_a_label(label);
    }
    let chars: Vec<char> = label.chars().collect();
    // RFC 5891 section 4.2.3.1.
    chars.get(2..4) != Some(&['-', '-'])
        && (0..chars.len()).all(|at| allowed_at(&chars, at))
        && !(holds(&chars, ARABIC_INDIC) && holds(&chars, EXTENDED_ARABIC_INDIC))
}

const ARABIC_INDIC: RangeInclusive<char> = '\u{660}'..='\u{669}';
const EXTENDED_ARABIC_INDIC: RangeInclusive<char> = '\u{6F0}'..='\u{6F9}';

fn holds(chars: &[char], range: RangeInclusive<char>) -> bool {
    chars.iter().any(|c| range.contains(c))
}

fn allowed_at(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| chars[at]);
    let after = chars.get(at + 1).copied();
    let within =
        |c: Option<char>, range: RangeInclusive<char>| c.is_some_and(|c| range.contains(&c));
    match chars[at] {
        // Catalan's middle dot, between two of l only.
        '\u{B7}' => before == Some('l') && after == Some('l'),
        // Greek lower numeral sign, before a Greek letter.
        '\u{375}' => within(after, '\u{370}'..='\u{3FF}') || within(after, '\u{1F00}'..='\u{1FFF}'),
        // Hebrew geresh and gershayim, after a Hebrew letter.
        '\u{5F3}' | '\u{5F4}' => within(before, '\u{5D0}'..='\u{5EA}'),
        // Katakana middle dot, in a Japanese label.
        '\u{30FB}' => chars.iter().any(|&c| is_japanese(c)),
        '\u{200C}' | '\u{200D}' | '-' => true,
        c => c.is_alphanumeric() || is_combining_mark(c),
    }
}

fn is_japanese(c: char) -> bool {
    c != '\u{30FB}'
        && matches!(c, '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::to_ascii;

    #[test]
    fn one_domain_has_one_form() {
        for (domain, ascii) in [
            ("Example.COM", "example.com"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("B\u{dc}CHER.Example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            // IDNA 2008 keeps characters that IDNA 2003 mapped to others.
            ("stra\u{df}e.example", "xn--strae-oqa.example"),
            (
                "\u{3b2}\u{3cc}\u{3bb}\u{3bf}\u{3c2}.example",
                "xn--nxasmm1c.example",
            ),
            ("col\u{b7}lega.example", "xn--collega-xma.example"),
            (
                "\u{4f8b}\u{3048}\u{3002}\u{30c6}\u{30b9}\u{30c8}",
                "xn--r8jz45g.xn--zckzah",
            ),
            ("ab--cd.example", "ab--cd.example"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(to_ascii(domain).as_deref(), Some(ascii), "{domain}");
        }
    }

    #[test]
    fn what_has_no_such_form_is_none() {
        for domain in [
            "",
            "a..b",
            "a.example.",
            "-a.example",
            "a-.example",
            "a_b.example",
            "a b.example",
            "xn--a.example",
            "xn--.example",
            "xn--example",
            "\u{1f4a9}.example",
            "xn--ls8h.example",
            "\u{2603}.example",
            "a\u{b7}b.example",
            "\u{301}a.example",
            "b\u{fc}--x.example",
            "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}",
            &"\u{fc}".repeat(100_000),
            &format!("{}.example", "a".repeat(64)),
        ] {
            assert_eq!(to_ascii(domain), None, "{domain:.60}");
        }
    }
}
