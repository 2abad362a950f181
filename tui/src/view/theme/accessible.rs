//! The themes that tell meanings apart with fewer colours, or with none.

use ratatui::style::{Color, Style};

use super::{coloured::dark, strong};
use crate::core::appearance::Tone;

/// Only the strongest colours, on black.
pub(super) fn high_contrast(tone: Tone) -> Style {
    let on_black = |color| Style::new().fg(color).bg(Color::Black);
    match tone {
        Tone::Base | Tone::Dim | Tone::Border => on_black(Color::White),
        Tone::Title | Tone::Accent => strong(on_black(Color::LightYellow)),
        Tone::Selected => strong(Style::new().fg(Color::Black).bg(Color::LightYellow)),
        Tone::Mark | Tone::Key | Tone::Focus => strong(on_black(Color::LightCyan)),
        Tone::Good => strong(on_black(Color::LightGreen)),
        Tone::Warn => strong(on_black(Color::LightYellow)),
        Tone::Bad => strong(on_black(Color::LightRed)),
        Tone::Banner => strong(Style::new().fg(Color::Black).bg(Color::White)),
        Tone::Fill => on_black(Color::White),
        Tone::BadFill => on_black(Color::LightRed),
    }
}

/// The dark theme with the pair that all kinds of colour vision tell apart.
pub(super) fn colour_blind(tone: Tone) -> Style {
    let fg = |color| Style::new().fg(color);
    match tone {
        Tone::Good => fg(Color::Indexed(75)),
        Tone::Warn | Tone::Mark => fg(Color::Indexed(222)),
        Tone::Bad => strong(fg(Color::Indexed(208))),
        Tone::Banner => strong(fg(Color::Indexed(16)).bg(Color::Indexed(214))),
        Tone::BadFill => fg(Color::Indexed(166)),
        tone => dark(tone),
    }
}

/// Weight alone. Nothing reversed: under `NO_COLOR` the terminal library's resets would erase it.
pub(super) fn plain(tone: Tone) -> Style {
    match tone {
        Tone::Title | Tone::Accent | Tone::Selected | Tone::Bad | Tone::Banner => {
            strong(Style::new())
        }
        _ => Style::new(),
    }
}
