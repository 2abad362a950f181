//! What to do, and how far it is.

use ratatui::layout::Rect;

use super::panes::{Line, rows};
use crate::{
    core::{
        format::clock,
        incident::{Incident, Pane},
    },
    view::{theme::Tone, widgets::paint::Paint},
};

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let state = paint.state;
    let lines: Vec<_> = incident
        .steps
        .iter()
        .map(|step| {
            let progress = step.progress(&incident.facts, state.now.wall);
            let by = progress
                .by
                .map(|(by, at)| format!("{} {}", state.name_of(&by), clock(at, state.now.wall)));
            let about = match (by.filter(|_| progress.done), progress.about) {
                (Some(by), about) if about.is_empty() => by,
                (Some(by), about) => format!("{about}, {by}"),
                (None, about) => about,
            };
            Line {
                sign: if progress.done {
                    state.glyphs.on()
                } else {
                    state.glyphs.off()
                },
                text: step.label(&|id| state.name_of(id)),
                about,
                tone: if progress.done {
                    Tone::Good
                } else {
                    Tone::Base
                },
            }
        })
        .collect();
    let done = lines
        .iter()
        .filter(|line| line.sign == state.glyphs.on())
        .count();
    let title = format!(
        "To do {} {done} of {} done",
        state.glyphs.dot(),
        lines.len()
    );
    let chosen = (incident.pane == Pane::Steps).then_some(incident.at);
    rows(paint, area, &title, &lines, chosen)
}
