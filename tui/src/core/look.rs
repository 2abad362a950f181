//! Which colours and characters there are; how they look is the view's business.

/// What a piece of text means. Each meaning is also a word or a glyph: colour alone says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Base,
    Dim,
    Title,
    Accent,
    Selected,
    Mark,
    Good,
    Warn,
    Bad,
    Key,
    Border,
    Focus,
    Banner,
    /// The body of a chart or a bar, under its accent.
    Fill,
    /// The same of what is bad.
    BadFill,
}

impl Tone {
    pub(crate) const ALL: [Self; 15] = [
        Self::Base,
        Self::Dim,
        Self::Title,
        Self::Accent,
        Self::Selected,
        Self::Mark,
        Self::Good,
        Self::Warn,
        Self::Bad,
        Self::Key,
        Self::Border,
        Self::Focus,
        Self::Banner,
        Self::Fill,
        Self::BadFill,
    ];

    /// How the files of themes call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Dim => "dim",
            Self::Title => "title",
            Self::Accent => "accent",
            Self::Selected => "selected",
            Self::Mark => "mark",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Key => "key",
            Self::Border => "border",
            Self::Focus => "focus",
            Self::Banner => "banner",
            Self::Fill => "fill",
            Self::BadFill => "bad-fill",
        }
    }
}

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

/// Characters for lines and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glyphs {
    pub ascii: bool,
}

impl Glyphs {
    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }

    pub(crate) fn more(self) -> &'static str {
        self.pick("…", "~")
    }

    pub(crate) fn dot(self) -> &'static str {
        self.pick("·", "-")
    }

    pub(crate) fn times(self) -> &'static str {
        self.pick("×", "x")
    }

    pub(crate) fn mark(self) -> &'static str {
        self.pick("●", "*")
    }

    pub(crate) fn up(self) -> &'static str {
        self.pick("↑", "^")
    }

    pub(crate) fn down(self) -> &'static str {
        self.pick("↓", "v")
    }

    pub(crate) fn on(self) -> &'static str {
        self.pick("◉", "[x]")
    }

    pub(crate) fn off(self) -> &'static str {
        self.pick("○", "[ ]")
    }

    pub(crate) fn done(self) -> &'static str {
        self.pick("✓", "[x]")
    }

    pub(crate) fn refused(self) -> &'static str {
        self.pick("✗", "!")
    }

    pub(crate) fn ended(self) -> &'static str {
        self.pick("■", "#")
    }

    pub(crate) fn entered(self) -> &'static str {
        self.pick("→", ">")
    }

    /// A cell of a bar that is filled from the left: an eighth, two, … all.
    pub(crate) fn part(self, eighths: usize) -> &'static str {
        if self.ascii {
            return if eighths >= 4 { "#" } else { "" };
        }
        ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"][eighths.min(8)]
    }

    pub(crate) fn mask(self) -> &'static str {
        self.pick("•", "*")
    }

    /// Bars of a sparkline, lowest first.
    pub(crate) fn bars(self) -> [&'static str; 8] {
        if self.ascii {
            ["_", ".", ":", "-", "=", "+", "*", "#"]
        } else {
            ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        }
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
