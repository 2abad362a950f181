//! An incident: the sentence, the chart, what to do, who else is in it, and the timeline.

mod chart;
mod head;
mod panes;
mod related;
mod steps;
mod timeline;

use ratatui::layout::Rect;

use self::head::{notes, summary, title};
use crate::{
    core::incident::{Incident, Pane},
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

/// Minimum columns for steps and relations side by side.
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
        let at_steps = steps::draw(paint, left, incident);
        at_steps.or(related::draw(paint, right, incident))
    } else if incident.pane == Pane::Related {
        related::draw(paint, middle, incident)
    } else {
        steps::draw(paint, middle, incident)
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
        Pane::Steps => steps::draw(paint, rest, incident),
        Pane::Related => related::draw(paint, rest, incident),
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
