//! Keys: to what is on top, then to the view.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    confirm, field,
    form::{self, Form},
    layer::{Choice, Layer},
    line::Line,
    msg::Effect,
    palette::{Command, Palette},
    reveal,
    state::State,
};
use crate::core::{keymap::Action, resource::Resource, subject::IncidentSubject};

/// After so long without a key, what was typed is asked for. Milliseconds.
const SETTLE: u64 = 120;

pub fn key(state: &mut State, mut key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
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
        Some(Layer::Reveal(_)) => reveal::key(state, key, effects),
        Some(Layer::Confirm(_)) => confirm::key(state, key, effects),
        Some(Layer::Form(_)) => form::key(state, key, effects),
        Some(Layer::Filter { .. }) => filter(state, key, effects),
        Some(Layer::Palette(_)) => palette(state, key, effects),
        Some(Layer::Menu(_)) => menu(state, key, effects),
        Some(Layer::Help { .. } | Layer::Note { .. }) => reading(state, key),
        Some(Layer::Detail(_)) | None => view(state, key, effects),
    }
}

/// Pasted text is text: it goes into a line that is being typed, and is no command anywhere.
pub fn paste(state: &mut State, text: &str) {
    let first = text.lines().next().unwrap_or_default();
    match state.layers.last_mut() {
        Some(Layer::Filter { line, .. }) => {
            line.insert(first);
            filtered(state);
        }
        Some(Layer::Palette(palette)) => palette.line.insert(first),
        Some(Layer::Form(form)) if form.ticket.is_none() => {
            let focus = form.focus;
            if let Some(field) = form.fields.get_mut(focus) {
                match &mut field.value {
                    field::Value::Text(line) | field::Value::Hidden(line) => line.insert(first),
                    field::Value::Scopes(picker) => picker.search.line.insert(first),
                    field::Value::Pick(pick) => pick.search.line.insert(first),
                    field::Value::Choice { .. } => {}
                }
            }
        }
        _ => {}
    }
}

fn view(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let contexts = state.contexts();
    if let Some(action) = state.keymap.action(key, &contexts) {
        state.act(action, effects);
    }
}

fn reading(state: &mut State, key: KeyEvent) {
    let action = state
        .keymap
        .action(key, &[crate::core::keymap::KeyContext::Anywhere]);
    let page = state.rows_high().max(1);
    if let Some(Layer::Help { scroll }) = state.layers.last_mut() {
        let length = crate::core::keymap::help_length(&state.keymap);
        let by: isize = match action {
            Some(Action::Up) => -1,
            Some(Action::Down) => 1,
            Some(Action::PageUp) => -page.cast_signed(),
            Some(Action::PageDown) => page.cast_signed(),
            _ => 0,
        };
        if by != 0 {
            *scroll = scroll
                .saturating_add_signed(by)
                .min(length.saturating_sub(1));
            return;
        }
    }
    if matches!(
        action,
        Some(Action::Close | Action::Quit | Action::Help | Action::Twin)
    ) || key.code == KeyCode::Enter
    {
        state.layers.pop();
    }
}

/// What was typed is looked for a moment later: one question for a word, not one for a letter.
fn filtered(state: &mut State) {
    let later = state.now.ms + SETTLE;
    let Some(Layer::Filter { line, .. }) = state.layers.last() else {
        return;
    };
    let text = line.text().to_owned();
    state.set_filter(text, later);
}

impl State {
    pub fn set_filter(&mut self, text: String, at: u64) {
        if let Some(list) = self.list_mut()
            && list.q != text
        {
            list.q = text;
            list.stale_at = Some(at);
            list.restart();
        }
    }

    pub fn open_filter(&mut self) {
        let before = self.list().map(|list| list.q.clone()).unwrap_or_default();
        let line = Line::new(before.clone());
        self.layers.push(Layer::Filter { line, before });
    }

    pub fn open_palette(&mut self) {
        let palette = Palette::of(self);
        self.layers.push(Layer::Palette(palette));
    }
}

fn filter(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Layer::Filter { line, before }) = state.layers.last_mut() else {
        return;
    };
    match key.code {
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
            filtered(state);
        }
    }
}

fn palette(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Layer::Palette(palette)) = state.layers.last_mut() else {
        return;
    };
    let last = palette.matches().len().saturating_sub(1);
    match key.code {
        KeyCode::Esc => {
            state.layers.pop();
        }
        KeyCode::Up => palette.at = palette.at.saturating_sub(1),
        KeyCode::Down => palette.at = (palette.at + 1).min(last),
        KeyCode::Tab => {
            if let Some(name) = palette.chosen().map(|entry| entry.name.clone()) {
                palette.line = Line::new(name);
                palette.at = 0;
            }
        }
        KeyCode::Enter => {
            let text = palette.line.text().trim().to_owned();
            let chosen = palette.chosen().map(|entry| entry.what.clone());
            state.layers.pop();
            run(state, &text, chosen, effects);
        }
        KeyCode::Backspace if palette.line.is_empty() => {
            state.layers.pop();
        }
        _ => {
            palette.line.key(key);
            palette.at = 0;
        }
    }
}

fn run(state: &mut State, text: &str, chosen: Option<Command>, effects: &mut Vec<Effect>) {
    if let Some(about) = text.strip_prefix("incident ") {
        return match IncidentSubject::parse(about.trim()) {
            Ok(subject) => state.go_incident(subject, effects),
            Err(why) => state.warn(why.to_string()),
        };
    }
    if text == "undo" {
        return state.open_undos();
    }
    match chosen {
        Some(Command::Screen(digit)) => state.go_screen(digit, effects),
        Some(Command::List(kind)) => state.go_list(kind, Vec::new(), effects),
        Some(Command::Do(Action::Quit)) => effects.push(Effect::Quit),
        Some(Command::Do(action)) => state.act(action, effects),
        Some(Command::Theme(theme)) => state.theme = theme,
        Some(Command::Profile(name)) => effects.push(Effect::Switch(name)),
        #[cfg(debug_assertions)]
        Some(Command::Crash) => effects.push(Effect::Crash),
        None => state.warn(format!("there is nothing called {text}")),
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
        Choice::Incident(subject) => state.go_incident(subject, effects),
        Choice::Sort(at) => state.sort_by(at, effects),
        Choice::Undo(at) => state.undo_one(at, effects),
        Choice::Stay => {}
        Choice::Quit => effects.push(Effect::Quit),
        Choice::End(asked, title) => state.end_sessions(title, *asked, effects),
        Choice::EndOthers => {
            state.open_form(Resource::Sessions.scope(), Form::end_sessions());
            state.ask_offers(effects);
        }
    }
}
