//! Panels of rows: numbers, bars with shares, events as they happen.

use ratatui::layout::Rect;

use crate::{
    core::{
        State,
        cells::cells,
        dashboard::{DashRow, Panel},
        event_kind::EventKind,
        resource::Row,
        sanitize::{fit, width},
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, right_of, wrapped},
            spark::{bar, bars},
        },
    },
};

/// Columns that a network takes, at least.
const NAME: u16 = 18;
/// Columns of the sparklines, at most.
const SPARKS: usize = 60;
/// Lines for what to do about the selected row, at most.
const ADVICE: usize = 5;
/// The same where the rows need the room.
const LOW_ADVICE: usize = 2;

pub(super) fn draw(
    paint: &mut Paint<'_>,
    area: Rect,
    panel: Panel,
    chosen: Option<usize>,
) -> Option<(u16, u16)> {
    let state = paint.state;
    let rows = state.dash_rows(panel);
    let mut inner = frame(paint, area, &title(state, panel, &rows), chosen.is_some());
    if rows.is_empty() {
        let load = state.dash_load(panel);
        let (text, tone) = crate::view::chrome::nothing(state, &load, panel.nothing());
        paint.text(inner, inner.x + 1, inner.y, &text, tone);
        return chosen.map(|_| (inner.x, inner.y));
    }
    if let Some(advice) = chosen.and_then(|at| rows.get(at)?.advice()) {
        inner.height -= self::advice(paint, inner, &advice, rows.len());
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
            let style = paint.style(Tone::Selected);
            paint.fill(place, style);
            paint.text(place, place.x, place.y, ">", Tone::Selected);
        }
        match one {
            DashRow::Event { event, times, .. } => {
                self::event(paint, place, event, *times, selected);
            }
            _ => row(paint, place, one, selected),
        }
    }
    cursor
}

fn title(state: &State, panel: Panel, rows: &[DashRow]) -> String {
    match panel {
        Panel::Chart => state.dash.window.name().into(),
        Panel::Setup => {
            let done = |row: &&DashRow| matches!(row, DashRow::Task(_, true));
            let count = rows.iter().filter(done).count();
            format!(
                "{} {} {count} of {}",
                panel.title(),
                state.glyphs.dot(),
                rows.len()
            )
        }
        Panel::Events if state.connection.streaming => {
            format!("{} {} live", panel.title(), state.glyphs.dot())
        }
        _ => panel.title().into(),
    }
}

/// What to do about the selected row, at the foot of the panel of so many rows; answers how many lines it took.
fn advice(paint: &mut Paint<'_>, area: Rect, advice: &str, rows: usize) -> u16 {
    let columns = usize::from(area.width.saturating_sub(4));
    let mut lines = wrapped(advice, columns);
    let high = usize::from(area.height);
    let left = (high / 2).max(high.saturating_sub(rows));
    let room = left.clamp(LOW_ADVICE, ADVICE).min(high.saturating_sub(1));
    if lines.len() > room {
        let cut = lines.split_off(room);
        if let Some(last) = lines.last_mut() {
            let more = paint.state.glyphs.more();
            *last = fit(&format!("{last} {}", cut[0]), columns, more);
        }
    }
    let high = u16::try_from(lines.len()).unwrap_or_default();
    for (y, line) in (area.bottom() - high..).zip(&lines) {
        paint.text(area, area.x + 2, y, line, Tone::Dim);
    }
    high
}

/// The tone of a row where it is not selected.
fn tone(row: &DashRow) -> Tone {
    match row {
        DashRow::Task(_, true) => Tone::Dim,
        DashRow::Task(_, false) => Tone::Warn,
        DashRow::Ending(..) => Tone::Warn,
        _ => Tone::Base,
    }
}

