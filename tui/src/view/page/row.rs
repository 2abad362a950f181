//! One line of a page, in columns.

use ratatui::layout::Rect;

use crate::{
    core::{
        detail_fields::Fact,
        event_kind::EventKind,
        page::{
            Subject,
            days::Moment,
            lines::{FACT_LABEL, Line, fact_room},
            panels::Panel,
        },
    },
    view::{
        columns::{Column, column, cut, share},
        dashboard::event_tone,
        detail::fact_tone,
        list::meaning,
        theme::Tone,
        widgets::{
            paint::{Paint, wrapped},
            spark::bars,
        },
    },
};

/// Room for the cursor before each line.
const MARK: u16 = 2;
/// Which of a key's columns is its use.
const USE: usize = 2;

const THEIRS: &[Column] = &[
    column("DEVICE", 14, 34, 0),
    column("ADDRESS", 11, 39, 1),
    column("SEEN", 8, 8, 2),
    column("THROUGH", 8, 24, 4),
    column("SINCE", 8, 8, 3),
    column("STATE", 7, 7, 5),
];
const SESSION: &[Column] = &[
    column("USER", 14, 34, 0),
    column("ADDRESS", 11, 39, 1),
    column("SEEN", 8, 8, 2),
    column("DEVICE", 10, 24, 4),
    column("SINCE", 8, 8, 3),
    column("STATE", 7, 7, 5),
];
const KEY: &[Column] = &[
    column("NAME", 12, 28, 0),
    column("STATE", 8, 8, 2),
    column("USE", 10, 30, 1),
    column("USED", 6, 9, 3),
    column("LAST", 8, 8, 1),
    column("ENDS", 8, 8, 4),
];
/// The second says until when, which is what one looks for.
const WAY_IN: &[Column] = &[column("", 12, 40, 0), column("", 22, 60, 1)];
const TWO: &[Column] = &[column("", 12, 60, 0), column("", 8, 60, 1)];
const THREE: &[Column] = &[
    column("NAME", 12, 34, 0),
    column("SINCE", 8, 8, 1),
    column("MAY", 10, 80, 2),
];
/// What, when last, how often, how often refused.
const SEEN: &[Column] = &[
    column("", 14, 40, 0),
    column("LAST", 8, 8, 1),
    column("EVENTS", 9, 12, 2),
    column("", 12, 14, 3),
];
/// Time, glyph, action, address, others, what it says.
const EVENT: &[Column] = &[
    column("", 5, 5, 0),
    column("", 1, 1, 0),
    column("", 14, 22, 0),
    column("", 11, 15, 2),
    column("", 10, 28, 3),
    column("", 12, 90, 1),
];

