//! Theme names, style roles and glyph sets; the styles themselves are in `view/theme`.

mod glyphs;
mod tone;

pub(crate) use self::{glyphs::Glyphs, tone::Tone};

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    #[default]
    Dark,
    Light,
    /// Colours that can be read on light and on dark, for a terminal that does not say which it is.
    Either,
    HighContrast,
    /// Blue and orange in place of green and red.
    ColourBlind,
    /// No colours at all.
    Plain,
    /// One of a file, by its place among them.
    Own(usize),
}

/// There is no theme of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("theme: {name} is none of {}, nor a file themes/{name}.toml beside the configuration", Theme::NAMES.map(|(name, _)| name).join(", "))]
pub(crate) struct UnknownTheme {
    name: String,
}

impl Theme {
    pub(crate) const NAMES: [(&'static str, Theme); 6] = [
        ("dark", Theme::Dark),
        ("light", Theme::Light),
        ("either", Theme::Either),
        ("high-contrast", Theme::HighContrast),
        ("colour-blind", Theme::ColourBlind),
        ("plain", Theme::Plain),
    ];

    /// A theme by its name.
    ///
    /// # Errors
    /// One line that lists the names there are.
    pub(crate) fn named(name: &str) -> Result<Self, UnknownTheme> {
        let found = Self::NAMES.iter().find(|(have, _)| *have == name);
        found.map(|(_, theme)| *theme).ok_or_else(|| UnknownTheme {
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_theme_is_refused_with_the_names_there_are() {
        assert_eq!(Theme::named("colour-blind"), Ok(Theme::ColourBlind));
        assert!(
            Theme::named("pink")
                .unwrap_err()
                .to_string()
                .contains("high-contrast")
        );
    }
}
