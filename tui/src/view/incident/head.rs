//! What stands above an incident: whom it is about, the sentence, the last notes.

use crate::{
    core::{
        format::clock,
        incident::{Incident, Note, facts::sentence},
        list::Load,
    },
    view::{chrome::nothing, theme::Tone, widgets::paint::Paint},
};

pub(super) fn title(paint: &Paint<'_>, incident: &Incident) -> String {
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
pub(super) fn notes(paint: &Paint<'_>, incident: &Incident, most: usize) -> Vec<String> {
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
pub(super) fn summary(paint: &Paint<'_>, incident: &Incident) -> (String, Tone) {
    let state = paint.state;
    match (&incident.load, incident.loaded_at) {
        (Load::Done, _) | (Load::Waiting(_), Some(_)) => {
            let text = sentence(&incident.facts, &|id| state.name_of(id));
            (text, Tone::Title)
        }
        (load, _) => nothing(state, load, ""),
    }
}
