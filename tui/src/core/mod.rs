//! The console's state and its transitions. No I/O, no clock and no randomness here: time comes in with each message, and
//! I/O leaves as effects.

mod action_confirmations;
mod actions;
pub(crate) mod cells;
mod change_result;
pub(crate) mod chart;
pub(crate) mod columns;
pub(crate) mod confirm;
pub(crate) mod connection;
pub(crate) mod dashboard;
pub(crate) mod delete;
pub(crate) mod detail_fields;
mod edit_commands;
pub(crate) mod equivalent_command;
pub(crate) mod event_grouping;
pub(crate) mod event_kind;
pub(crate) mod event_text;
pub(crate) mod field;
pub(crate) mod filter_completion;
pub(crate) mod form;
pub(crate) mod format;
mod forms;
pub(crate) mod help;
pub(crate) mod incident;
mod key_input;
mod key_limits_form;
pub(crate) mod keymap;
pub(crate) mod layer;
pub(crate) mod layout;
mod quit_confirmation;
mod server_clock;
pub(crate) mod setup_checklist;

pub(crate) mod appearance;
pub(crate) mod client_diagnosis;
mod client_policy_form;
mod client_preset;
pub(crate) mod command_palette;
pub(crate) mod customization;
pub(crate) mod edit_conflict;
pub(crate) mod event_stream;
pub(crate) mod incident_subject;
pub(crate) mod list;
mod mouse;
pub(crate) mod msg;
mod multi_select;
mod name_cache;
mod navigation;
mod one_time_link_form;
mod open_form;
pub(crate) mod own_theme;
pub(crate) mod page;
mod palette_keys;
pub(crate) mod palette_lookup;
mod paste;
pub(crate) mod pick;
mod preview;
pub(crate) mod problem;
mod recent_places;
mod related;
pub(crate) mod reply;
pub(crate) mod report;
pub(crate) mod resource;
pub(crate) mod sanitize;
pub(crate) mod scope_picker;
pub(crate) mod search;
pub(crate) mod search_box;
pub(crate) mod secret_dialog;
mod sort_menu;
pub(crate) mod state;
mod submission;
pub(crate) mod tabs;
pub(crate) mod text_input;
mod tick;
pub(crate) mod time_zone;
pub(crate) mod undo;
pub(crate) mod yaml;

pub(crate) use self::{
    msg::{Effect, Msg, Now},
    state::State,
};

/// Handles a message; returns the effects to run.
pub(crate) fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.dirty = true;
    match msg {
        Msg::Key(key) => key_input::key(state, key, &mut effects),
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
