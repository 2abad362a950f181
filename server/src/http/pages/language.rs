//! Language of a page: the one the client requests (`ui_locales`), else the one the browser prefers.

use rocket::Request;

use super::texts::{DE, EN, Texts};
use crate::{domain::mail::Language, http::language};

/// The texts that the browser prefers.
pub(super) fn of(request: &Request<'_>) -> &'static Texts {
    texts(language::of(request))
}

/// With `ui_locales`, OpenID Connect Core section 3.1.2.1: the first supported one, else the given texts.
pub(super) fn or(ui_locales: Option<&str>, texts: &'static Texts) -> &'static Texts {
    let mut wanted = ui_locales.unwrap_or_default().split(' ');
    let wanted = wanted.find_map(language::tagged);
    wanted.map_or(texts, self::texts)
}

fn texts(language: Language) -> &'static Texts {
    match language {
        Language::En => &EN,
        Language::De => &DE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_wish_goes_before_the_browsers() {
        assert_eq!(or(Some("fr de-CH en"), &EN).language, Language::De);
        assert_eq!(or(Some("fr"), &EN).language, Language::En);
        assert_eq!(or(None, &EN).language, Language::En);
    }
}
