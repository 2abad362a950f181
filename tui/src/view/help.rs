//! The help, made from the keymap's rows.

use ratatui::layout::Rect;

use crate::{
    core::keymap::{Binding, DIALOGS, KeyContext},
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::Paint,
        },
    },
};

fn keys(binding: &Binding) -> String {
    binding
        .keys
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

pub fn draw(paint: &mut Paint<'_>, area: Rect, scroll: usize) -> Option<(u16, u16)> {
    let state = paint.state;
    let inner = dialog(
        paint,
        middle(area, area.width.min(76), area.height),
        "Keys (esc Cancel)",
    );
    let contexts = state.contexts();
    let mut lines: Vec<(String, &str, Tone)> = Vec::new();
    // What is good here first.
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        state.keymap.rows(&KeyContext::ALL).partition(|binding| {
            binding
                .row
                .contexts
                .iter()
                .any(|context| contexts.contains(context) || *context == KeyContext::Anywhere)
        });
    lines.extend(
        here.into_iter()
            .map(|binding| (keys(binding), binding.row.help, Tone::Base)),
    );
    lines.push((String::new(), "in dialogs", Tone::Title));
    lines.extend(
        DIALOGS
            .iter()
            .map(|(key, help)| ((*key).to_owned(), *help, Tone::Base)),
    );
    lines.push((String::new(), "on other screens", Tone::Title));
    lines.extend(
        elsewhere
            .into_iter()
            .map(|binding| (keys(binding), binding.row.help, Tone::Dim)),
    );
    let height = usize::from(inner.height);
    let skip = scroll.min(lines.len().saturating_sub(height));
    for (at, (key, help, tone)) in lines.iter().skip(skip).take(height).enumerate() {
        let y = inner.y + u16::try_from(at).unwrap_or_default();
        paint.text(
            Rect {
                width: inner.width.min(20),
                ..inner
            },
            inner.x,
            y,
            key,
            Tone::Key,
        );
        paint.text(inner, inner.x + 21.min(inner.width / 2), y, help, *tone);
    }
    Some((inner.x, inner.y))
}
