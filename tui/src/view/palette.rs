//! The palette.

use ratatui::layout::Rect;

use super::text_input;
use crate::{
    core::command_palette::{Entry, Palette},
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::{Paint, right_of, wrapped},
        },
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, palette: &Palette) -> Option<(u16, u16)> {
    let inner = dialog(
        paint,
        middle(area, area.width.min(84), area.height.min(24)),
        "Go to or run a command",
    );
    let used = paint.text(inner, inner.x, inner.y, ": ", Tone::Key);
    let field = Rect {
        x: inner.x + used,
        width: inner.width.saturating_sub(used),
        height: inner.height.min(1),
        ..inner
    };
    let cursor = text_input::line(paint, field, &palette.line, false);
    let matches = palette.matches();
    let height = usize::from(inner.height.saturating_sub(2));
    if matches.is_empty() {
        let said = crate::core::customization::said(paint.state, palette.line.text());
        let said = said.unwrap_or_else(|| palette.lookup_word().to_owned());
        let room = usize::from(inner.width.saturating_sub(4));
        let high = usize::from(inner.height.saturating_sub(2));
        for (line, y) in wrapped(&said, room).iter().take(high).zip(inner.y + 1..) {
            paint.text(inner, inner.x + 2, y, line, Tone::Dim);
        }
    }
    let skip = (palette.at + 1).saturating_sub(height.max(1));
    for (at, entry) in matches.iter().enumerate().skip(skip).take(height) {
        let y = inner.y + 1 + u16::try_from(at - skip).unwrap_or_default();
        let line = Rect {
            y,
            height: 1,
            ..inner
        };
        self::entry(paint, line.intersection(inner), entry, at == palette.at);
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

fn entry(paint: &mut Paint<'_>, line: Rect, entry: &Entry, selected: bool) {
    let or = |tone: Tone| if selected { Tone::Selected } else { tone };
    // The key that does the same stands at the right.
    let key_x = right_of(line, &entry.key);
    paint.text(line, key_x, line.y, &entry.key, or(Tone::Key));
    let room = Rect {
        width: key_x.saturating_sub(line.x + u16::from(!entry.key.is_empty())),
        ..line
    };
    let sign = if selected { ">" } else { " " };
    let name = format!("{sign} {}", entry.name);
    let used = paint.text(room, line.x, line.y, &name, or(Tone::Base));
    let about = line.x + used.max(24.min(line.width / 2));
    let text = format!(" {}", entry.about);
    paint.text(room, about, line.y, &text, or(Tone::Dim));
}