fn columns(line: &Line<'_>) -> &'static [Column] {
    match line {
        Line::Session(_, true) => THEIRS,
        Line::Session(_, false) => SESSION,
        Line::Key(..) => KEY,
        Line::Block(_) | Line::Application(_) => THREE,
        Line::Row(_) => TWO,
        Line::WayIn(_) => WAY_IN,
        Line::Seen(_) => SEEN,
        Line::Moment(Moment::Event(..)) => EVENT,
        Line::Fact(_) | Line::Moment(_) | Line::More(..) => &[],
    }
}

pub(super) fn draw(
    paint: &mut Paint<'_>,
    area: Rect,
    line: &Line<'_>,
    subject: &Subject,
    selected: bool,
) {
    let cells = line.cells(paint.state, subject);
    if let Line::Moment(Moment::Day(_) | Moment::Gap(_)) = line {
        return mark(paint, area, line, &cells.concat());
    }
    if selected {
        let style = paint.style(Tone::Selected);
        paint.fill(area, style);
        paint.text(area, area.x, area.y, ">", Tone::Selected);
    }
    if let Line::Fact(fact) = line {
        return self::fact(paint, area, fact, selected);
    }
    let columns = columns(line);
    if columns.is_empty() {
        let tone = if selected { Tone::Selected } else { Tone::Dim };
        paint.text(area, area.x + MARK, area.y, &cells.concat(), tone);
        return;
    }
    for one in share(columns, area.width.saturating_sub(MARK), false) {
        let Some(cell) = cells.get(one.at) else {
            continue;
        };
        let tone = if selected {
            Tone::Selected
        } else {
            tone(line, one.at, cell)
        };
        let room = Rect {
            x: area.x + MARK + one.x,
            width: one.width,
            ..area
        };
        let text = match line {
            Line::Key(_, Some(days)) if one.at == USE => {
                let values: Vec<f64> = days.iter().map(|day| day.all() as f64).collect();
                bars(&values, usize::from(one.width), paint.state.glyphs)
            }
            _ => cut(cell, usize::from(one.width), paint.state.glyphs.more()),
        };
        paint.text(room, room.x, room.y, &text, tone);
    }
}

/// The names of a panel's columns, over the line of that kind.
pub(super) fn head(paint: &mut Paint<'_>, area: Rect, line: &Line<'_>, panel: Panel) {
    for one in share(columns(line), area.width.saturating_sub(MARK), false) {
        let title = match (one.column.title, panel) {
            ("", Panel::Addresses) if one.at == 0 => "ADDRESS",
            ("", Panel::People) if one.at == 0 => "USER",
            (title, _) => title,
        };
        let room = Rect {
            x: area.x + MARK + one.x,
            width: one.width,
            ..area
        };
        paint.text(room, room.x, room.y, title, Tone::Dim);
    }
}

/// A value that may take several lines.
fn fact(paint: &mut Paint<'_>, area: Rect, fact: &Fact, selected: bool) {
    let or = |tone: Tone| if selected { Tone::Selected } else { tone };
    let tone = match fact_tone(fact) {
        Tone::Base if fact.target.is_some() => Tone::Key,
        tone => tone,
    };
    let label = Rect {
        width: FACT_LABEL.saturating_sub(1).min(area.width),
        ..area
    };
    paint.text(label, area.x + MARK, area.y, fact.label, or(Tone::Dim));
    let room = fact_room(area.width);
    let value = Rect {
        x: area.x + FACT_LABEL.min(area.width),
        width: room.min(area.width.saturating_sub(FACT_LABEL)),
        ..area
    };
    let lines = wrapped(&fact.value, usize::from(room));
    let shown = usize::from(area.height);
    for (y, (at, line)) in (area.y..).zip(lines.iter().enumerate().take(shown)) {
        let more = at + 1 == shown && lines.len() > shown;
        let text = if more {
            format!("{line} {}", paint.state.glyphs.more())
        } else {
            line.clone()
        };
        paint.text(value, value.x, y, &text, or(tone));
    }
}

/// The meaning of a cell.
fn tone(line: &Line<'_>, at: usize, cell: &str) -> Tone {
    match (line, at) {
        (Line::Moment(Moment::Event(event, _)), 1 | 2) => event_tone(EventKind::of_event(event)),
        (Line::Moment(_), 0 | 5) => Tone::Dim,
        (Line::Seen(_), 3) => Tone::Bad,
        (Line::Key(..), USE) => Tone::Accent,
        (_, 0) => Tone::Base,
        _ => meaning(cell, Tone::Dim),
    }
}

/// A day that begins, or days in which nothing happened.
fn mark(paint: &mut Paint<'_>, area: Rect, line: &Line<'_>, text: &str) {
    let glyphs = paint.state.glyphs;
    let x = area.x + MARK;
    if let Line::Moment(Moment::Gap(_)) = line {
        let text = format!("{} {text} {}", glyphs.more(), glyphs.more());
        paint.text(area, x + 2, area.y, &text, Tone::Border);
        return;
    }
    let used = paint.text(area, x, area.y, text, Tone::Title);
    let from = x + used + 1;
    let rule = if glyphs.ascii { "-" } else { "─" };
    let left = usize::from(area.right().saturating_sub(from + 1));
    paint.text(area, from, area.y, &rule.repeat(left), Tone::Border);
}
