//! An incident: the sentence, the chart, what to do, who else is in it, and the timeline.

mod chart;
mod panes;
mod timeline;

use ratatui::layout::Rect;

use crate::{
    core::{
        format::clock,
        incident::{Incident, Note, Pane, facts::sentence},
        list::Load,
    },
    view::{
        chrome::nothing,
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

/// From so many columns on, steps and relations stand side by side.
const WIDE: u16 = 100;
/// From so many lines on, each part has a place of its own, and the chart too.
const HIGH: u16 = 15;
const CHART_FROM: u16 = 30;
const CHART: u16 = 8;
/// Notes that are shown, at most.
const NOTES: usize = 3;

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let room = usize::from(area.width.saturating_sub(4));
    let (text, tone) = summary(paint, incident);
    if area.height < HIGH {
        return low(paint, area, incident, &text, tone);
    }
    let lines = wrapped(&text, room);
    let lines = lines.into_iter().take(3).map(|line| (line, tone));
    let most = if area.height < CHART_FROM { 1 } else { NOTES };
    let notes = notes(paint, incident, most).into_iter();
    let lines: Vec<_> = lines.chain(notes.map(|note| (note, Tone::Base))).collect();
    let mut rest = area;
    let top = take(&mut rest, u16::try_from(lines.len()).unwrap_or(1) + 2);
    let inner = frame(paint, top, &title(paint, incident), false);
    for (y, (line, tone)) in (inner.y..).zip(&lines) {
        paint.text(inner, inner.x + 1, y, line, *tone);
    }
    if area.height >= CHART_FROM {
        let place = take(&mut rest, CHART);
        chart::draw(paint, place, incident);
    }
    let side_by_side = area.width >= WIDE;
    let rows = incident.steps.len().max(if side_by_side {
        incident.relations.len() + 1
    } else {
        0
    });
    let wanted = u16::try_from(rows).unwrap_or(u16::MAX).clamp(3, 10) + 2;
    let half = rest.height / 2;
    let middle = take(&mut rest, wanted.min(half));
    let cursor = if side_by_side {
        let left = Rect {
            width: middle.width / 2,
            ..middle
        };
        let right = Rect {
            x: left.right(),
            width: middle.width - left.width,
            ..middle
        };
        let at_steps = panes::steps(paint, left, incident);
        at_steps.or(panes::related(paint, right, incident))
    } else if incident.pane == Pane::Related {
        panes::related(paint, middle, incident)
    } else {
        panes::steps(paint, middle, incident)
    };
    let at_events = timeline::draw(paint, rest, incident);
    cursor.or(at_events)
}

/// A low screen has the beginning of the sentence, and the part that has the focus.
fn low(
    paint: &mut Paint<'_>,
    area: Rect,
    incident: &Incident,
    sentence: &str,
    tone: Tone,
) -> Option<(u16, u16)> {
    let mut rest = area;
    if area.height > 5 {
        let top = take(&mut rest, 1);
        paint.text(top, top.x + 1, top.y, sentence, tone);
    }
    match incident.pane {
        Pane::Steps => panes::steps(paint, rest, incident),
        Pane::Related => panes::related(paint, rest, incident),
        Pane::Timeline => timeline::draw(paint, rest, incident),
    }
}

/// The upper lines of what is left.
fn take(rest: &mut Rect, high: u16) -> Rect {
    let high = high.min(rest.height);
    let top = Rect {
        height: high,
        ..*rest
    };
    rest.y += high;
    rest.height -= high;
    top
}

fn title(paint: &Paint<'_>, incident: &Incident) -> String {
    let state = paint.state;
    let dot = state.glyphs.dot();
    match incident.subjects.as_slice() {
        [one] => format!("Incident {dot} {} {}", one.kind(), state.name_of(one.id())),
        many => {
            let names: Vec<_> = many.iter().map(|one| state.name_of(one.id())).collect();
            format!(
                "Incident {dot} {} together {dot} {}",
                many.len(),
                names.join(", ")
            )
        }
    }
}

/// The last of what was noted, and how much is above it.
fn notes(paint: &Paint<'_>, incident: &Incident, most: usize) -> Vec<String> {
    let state = paint.state;
    let earlier = incident.log.len().saturating_sub(most);
    let shown = incident.log.iter().skip(earlier);
    let line = |(at, note): (usize, &Note)| {
        let time = clock(note.at, state.now.wall);
        let above = match earlier {
            many @ 1.. if at == 0 => format!("  ({many} earlier)"),
            _ => String::new(),
        };
        format!("{time} {} {}{above}", state.glyphs.dot(), note.text)
    };
    shown.enumerate().map(line).collect()
}

/// The sentence; how things stand before there is one.
fn summary(paint: &Paint<'_>, incident: &Incident) -> (String, Tone) {
    let state = paint.state;
    match (&incident.load, incident.loaded_at) {
        (Load::Done, _) | (Load::Waiting(_), Some(_)) => {
            let text = sentence(&incident.facts, &|id| state.name_of(id));
            (text, Tone::Title)
        }
        (load, _) => nothing(state, load, ""),
    }
}
