//! The mouse: a click selects or opens, the wheel moves.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{
    layer::Layer,
    msg::Effect,
    page::{navigation::contents, screen},
    state::State,
};
use crate::core::keymap::Action;

pub(super) fn mouse(state: &mut State, mouse: MouseEvent, effects: &mut Vec<Effect>) {
    let at = Position::new(mouse.column, mouse.row);
    // Dialogs are answered with keys: no click destroys anything.
    let open = matches!(
        state.layers.last(),
        None | Some(Layer::Detail(_) | Layer::Filter { .. })
    );
    if !open {
        return;
    }
    match mouse.kind {
        MouseEventKind::ScrollUp => state.act(Action::Up, effects),
        MouseEventKind::ScrollDown => state.act(Action::Down, effects),
        MouseEventKind::Down(MouseButton::Left) => click(state, at, effects),
        _ => {}
    }
}

fn click(state: &mut State, at: Position, effects: &mut Vec<Effect>) {
    let areas = state.areas();
    if areas.tabs.contains(at) {
        if let Some(digit) = crate::core::tabs::tab_at(state, at.x) {
            state.go_screen(digit, effects);
        }
        return;
    }
    if state.page().is_some() {
        return click_page(state, at, effects);
    }
    let covered = state.detail().is_some() && !state.is_split();
    if covered || !areas.rows.contains(at) {
        return;
    }
    let height = state.rows_high();
    let row = usize::from(at.y - areas.rows.y) / state.row_height();
    if let Some(detail) = state.detail_mut() {
        detail.focused = false;
    }
    let Some(list) = state.list_mut() else { return };
    let target = list.offset + row;
    if target >= list.shown_count() {
        return;
    }
    // A click on what is selected opens it.
    if list.index() == Some(target) {
        state.act(Action::Open, effects);
    } else {
        list.select(target, height);
    }
}

/// A click on a page chooses a line; one on the chosen line opens it.
fn click_page(state: &mut State, at: Position, effects: &mut Vec<Effect>) {
    let Some(page) = state.page() else { return };
    let covered = state.detail().is_some() && !state.is_split();
    let contents = contents(state, page);
    let hit = screen::of(state, page, &contents).line_at(at);
    let before = page.chosen.clone();
    let Some((panel, line)) = hit.filter(|_| !covered) else {
        return;
    };
    state.page_select(panel, line);
    let is_same = state.page().is_some_and(|page| page.chosen == before);
    if is_same {
        state.page_open(effects);
    }
}
