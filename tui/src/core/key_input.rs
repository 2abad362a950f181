//! Dispatches key presses: to the topmost layer, else to the view.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    confirm, customization,
    form::{self, Form},
    layer::{Choice, Layer, note_rows, note_text},
    msg::Effect,
    palette_keys, secret_dialog,
    state::State,
    text_input::TextInput,
};
use crate::core::{keymap::Action, resource::Resource};

/// After so long without a key, what was typed is asked for. Milliseconds.
const SETTLE: u64 = 120;

pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    match after_escape(state, key) {
        Some(next) => {
            pressed(
                state,
                KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE),
                effects,
            );
            pressed(state, next, effects);
        }
        None => pressed(state, key, effects),
    }
}

/// The key that was typed right after Esc. A terminal sends the same bytes for that and for the key with Alt, so Alt counts only
/// where something is bound to it.
fn after_escape(state: &State, key: KeyEvent) -> Option<KeyEvent> {
    let is_sent_so = matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab);
    if !is_sent_so || !key.modifiers.contains(KeyModifiers::ALT) || state.is_bound(key) {
        return None;
    }
    Some(KeyEvent {
        modifiers: key.modifiers - KeyModifiers::ALT,
        ..key
    })
}

fn pressed(state: &mut State, mut key: KeyEvent, effects: &mut Vec<Effect>) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    // These work whatever is open.
    match key.code {
        KeyCode::Char('z') if control => return effects.push(Effect::Suspend),
        KeyCode::Char('l') if control => return effects.push(Effect::Redraw),
        KeyCode::Char('c') if control && !matches!(state.layers.last(), Some(Layer::Reveal(_))) => {
            if state.layers.is_empty() {
                return state.quit(effects);
            }
            key = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        }
        _ => {}
    }
    match state.layers.last() {
        Some(Layer::Reveal(_)) => secret_dialog::key(state, key, effects),
        Some(Layer::Confirm(_)) => confirm::key(state, key, effects),
        Some(Layer::Form(_)) => form::key(state, key, effects),
        Some(Layer::Filter { .. }) => filter(state, key, effects),
        Some(Layer::Run(_)) => customization::question(state, key, effects),
        Some(Layer::Output(_)) => customization::output(state, key, effects),
        Some(Layer::Palette(_)) => palette_keys::key(state, key, effects),
        Some(Layer::Menu(_)) => menu(state, key, effects),
        Some(Layer::Help(_) | Layer::Note { .. }) => reading(state, key),
        Some(Layer::Detail(_)) | None => view(state, key, effects),
    }
}

fn view(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let contexts = state.contexts();
    match state.keymap.action(key, &contexts) {
        Some(action) => state.act(action, effects),
        None => {
            state.own_key(key);
        }
    }
}

fn reading(state: &mut State, key: KeyEvent) {
    let action = state
        .keymap
        .action(key, &[crate::core::keymap::KeyContext::Anywhere]);
    if matches!(state.layers.last(), Some(Layer::Help(_))) && help(state, key, action) {
        return;
    }
    if note(state, action) {
        return;
    }
    if matches!(
        action,
        Some(Action::Close | Action::Quit | Action::Help | Action::Twin)
    ) || key.code == KeyCode::Enter
    {
        state.layers.pop();
    }
}

/// Moves in a note; `false` for a key that does not.
fn note(state: &mut State, action: Option<Action>) -> bool {
    let body = state.areas().body;
    let Some(Layer::Note { lines, scroll, .. }) = state.layers.last_mut() else {
        return false;
    };
    let page = note_rows(body.height);
    let last = note_text(lines, body.width).len().saturating_sub(page);
    *scroll = match action {
        Some(Action::Up) => scroll.saturating_sub(1),
        Some(Action::Down) => *scroll + 1,
        Some(Action::PageUp) => scroll.saturating_sub(page),
        Some(Action::PageDown) => *scroll + page,
        _ => return false,
    }
    .min(last);
    true
}

/// Moves in the help and searches it; `false` for a key that does neither.
fn help(state: &mut State, key: KeyEvent, action: Option<Action>) -> bool {
    let page = state.rows_high().max(1).cast_signed();
    let length = crate::core::keymap::help_length(&state.keymap);
    let Some(Layer::Help(help)) = state.layers.last_mut() else {
        return false;
    };
    let by = match (key.code, action) {
        (KeyCode::Up, _) => -1,
        (KeyCode::Down, _) => 1,
        (KeyCode::PageUp, _) => -page,
        (KeyCode::PageDown, _) => page,
        (KeyCode::Esc | KeyCode::Enter, _) => return false,
        _ if let Some(line) = &mut help.search => {
            // Letters are text until it is closed.
            help.scroll = 0;
            return line.key(key);
        }
        (KeyCode::Char('/'), _) => {
            help.search = Some(TextInput::default());
            return true;
        }
        (_, Some(Action::Up)) => -1,
        (_, Some(Action::Down)) => 1,
        (_, Some(Action::PageUp)) => -page,
        (_, Some(Action::PageDown)) => page,
        _ => return false,
    };
    help.scroll = help
        .scroll
        .saturating_add_signed(by)
        .min(length.saturating_sub(1));
    true
}

