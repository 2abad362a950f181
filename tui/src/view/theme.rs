//! Colours by meaning, and the characters lines are drawn with.

mod accessible;
mod coloured;

use ratatui::{
    style::{Modifier, Style},
    symbols::border,
};

use self::accessible::{colour_blind, high_contrast, plain};
use self::coloured::{dark, either, light};
use super::ansi16_themes;
pub(crate) use crate::core::appearance::Tone;
use crate::core::{
    State,
    appearance::{Glyphs, Theme},
    own_theme::ColourDepth,
};

/// The style of each role in the active theme.
pub(crate) fn of(state: &State, tone: Tone) -> Style {
    let Theme::Own(at) = state.theme else {
        return built_in(state, state.theme, tone);
    };
    let own = state
        .own_themes
        .get(at)
        .and_then(|(_, theme)| theme.as_ref().ok());
    let own = own.and_then(|theme| theme.style(state.is_light, tone));
    let like = if state.is_light {
        Theme::Light
    } else {
        Theme::Dark
    };
    own.unwrap_or_else(|| built_in(state, like, tone))
}

/// A theme of the console's own, as the terminal can show it.
fn built_in(state: &State, theme: Theme, tone: Tone) -> Style {
    match (state.depth, theme) {
        (ColourDepth::Sixteen, Theme::Dark | Theme::Light | Theme::Either | Theme::ColourBlind) => {
            ansi16_themes::style(theme, tone)
        }
        _ => style(theme, tone),
    }
}

/// The style of each role in a theme.
fn style(theme: Theme, tone: Tone) -> Style {
    match theme {
        // A theme of a file says so itself.
        Theme::Dark | Theme::Own(_) => dark(tone),
        Theme::Light => light(tone),
        Theme::Either => either(tone),
        Theme::HighContrast => high_contrast(tone),
        Theme::ColourBlind => colour_blind(tone),
        Theme::Plain => plain(tone),
    }
}

fn strong(style: Style) -> Style {
    style.add_modifier(Modifier::BOLD)
}

/// The border of boxes.
pub(super) fn border(glyphs: Glyphs) -> border::Set<'static> {
    if glyphs.ascii {
        border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        }
    } else {
        border::ROUNDED
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    #[test]
    fn the_plain_theme_has_no_colour() {
        for tone in [
            Tone::Base,
            Tone::Selected,
            Tone::Bad,
            Tone::Banner,
            Tone::Good,
        ] {
            let style = style(Theme::Plain, tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
    }

    #[test]
    fn a_theme_of_a_file_goes_by_the_background_and_fills_its_gaps() {
        use crate::core::own_theme::OwnTheme;
        let text = "[dark]\naccent = \"#010203\"\n[light]\naccent = \"#030201\"\n";
        let own = OwnTheme::read("own.toml", text, ColourDepth::True).unwrap();
        let mut state = State::new((80, 24).into(), Default::default(), Default::default());
        state.own_themes = vec![("bad".into(), Err("x".into())), ("own".into(), Ok(own))];
        state.theme = Theme::Own(1);
        assert_eq!(of(&state, Tone::Accent).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(of(&state, Tone::Bad), dark(Tone::Bad));
        state.is_light = true;
        assert_eq!(of(&state, Tone::Accent).fg, Some(Color::Rgb(3, 2, 1)));
        assert_eq!(of(&state, Tone::Bad), light(Tone::Bad));
    }

    #[test]
    fn a_terminal_of_sixteen_colours_is_sent_no_others() {
        let mut state = State::new((80, 24).into(), Default::default(), Default::default());
        state.theme = Theme::Dark;
        assert_eq!(of(&state, Tone::Key).fg, Some(Color::Indexed(117)));
        state.depth = ColourDepth::Sixteen;
        assert_eq!(of(&state, Tone::Key).fg, Some(Color::Cyan));
        state.theme = Theme::Plain;
        assert_eq!(of(&state, Tone::Key).fg, None);
    }

    /// Relative luminance of WCAG 2 of a colour of the 256.
    fn luminance(colour: Color) -> f64 {
        let level = |step: u8| {
            if step == 0 {
                0
            } else {
                55 + 40 * u32::from(step)
            }
        };
        let (red, green, blue) = match colour {
            Color::Indexed(n @ 16..=231) => (
                level((n - 16) / 36),
                level((n - 16) / 6 % 6),
                level((n - 16) % 6),
            ),
            Color::Indexed(n @ 232..) => {
                let grey = 8 + 10 * (u32::from(n) - 232);
                (grey, grey, grey)
            }
            other => panic!("{other:?} looks different on every terminal"),
        };
        let linear = |value: u32| {
            let value = f64::from(value) / 255.;
            if value <= 0.039_28 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn everything_can_be_read_on_the_backgrounds_it_is_for() {
        let tones = Tone::ALL;
        let (black, white) = (0., 1.);
        for (theme, grounds) in [
            (Theme::Dark, &[black][..]),
            (Theme::ColourBlind, &[black]),
            (Theme::Light, &[white]),
            (Theme::Either, &[black, white]),
        ] {
            for tone in tones {
                let style = style(theme, tone);
                let Some(fg) = style.fg else {
                    assert_eq!(
                        style.bg, None,
                        "{theme:?} {tone:?}: a ground under a colour nobody knows"
                    );
                    continue;
                };
                for ground in grounds {
                    let ground = style.bg.map_or(*ground, luminance);
                    let (one, two) = (luminance(fg) + 0.05, ground + 0.05);
                    let contrast = (one / two).max(two / one);
                    assert!(contrast >= 3., "{theme:?} {tone:?}: {contrast:.1} to 1");
                }
            }
        }
    }
}
