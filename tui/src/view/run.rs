//! The question before an own command, and what it says.

use ratatui::layout::Rect;

use super::fields;
use crate::{
    core::yours::{Output, Progress, RunQuestion, quoted},
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

pub(super) fn question(
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
        Some(rule) => format!("Let the alert rule {rule} run {} by itself?", question.name),
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
    fields::buttons(paint, buttons, verb, Some(question.on_run), true)
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

/// A line without so many columns of its beginning.
fn behind(line: &str, columns: usize) -> &str {
    let mut passed = 0;
    let begin = line.char_indices().find(|(_, c)| {
        let is_here = passed >= columns;
        passed += crate::core::text::width(c.encode_utf8(&mut [0; 4]));
        is_here
    });
    begin.map_or("", |(at, _)| &line[at..])
}

pub(super) fn output(paint: &mut Paint<'_>, area: Rect, output: &Output) -> Option<(u16, u16)> {
    let inner = dialog(paint, area, &output.title);
    let high = usize::from(inner.height.saturating_sub(2));
    let last = output.lines.len().saturating_sub(high);
    let skip = output.scroll.map_or(last, |at| at.min(last));
    for (line, y) in output.lines.iter().skip(skip).take(high).zip(inner.y..) {
        paint.text(inner, inner.x, y, behind(line, output.left), Tone::Base);
    }
    let foot = inner.bottom().saturating_sub(1);
    let (text, tone) = match &output.progress {
        Progress::Running(since) => {
            let seconds = paint.state.now.ms.saturating_sub(*since) / 1000;
            (format!("running for {seconds} s; esc ends it"), Tone::Warn)
        }
        Progress::Ending => ("it was told to end; esc closes".into(), Tone::Warn),
        Progress::Ended(how) if how == "done" => ("done; esc closes".into(), Tone::Good),
        Progress::Ended(how) => (format!("{how}; esc closes"), Tone::Bad),
    };
    let mut x = inner.x + paint.text(inner, inner.x, foot, &text, tone);
    if output.lines.is_empty() && matches!(output.progress, Progress::Ended(_)) {
        paint.text(inner, inner.x, inner.y, "It said nothing.", Tone::Dim);
    }
    if !output.lines.is_empty() {
        let count = output.lines.len();
        let end = (skip + high).min(count);
        let more = match output.dropped {
            0 => String::new(),
            dropped => format!(", and {dropped} that are not kept"),
        };
        let text = format!("   lines {} to {end} of {count}{more}", skip + 1);
        x += paint.text(inner, x, foot, &text, Tone::Dim);
    }
    Some((x.min(inner.right().saturating_sub(1)), foot))
}
