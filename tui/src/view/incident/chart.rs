//! When it happened: columns over the time of the incident, refusals in their own colour.

use doorward_shared::Timestamp;
use ratatui::layout::Rect;

use crate::{
    core::{
        chart::{round_up, short},
        format::{clock, span},
        incident::Incident,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            event_histogram::{Count, Period},
            paint::{Paint, right_of},
        },
    },
};

/// Columns of the value axis.
const AXIS: u16 = 7;

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, incident: &Incident) {
    let events = &incident.facts.events;
    let now = paint.state.now.wall;
    let first = events.first().map_or(now, |event| event.time);
    let last = now.max(events.last().map_or(now, |event| event.time));
    let columns = usize::from(area.width.saturating_sub(AXIS + 3)).max(1);
    let length = (last.0 - first.0).max(60_000).unsigned_abs() / columns as u64;
    let every = span((length / 1_000).max(1));
    let title = format!("Events per {every}: refusals, and all others");
    let inner = frame(paint, area, &title, false);
    if inner.height < 3 || inner.width <= AXIS + 4 {
        return;
    }
    let counts = Period { first, last }.counts(columns, events);
    let top = counts
        .iter()
        .map(|count| count.all)
        .max()
        .unwrap_or_default();
    let top = round_up(top as f64);
    let plot = Rect {
        x: inner.x + AXIS,
        width: u16::try_from(columns)
            .unwrap_or(u16::MAX)
            .min(inner.width - AXIS),
        height: inner.height - 1,
        ..inner
    };
    axis(paint, plot, top);
    for (x, count) in (plot.x..plot.right()).zip(&counts) {
        bar(paint, plot, x, *count, top);
    }
    let y = plot.bottom();
    paint.text(inner, plot.x, y, &clock(first, now), Tone::Dim);
    let middle = Timestamp(first.0 + (last.0 - first.0) / 2);
    paint.text(
        inner,
        plot.x + plot.width / 2,
        y,
        &clock(middle, now),
        Tone::Dim,
    );
    let end = clock(last, now);
    paint.text(inner, right_of(inner, &end), y, &end, Tone::Dim);
}

fn axis(paint: &mut Paint<'_>, plot: Rect, top: f64) {
    let line = if paint.state.glyphs.ascii { "|" } else { "│" };
    for y in plot.top()..plot.bottom() {
        paint.text(*paint.buffer.area(), plot.x - 1, y, line, Tone::Border);
    }
    let labels = Rect {
        x: plot.x - AXIS,
        width: AXIS - 1,
        ..plot
    };
    for (y, value) in [(plot.y, top), (plot.bottom() - 1, 0.)] {
        let text = format!("{} ", short(value));
        paint.text(labels, right_of(labels, &text), y, &text, Tone::Dim);
    }
}

fn bar(paint: &mut Paint<'_>, plot: Rect, x: u16, count: Count, top: f64) {
    let glyphs = paint.state.glyphs;
    let eighths = |count: u64| {
        let part = count as f64 / top * f64::from(plot.height) * 8.;
        (part.round() as usize).max(usize::from(count > 0))
    };
    let (all, refused) = (eighths(count.all), eighths(count.refused));
    for step in 0..usize::from(plot.height) {
        let here = all.saturating_sub(step * 8).min(8);
        if here == 0 {
            break;
        }
        // Refusals stand below the others.
        let tone = if refused > step * 8 {
            Tone::BadFill
        } else {
            Tone::Fill
        };
        let y = plot.bottom() - 1 - u16::try_from(step).unwrap_or_default();
        paint.text(plot, x, y, glyphs.bars()[here - 1], tone);
    }
}
