//! Leaving a server or the console, after asking where an incident's notes would be lost.

use super::{
    layer::{Choice, Layer, Menu},
    msg::Effect,
    state::{State, View},
};

impl View {
    /// Whether it is an incident whose notes are in no file yet.
    pub(crate) fn has_notes(&self) -> bool {
        matches!(self, Self::Incident(incident) if incident.log.len() > incident.written)
    }
}

impl State {
    fn has_notes(&self) -> bool {
        let past = self.back.iter().chain(&self.forward);
        self.view.has_notes() || past.into_iter().any(View::has_notes)
    }

    /// Leaves, after asking where something would be lost.
    pub(crate) fn quit(&mut self, effects: &mut Vec<Effect>) {
        if !self.has_notes() {
            return effects.push(Effect::Quit);
        }
        self.ask_to_lose_notes("Quit without it", Choice::Quit);
    }

    /// Goes to another server, after asking where something would be lost.
    pub(crate) fn switch(&mut self, name: String, effects: &mut Vec<Effect>) {
        if !self.has_notes() {
            return effects.push(Effect::Switch(name));
        }
        let label = format!("Go to {name} without it");
        self.ask_to_lose_notes(&label, Choice::Switch(name));
    }

    fn ask_to_lose_notes(&mut self, label: &str, lose: Choice) {
        let here = matches!(self.view, View::Incident(_));
        let stay = if here { "Stay (m writes it)" } else { "Stay" };
        self.layers.push(Layer::Menu(Menu {
            title: "The incident's record is not written".into(),
            entries: vec![
                (stay.into(), Choice::Stay),
                ("Cancel".into(), Choice::Stay),
                (label.into(), lose),
            ],
            at: 0,
        }));
    }
}
