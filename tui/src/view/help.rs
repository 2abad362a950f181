//! The help, made from the keymap's rows: in two columns where there is room.

use ratatui::layout::Rect;

use super::text_input;
use crate::{
    core::help::Help,
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::Paint,
        },
    },
};

/// Columns of one column of the help.
const COLUMN: u16 = 74;
/// Columns of the keys.
const KEYS: u16 = 20;

/// Columns from which two of them have room for whole sentences.
const TWO: u16 = 150;

/// A line: a group's name, or keys and what they do.
type Line = (String, String, Tone);

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, help: &Help) -> Option<(u16, u16)> {
    let two = area.width >= TWO;
    let wide = if two { 2 * COLUMN + 2 } else { COLUMN };
    let mut inner = dialog(
        paint,
        middle(area, area.width.min(wide + 2), area.height),
        "Keys (esc Cancel)",
    );
    let mut cursor = (inner.x, inner.y);
    let search = help.search.as_ref();
    if let Some(line) = search {
        let used = paint.text(inner, inner.x, inner.y, "/ ", Tone::Key);
        let field = Rect {
            x: inner.x + used,
            width: inner.width.saturating_sub(used),
            height: inner.height.min(1),
            ..inner
        };
        cursor = text_input::line(paint, field, line, false).unwrap_or(cursor);
        inner.y += 1.min(inner.height);
        inner.height = inner.height.saturating_sub(1);
    }
    let text = search
        .map(|line| line.text().to_owned())
        .unwrap_or_default();
    let lines = lines(paint, &text);
    let height = usize::from(inner.height);
    let columns = if two { 2 } else { 1 };
    let skip = help
        .scroll
        .min(lines.len().saturating_sub(height * columns));
    let wide = inner.width / u16::try_from(columns).unwrap_or(1);
    for (at, line) in lines.iter().skip(skip).take(height * columns).enumerate() {
        let (column, row) = (at / height.max(1), at % height.max(1));
        let x = inner.x + u16::try_from(column).unwrap_or_default() * wide;
        let place = Rect {
            x,
            y: inner.y + u16::try_from(row).unwrap_or_default(),
            width: wide.saturating_sub(1),
            height: 1,
        };
        self::line(paint, place, line);
    }
    if lines.is_empty() {
        paint.text(inner, inner.x, inner.y, "No key does that.", Tone::Dim);
    }
    Some(cursor)
}

fn lines(paint: &Paint<'_>, search: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (name, keys) in paint.state.help(search) {
        lines.push((String::new(), name.to_owned(), Tone::Title));
        let keys = keys.into_iter();
        lines.extend(keys.map(|(key, help)| (key, help, Tone::Base)));
    }
    lines
}

fn line(paint: &mut Paint<'_>, area: Rect, (key, text, tone): &Line) {
    if key.is_empty() {
        paint.text(area, area.x, area.y, text, *tone);
        return;
    }
    let keys = Rect {
        width: area.width.min(KEYS),
        ..area
    };
    paint.text(keys, area.x + 1, area.y, key, Tone::Key);
    let x = area.x + (KEYS + 1).min(area.width / 2);
    paint.text(area, x, area.y, text, *tone);
}
