//! Numbers by day: columns with an axis, or one line where there is no more room.

use ratatui::layout::Rect;

use super::bars::{axis, columns};
use crate::{
    core::{
        chart::round_up,
        format::{count, number},
        page::{DAYS, Subject, SubjectPage, days::ByDay, panels},
        sanitize::width,
        time_zone,
    },
    view::{
        theme::Tone,
        widgets::{
            paint::{Paint, right_of},
            spark::bars,
        },
    },
};

/// Columns of the value axis.
pub(super) const AXIS: u16 = 6;

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, page: &SubjectPage, is_line: bool) {
    let days = panels::chart(page, paint.state.now.wall);
    let noun = match page.subject {
        Subject::Key(_) => "use",
        _ => "event",
    };
    let said = said(&days, noun);
    if is_line || area.height < 5 || area.width < AXIS + 20 {
        return on_a_line(paint, area, &days, &said);
    }
    let plot = Rect {
        x: area.x + AXIS,
        width: area.width - AXIS - 1,
        height: area.height - 1,
        ..area
    };
    let top = round_up(days.iter().map(|day| day.all()).max().unwrap_or(0) as f64);
    axis(paint, plot, top);
    columns(paint, plot, &days, top);
    // As wide as its days: what is left over stands empty at the right.
    let wide = plot.width / u16::try_from(days.len()).unwrap_or(1);
    let foot = Rect {
        y: plot.bottom(),
        width: (wide * u16::try_from(days.len()).unwrap_or(1)).max(20),
        height: 1,
        ..plot
    };
    let first = paint.state.now.wall.plus_seconds(-(DAYS - 1) * 86_400);
    paint.text(foot, foot.x, foot.y, &time_zone::day(first), Tone::Dim);
    paint.text(foot, right_of(foot, "today"), foot.y, "today", Tone::Dim);
    let columns = |text: &str| u16::try_from(width(text)).unwrap_or(u16::MAX);
    let long = columns(&said);
    let ends = columns(&time_zone::day(first)).saturating_add(columns("today") + 4);
    if foot.width >= long.saturating_add(ends) {
        let middle = foot.x + (foot.width - long) / 2;
        paint.text(foot, middle, foot.y, &said, Tone::Dim);
        return;
    }
    // Beside the days, in what is left over.
    let x = foot.right() + 2;
    let beside = Rect {
        x,
        width: plot.right().saturating_sub(x),
        ..plot
    };
    paint.text(beside, x, beside.y, &said, Tone::Dim);
}

/// A bar for each day, and what they come to.
fn on_a_line(paint: &mut Paint<'_>, area: Rect, days: &ByDay, said: &str) {
    let values: Vec<f64> = days.iter().map(|day| day.all() as f64).collect();
    let columns = usize::from(area.width / 2).min(days.len());
    let text = bars(&values, columns, paint.state.glyphs);
    let used = paint.text(area, area.x + 2, area.y, &text, Tone::Accent);
    paint.text(area, area.x + 3 + used, area.y, said, Tone::Dim);
}

/// "1,204 uses, 3 refused".
fn said(days: &ByDay, noun: &str) -> String {
    let all: u64 = days.iter().map(|day| day.all()).sum();
    let refused: u64 = days.iter().map(|day| day.bad).sum();
    match refused {
        0 => count(all, noun),
        some => format!("{}, {} refused", count(all, noun), number(some)),
    }
}
