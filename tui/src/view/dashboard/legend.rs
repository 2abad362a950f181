//! What stands around the chart: the windows in its frame, and the numbers above it.

use ratatui::layout::Rect;

use crate::{
    core::{
        chart::{Bin, Window, per},
        dashboard::Series,
        format::clock,
        keymap::Action,
    },
    view::{
        theme::Tone,
        widgets::paint::{Paint, right_of},
    },
};

/// Which windows there are, in the frame's upper edge, and the key that changes it.
pub(super) fn windows(paint: &mut Paint<'_>, area: Rect, window: Window) {
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
pub(super) struct Legend<'a> {
    pub bins: &'a [Bin],
    pub looked_at: Option<&'a Bin>,
    pub chosen: Series,
    pub focused: bool,
}

impl Legend<'_> {
    pub(super) fn draw(&self, paint: &mut Paint<'_>, area: Rect) {
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
