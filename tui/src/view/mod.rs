//! How the state looks. Nothing here changes it.

mod ansi16_themes;
mod chrome;
mod columns;
mod confirm;
mod custom_command_output;
mod custom_command_question;
mod dashboard;
mod detail;
mod form;
mod help;
mod histogram;
mod incident;
mod list;
mod menu;
mod page;
mod palette;
mod secret_dialog;
mod server;
mod text_input;
mod theme;
mod widgets;

use ratatui::{
    Frame,
    layout::Position,
    style::{Modifier, Style},
};

use crate::{
    core::{State, appearance::Theme, layer::Layer, state::View},
    view::{theme::Tone, widgets::paint::Paint},
};

/// Whether it lies over what is below, which has no keys then.
fn is_dialog(layer: &Layer) -> bool {
    !matches!(layer, Layer::Detail(_) | Layer::Filter { .. })
}

#[cfg(test)]
pub(crate) use self::theme::of as tone;

/// Draws everything; the terminal's cursor stands where the eye should be.
pub(crate) fn view(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut paint = Paint {
        buffer: frame.buffer_mut(),
        state,
    };
    let base = paint.style(Tone::Base);
    paint.fill(area, base);
    let areas = state.areas();
    chrome::draw(&mut paint, &areas);
    let mut cursor = match &state.view {
        View::Dashboard { .. } => dashboard::draw(&mut paint, areas.body),
        View::List(list) => list::draw(&mut paint, &areas, list),
        View::Health { scroll } => server::draw(&mut paint, areas.body, *scroll),
        View::Incident(incident) => incident::draw(&mut paint, areas.body, incident),
        View::Page(page) => page::draw(&mut paint, page),
    };
    let first_dialog = state.layers.iter().position(is_dialog);
    for (at, layer) in state.layers.iter().enumerate() {
        if first_dialog == Some(at) && state.theme != Theme::Plain {
            // What lies below a dialog steps back.
            let back = Style {
                sub_modifier: Modifier::BOLD,
                ..paint.style(Tone::Dim)
            };
            paint.fill(areas.body, back);
            paint.fill(areas.detail, back);
        }
        let at = match layer {
            Layer::Detail(detail) => detail::draw(&mut paint, &areas, detail),
            Layer::Menu(menu) => menu::draw(&mut paint, areas.body, menu),
            Layer::Filter { line, .. } => chrome::filter(&mut paint, areas.status, line),
            Layer::Palette(palette) => palette::draw(&mut paint, areas.body, palette),
            Layer::Help(help) => help::draw(&mut paint, areas.body, help),
            Layer::Note {
                title,
                lines,
                scroll,
            } => menu::note(&mut paint, areas.body, title, lines, *scroll),
            Layer::Form(form) => form::draw(&mut paint, areas.whole, form),
            Layer::Confirm(confirm) => confirm::draw(&mut paint, areas.whole, confirm),
            Layer::Run(question) => {
                custom_command_question::draw(&mut paint, areas.whole, question)
            }
            Layer::Output(output) => custom_command_output::draw(&mut paint, areas.body, output),
            Layer::Reveal(reveal) => secret_dialog::draw(&mut paint, areas.whole, reveal),
        };
        cursor = at.or(cursor);
    }
    if let Some((x, y)) = cursor.filter(|(x, y)| area.contains(Position::new(*x, *y))) {
        frame.set_cursor_position((x, y));
    }
}
