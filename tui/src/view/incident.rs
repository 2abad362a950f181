//! An incident: what to do, what was done, and the timeline.

use ratatui::layout::Rect;

use super::chrome::nothing;
use crate::core::resource::{Resource, Row};
use crate::{
    core::{cells::cells, incident::Incident, list::Load},
    view::{
        columns::{cut, place},
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

pub fn draw(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let state = paint.state;
    let dot = state.glyphs.dot();
    let name = state.name_of(incident.subject.id());
    let title = format!("Incident {dot} {} {name}", incident.subject.kind());
    let wanted = u16::try_from(incident.steps.len() + 2).unwrap_or(6);
    let steps_area = Rect {
        height: wanted.min(area.height),
        ..area
    };
    let timeline_area = Rect {
        y: steps_area.bottom(),
        height: area.height - steps_area.height,
        ..area
    };
    let at_steps = steps(paint, steps_area, &title, incident);
    let at_events = timeline(paint, timeline_area, incident);
    if incident.on_steps {
        at_steps
    } else {
        at_events
    }
}

fn steps(
    paint: &mut Paint<'_>,
    area: Rect,
    title: &str,
    incident: &Incident,
) -> Option<(u16, u16)> {
    let glyphs = paint.state.glyphs;
    let inner = frame(paint, area, title, incident.on_steps);
    let mut cursor = None;
    for (at, (step, done)) in incident.steps.iter().enumerate() {
        let y = inner.y + u16::try_from(at).unwrap_or_default();
        let selected = incident.on_steps && at == incident.at;
        let tone = match (selected, done) {
            (true, _) => Tone::Selected,
            (false, Some(_)) => Tone::Good,
            (false, None) => Tone::Base,
        };
        if selected {
            let style = paint.style(tone);
            paint.fill(
                Rect {
                    y,
                    height: 1,
                    ..inner
                }
                .intersection(inner),
                style,
            );
            paint.text(inner, inner.x, y, ">", tone);
            cursor = Some((inner.x, y));
        }
        let sign = if done.is_some() {
            glyphs.on()
        } else {
            glyphs.off()
        };
        let outcome = done
            .as_ref()
            .map(|done| format!("  {} {done}", glyphs.dot()))
            .unwrap_or_default();
        paint.text(
            inner,
            inner.x + 2,
            y,
            &format!("{sign} {}{outcome}", step.label()),
            tone,
        );
    }
    cursor
}

fn timeline(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let state = paint.state;
    let title = match incident.load {
        Load::Done => format!(
            "7 days ({}) {} {}",
            crate::core::zone::name(state.now.wall),
            state.glyphs.dot(),
            crate::core::report::summary(&incident.events, incident.live_sessions)
        ),
        _ => "Timeline of 7 days".into(),
    };
    let inner = frame(paint, area, &title, !incident.on_steps);
    if incident.events.is_empty() {
        let (text, tone) = nothing(
            state,
            &incident.load,
            "Nothing happened in the last 7 days.",
        );
        for (at, line) in wrapped(&text, usize::from(inner.width.saturating_sub(4)))
            .iter()
            .enumerate()
        {
            paint.text(
                inner,
                inner.x + 2,
                inner.y + u16::try_from(at).unwrap_or_default(),
                line,
                tone,
            );
        }
        return Some((inner.x, inner.y));
    }
    let columns = place(Resource::Events, inner.width.saturating_sub(2), state.wide);
    let height = usize::from(inner.height);
    let rows = incident.rows();
    let first = incident.scroll.min(rows.len().saturating_sub(height));
    let mut cursor = None;
    for (at, (event, count)) in rows.iter().enumerate().skip(first).take(height) {
        let y = inner.y + u16::try_from(at - first).unwrap_or_default();
        let selected = !incident.on_steps && at == incident.scroll;
        let tone = if selected { Tone::Selected } else { Tone::Base };
        if selected {
            paint.text(inner, inner.x, y, ">", tone);
            cursor = Some((inner.x, y));
        }
        let item = Row::Event((*event).clone());
        let mut cells = cells(&|id| state.name_of(id), state.now.wall, &item);
        if *count > 1
            && let Some(action) = cells.get_mut(1)
        {
            action.push_str(&format!(" {}{count}", state.glyphs.times()));
        }
        for one in &columns {
            let Some(cell) = cells.get(one.at) else {
                continue;
            };
            let room = Rect {
                x: inner.x + 2 + one.x,
                y,
                width: one.width,
                height: 1,
            }
            .intersection(inner);
            let text = cut(cell, usize::from(one.width), state.glyphs.more());
            paint.text(room, room.x, y, &text, tone);
        }
    }
    cursor
}
