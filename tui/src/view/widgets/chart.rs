//! A chart over time: filled columns, a value axis at the left, a time axis below.

mod axes;
mod column;

use ratatui::layout::Rect;

use self::{
    axes::{axis, times},
    column::Column,
};
use super::paint::Paint;
use crate::core::{
    chart::{Bin, Window, round_up},
    dashboard::Series,
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

#[cfg(test)]
mod tests {
    use super::{axes::column_of, *};

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
