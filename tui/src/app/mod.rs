//! The console's state and what changes it. No I/O here: what has to be done leaves as effects.

mod act;
pub mod change;
pub mod confirm;
pub mod dashboard;
mod delete;
mod filled;
pub mod form;
mod forms;
pub mod incident;
mod input;
pub mod layer;
pub mod line;
pub mod link;
pub mod list;
mod mouse;
pub mod msg;
pub mod overtaken;
pub mod palette;
pub mod pick;
pub mod picker;
mod preset;
pub mod problem;
mod related;
mod reply;
pub mod reveal;
pub mod search_box;
pub mod state;
#[cfg(test)]
pub mod tests;
mod tick;
mod travel;
pub mod undo;

pub use self::{
    msg::{Effect, Msg, Now},
    state::State,
};

/// Takes a message in; answers what has to be done.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.dirty = true;
    match msg {
        Msg::Key(key) => input::key(state, key, &mut effects),
        Msg::Paste(text) => input::paste(state, &text),
        Msg::Mouse(mouse) => mouse::mouse(state, mouse, &mut effects),
        Msg::Resize(width, height) => state.resize(width, height),
        Msg::Tick => tick::tick(state, &mut effects),
        Msg::Resumed => effects.push(Effect::Redraw),
        Msg::Reply(reply) => reply::reply(state, reply, &mut effects),
    }
    state.follow_selection(&mut effects);
    effects
}
