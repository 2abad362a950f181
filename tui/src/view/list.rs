//! A list: the rows that are on the screen, and no others.

use ratatui::layout::Rect;

use super::{chrome::nothing, dashboard::event_tone, histogram};
use crate::{
    core::{
        State,
        cells::cells,
        client_diagnosis,
        columns::{self, ColumnId},
        event_kind::EventKind,
        event_text,
        format::number,
        keymap::Action,
        layout::Areas,
        list::List,
        resource::Row,
        sanitize::width,
    },
    view::{
        columns::{Placed, cut, place, place_chosen},
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, right_of, wrapped},
        },
    },
};

/// Room for the marks before each row.
const MARKS: u16 = 3;

fn title(state: &State, list: &List) -> String {
    let mut parts = vec![list.kind.title().to_owned()];
    parts.extend(list.filters.iter().map(|filter| filter.label.clone()));
    if list.loaded_at.is_some() {
        parts.push(super::chrome::total(list));
    }
    if !list.q.is_empty() {
        parts.push(format!("/{}", list.q));
    }
    if let Some((at, descending)) = list.sort
        && let Some((_, name)) = list.kind.sorts().get(at)
    {
        let way = if descending {
            state.glyphs.down()
        } else {
            state.glyphs.up()
        };
        parts.push(format!("by {name} {way}"));
    }
    parts.join(&format!(" {} ", state.glyphs.dot()))
}

pub(super) fn draw(paint: &mut Paint<'_>, areas: &Areas, list: &List) -> Option<(u16, u16)> {
    let state = paint.state;
    let focused = state.detail().is_none_or(|detail| !detail.focused);
    let inner = frame(paint, areas.body, &title(state, list), focused);
    if list.rows.is_empty() {
        empty(paint, inner, list);
        return None;
    }
    let columns = columns(state, list, areas.rows.width.saturating_sub(MARKS + 1));
    // When events happened stands above them.
    let above = areas.rows.y.saturating_sub(inner.y + 1);
    if above > 0 {
        let chart = Rect {
            x: areas.rows.x + MARKS,
            width: areas.rows.width.saturating_sub(MARKS + 1),
            height: above,
            ..inner
        };
        histogram::draw(paint, chart, list, usize::from(areas.rows.height));
    }
    let head = Rect {
        x: areas.rows.x,
        y: inner.y + above,
        height: inner.height.min(1),
        ..inner
    };
    heads(paint, head, list, &columns);
    news(paint, areas.body, list);
    rows(paint, areas.rows, list, &columns)
}

/// The rows that there is room for.
fn rows(paint: &mut Paint<'_>, area: Rect, list: &List, columns: &[Shown]) -> Option<(u16, u16)> {
    let state = paint.state;
    let mut cursor = None;
    let high = u16::try_from(state.row_height()).unwrap_or(1);
    let shown = list.shown(usize::from(area.height / high));
    let chosen = list.index();
    for (at, (item, alike)) in shown.enumerate() {
        let y = area.y + u16::try_from(at).unwrap_or(u16::MAX) * high;
        let line = Rect {
            y,
            height: 1,
            ..area
        };
        let selected = chosen == Some(list.offset + at);
        let row = ListRow {
            item,
            alike,
            selected,
            marked: list.marks.contains_key(&item.id()),
        };
        row.draw(paint, line, columns);
        if selected {
            cursor = Some((area.x, y));
        }
        if high > 1 {
            more(paint, Rect { y: y + 1, ..line }, item);
        }
    }
    cursor
}

/// The names of the columns.
fn heads(paint: &mut Paint<'_>, head: Rect, list: &List, columns: &[Shown]) {
    for one in columns {
        // Times of the clock say whose.
        let title = match one.id.title(list.kind) {
            title if title == "TIME" => {
                format!(
                    "TIME {}",
                    crate::core::time_zone::name(paint.state.now.wall)
                )
            }
            title => title,
        };
        let room = Rect {
            x: head.x + MARKS + one.x,
            width: one.width,
            ..head
        };
        paint.text(room, room.x, head.y, &title, Tone::Dim);
    }
}

/// A column with its room, and what stands in it.
struct Shown {
    id: ColumnId,
    x: u16,
    width: u16,
}

/// The columns of a list that there is room for: those that were chosen, or its own.
fn columns(state: &State, list: &List, room: u16) -> Vec<Shown> {
    let chosen = state.chosen_columns(list);
    let placed = match chosen {
        Some(chosen) => place_chosen(list.kind, chosen, room),
        None => place(list.kind, room, state.wide),
    };
    let shown = |one: Placed| Shown {
        id: chosen.map_or(ColumnId::Cell(one.at), |chosen| chosen[one.at]),
        x: one.x,
        width: one.width,
    };
    placed.into_iter().map(shown).collect()
}

/// What waits above: new events, or those that wait for the end of a pause.
fn news(paint: &mut Paint<'_>, area: Rect, list: &List) {
    let state = paint.state;
    let key = |action| state.keymap.label(action);
    let text = match &list.paused {
        Some(waiting) => format!(
            " {}: {} ",
            super::chrome::paused(waiting.len()),
            key(Action::Pause)
        ),
        None if list.new_above > 0 => {
            let up = state.glyphs.up();
            let new = number(list.new_above as u64);
            format!(" {up} {new} new above: {} ", key(Action::Top))
        }
        None => return,
    };
    let corner = Rect {
        width: area.width.saturating_sub(2),
        height: area.height.min(1),
        ..area
    };
    paint.text(corner, right_of(corner, &text), area.y, &text, Tone::Warn);
}

