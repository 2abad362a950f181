//! What the server has to offer for a field: asked for when another text was typed, and taken in.

use crate::core::{field::Value, layer::Layer, msg::Effect, resource::Resource, state::State};

/// Something that can be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub id: String,
    /// What stands in the field once it is picked.
    pub value: String,
    /// What tells it from others.
    pub about: String,
}

impl State {
    /// Asks what can be picked where the focus is, when another text was typed.
    pub(crate) fn ask_offers(&mut self, effects: &mut Vec<Effect>) {
        let generation = self.generation + 1;
        let Some(Layer::Form(form)) = self.layers.last_mut() else {
            return;
        };
        // That of the focused field first.
        let focus = form.focus.min(form.fields.len());
        let (before, after) = form.fields.split_at_mut(focus);
        for field in after.iter_mut().chain(before) {
            let Value::Pick(pick) = &mut field.value else {
                continue;
            };
            let text = match pick.kind {
                Resource::Roles => "",
                _ => pick.search.text(),
            };
            if pick.asked.as_deref() != Some(text) {
                let text = text.to_owned();
                pick.asked = Some(text.clone());
                pick.generation = generation;
                self.generation = generation;
                let kind = pick.kind;
                effects.push(Effect::Offers {
                    generation,
                    kind,
                    text,
                });
                // The next goes out once this has come.
                return;
            }
        }
    }

    /// What can be picked has come.
    pub(crate) fn offered(
        &mut self,
        generation: u64,
        offers: Vec<Offer>,
        effects: &mut Vec<Effect>,
    ) {
        self.take_offers(generation, offers);
        self.ask_offers(effects);
    }

    fn take_offers(&mut self, generation: u64, offers: Vec<Offer>) {
        for layer in &mut self.layers {
            let Layer::Form(form) = layer else { continue };
            for field in &mut form.fields {
                if let Value::Pick(pick) = &mut field.value
                    && pick.generation == generation
                {
                    pick.search.at = pick.search.at.min(offers.len().saturating_sub(1));
                    pick.offers = offers;
                    return;
                }
            }
        }
    }
}
