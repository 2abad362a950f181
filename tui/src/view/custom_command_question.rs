//! The question before an own command.

use ratatui::layout::Rect;

use super::text_input;
use crate::{
    core::customization::{RunQuestion, quoted},
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::{Paint, wrapped},
        },
    },
};

/// Rows below the arguments: a gap, what is to be known, a gap, the buttons.
const FOOT: u16 = 4;

pub(super) fn draw(
    paint: &mut Paint<'_>,
    whole: Rect,
    question: &RunQuestion,
) -> Option<(u16, u16)> {
    let columns = whole.width.saturating_sub(2).min(84);
    let room = usize::from(columns.saturating_sub(6)).max(1);
    let lines = arguments(question, room);
    let height = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(FOOT + 2);
    let title = match &question.rule {
        Some(rule) => format!(
            "Allow alert rule {rule} to run {} automatically?",
            question.name
        ),
        None => format!("Run {}?", question.name),
    };
    let inner = dialog(paint, middle(whole, columns, height), &title);
    let high = usize::from(inner.height.saturating_sub(FOOT));
    let skip = question.scroll.min(lines.len().saturating_sub(high));
    for ((line, tone), y) in lines.iter().skip(skip).take(high).zip(inner.y..) {
        paint.text(inner, inner.x, y, line, *tone);
    }
    if lines.len() > high {
        let text = format!(
            "lines {} to {} of {}: up and down show the others",
            skip + 1,
            (skip + high).min(lines.len()),
            lines.len()
        );
        let y = inner.bottom().saturating_sub(4);
        paint.text(inner, inner.x, y, &text, Tone::Warn);
    }
    let y = inner.bottom().saturating_sub(3);
    paint.text(inner, inner.x, y, &about(question), Tone::Dim);
    let buttons = Rect {
        y: inner.bottom().saturating_sub(1),
        height: 1.min(inner.height),
        ..inner
    };
    let verb = if question.rule.is_some() {
        "Allow"
    } else {
        "Run"
    };
    text_input::buttons(paint, buttons, verb, Some(question.on_run), true)
}

/// The program and its arguments, each on lines of its own.
fn arguments(question: &RunQuestion, room: usize) -> Vec<(String, Tone)> {
    let mut lines = Vec::new();
    for (at, argument) in question.program.arguments.iter().enumerate() {
        let tone = if at == 0 { Tone::Title } else { Tone::Base };
        for (part, line) in wrapped(&quoted(argument), room).into_iter().enumerate() {
            let indent = if at == 0 && part == 0 { "" } else { "  " };
            lines.push((format!("{indent}{line}"), tone));
        }
    }
    lines
}

/// What is to be known of a program before it is run.
fn about(question: &RunQuestion) -> String {
    let (seconds, names) = (question.program.seconds, &question.program.environment);
    let about =
        format!("This program runs on your machine, without a shell, for {seconds} s at most");
    match &names[..] {
        [] => format!("{about}."),
        names => format!("{about}; it gets {}.", names.join(", ")),
    }
}
