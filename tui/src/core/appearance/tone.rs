//! Style roles of text; each theme assigns colours to them.

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
