//! The themes of many colours: on dark, on light, and on either.

use ratatui::style::{Color, Style};

use super::strong;
use crate::core::appearance::Tone;

pub(super) fn dark(tone: Tone) -> Style {
    let fg = |color| Style::new().fg(color);
    match tone {
        Tone::Base => Style::new(),
        Tone::Dim => fg(Color::Indexed(245)),
        Tone::Title => strong(fg(Color::Indexed(255))),
        Tone::Accent => strong(fg(Color::Indexed(117))),
        Tone::Selected => strong(fg(Color::Indexed(255)).bg(Color::Indexed(24))),
        Tone::Mark => fg(Color::Indexed(221)),
        Tone::Good => fg(Color::Indexed(114)),
        Tone::Warn => fg(Color::Indexed(221)),
        Tone::Bad => strong(fg(Color::Indexed(210))),
        Tone::Key => fg(Color::Indexed(117)),
        Tone::Border => fg(Color::Indexed(243)),
        Tone::Focus => fg(Color::Indexed(117)),
        Tone::Banner => strong(fg(Color::Indexed(231)).bg(Color::Indexed(124))),
        Tone::Fill => fg(Color::Indexed(31)),
        Tone::BadFill => fg(Color::Indexed(131)),
    }
}

pub(super) fn light(tone: Tone) -> Style {
    let fg = |color| Style::new().fg(color);
    match tone {
        Tone::Base => Style::new(),
        Tone::Dim => fg(Color::Indexed(241)),
        Tone::Title => strong(fg(Color::Indexed(16))),
        Tone::Accent => strong(fg(Color::Indexed(25))),
        Tone::Selected => strong(fg(Color::Indexed(16)).bg(Color::Indexed(153))),
        Tone::Mark => fg(Color::Indexed(94)),
        Tone::Good => fg(Color::Indexed(22)),
        Tone::Warn => fg(Color::Indexed(94)),
        Tone::Bad => strong(fg(Color::Indexed(124))),
        Tone::Key => fg(Color::Indexed(25)),
        Tone::Border => fg(Color::Indexed(243)),
        Tone::Focus => fg(Color::Indexed(25)),
        Tone::Banner => strong(fg(Color::Indexed(231)).bg(Color::Indexed(124))),
        Tone::Fill => fg(Color::Indexed(67)),
        Tone::BadFill => fg(Color::Indexed(131)),
    }
}

/// Of middling brightness, or on a ground of its own.
pub(super) fn either(tone: Tone) -> Style {
    let fg = |color| Style::new().fg(color);
    match tone {
        Tone::Base => Style::new(),
        Tone::Dim | Tone::Border => fg(Color::Indexed(243)),
        Tone::Title => strong(Style::new()),
        Tone::Accent => strong(fg(Color::Indexed(31))),
        Tone::Selected => strong(fg(Color::Indexed(231)).bg(Color::Indexed(24))),
        Tone::Mark | Tone::Warn => fg(Color::Indexed(130)),
        Tone::Good => fg(Color::Indexed(28)),
        Tone::Bad => strong(fg(Color::Indexed(160))),
        Tone::Key | Tone::Focus => fg(Color::Indexed(31)),
        Tone::Banner => strong(fg(Color::Indexed(231)).bg(Color::Indexed(124))),
        Tone::Fill => fg(Color::Indexed(31)),
        Tone::BadFill => fg(Color::Indexed(160)),
    }
}
