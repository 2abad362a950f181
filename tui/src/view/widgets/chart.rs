//! A chart over time: filled columns, a value axis at the left, a time axis below.

use ratatui::layout::Rect;

use super::paint::{Paint, right_of};
use crate::{
    core::{
        chart::{Bin, Window, round_up, short, ticks},
        dashboard::Series,
        text::width,
    },
    view::theme::Tone,
};

/// Columns of the value axis.
const AXIS: u16 = 7;

/// What is drawn, and which bin is looked at.
pub(crate) struct Chart<'a> {
    pub series: Series,
    pub bins: &'a [Bin],
    pub window: Window,
    pub cursor: Option<usize>,
    /// Whether times stand below.
    pub times: bool,
}

/// Columns that are left for bins.
pub(crate) fn room(area: Rect) -> u16 {
    area.width.saturating_sub(AXIS + 1)
}

pub(crate) fn draw(paint: &mut Paint<'_>, area: Rect, chart: &Chart<'_>) {
    let foot = u16::from(chart.times) * 2;
    if area.height < foot + 2 || room(area) < 4 || chart.bins.is_empty() {
        return;
    }
    let plot = Rect {
        x: area.x + AXIS,
        width: room(area),
        height: area.height - foot,
        ..area
    };
    let value = |bin: &Bin| bin.sum.map(|sum| chart.series.of(&sum));
    let values: Vec<_> = chart.bins.iter().map(value).collect();
    let highest = values.iter().flatten().copied().fold(0., f64::max);
    let top = round_up(highest);
    axis(paint, plot, chart.series, top);
    for x in 0..plot.width {
        let at = bin_at(x, plot.width, values.len());
        let column = Column {
            x: plot.x + x,
            value: values.get(at).copied().flatten(),
            looked_at: chart.cursor == Some(at),
        };
        column.draw(paint, plot, chart.series, top);
    }
    if chart.times {
        let below = Rect {
            y: plot.bottom(),
            height: 2,
            ..plot
        };
        times(paint, below, chart);
    }
}

/// The bin that a column shows.
fn bin_at(x: u16, columns: u16, bins: usize) -> usize {
    usize::from(x) * bins / usize::from(columns.max(1))
}

/// The first column of a bin.
fn column_of(bin: usize, columns: u16, bins: usize) -> u16 {
    let first = (bin * usize::from(columns)).div_ceil(bins.max(1));
    u16::try_from(first).unwrap_or(columns)
}

/// Values at the top, in the middle where there is room, and at the bottom.
fn axis(paint: &mut Paint<'_>, plot: Rect, series: Series, top: f64) {
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

/// One column.
struct Column {
    x: u16,
    value: Option<f64>,
    looked_at: bool,
}

impl Column {
    /// Draws it, its cap bright, what is below it darker.
    fn draw(&self, paint: &mut Paint<'_>, plot: Rect, series: Series, top: f64) {
        let (cap, fill) = if series.is_bad() {
            (Tone::Bad, Tone::BadFill)
        } else {
            (Tone::Accent, Tone::Fill)
        };
        let glyphs = paint.state.glyphs;
        if self.looked_at {
            let line = if glyphs.ascii { ":" } else { "┊" };
            for y in plot.top()..plot.bottom() {
                paint.text(plot, self.x, y, line, Tone::Title);
            }
        }
        let Some(value) = self.value else {
            paint.text(plot, self.x, plot.bottom() - 1, glyphs.dot(), Tone::Border);
            return;
        };
        let eighths = (value / top * f64::from(plot.height) * 8.).round() as usize;
        let eighths = if value > 0. { eighths.max(1) } else { 0 };
        let (full, rest) = (eighths / 8, eighths % 8);
        for step in 0..usize::from(plot.height) {
            let symbol = match step {
                step if step < full => glyphs.bars()[7],
                step if step == full && rest > 0 => glyphs.bars()[rest - 1],
                0 if glyphs.ascii => "_",
                0 => "▁",
                _ => break,
            };
            let is_cap = step + 1 == full && rest == 0 || step == full;
            let tone = match eighths {
                _ if self.looked_at => Tone::Title,
                0 => Tone::Border,
                _ if is_cap => cap,
                _ => fill,
            };
            let y = plot.bottom() - 1 - u16::try_from(step).unwrap_or_default();
            paint.text(plot, self.x, y, symbol, tone);
        }
    }
}

/// The time axis and its marks; those that would touch another are left out.
fn times(paint: &mut Paint<'_>, area: Rect, chart: &Chart<'_>) {
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

/// A bar from the left: which part of these columns it fills.
pub(crate) fn bar(paint: &mut Paint<'_>, area: Rect, x: u16, columns: u16, part: f64, tone: Tone) {
    let eighths = (part * f64::from(columns) * 8.).round() as usize;
    let eighths = if part > 0. { eighths.max(1) } else { 0 };
    let glyphs = paint.state.glyphs;
    let mut text = glyphs.part(8).repeat(eighths / 8);
    text.push_str(glyphs.part(eighths % 8));
    paint.text(area, x, area.y, &text, tone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_has_a_column_and_a_column_its_bin() {
        for columns in [60, 61, 90, 150, 200] {
            for bins in [1, 37, 60] {
                for bin in 0..bins {
                    let x = column_of(bin, columns, bins);
                    assert_eq!(
                        bin_at(x, columns, bins),
                        bin,
                        "{bin} of {bins} in {columns}"
                    );
                }
                assert!(bin_at(columns - 1, columns, bins) < bins);
            }
        }
    }
}
