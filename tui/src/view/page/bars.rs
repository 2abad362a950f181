//! The columns of the chart by day, and its value axis.

use ratatui::layout::Rect;

use super::chart::AXIS;
use crate::{
    core::{
        chart::short,
        page::days::{ByDay, DayCount},
    },
    view::{
        theme::Tone,
        widgets::paint::{Paint, right_of},
    },
};

pub(super) fn axis(paint: &mut Paint<'_>, plot: Rect, top: f64) {
    let line = if paint.state.glyphs.ascii { "|" } else { "│" };
    let labels = Rect {
        x: plot.x - AXIS,
        width: AXIS - 1,
        ..plot
    };
    for y in plot.top()..plot.bottom() {
        let edge = Rect {
            x: plot.x - 1,
            width: 1,
            ..plot
        };
        paint.text(edge, edge.x, y, line, Tone::Border);
    }
    for (y, value) in [(plot.top(), top), (plot.bottom() - 1, 0.)] {
        let text = short(value);
        paint.text(labels, right_of(labels, &text), y, &text, Tone::Dim);
    }
}

/// A column for each day: what was refused at its foot, what was not above it.
pub(super) fn columns(paint: &mut Paint<'_>, plot: Rect, days: &ByDay, top: f64) {
    let wide = (plot.width / u16::try_from(days.len()).unwrap_or(1)).max(1);
    let thick = (wide - 1).max(1);
    for (at, day) in (0_u16..).zip(days) {
        let x = plot.x + at * wide;
        for x in x..(x + thick).min(plot.right()) {
            column(paint, plot, x, *day, top);
        }
    }
}

fn column(paint: &mut Paint<'_>, plot: Rect, x: u16, day: DayCount, top: f64) {
    let glyphs = paint.state.glyphs;
    let eighths = |value: u64| {
        let part = (value as f64 / top * f64::from(plot.height) * 8.).round() as usize;
        if value > 0 { part.max(1) } else { 0 }
    };
    let (all, bad) = (eighths(day.all()), eighths(day.bad));
    if all == 0 {
        let line = if glyphs.ascii { "_" } else { "▁" };
        paint.text(plot, x, plot.bottom() - 1, line, Tone::Border);
    }
    for step in 0..usize::from(plot.height) {
        let here = all.saturating_sub(step * 8).min(8);
        if here == 0 {
            break;
        }
        let y = plot.bottom() - 1 - u16::try_from(step).unwrap_or_default();
        let tone = if bad > step * 8 {
            Tone::BadFill
        } else {
            Tone::Fill
        };
        paint.text(plot, x, y, glyphs.bars()[here - 1], tone);
    }
}
