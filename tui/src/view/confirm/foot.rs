//! The foot of the confirmation: the equivalent command, the word to type, and the buttons.

use ratatui::layout::Rect;

use crate::{
    core::{
        State,
        confirm::{Confirm, Focus},
        keymap::Action,
        sanitize::width,
        text_input::TextInput,
    },
    view::{text_input, theme::Tone, widgets::paint::Paint},
};

/// The equivalent command; without the server's options where there is no room for both.
fn twin(state: &State, confirm: &Confirm, room: usize) -> String {
    let line = confirm.command_line();
    let whole = format!("$ {}", crate::core::equivalent_command::typed(state, &line));
    if width(&whole) <= room || state.server.named.is_none() {
        return whole;
    }
    let command = line.strip_prefix("doorward ").unwrap_or(&line);
    format!("$ doorward {} {command}", state.glyphs.more())
}

/// Confirmation keys where no word has to be typed.
fn to_the_button(state: &State, confirm: &Confirm) -> String {
    if confirm.takes_back.is_some() {
        return "  tab to the button, then enter.".into();
    }
    let key = state.keymap.label(Action::Undo);
    format!("  {key} undoes it for 15 minutes; tab to the button, then enter.")
}

pub(super) fn foot(
    paint: &mut Paint<'_>,
    inner: Rect,
    rows: u16,
    confirm: &Confirm,
) -> Option<(u16, u16)> {
    let mut y = inner.bottom().saturating_sub(rows).max(inner.y);
    let mut cursor = None;
    y += 1;
    let twin = twin(paint.state, confirm, usize::from(inner.width));
    paint.text(inner, inner.x, y, &twin, Tone::Dim);
    y += 1;
    if let Some(reason) = confirm.reason.as_ref().filter(|_| !confirm.is_over()) {
        let focused = confirm.focus == Focus::Reason;
        let at = labelled(paint, inner, y, "Reason", reason, focused);
        cursor = at.or(cursor);
        y += 1;
    }
    match &confirm.word {
        _ if confirm.is_over() => {}
        Some(word) => {
            let label = format!("Type {word}");
            let focused = confirm.focus == Focus::Word;
            let at = labelled(paint, inner, y, &label, &confirm.typed, focused);
            cursor = at.or(cursor);
        }
        None => {
            let text = to_the_button(paint.state, confirm);
            paint.text(inner, inner.x, y, &text, Tone::Dim);
        }
    }
    y += 1;
    let (text, tone) = match (&confirm.problem, confirm.request_id) {
        (Some(problem), _) => (format!("! {problem}"), Tone::Bad),
        (None, Some(_)) => ("waiting for the server".into(), Tone::Dim),
        (None, None) => (String::new(), Tone::Dim),
    };
    paint.text(inner, inner.x, y, &text, tone);
    let buttons = Rect {
        y: inner.bottom().saturating_sub(1),
        height: 1.min(inner.height),
        ..inner
    };
    let focus = match confirm.focus {
        _ if confirm.is_over() => Some(false),
        Focus::Cancel => Some(false),
        Focus::Go => Some(true),
        Focus::Reason | Focus::Word => None,
    };
    text_input::buttons(paint, buttons, &confirm.verb, focus, confirm.is_typed()).or(cursor)
}

fn labelled(
    paint: &mut Paint<'_>,
    inner: Rect,
    y: u16,
    label: &str,
    line: &TextInput,
    focused: bool,
) -> Option<(u16, u16)> {
    let row = Rect {
        y,
        height: 1,
        ..inner
    }
    .intersection(inner);
    let (sign, tone) = if focused {
        (">", Tone::Accent)
    } else {
        (" ", Tone::Dim)
    };
    let used = paint.text(row, row.x, y, &format!("{sign} {label}: "), tone);
    let field = Rect {
        x: row.x + used,
        width: row.width.saturating_sub(used),
        ..row
    };
    text_input::line(paint, field, line, false).filter(|_| focused)
}
