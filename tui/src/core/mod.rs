//! The console's state and what changes it. No I/O, no clock and no randomness here: time comes in with each message, and
//! what has to be done leaves as effects.

pub(crate) mod about;
mod act;
mod asking;
pub(crate) mod audit;
pub(crate) mod cells;
mod changed;
pub(crate) mod chart;
pub(crate) mod checklist;
mod clocks;
pub(crate) mod columns;
pub(crate) mod command_line;
pub(crate) mod complete;
pub(crate) mod confirm;
pub(crate) mod connection;
pub(crate) mod dashboard;
pub(crate) mod delete;
mod edits;
pub(crate) mod event_kind;
pub(crate) mod field;
pub(crate) mod fold;
pub(crate) mod form;
pub(crate) mod format;
mod forms;
pub(crate) mod help;
pub(crate) mod incident;
mod input;
mod key_limits;
pub(crate) mod keymap;
pub(crate) mod layer;
pub(crate) mod layout;
mod leaving;

pub(crate) mod edit_conflict;
pub(crate) mod line;
pub(crate) mod list;
pub(crate) mod live;
pub(crate) mod look;
mod marks;
mod mouse;
pub(crate) mod msg;
mod names;
mod navigation;
pub(crate) mod objects;
mod one_time_link;
mod open_form;
pub(crate) mod own_theme;
pub(crate) mod page;
pub(crate) mod palette;
mod palette_keys;
mod paste;
pub(crate) mod pick;
mod policy;
mod preset;
mod preview;
pub(crate) mod problem;
mod recent_places;
pub(crate) mod refusal;
mod related;
pub(crate) mod reply;
pub(crate) mod report;
pub(crate) mod resource;
pub(crate) mod reveal;
pub(crate) mod scope_picker;
pub(crate) mod search;
pub(crate) mod search_box;
mod sorts;
pub(crate) mod state;
pub(crate) mod subject;
mod submission;
pub(crate) mod tabs;
pub(crate) mod text;
mod tick;
pub(crate) mod undo;
pub(crate) mod yaml;
pub(crate) mod yours;
pub(crate) mod zone;

pub(crate) use self::{
    msg::{Effect, Msg, Now},
    state::State,
};

/// Takes a message in; answers what has to be done.
pub(crate) fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.dirty = true;
    match msg {
        Msg::Key(key) => input::key(state, key, &mut effects),
        Msg::Paste(text) => paste::paste(state, &text),
        Msg::Mouse(mouse) => mouse::mouse(state, mouse, &mut effects),
        Msg::Resize(width, height) => state.resize(width, height),
        Msg::Tick => tick::tick(state, &mut effects),
        Msg::Resumed => effects.push(Effect::Redraw),
        Msg::Reply(reply) => reply::reply(state, reply, &mut effects),
    }
    state.dash_settle();
    state.follow_selection(&mut effects);
    state.ask_about_alerts();
    effects
}
