//! Negotiates the response language from `Accept-Language`.

use rocket::Request;

use crate::domain::mail::Language;

/// The language for a request: RFC 9110 section 12.5.4.
pub(super) fn of(request: &Request<'_>) -> Language {
    let accepted = request.headers().get_one("accept-language");
    accepted.map_or_else(Language::default, preferred)
}

/// The language of a tag: only its primary subtag matters.
pub(super) fn tagged(tag: &str) -> Option<Language> {
    let code = tag.trim().split(['-', '_']).next()?;
    [Language::En, Language::De]
        .into_iter()
        .find(|language| language.code().eq_ignore_ascii_case(code))
}

/// The first of equal weights.
pub(super) fn preferred(accept_language: &str) -> Language {
    let mut best: Option<(f32, Language)> = None;
    for part in accept_language.split(',') {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let weight: f32 = weight.trim().parse().unwrap_or(0.);
        if let Some(language) = tagged(tag)
            && weight > best.map_or(0., |(best, _)| best)
        {
            best = Some((weight, language));
        }
    }
    best.map_or_else(Language::default, |(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_weights_count() {
        assert_eq!(preferred("fr, de;q=0.5, en;q=0.8"), Language::En);
        assert_eq!(preferred("de-AT,de;q=0.9,en;q=0.1"), Language::De);
        assert_eq!(preferred(""), Language::En);
        assert_eq!(preferred("de;q=0"), Language::En);
    }
}
