//! The chart of the dashboard: one number over time, or four above one another, and what is under the cursor.

use ratatui::layout::Rect;

use crate::{
    core::{
        chart::{Bin, Window, per},
        dashboard::Series,
        format::clock,
        keymap::Action,
        zone,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            chart::{self, Chart},
            paint::{Paint, right_of},
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
    let zone = zone::name(state.now.wall);
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

/// Which windows there are, in the frame's upper edge, and the key that changes it.
fn windows(paint: &mut Paint<'_>, area: Rect, window: Window) {
    let key = paint.state.keymap.label(Action::Window);
    let labels = Window::ALL.map(|one| {
        if one == window {
            format!("[{}]", one.label())
        } else {
            format!(" {} ", one.label())
        }
    });
    let text = format!(" {key} {} ", labels.concat());
    let mut x = right_of(area, &text).saturating_sub(2);
    x += paint.text(area, x, area.y, &format!(" {key} "), Tone::Key);
    for (one, label) in Window::ALL.into_iter().zip(labels) {
        let tone = if one == window {
            Tone::Accent
        } else {
            Tone::Dim
        };
        x += paint.text(area, x, area.y, &label, tone);
    }
    paint.text(area, x, area.y, " ", Tone::Dim);
}

/// What each number came to, or was under the cursor.
struct Legend<'a> {
    bins: &'a [Bin],
    looked_at: Option<&'a Bin>,
    chosen: Series,
    focused: bool,
}

impl Legend<'_> {
    fn draw(&self, paint: &mut Paint<'_>, area: Rect) {
        let mut x = area.x + 1;
        for series in Series::ALL {
            let is_chosen = series == self.chosen;
            let (mark, label) = if is_chosen {
                (">", Tone::Accent)
            } else {
                (" ", Tone::Dim)
            };
            x += paint.text(area, x, area.y, mark, Tone::Accent);
            x += paint.text(area, x, area.y, &format!("{} ", series.name()), label);
            x += paint.text(area, x, area.y, &self.value(series), self.tone(series)) + 2;
        }
        let tone = match self.looked_at {
            Some(_) => Tone::Title,
            None => Tone::Dim,
        };
        let said = self.said(paint);
        paint.text(area, area.x + 2, area.y + 1, &said, tone);
    }

    fn value(&self, series: Series) -> String {
        let of = |bin: &Bin| bin.sum.map(|sum| series.of(&sum));
        let value = match self.looked_at {
            Some(bin) => of(bin).map_or("-".into(), |value| series.one(value)),
            None => series.value(&self.bins.iter().filter_map(of).collect::<Vec<_>>()),
        };
        let unit = if series == Series::P95 { " ms" } else { "" };
        format!("{value}{unit}")
    }

    fn tone(&self, series: Series) -> Tone {
        match (series == self.chosen, series.is_bad()) {
            (true, _) if self.focused => Tone::Selected,
            (true, _) => Tone::Accent,
            (false, true) => Tone::Bad,
            (false, false) => Tone::Base,
        }
    }

    /// The time under the cursor, or what a value stands for and the keys of the chart.
    fn said(&self, paint: &Paint<'_>) -> String {
        let state = paint.state;
        if let Some(bin) = self.looked_at {
            let (now, until) = (state.now.wall, bin.start.plus_seconds(bin.length));
            return format!("{} to {}", clock(bin.start, now), clock(until, now));
        }
        let dot = state.glyphs.dot();
        let earlier = state.keymap.label(Action::Earlier);
        let later = state.keymap.label(Action::Later);
        let stack = state.keymap.label(Action::Stack);
        let length = self.bins.first().map_or(60, |bin| bin.length);
        format!(
            "{} {dot} {earlier} {later} a value {dot} {stack} one or all",
            per(length)
        )
    }
}
