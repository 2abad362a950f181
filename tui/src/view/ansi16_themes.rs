//! The themes in the 16 colours that every terminal has. What these look like is the terminal's business: no text stands on
//! a colour but the terminal's own ground, or is reversed with it.

use ratatui::style::{Color, Modifier, Style};

use crate::core::appearance::{Theme, Tone};

/// The style of each role in a theme.
pub(super) fn style(theme: Theme, tone: Tone) -> Style {
    let colours = match theme {
        Theme::Light => &LIGHT,
        Theme::Either => &EITHER,
        Theme::ColourBlind => &COLOUR_BLIND,
        _ => &DARK,
    };
    let fg = |colour: Option<Color>| Style {
        fg: colour,
        ..Style::new()
    };
    let strong = |style: Style| style.add_modifier(Modifier::BOLD);
    match tone {
        Tone::Base => Style::new(),
        // No grey is there on all of them.
        Tone::Dim | Tone::Border => Style::new().fg(Color::Reset).add_modifier(Modifier::DIM),
        Tone::Title => strong(Style::new()),
        Tone::Accent => strong(fg(colours.key)),
        Tone::Selected => strong(Style::new().add_modifier(Modifier::REVERSED)),
        Tone::Mark | Tone::Warn => fg(Some(colours.warn)),
        Tone::Good => fg(Some(colours.good)),
        Tone::Bad => strong(fg(Some(colours.bad))),
        Tone::Key | Tone::Focus => fg(colours.key),
        Tone::Banner => strong(fg(Some(colours.bad)).add_modifier(Modifier::REVERSED)),
        Tone::Fill => fg(Some(colours.fill)),
        Tone::BadFill => fg(Some(colours.bad)),
    }
}

struct Colours {
    /// None: by weight alone.
    key: Option<Color>,
    warn: Color,
    good: Color,
    bad: Color,
    fill: Color,
}

const DARK: Colours = Colours {
    key: Some(Color::Cyan),
    warn: Color::Yellow,
    good: Color::Green,
    bad: Color::Red,
    fill: Color::Cyan,
};

/// Yellow and cyan are pale on white.
const LIGHT: Colours = Colours {
    key: Some(Color::Blue),
    warn: Color::Magenta,
    good: Color::Green,
    bad: Color::Red,
    fill: Color::Blue,
};

/// Blue is lost on black.
const EITHER: Colours = Colours {
    key: None,
    warn: Color::Magenta,
    good: Color::Green,
    bad: Color::Red,
    fill: Color::Green,
};

const COLOUR_BLIND: Colours = Colours {
    key: Some(Color::Cyan),
    warn: Color::Magenta,
    good: Color::Cyan,
    bad: Color::Yellow,
    fill: Color::Cyan,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// What only terminals of more colours understand: others take the 5 of `38;5;117` for blinking.
    fn needs_more(colour: Option<Color>) -> bool {
        matches!(colour, Some(Color::Indexed(_) | Color::Rgb(..)))
    }

    #[test]
    fn no_theme_sends_more_than_sixteen_colours_or_a_ground() {
        for theme in [Theme::Dark, Theme::Light, Theme::Either, Theme::ColourBlind] {
            for tone in Tone::ALL {
                let style = style(theme, tone);
                assert!(!needs_more(style.fg), "{theme:?} {tone:?}");
                assert_eq!(style.bg, None, "{theme:?} {tone:?}");
            }
        }
    }

    #[test]
    fn what_is_good_bad_and_to_be_seen_to_differ() {
        for theme in [Theme::Dark, Theme::Light, Theme::Either, Theme::ColourBlind] {
            let of = |tone| style(theme, tone);
            let tones = [Tone::Base, Tone::Dim, Tone::Good, Tone::Warn, Tone::Bad];
            for (at, one) in tones.iter().enumerate() {
                for other in &tones[at + 1..] {
                    assert_ne!(of(*one), of(*other), "{theme:?}");
                }
            }
        }
    }
}
