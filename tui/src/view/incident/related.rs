//! Subjects of an incident, and objects related to it.

use ratatui::layout::Rect;

use super::panes::{Line, rows};
use crate::{
    core::{
        format::{count, relative},
        incident::{Incident, Pane},
    },
    view::{theme::Tone, widgets::paint::Paint},
};

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let state = paint.state;
    let now = state.now.wall;
    let subjects = incident.subjects.iter().map(|subject| Line {
        sign: state.glyphs.mark(),
        text: format!("{} {}", subject.kind(), state.name_of(subject.id())),
        about: "in it".into(),
        tone: Tone::Accent,
    });
    let others = incident.relations.iter().map(|one| {
        let how = one.words(&|id| state.name_of(id));
        let live = match one.live {
            0 => String::new(),
            live => format!(", {}", count(live, "live session")),
        };
        Line {
            sign: " ",
            text: format!("{} {}", one.of.kind(), state.name_of(one.of.id())),
            about: format!(
                "{how}; {}{}{live}, {}",
                state.glyphs.times(),
                one.seen,
                relative(one.last, now)
            ),
            tone: Tone::Base,
        }
    });
    let lines: Vec<_> = subjects.chain(others).collect();
    let title = format!(
        "In it and related {} {}",
        state.glyphs.dot(),
        incident.relations.len()
    );
    let chosen = (incident.pane == Pane::Related).then_some(incident.related_at);
    rows(paint, area, &title, &lines, chosen)
}
