//! In which language a page is: what the client asks for (`ui_locales`), else what the browser prefers.

use rocket::Request;

use super::texts::{ALL, EN, Texts};

/// The texts that the browser prefers.
pub fn of(request: &Request<'_>) -> &'static Texts {
    let accepted = request.headers().get_one("accept-language");
    accepted.map_or(&EN, preferred)
}

/// With `ui_locales`, OpenID Connect Core section 3.1.2.1: the first of them there are texts in, else those there are.
pub fn or(ui_locales: Option<&str>, texts: &'static Texts) -> &'static Texts {
    let mut wanted = ui_locales.unwrap_or_default().split(' ');
    wanted.find_map(texts_in).unwrap_or(texts)
}

/// The texts of a language tag: its first part counts.
fn texts_in(tag: &str) -> Option<&'static Texts> {
    let language = tag.trim().split(['-', '_']).next()?;
    ALL.into_iter()
        .find(|texts| texts.language.eq_ignore_ascii_case(language))
}

/// RFC 9110 section 12.5.4; of equal weights the first.
fn preferred(accept_language: &str) -> &'static Texts {
    let mut best: Option<(f32, &'static Texts)> = None;
    for part in accept_language.split(',') {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let weight: f32 = weight.trim().parse().unwrap_or(0.);
        if let Some(texts) = texts_in(tag)
            && weight > best.map_or(0., |(best, _)| best)
        {
            best = Some((weight, texts));
        }
    }
    best.map_or(&EN, |(_, texts)| texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_wish_goes_before_the_browsers() {
        assert_eq!(or(Some("fr de-CH en"), &EN).language, "de");
        assert_eq!(or(Some("fr"), &EN).language, "en");
        assert_eq!(or(None, &EN).language, "en");
    }

    #[test]
    fn a_browsers_weights_count() {
        assert_eq!(preferred("fr, de;q=0.5, en;q=0.8").language, "en");
        assert_eq!(preferred("de-AT,de;q=0.9,en;q=0.1").language, "de");
        assert_eq!(preferred("").language, "en");
        assert_eq!(preferred("de;q=0").language, "en");
    }
}
