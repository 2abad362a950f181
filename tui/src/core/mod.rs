//! The console's state and what changes it. No I/O, no clock and no randomness here: time comes in with each message, and
//! what has to be done leaves as effects.

pub mod about;
mod act;
pub mod audit;
pub mod cells;
pub mod chart;
pub mod checklist;
pub mod command_line;
pub mod complete;
pub mod confirm;
pub mod connection;
pub mod dashboard;
mod delete;
mod edits;
pub mod event_kind;
pub mod field;
pub mod fold;
pub mod form;
pub mod format;
mod forms;
pub mod help;
pub mod incident;
mod input;
pub mod keymap;
pub mod layer;
pub mod layout;
pub mod line;
pub mod list;
pub mod look;
mod marks;
mod mouse;
pub mod msg;
mod names;
pub mod objects;
pub mod overtaken;
pub mod page;
pub mod palette;
pub mod pick;
pub mod picker;
mod places;
mod policy;
mod preset;
pub mod problem;
pub mod refusal;
mod related;
pub mod reply;
pub mod report;
pub mod resource;
pub mod reveal;
pub mod search;
pub mod search_box;
mod sorts;
pub mod state;
pub mod subject;
mod submission;
pub mod tabs;
pub mod text;
mod tick;
mod travel;
pub mod undo;
pub mod yaml;
pub mod zone;

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
