//! When the events on the screen happened: columns above the list, refusals in their own colour.

use ratatui::layout::Rect;

use crate::{
    core::{
        format::{clock, span},
        list::List,
        resource::Row,
    },
    view::{
        theme::Tone,
        widgets::{
            event_histogram::{Count, Period},
            paint::{Paint, right_of},
        },
    },
};

/// Lines of the columns; a line of times is below them.
const COLUMNS_HIGH: u16 = 2;

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, list: &List, height: usize) {
    let shown = list.in_sight(height).iter();
    let events: Vec<_> = shown
        .filter_map(|row| match row {
            Row::Event(event) => Some(event),
            _ => None,
        })
        .collect();
    let times = || events.iter().map(|event| event.time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return;
    };
    let period = Period { first, last };
    let counts = period.counts(usize::from(area.width), events.iter().copied());
    let top = counts.iter().map(|count| count.all).max().unwrap_or(1);
    for (x, count) in (area.x..).zip(&counts) {
        bar(paint, area, x, *count, top);
    }
    let y = area.y + COLUMNS_HIGH;
    let now = paint.state.now.wall;
    paint.text(area, area.x, y, &clock(first, now), Tone::Dim);
    let end = clock(last, now);
    paint.text(area, right_of(area, &end), y, &end, Tone::Dim);
    let seconds = last.seconds() - first.seconds();
    let what = format!(
        "{} on the screen in {}",
        events.len(),
        span(seconds.unsigned_abs())
    );
    let x = area.x + area.width.saturating_sub(what.len() as u16) / 2;
    paint.text(area, x, y, &what, Tone::Dim);
}

fn bar(paint: &mut Paint<'_>, area: Rect, x: u16, count: Count, top: u64) {
    let glyphs = paint.state.glyphs;
    if count.all == 0 {
        let line = if glyphs.ascii { "_" } else { "▁" };
        paint.text(area, x, area.y + COLUMNS_HIGH - 1, line, Tone::Border);
        return;
    }
    let full = u64::from(COLUMNS_HIGH) * 8;
    let eighths = (count.all * full).div_ceil(top.max(1)) as usize;
    let tone = if count.refused * 2 >= count.all {
        Tone::BadFill
    } else {
        Tone::Fill
    };
    for step in 0..usize::from(COLUMNS_HIGH) {
        let here = eighths.saturating_sub(step * 8).min(8);
        if here > 0 {
            let y = area.y + COLUMNS_HIGH - 1 - u16::try_from(step).unwrap_or_default();
            paint.text(area, x, y, glyphs.bars()[here - 1], tone);
        }
    }
}
