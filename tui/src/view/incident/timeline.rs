//! The merged timeline of all subjects: equal events are one row, days and gaps are marked.

use ratatui::layout::Rect;

use crate::{
    core::{
        cells::cells,
        event_kind::EventKind,
        incident::{Incident, Pane},
        resource::{Resource, Row},
    },
    view::{
        chrome::nothing,
        columns::{Placed, cut, place},
        dashboard::event_tone,
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let state = paint.state;
    let focused = incident.pane == Pane::Timeline;
    let rows = incident.rows();
    let title = format!(
        "Timeline of 7 days ({}) {} {}",
        crate::core::time_zone::name(state.now.wall),
        state.glyphs.dot(),
        crate::core::format::count(
            crate::core::event_text::times(&incident.facts.events),
            "event"
        )
    );
    let inner = frame(paint, area, &title, focused);
    if rows.is_empty() {
        let nobody = "Nothing happened in the last 7 days.";
        let (text, tone) = nothing(state, &incident.load, nobody);
        let lines = wrapped(&text, usize::from(inner.width.saturating_sub(4)));
        for (y, line) in (inner.y..).zip(&lines) {
            paint.text(inner, inner.x + 2, y, line, tone);
        }
        return focused.then_some((inner.x, inner.y));
    }
    let columns = place(Resource::Events, inner.width.saturating_sub(2), state.wide);
    let height = usize::from(inner.height);
    let at = incident.scroll.min(rows.len() - 1);
    let first = (at + 1).saturating_sub(height);
    let mut cursor = None;
    for (row, (event, count)) in rows.iter().enumerate().skip(first).take(height) {
        let line = Rect {
            y: inner.y + u16::try_from(row - first).unwrap_or_default(),
            height: 1,
            ..inner
        };
        let selected = focused && row == at;
        if selected {
            let style = paint.style(Tone::Selected);
            paint.fill(line, style);
            cursor = Some((line.x, line.y));
        }
        let row = TimelineRow {
            kind: EventKind::of_event(event),
            item: Row::Event((*event).clone()),
            count: *count,
            selected,
        };
        row.draw(paint, line, &columns);
    }
    cursor
}

/// Equal events on one line.
struct TimelineRow {
    item: Row,
    kind: EventKind,
    count: u64,
    selected: bool,
}

impl TimelineRow {
    fn draw(&self, paint: &mut Paint<'_>, line: Rect, columns: &[Placed]) {
        let state = paint.state;
        let or = |tone: Tone| {
            if self.selected { Tone::Selected } else { tone }
        };
        if self.selected {
            paint.text(line, line.x, line.y, ">", Tone::Selected);
        }
        paint.text(
            line,
            line.x + 1,
            line.y,
            self.kind.glyph(state.glyphs),
            or(event_tone(self.kind)),
        );
        let mut cells = cells(&|id| state.name_of(id), state.now.wall, &self.item);
        if self.count > 1
            && let Some(action) = cells.get_mut(1)
        {
            action.push_str(&format!(" {}{}", state.glyphs.times(), self.count));
        }
        for one in columns {
            let Some(cell) = cells.get(one.at) else {
                continue;
            };
            let room = Rect {
                x: line.x + 2 + one.x,
                width: one.width,
                ..line
            }
            .intersection(line);
            let text = cut(cell, usize::from(one.width), state.glyphs.more());
            // The action's column.
            let tone = if one.at == 1 {
                event_tone(self.kind)
            } else {
                Tone::Base
            };
            paint.text(room, room.x, room.y, &text, or(tone));
        }
    }
}
