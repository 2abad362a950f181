//! Menus, and notes to read.

use ratatui::layout::Rect;

use crate::{
    core::{
        layer::{Menu, note_text},
        sanitize::width,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::{Paint, wrapped},
        },
    },
};

fn columns(texts: impl Iterator<Item = usize>, room: u16) -> u16 {
    let widest = texts.max().unwrap_or_default();
    u16::try_from(widest)
        .unwrap_or(u16::MAX)
        .saturating_add(8)
        .max(30)
        .min(room)
}

/// Columns of what is to be read, at most: longer lines are hard to follow.
const READ: u16 = 76;

/// Draws what is to be known above the entries, as far as these leave room; answers that room.
fn above(paint: &mut Paint<'_>, inner: Rect, lines: &[String], entries: u16) -> Rect {
    let high = inner.height.saturating_sub(entries + 1);
    let room = usize::from(inner.width);
    let mut text: Vec<String> = lines.iter().flat_map(|line| wrapped(line, room)).collect();
    if text.is_empty() {
        return inner;
    }
    text.push(String::new());
    if text.len() > usize::from(high) {
        // Gaps make room for words, and the last line says that more is not shown.
        text.retain(|line| !line.is_empty());
        if text.len() > usize::from(high)
            && let Some(last) = usize::from(high).checked_sub(1)
        {
            text[last].push_str(paint.state.glyphs.more());
        }
    }
    let high = high.min(u16::try_from(text.len()).unwrap_or(u16::MAX));
    for (y, line) in (inner.y..inner.y + high).zip(&text) {
        paint.text(inner, inner.x, y, line, Tone::Base);
    }
    Rect {
        y: inner.y + high,
        height: inner.height - high,
        ..inner
    }
}

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, menu: &Menu) -> Option<(u16, u16)> {
    let lines = menu.lines.iter().map(|line| width(line).min(READ.into()));
    let labels = menu.entries.iter().map(|(label, _)| width(label));
    let texts = labels.chain(lines).chain([width(&menu.title)]);
    let wide = columns(texts, area.width);
    let room = usize::from(wide.saturating_sub(4));
    let read: usize = menu
        .lines
        .iter()
        .map(|line| wrapped(line, room).len())
        .sum();
    let entries = u16::try_from(menu.entries.len()).unwrap_or(u16::MAX);
    let rows = u16::try_from(read + usize::from(read > 0)).unwrap_or(u16::MAX);
    let rows = rows.saturating_add(entries).saturating_add(3);
    let inner = dialog(paint, middle(area, wide, rows), &menu.title);
    let inner = above(paint, inner, &menu.lines, entries);
    let height = usize::from(inner.height.saturating_sub(1));
    let skip = (menu.at + 1).saturating_sub(height.max(1));
    let mut cursor = None;
    for (at, (label, _)) in menu.entries.iter().enumerate().skip(skip).take(height) {
        let y = inner.y + u16::try_from(at - skip).unwrap_or_default();
        let selected = at == menu.at;
        let (sign, tone) = if selected {
            (">", Tone::Selected)
        } else {
            (" ", Tone::Base)
        };
        if selected {
            cursor = Some((inner.x, y));
        }
        let number = if at < 9 {
            (at + 1).to_string()
        } else {
            " ".into()
        };
        paint.text(inner, inner.x, y, &format!("{sign} {number} {label}"), tone);
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

pub(super) fn note(
    paint: &mut Paint<'_>,
    area: Rect,
    title: &str,
    lines: &[String],
    scroll: usize,
) -> Option<(u16, u16)> {
    let text = note_text(lines, area.width);
    let room = area.width.saturating_sub(2);
    let wide = columns(lines.iter().map(|line| width(line)), room);
    let rows = u16::try_from(text.len())
        .unwrap_or(u16::MAX)
        .saturating_add(4);
    let inner = dialog(paint, middle(area, wide, rows), title);
    let shown = usize::from(inner.height.saturating_sub(2));
    let skip = scroll.min(text.len().saturating_sub(shown));
    for (y, line) in (inner.y..).zip(text.iter().skip(skip).take(shown)) {
        paint.text(inner, inner.x, y, line, Tone::Base);
    }
    let below = text.len().saturating_sub(skip + shown);
    let foot = if below > 0 {
        format!("esc Cancel  {below} more below")
    } else {
        "esc Cancel".into()
    };
    let y = inner.bottom().saturating_sub(1);
    paint.text(inner, inner.x, y, &foot, Tone::Dim);
    Some((inner.x, inner.y))
}
