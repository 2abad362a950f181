//! How the server is doing: now, over the last hour, and what fails most.

use ratatui::layout::Rect;

use crate::{
    core::{
        State,
        dashboard::{DashRow, Panel, Series},
        list::Load,
        state::View,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, right_of, wrapped},
            spark::bars,
        },
    },
};

/// Columns of the sparklines: a minute each.
const HOUR: usize = 60;
/// Lines for what to do about the selected row, at most.
const ADVICE: usize = 2;

pub fn draw(paint: &mut Paint<'_>, area: Rect) -> Option<(u16, u16)> {
    let state = paint.state;
    let View::Dashboard { panel, at } = state.view else {
        return None;
    };
    if state.known.stats.is_none() {
        return unknown(paint, area);
    }
    let mut cursor = None;
    for (one, place) in Panel::ALL.into_iter().zip(places(area, panel)) {
        if place.height > 0 {
            let chosen = (one == panel).then_some(at);
            cursor = self::panel(paint, place, one, chosen).or(cursor);
        }
    }
    cursor
}

/// Where the panels are, in their order: the focused one alone where there is no room for all.
fn places(area: Rect, focused: Panel) -> [Rect; 5] {
    let none = Rect { height: 0, ..area };
    if area.width < 60 && area.height < 20 || area.height < 12 {
        return Panel::ALL.map(|panel| if panel == focused { area } else { none });
    }
    let hour = Rect {
        height: area.height.min(Series::ALL.len() as u16 + 2),
        ..area
    };
    let rest = Rect {
        y: hour.bottom(),
        height: area.height - hour.height,
        ..area
    };
    if area.width < 60 {
        let quarter = rest.height / 4;
        let row = |number: u16| Rect {
            y: rest.y + number * quarter,
            height: if number == 3 {
                rest.height - 3 * quarter
            } else {
                quarter
            },
            ..rest
        };
        return [hour, row(0), row(1), row(2), row(3)];
    }
    // Too low for two rows of panels: the clients' takes the others' place when it has the focus.
    let clients_high = match rest.height {
        0..11 if focused == Panel::Clients => rest.height,
        0..11 => 0,
        // With room for what to do about the selected one.
        high if focused == Panel::Clients => (high / 3).clamp(6, 12),
        high => (high / 3).clamp(4, 12),
    };
    let middle = Rect {
        height: rest.height - clients_high,
        ..rest
    };
    let clients = Rect {
        y: middle.bottom(),
        height: clients_high,
        ..rest
    };
    let now_width = (area.width / 3).max(30).min(area.width);
    let half = (rest.width - now_width.min(rest.width)) / 2;
    let part = |x: u16, width: u16| Rect {
        x: middle.x + x,
        width,
        ..middle
    };
    [
        hour,
        part(0, half),
        part(half, rest.width - half - now_width),
        part(rest.width - now_width, now_width),
        clients,
    ]
}

fn panel(
    paint: &mut Paint<'_>,
    area: Rect,
    panel: Panel,
    chosen: Option<usize>,
) -> Option<(u16, u16)> {
    let state = paint.state;
    let mut inner = frame(paint, area, panel.title(), chosen.is_some());
    let rows = state.dash_rows(panel);
    if rows.is_empty() {
        let load = state.dash_load(panel);
        let (text, tone) = super::chrome::nothing(state, &load, "None in the last hour.");
        paint.text(inner, inner.x + 1, inner.y, &text, tone);
        return chosen.map(|_| (inner.x, inner.y));
    }
    if let Some(advice) = chosen.and_then(|at| rows.get(at)?.advice()) {
        inner.height -= self::advice(paint, inner, &advice);
    }
    // A panel that is lower than its rows shows those around the chosen one.
    let height = usize::from(inner.height);
    let skip = chosen.map_or(0, |at| (at + 1).saturating_sub(height));
    let mut cursor = None;
    for (at, one) in rows.iter().enumerate().skip(skip).take(height) {
        let place = Rect {
            y: inner.y + u16::try_from(at - skip).unwrap_or_default(),
            height: 1,
            ..inner
        };
        let selected = chosen == Some(at);
        if selected {
            cursor = Some((place.x, place.y));
        }
        row(paint, place, one, selected);
    }
    cursor
}

/// What to do about the selected row, at the panel's foot; answers how many lines it took.
fn advice(paint: &mut Paint<'_>, area: Rect, advice: &str) -> u16 {
    let lines = wrapped(advice, usize::from(area.width.saturating_sub(4)));
    let room = usize::from(area.height.saturating_sub(1)).min(ADVICE);
    let lines = &lines[..lines.len().min(room)];
    let high = u16::try_from(lines.len()).unwrap_or_default();
    for (y, line) in (area.bottom() - high..).zip(lines) {
        paint.text(area, area.x + 2, y, line, Tone::Dim);
    }
    high
}

fn row(paint: &mut Paint<'_>, area: Rect, row: &DashRow, selected: bool) {
    let state = paint.state;
    let tone = if selected { Tone::Selected } else { Tone::Base };
    if selected {
        let style = paint.style(tone);
        paint.fill(area, style);
        paint.text(area, area.x, area.y, ">", tone);
    }
    let value = row.value();
    let value_x = right_of(area, &format!("{value} "));
    let room = Rect {
        width: value_x.saturating_sub(area.x + 1),
        ..area
    };
    paint.text(room, area.x + 2, area.y, &row.label(state), tone);
    if let DashRow::Series(_, values) = row {
        let columns = usize::from(area.width.saturating_sub(25)).min(HOUR);
        let bars = bars(values, columns, state.glyphs);
        let tone = if selected { tone } else { Tone::Accent };
        paint.text(room, area.x + 15, area.y, &bars, tone);
    }
    paint.text(area, value_x, area.y, &value, tone);
}

fn unknown(paint: &mut Paint<'_>, area: Rect) -> Option<(u16, u16)> {
    let state: &State = paint.state;
    let inner = frame(paint, area, "Dashboard", true);
    let load = match &state.known.stats_problem {
        Some(problem) => Load::Failed(problem.clone()),
        None => Load::Waiting(state.connection.asked_at.unwrap_or(state.now.ms)),
    };
    let (text, tone) = super::chrome::nothing(state, &load, "");
    let lines = wrapped(&text, usize::from(inner.width.saturating_sub(4)));
    for (y, line) in (inner.y + 1..).zip(&lines) {
        paint.text(inner, inner.x + 2, y, line, tone);
    }
    None
}