/// What was typed is looked for a moment later: one question for a word, not one for a letter.
pub(super) fn filtered(state: &mut State) {
    let later = state.now.ms + SETTLE;
    let Some(Layer::Filter { line, .. }) = state.layers.last() else {
        return;
    };
    let text = line.text().to_owned();
    state.set_filter(text, later);
}

impl State {
    pub(crate) fn set_filter(&mut self, text: String, at: u64) {
        if let Some(list) = self.list_mut()
            && list.q != text
        {
            list.q = text;
            list.stale_at = Some(at);
            list.restart();
        }
    }

    pub(crate) fn open_filter(&mut self) {
        let before = self.list().map(|list| list.q.clone()).unwrap_or_default();
        self.layers.push(Layer::Filter {
            line: TextInput::new(before.clone()),
            before,
            completion: None,
        });
    }
}

fn filter(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Layer::Filter {
        line,
        before,
        completion,
    }) = state.layers.last_mut()
    else {
        return;
    };
    let at_end = line.cursor() == line.text().chars().count();
    match key.code {
        KeyCode::Tab | KeyCode::BackTab => {
            let by = if key.code == KeyCode::Tab { 1 } else { -1 };
            if state.complete(by) {
                filtered(state);
            }
        }
        KeyCode::Right if at_end => {
            if state.complete(1) {
                filtered(state);
            }
        }
        KeyCode::Esc => {
            let before = before.clone();
            state.layers.pop();
            let now = state.now.ms;
            state.set_filter(before, now);
        }
        KeyCode::Enter => {
            state.layers.pop();
        }
        KeyCode::Up | KeyCode::Down => {
            let by = if key.code == KeyCode::Up {
                Action::Up
            } else {
                Action::Down
            };
            state.act(by, effects);
        }
        _ => {
            line.key(key);
            *completion = None;
            filtered(state);
            state.ask_completions(effects);
        }
    }
}

fn menu(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let action = state.keymap.action(
        key,
        &[
            crate::core::keymap::KeyContext::List,
            crate::core::keymap::KeyContext::Anywhere,
        ],
    );
    let Some(Layer::Menu(menu)) = state.layers.last_mut() else {
        return;
    };
    let last = menu.entries.len().saturating_sub(1);
    // Entries have numbers, so that one key is enough.
    let number = match key.code {
        KeyCode::Char(c) => c.to_digit(10).map(|digit| digit as usize),
        _ => None,
    };
    if let Some(at) = number.filter(|at| (1..=menu.entries.len()).contains(at)) {
        menu.at = at - 1;
        return choose(state, effects);
    }
    match action {
        Some(Action::Up) => menu.at = menu.at.saturating_sub(1),
        Some(Action::Down) => menu.at = (menu.at + 1).min(last),
        Some(Action::Open) => choose(state, effects),
        Some(
            Action::Close | Action::Quit | Action::Related | Action::Sort | Action::EndSessions,
        ) => {
            state.layers.pop();
        }
        _ => {}
    }
}

fn choose(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Layer::Menu(menu)) = state.layers.pop() else {
        return;
    };
    let Some((_, choice)) = menu.entries.into_iter().nth(menu.at) else {
        return;
    };
    match choice {
        Choice::Go(kind, filters) => state.go_list(kind, filters, effects),
        Choice::Incident(subject) => state.go_incident(vec![subject], effects),
        Choice::Page(subject) => state.go_page(subject, effects),
        Choice::Sort(at) => state.sort_by(at, effects),
        Choice::Undo(id) => state.ask_undo(id),
        Choice::Stay => {}
        Choice::Quit => effects.push(Effect::Quit),
        Choice::Switch(name) => state.leave_for(name, effects),
        Choice::End(asked, title) => state.end_sessions(title, *asked, effects),
        Choice::KeyCopied(copied) => state.key_copied(copied, effects),
        Choice::EndOthers => {
            state.open_form(Resource::Sessions.scope(), Form::end_sessions());
            state.ask_offers(effects);
        }
    }
}
