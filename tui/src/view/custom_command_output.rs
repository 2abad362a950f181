//! Output of a custom command.

use ratatui::layout::Rect;

use crate::{
    core::customization::{Output, Progress},
    view::{
        theme::Tone,
        widgets::{boxes::dialog, paint::Paint},
    },
};

/// A line without its first columns.
fn behind(line: &str, columns: usize) -> &str {
    let mut passed = 0;
    let begin = line.char_indices().find(|(_, c)| {
        let is_here = passed >= columns;
        passed += crate::core::sanitize::width(c.encode_utf8(&mut [0; 4]));
        is_here
    });
    begin.map_or("", |(at, _)| &line[at..])
}

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, output: &Output) -> Option<(u16, u16)> {
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
        Progress::Ending => ("terminating; esc closes".into(), Tone::Warn),
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
