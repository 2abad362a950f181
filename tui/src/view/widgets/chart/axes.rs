//! The value axis at the left of a chart, and the time axis below it.

use ratatui::layout::Rect;

use super::{AXIS, Chart};
use crate::{
    core::{
        chart::{short, ticks},
        dashboard::Series,
        sanitize::width,
    },
    view::{
        theme::Tone,
        widgets::paint::{Paint, right_of},
    },
};

/// The first column of a bin.
pub(super) fn column_of(bin: usize, columns: u16, bins: usize) -> u16 {
    let first = (bin * usize::from(columns)).div_ceil(bins.max(1));
    u16::try_from(first).unwrap_or(columns)
}

/// Values at the top, in the middle where there is room, and at the bottom.
pub(super) fn axis(paint: &mut Paint<'_>, plot: Rect, series: Series, top: f64) {
    let ascii = paint.state.glyphs.ascii;
    let unit = if series == Series::P95 { "ms" } else { "" };
    let line = if ascii { "|" } else { "│" };
    for y in plot.top()..plot.bottom() {
        let edge = Rect {
            x: plot.x - 1,
            ..plot
        };
        paint.text(edge, edge.x, y, line, Tone::Border);
    }
    let mut marks = vec![(plot.y, top), (plot.bottom() - 1, 0.)];
    // Nobody signs in half a time.
    let has_half = !series.is_count() || top % 2. == 0.;
    if plot.height >= 7 && has_half {
        marks.push((plot.y + plot.height / 2, top / 2.));
    }
    let labels = Rect {
        x: plot.x - AXIS,
        width: AXIS - 1,
        ..plot
    };
    for (y, value) in marks {
        let unit = if value > 0. { unit } else { "" };
        let text = format!("{}{unit} ", short(value));
        paint.text(labels, right_of(labels, &text), y, &text, Tone::Dim);
        let tick = if ascii { "+" } else { "┤" };
        let edge = Rect {
            x: plot.x - 1,
            ..plot
        };
        paint.text(edge, edge.x, y, tick, Tone::Border);
    }
}

/// The time axis and its marks; those that would touch another are left out.
pub(super) fn times(paint: &mut Paint<'_>, area: Rect, chart: &Chart<'_>) {
    let ascii = paint.state.glyphs.ascii;
    let (line, tick, corner) = if ascii {
        ("-", "+", "+")
    } else {
        ("─", "┬", "└")
    };
    let rule = line.repeat(usize::from(area.width));
    paint.text(area, area.x, area.y, &rule, Tone::Border);
    let edge = Rect {
        x: area.x - 1,
        width: 1,
        ..area
    };
    paint.text(edge, edge.x, area.y, corner, Tone::Border);
    let mut free = area.x;
    for (bin, text) in ticks(chart.bins, chart.window) {
        let x = area.x + column_of(bin, area.width, chart.bins.len());
        let long = u16::try_from(width(&text)).unwrap_or(u16::MAX);
        if x >= area.right() {
            continue;
        }
        paint.text(area, x, area.y, tick, Tone::Border);
        let from = x.saturating_sub(long / 2).max(area.x);
        if from >= free && from + long <= area.right() {
            paint.text(area, from, area.y + 1, &text, Tone::Dim);
            free = from + long + 2;
        }
    }
}
