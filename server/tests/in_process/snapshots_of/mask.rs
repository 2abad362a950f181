//! Ids, tokens and digests are of one run alone: a snapshot has `[…]` in their place.

/// A page with one tag on a line, what is random masked.
pub(super) fn page(html: &str) -> String {
    let html = html.replace("><", ">\n<");
    let html = without_values(&html, " d=\"", 500);
    let html = without_values(&html, "integrity=\"", 0);
    hints_masked(&text(&html))
}

/// Masks each word that nobody wrote: long, and with digits or capitals all over.
pub(super) fn text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain([' ']) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-') {
            word.push(letter);
            continue;
        }
        masked.push_str(&word_masked(&word));
        word.clear();
        masked.push(letter);
    }
    masked.pop();
    masked
}

/// What ids and secrets begin with: it stays.
const KINDS: [&str; 12] = [
    "user_", "ses_", "key_", "client_", "evt_", "sk_live_", "sk_test_", "link_", "mfa_", "rt_",
    "reg_", "cs_",
];

fn word_masked(word: &str) -> String {
    let kind = KINDS.iter().find(|kind| word.starts_with(**kind));
    let kind = kind.copied().unwrap_or_default();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    let is_long = word.len() >= 20;
    let is_ours = !kind.is_empty() && digits + capitals > 0;
    let is_random = is_long && (is_ours || digits >= 3 || capitals >= 3);
    // `sk_live_` and what a hint shows of the rest.
    let is_hint = kind.starts_with("sk_") && word.len() == kind.len() + 2;
    if is_random || is_hint {
        format!("{kind}[…]")
    } else {
        word.to_owned()
    }
}

/// Empties values of an attribute that are longer than this: a QR code holds a secret, and a digest changes with its script.
fn without_values(html: &str, attribute: &str, longest: usize) -> String {
    let mut parts = html.split(attribute);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (value, rest) = part.split_once('"').unwrap_or((part, ""));
        let kept = if value.len() > longest {
            "[…]"
        } else {
            value
        };
        text.push_str(&format!("{attribute}{kept}\"{rest}"));
    }
    text
}

/// The last four of a key, which a page shows after `…`.
fn hints_masked(text: &str) -> String {
    let mut parts = text.split("_[…]…");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str("_[…]…[…]");
        masked.extend(part.chars().skip(4));
    }
    masked
}

#[test]
fn words_that_somebody_wrote_stay() {
    let written = "Kontowiederherstellungsseite mfa_enrolment_required oauth-authorization-server";
    assert_eq!(text(written), written);
    let id = "user_01m87qefyxq8n9zb7ne13t58sh, sk_live_01m87qefyxq8n9zb7ne1.";
    assert_eq!(text(id), "user_[…], sk_live_[…].");
}
