//! Rows of a pane: each with a sign, a text, and at the right what is known of it.

use ratatui::layout::Rect;

use crate::view::{
    theme::Tone,
    widgets::{
        boxes::frame,
        paint::{Paint, right_of},
    },
};

/// A row of a pane: what stands at the left, what at the right.
pub(super) struct Line {
    pub sign: &'static str,
    pub text: String,
    pub about: String,
    pub tone: Tone,
}

pub(super) fn rows(
    paint: &mut Paint<'_>,
    area: Rect,
    title: &str,
    lines: &[Line],
    chosen: Option<usize>,
) -> Option<(u16, u16)> {
    let inner = frame(paint, area, title, chosen.is_some());
    let height = usize::from(inner.height);
    // A pane that is lower than its rows shows those around the chosen one.
    let skip = chosen.map_or(0, |at| (at + 1).saturating_sub(height));
    let mut cursor = None;
    for (at, line) in lines.iter().enumerate().skip(skip).take(height) {
        let place = Rect {
            y: inner.y + u16::try_from(at - skip).unwrap_or_default(),
            height: 1,
            ..inner
        };
        let selected = chosen == Some(at);
        let tone = |tone: Tone| if selected { Tone::Selected } else { tone };
        if selected {
            let style = paint.style(Tone::Selected);
            paint.fill(place, style);
            paint.text(place, place.x, place.y, ">", Tone::Selected);
            cursor = Some((place.x, place.y));
        }
        let text = format!("{} {}", line.sign, line.text);
        let taken = paint.text(place, place.x + 2, place.y, &text, tone(line.tone)) + 4;
        let room = Rect {
            x: place.x + taken.min(place.width),
            width: place.width.saturating_sub(taken + 1),
            ..place
        };
        if room.width > 3 {
            let x = right_of(room, &line.about);
            paint.text(room, x, room.y, &line.about, tone(Tone::Dim));
        }
    }
    cursor
}
