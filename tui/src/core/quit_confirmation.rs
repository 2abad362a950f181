//! Leaving a server or the console; asks first if an incident's notes would be lost.

use super::{
    layer::{Choice, Layer, Menu},
    msg::Effect,
    state::{State, View},
};

impl View {
    /// Whether it is an incident whose notes are in no file yet.
    pub(crate) fn has_notes(&self) -> bool {
        self.unwritten() > 0
    }

    fn unwritten(&self) -> usize {
        match self {
            Self::Incident(incident) => incident.log.len().saturating_sub(incident.written),
            _ => 0,
        }
    }
}

impl State {
    /// Lines of incidents that are in no file yet.
    fn unwritten(&self) -> usize {
        let views = self.back.iter().chain(&self.forward).chain([&self.view]);
        views.map(View::unwritten).sum()
    }

    fn has_notes(&self) -> bool {
        self.unwritten() > 0
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
            return self.leave_for(name, effects);
        }
        let label = format!("Go to {name} without it");
        self.ask_to_lose_notes(&label, Choice::Switch(name));
    }

    /// Looks for another server's key, which may take a while: one goes on here until then.
    pub(super) fn leave_for(&mut self, name: String, effects: &mut Vec<Effect>) {
        self.abandoned_requests = self.unwritten();
        effects.push(Effect::Switch(name));
    }

    /// Whether what was begun since another server was asked for keeps the console here, which it says: a form or a
    /// question is meant for this server, and would be lost.
    pub(crate) fn stays(&mut self) -> bool {
        let is_begun = |layer: &Layer| match layer {
            Layer::Form(form) => !form.is_sign_in(),
            Layer::Confirm(_) => true,
            _ => false,
        };
        let kept = if self.layers.iter().any(is_begun) {
            "what you began here is kept"
        } else if self.unwritten() > self.abandoned_requests {
            "what you noted is not written yet"
        } else {
            return false;
        };
        let here = self.profile_name();
        self.warn(format!(
            "still connected to {here}: {kept}. Switch servers again afterwards"
        ));
        true
    }

    fn ask_to_lose_notes(&mut self, label: &str, lose: Choice) {
        let here = matches!(self.view, View::Incident(_));
        let stay = if here { "Stay (m writes it)" } else { "Stay" };
        let entries = vec![
            (stay.into(), Choice::Stay),
            ("Cancel".into(), Choice::Stay),
            (label.into(), lose),
        ];
        let title = "The incident's record is not written";
        self.layers.push(Layer::Menu(Menu::new(title, entries)));
    }
}