/// The second line of an event: what it says, whole, and what was before and after.
fn more(paint: &mut Paint<'_>, area: Rect, item: &Row) {
    let Row::Event(event) = item else { return };
    let mut x = area.x + MARKS + 2;
    let changes = event_text::changes(event);
    for change in &changes {
        let arrow = if paint.state.glyphs.ascii {
            "->"
        } else {
            "→"
        };
        let pieces = [
            (format!("{}: ", change.field), Tone::Dim),
            (event_text::text(change.before), Tone::BadFill),
            (format!(" {arrow} "), Tone::Dim),
            (event_text::text(change.after), Tone::Good),
            ("   ".to_owned(), Tone::Dim),
        ];
        for (text, tone) in pieces {
            x += paint.text(area, x, area.y, &text, tone);
        }
    }
    let said = match &event.cause {
        Some(cause) if event.sent.is_none() => {
            format!("{cause}: {}", client_diagnosis::explain(cause).what)
        }
        _ => event_text::summary(event),
    };
    if changes.is_empty() {
        paint.text(area, x, area.y, &said, Tone::Dim);
    }
}

/// A row of the list: equal events are one.
struct ListRow<'a> {
    item: &'a Row,
    alike: u64,
    selected: bool,
    marked: bool,
}

impl ListRow<'_> {
    fn tone(&self) -> Tone {
        if self.selected {
            Tone::Selected
        } else if self.marked {
            Tone::Mark
        } else if self.item.is_dead() {
            Tone::Dim
        } else {
            Tone::Base
        }
    }

    /// What kind of news an event is.
    fn news(&self) -> Option<EventKind> {
        match self.item {
            Row::Event(event) => Some(EventKind::of_event(event)),
            _ => None,
        }
    }

    fn draw(&self, paint: &mut Paint<'_>, area: Rect, columns: &[Shown]) {
        let state = paint.state;
        let style = paint.style(self.tone());
        paint.fill(area, style);
        self.signs(paint, area);
        let cells = cells(&|id| state.name_of(id), state.now.wall, self.item);
        // The action's column; where it is not shown the first one says how many are alike.
        let action = columns.iter().position(|one| one.id == ColumnId::Cell(1));
        let counts = action.unwrap_or_default();
        for (at, one) in columns.iter().enumerate() {
            let field;
            let cell = match one.id {
                ColumnId::Cell(at) => cells.get(at),
                ColumnId::Field(name) => {
                    field = columns::field(self.item, name, state.now.wall);
                    Some(&field)
                }
            };
            let Some(cell) = cell else {
                continue;
            };
            let room = Rect {
                x: area.x + MARKS + one.x,
                width: one.width,
                ..area
            };
            let alike = if at == counts { self.alike } else { 1 };
            let text = text_of(state, cell, alike, usize::from(one.width));
            let style = match self.news() {
                _ if self.selected => style,
                Some(kind) if action == Some(at) && !self.marked => paint.style(event_tone(kind)),
                _ => paint.style(meaning(cell, self.tone())),
            };
            paint.styled(room, room.x, room.y, &text, style);
        }
    }

    /// What stands before the columns: the cursor, and a mark or the kind of news.
    fn signs(&self, paint: &mut Paint<'_>, area: Rect) {
        let glyphs = paint.state.glyphs;
        let style = paint.style(self.tone());
        if self.selected {
            paint.styled(area, area.x, area.y, ">", style);
        }
        if self.marked {
            paint.styled(area, area.x + 1, area.y, glyphs.mark(), style);
        } else if let Some(kind) = self.news() {
            let tone = if self.selected {
                self.tone()
            } else {
                event_tone(kind)
            };
            paint.text(area, area.x + 1, area.y, kind.glyph(glyphs), tone);
        }
    }
}

/// A cell cut to its room; the number of equal ones is never cut away.
fn text_of(state: &State, cell: &str, alike: u64, room: usize) -> String {
    let more = state.glyphs.more();
    if alike < 2 {
        return cut(cell, room, more);
    }
    let times = format!(" {}{alike}", state.glyphs.times());
    let room = room.saturating_sub(width(&times));
    format!("{}{times}", cut(cell, room, more))
}

/// Words coloured by their meaning.
pub(super) fn meaning(cell: &str, tone: Tone) -> Tone {
    match cell {
        "live" | "active" | "signs" => Tone::Good,
        "disabled" | "revoked" | "expired" => Tone::Bad,
        "idle" | "verifies" => Tone::Warn,
        _ => tone,
    }
}

fn empty(paint: &mut Paint<'_>, area: Rect, list: &List) {
    let state = paint.state;
    let narrowed = !list.q.is_empty() || !list.filters.is_empty();
    let text = if narrowed && list.q.is_empty() {
        format!(
            "Nothing here: {}. esc goes back.",
            list.filters
                .iter()
                .map(|filter| filter.label.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        )
    } else if narrowed {
        match &list.note {
            // It did not see all rows: nobody knows whether there is such a one.
            Some(note) if list.total_at_least => format!("Nothing found yet: {note}."),
            Some(note) => format!("Nothing matches {}: {note}.", list.q),
            None => format!("Nothing matches {}. esc drops the filter.", list.q),
        }
    } else {
        list.kind.nothing().to_owned()
    };
    let (text, tone) = nothing(state, &list.load, &text);
    let lines = wrapped(&text, usize::from(area.width.saturating_sub(4)));
    let top = area.y
        + area
            .height
            .saturating_sub(u16::try_from(lines.len()).unwrap_or(1))
            / 3;
    for (at, line) in lines.iter().enumerate() {
        let y = top + u16::try_from(at).unwrap_or_default();
        paint.text(area, area.x + 2, y, line, tone);
    }
}