fn row(paint: &mut Paint<'_>, area: Rect, row: &DashRow, selected: bool) {
    let state = paint.state;
    let or = |tone: Tone| if selected { Tone::Selected } else { tone };
    let value = row.value();
    let percent = row.share().map(|share| format!("{:>3.0}%", share * 100.));
    let told = match &percent {
        Some(percent) => format!("{percent} {value:>5} "),
        None => format!("{value} "),
    };
    let value_x = right_of(area, &told);
    let room = Rect {
        width: value_x.saturating_sub(area.x + 1),
        ..area
    };
    let label = row.label(state);
    if let Some(share) = row.share().filter(|_| area.width >= 36) {
        // The name, then its bar in what is left.
        let least = NAME.min(room.width);
        let name_wide = (room.width * 11 / 20).clamp(least, 44.max(least));
        let name = Rect {
            width: name_wide,
            ..room
        };
        paint.text(name, area.x + 2, area.y, &label, or(Tone::Base));
        let from = area.x + name_wide + 1;
        let columns = value_x.saturating_sub(from + 1);
        bar(paint, room, from, columns, share, or(Tone::BadFill));
    } else {
        paint.text(room, area.x + 2, area.y, &label, or(tone(row)));
    }
    if let DashRow::Series(series, values) = row {
        let columns = usize::from(area.width.saturating_sub(28)).min(SPARKS);
        let bars = bars(values, columns, state.glyphs);
        let tone = if series.is_bad() {
            Tone::BadFill
        } else {
            Tone::Accent
        };
        paint.text(room, area.x + 15, area.y, &bars, or(tone));
    }
    paint.text(area, value_x, area.y, &told, or(tone(row)));
}

/// A colour for each kind of news; the glyph says the same.
pub(crate) fn event_tone(kind: EventKind) -> Tone {
    match kind {
        EventKind::Refused => Tone::Bad,
        EventKind::Ended => Tone::Warn,
        EventKind::Entered => Tone::Good,
        EventKind::Made => Tone::Accent,
        EventKind::Changed => Tone::Base,
    }
}

/// Time, what happened, who, from where, what of it.
fn event(
    paint: &mut Paint<'_>,
    area: Rect,
    event: &doorward_shared::admin::Event,
    count: u64,
    selected: bool,
) {
    let state = paint.state;
    let or = |tone: Tone| if selected { Tone::Selected } else { tone };
    let kind = EventKind::of_event(event);
    let item = Row::Event(event.clone());
    let cells = cells(&|id| state.name_of(id), state.now.wall, &item);
    let cell = |at: usize| cells.get(at).map(String::as_str).unwrap_or_default();
    let mut x = area.x + 2;
    x += paint.text(area, x, area.y, cell(0), or(Tone::Dim)) + 1;
    let glyph = kind.glyph(state.glyphs);
    x += paint.text(area, x, area.y, glyph, or(event_tone(kind))) + 1;
    let times = if count > 1 {
        format!(" {}{count}", state.glyphs.times())
    } else {
        String::new()
    };
    let action = format!("{}{times}", event.action);
    paint.text(area, x, area.y, &action, or(event_tone(kind)));
    x += u16::try_from(width(&action)).unwrap_or_default().max(24) + 1;
    let person = event.user_id.map(|id| state.name_of(&id.to_string()));
    let person = person.unwrap_or_else(|| cell(2).to_owned());
    let who = Rect {
        width: (x + area.width / 4)
            .min(area.right())
            .saturating_sub(area.x),
        ..area
    };
    paint.text(who, x, area.y, &person, or(Tone::Base));
    x = who.right() + 1;
    let from = Rect {
        width: (x + 24).min(area.right()).saturating_sub(area.x),
        ..area
    };
    let ip = event.ip.as_deref().unwrap_or("-");
    paint.text(from, x, area.y, ip, or(Tone::Dim));
    x = from.right() + 1;
    let what = match event.target.as_deref().map(|id| state.name_of(id)) {
        Some(target) if target != person => format!("{target}  {}", cell(5)),
        _ => cell(5).to_owned(),
    };
    paint.text(area, x, area.y, &what, or(Tone::Dim));
}
