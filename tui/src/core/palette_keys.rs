//! Keys of the palette, and what its entries do.

use crossterm::event::{KeyCode, KeyEvent};

use super::{
    command_palette::{Command, Palette},
    layer::Layer,
    msg::Effect,
    palette_lookup,
    state::State,
    text_input::TextInput,
};
use crate::core::{appearance::Theme, keymap::Action};

pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
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
                palette.line = TextInput::new(name);
                palette.at = 0;
                palette.typed(now);
            }
        }
        KeyCode::Enter if palette_lookup::wanted(palette.line.text()).is_some() => {
            state.open_object(effects);
        }
        KeyCode::Enter if palette.waits_for_a_name() => {}
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
            palette.typed(now);
        }
    }
}

fn run(state: &mut State, text: &str, chosen: Option<Command>, effects: &mut Vec<Effect>) {
    if let Some(about) = text.strip_prefix("incident ") {
        return state.incident_about(about, effects);
    }
    if text == "undo" {
        return state.open_undos();
    }
    // What is highlighted is meant, where what was typed is no name of a view.
    let is_highlighted = matches!(chosen, Some(Command::View(_) | Command::Unsave(_)));
    if !(is_highlighted && state.misses_view(text)) && state.run_yours(text, effects) {
        return;
    }
    if let Some(subject) = palette_lookup::named(text) {
        return state.go_page(subject, effects);
    }
    match chosen {
        Some(Command::Page(subject)) => state.go_page(subject, effects),
        Some(Command::Place(place)) => {
            let view = place.view(state);
            state.go(view, effects);
        }
        Some(Command::View(name)) => state.go_view(&name, effects),
        Some(Command::Unsave(name)) => state.forget_view(&name, effects),
        Some(Command::Run(name)) => state.ask_to_run(&name),
        Some(Command::Noun) => {}
        Some(Command::Screen(digit)) => state.go_screen(digit, effects),
        Some(Command::List(kind)) => state.go_list(kind, Vec::new(), effects),
        Some(Command::Do(Action::Quit)) => state.quit(effects),
        Some(Command::Do(action)) => state.act(action, effects),
        Some(Command::Theme(theme)) => state.choose_theme(theme),
        Some(Command::Profile(name)) => state.switch(name, effects),
        #[cfg(debug_assertions)]
        Some(Command::Crash) => effects.push(Effect::Crash),
        None => state.warn(format!("there is nothing called {text}")),
    }
}

impl State {
    pub(crate) fn open_palette(&mut self) {
        let palette = Palette::of(self);
        self.layers.push(Layer::Palette(palette));
    }

    /// Takes a theme up; one whose file is bad says what is wrong in it.
    fn choose_theme(&mut self, theme: Theme) {
        if let Theme::Own(at) = theme
            && let Some((_, Err(why))) = self.own_themes.get(at)
        {
            return self.warn(why.clone());
        }
        self.theme = theme;
    }
}
