//! The chart of the dashboard: one number over time, or four above one another, and what is under the cursor.

use ratatui::layout::Rect;

use super::legend::{Legend, windows};
use crate::{
    core::{dashboard::Series, time_zone},
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            chart::{self, Chart},
            paint::Paint,
        },
    },
};

/// Lines from which four charts have room above one another.
const STACK: u16 = 20;
/// Lines from which they can be drawn at all.
const LEAST: u16 = 14;

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, chosen: Option<usize>) -> Option<(u16, u16)> {
    let state = paint.state;
    let dash = state.dash;
    let name = dash.window.name();
    let zone = time_zone::name(state.now.wall);
    let title = format!("{name} ({zone})");
    let inner = frame(paint, area, &title, chosen.is_some());
    windows(paint, area, dash.window);
    let series = Series::ALL.get(chosen.unwrap_or(dash.series)).copied();
    let series = series.unwrap_or(Series::Logins);
    let bins = state.dash_bins(usize::from(chart::room(inner)));
    let cursor = dash.cursor.map(|back| {
        let fine = state.dash_bins(usize::MAX).len();
        let at = fine.saturating_sub(1 + back) * bins.len() / fine.max(1);
        at.min(bins.len().saturating_sub(1))
    });
    let shown = Legend {
        bins: &bins,
        looked_at: cursor.and_then(|at| bins.get(at)),
        chosen: series,
        focused: chosen.is_some(),
    };
    shown.draw(paint, inner);
    let plot = Rect {
        y: inner.y + 2.min(inner.height),
        height: inner.height.saturating_sub(2),
        ..inner
    };
    let stacked = plot.height >= LEAST && dash.stacked.unwrap_or(plot.height >= STACK);
    let one = |series, times| Chart {
        series,
        bins: &bins,
        window: dash.window,
        cursor,
        times,
    };
    if stacked {
        stack(paint, plot, one);
    } else {
        chart::draw(paint, plot, &one(series, true));
    }
    chosen.map(|_| (inner.x, inner.y))
}

/// Charts above one another; the last one has the time axis below it besides.
fn stack<'a>(paint: &mut Paint<'_>, plot: Rect, one: impl Fn(Series, bool) -> Chart<'a>) {
    let count = Series::STACKED.len() as u16;
    let rest = plot.height.saturating_sub(2);
    let mut y = plot.y;
    for (at, series) in (0..count).zip(Series::STACKED) {
        let last = at + 1 == count;
        let height = rest / count + u16::from(at < rest % count) + 2 * u16::from(last);
        let place = Rect { y, height, ..plot };
        // A line between, which names what is below it.
        let head = Rect { height: 1, ..place };
        let x = head.x + head.width - chart::room(head) - 1;
        paint.text(head, x, y, series.name(), Tone::Dim);
        let below = Rect {
            y: y + 1,
            height: height.saturating_sub(1),
            ..place
        };
        chart::draw(paint, below, &one(series, last));
        y += height;
    }
}
