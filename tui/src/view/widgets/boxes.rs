//! Boxes: frames of views, and dialogs in the middle of the screen.

use ratatui::{
    layout::Rect,
    widgets::{Block, Widget},
};

use super::paint::{Paint, title};
use crate::view::theme::Tone;

/// Draws a frame; returns its inner area.
pub(crate) fn frame(paint: &mut Paint<'_>, area: Rect, name: &str, focused: bool) -> Rect {
    if focused {
        bordered(paint, area, name, Tone::Focus, Tone::Accent)
    } else {
        bordered(paint, area, name, Tone::Border, Tone::Title)
    }
}

fn bordered(paint: &mut Paint<'_>, area: Rect, name: &str, line: Tone, text: Tone) -> Rect {
    let room = usize::from(area.width.saturating_sub(4));
    let name = crate::core::sanitize::fit(name, room, paint.state.glyphs.more());
    let block = Block::bordered()
        .border_set(crate::view::theme::border(paint.state.glyphs))
        .border_style(paint.style(line))
        .title(title(&name, paint.style(text)));
    let area = area.intersection(*paint.buffer.area());
    let inner = block.inner(area);
    block.render(area, paint.buffer);
    inner
}

/// A box of this size in the middle, as far as there is room.
pub(crate) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// A dialog over everything; returns its inner area.
pub(crate) fn dialog(paint: &mut Paint<'_>, area: Rect, name: &str) -> Rect {
    paint.clear(area);
    padded(frame(paint, area, name, true))
}

/// A dialog for changes that cannot be undone.
pub(crate) fn danger(paint: &mut Paint<'_>, area: Rect, name: &str) -> Rect {
    paint.clear(area);
    padded(bordered(paint, area, name, Tone::Bad, Tone::Bad))
}

fn padded(inner: Rect) -> Rect {
    Rect {
        x: inner.x + 1.min(inner.width),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}
