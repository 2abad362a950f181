//! A secret that is shown once.

use ratatui::layout::Rect;

use super::text_input;
use crate::{
    core::{secret_dialog::Reveal, text_input::TextInput},
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::{Paint, wrapped},
        },
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, whole: Rect, reveal: &Reveal) -> Option<(u16, u16)> {
    let columns = whole.width.saturating_sub(2).min(84);
    let rows = u16::try_from(reveal.lines.len()).unwrap_or(4);
    let inner = dialog(paint, middle(whole, columns, rows + 10), &reveal.title);
    let mut y = inner.y;
    for (label, value) in &reveal.lines {
        paint.text(inner, inner.x, y, label, Tone::Dim);
        paint.text(inner, inner.x + 13, y, value, Tone::Base);
        y += 1;
    }
    y += 1;
    secret(paint, inner, y, reveal);
    let foot = inner.bottom().saturating_sub(4).max(inner.y);
    if let Some(line) = &reveal.file {
        return file(paint, inner, foot, line);
    }
    if reveal.asked {
        return leaving(paint, inner, foot, reveal.sent);
    }
    paint.text(inner, inner.x, foot, &reveal.note, Tone::Good);
    keys(paint, inner);
    Some((inner.x, y))
}

/// The name of the file that it is to be written to.
fn file(paint: &mut Paint<'_>, inner: Rect, y: u16, line: &TextInput) -> Option<(u16, u16)> {
    let used = paint.text(inner, inner.x, y, "> File: ", Tone::Accent);
    let room = Rect {
        x: inner.x + used,
        y,
        width: inner.width.saturating_sub(used),
        height: 1,
    };
    let cursor = text_input::line(paint, room, line, false);
    let text = "enter writes it with mode 0600, esc cancels (Cancel)";
    paint.text(inner, inner.x, y + 1, text, Tone::Dim);
    cursor
}

/// Whether the dialog may close although the secret may be lost.
fn leaving(paint: &mut Paint<'_>, inner: Rect, y: u16, sent: bool) -> Option<(u16, u16)> {
    let (text, keys) = if sent {
        (
            "The terminal does not confirm clipboard writes, and the secret is shown only once.",
            "y or esc closes all the same; any other key: Cancel",
        )
    } else {
        (
            "The secret was neither seen, copied nor written, and is shown only now.",
            "y closes anyway; any other key cancels",
        )
    };
    paint.text(inner, inner.x, y, text, Tone::Warn);
    paint.text(inner, inner.x, y + 1, keys, Tone::Warn);
    Some((inner.x, y + 1))
}

fn keys(paint: &mut Paint<'_>, inner: Rect) {
    let narrow = inner.width < 56;
    let keys = [
        ("v", if narrow { " view " } else { " view 10 s   " }),
        ("c", if narrow { " clip " } else { " clipboard   " }),
        ("w", if narrow { " file " } else { " write a file   " }),
        ("esc", if narrow { " Cancel" } else { " Cancel / close" }),
    ];
    let pieces: Vec<_> = keys
        .iter()
        .flat_map(|(key, text)| [(*key, Tone::Key), (*text, Tone::Base)])
        .collect();
    paint.pieces(inner, inner.bottom().saturating_sub(1), &pieces);
}

fn secret(paint: &mut Paint<'_>, inner: Rect, y: u16, reveal: &Reveal) {
    let room = usize::from(inner.width.saturating_sub(2)).max(1);
    match reveal.visible() {
        Some(text) => {
            for (at, line) in wrapped(text, room).iter().enumerate() {
                paint.text(
                    inner,
                    inner.x + 2,
                    y + u16::try_from(at).unwrap_or_default(),
                    line,
                    Tone::Accent,
                );
            }
        }
        None => {
            let mask = paint.state.glyphs.mask().repeat(reveal.length().min(room));
            paint.text(inner, inner.x + 2, y, &mask, Tone::Accent);
        }
    }
}
