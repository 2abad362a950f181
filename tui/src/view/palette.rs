//! The palette.

use ratatui::layout::Rect;

use super::fields;
use crate::{
    core::palette::Palette,
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::Paint,
        },
    },
};

pub fn draw(paint: &mut Paint<'_>, area: Rect, palette: &Palette) -> Option<(u16, u16)> {
    let inner = dialog(
        paint,
        middle(area, area.width.min(70), area.height.min(16)),
        "Go to, or do",
    );
    let used = paint.text(inner, inner.x, inner.y, ": ", Tone::Key);
    let field = Rect {
        x: inner.x + used,
        width: inner.width.saturating_sub(used),
        height: inner.height.min(1),
        ..inner
    };
    let cursor = fields::line(paint, field, &palette.line, false);
    let matches = palette.matches();
    let height = usize::from(inner.height.saturating_sub(2));
    if matches.is_empty() {
        paint.text(
            inner,
            inner.x + 2,
            inner.y + 1,
            "Nothing is called that.",
            Tone::Dim,
        );
    }
    let skip = (palette.at + 1).saturating_sub(height.max(1));
    for (at, entry) in matches.iter().enumerate().skip(skip).take(height) {
        let y = inner.y + 1 + u16::try_from(at - skip).unwrap_or_default();
        let selected = at == palette.at;
        let (sign, tone) = if selected {
            (">", Tone::Selected)
        } else {
            (" ", Tone::Base)
        };
        paint.text(inner, inner.x, y, &format!("{sign} {}", entry.name), tone);
        let about = if selected { tone } else { Tone::Dim };
        paint.text(
            inner,
            inner.x + 24.min(inner.width / 2),
            y,
            &format!(" {}", entry.about),
            about,
        );
    }
    paint.text(
        inner,
        inner.x,
        inner.bottom().saturating_sub(1),
        "esc Cancel",
        Tone::Dim,
    );
    cursor
}
