//! The pane with all about one thing, beside its list or over it.

use crate::{
    core::{
        detail_fields::{Fact, facts, noun},
        layer::Detail,
        layout::Areas,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, areas: &Areas, detail: &Detail) -> Option<(u16, u16)> {
    let state = paint.state;
    let area = areas.detail;
    paint.clear(area);
    let title = match &detail.item {
        Some(item) => format!("{} {} {}", noun(item), state.glyphs.dot(), item.name()),
        None => detail.id.clone(),
    };
    let inner = frame(paint, area, &title, detail.focused);
    let mut lines: Vec<(String, String, Tone)> = Vec::new();
    if let Some(problem) = &detail.problem {
        lines.push((String::new(), problem.message.clone(), Tone::Warn));
    }
    let label_room = 14.min(inner.width / 3);
    let room = usize::from(inner.width.saturating_sub(label_room + 2)).max(1);
    let facts = detail.item.as_ref().map(|item| facts(state, item));
    for fact in facts.into_iter().flatten() {
        let tone = fact_tone(&fact);
        for (at, part) in wrapped(&fact.value, room).into_iter().enumerate() {
            let label = if at == 0 { fact.label } else { "" };
            lines.push((label.to_owned(), part, tone));
        }
    }
    let height = usize::from(inner.height);
    let scroll = detail.scroll.min(lines.len().saturating_sub(height));
    for (at, (label, value, tone)) in lines.iter().skip(scroll).take(height).enumerate() {
        let y = inner.y + u16::try_from(at).unwrap_or_default();
        paint.text(inner, inner.x + 1, y, label, Tone::Dim);
        paint.text(inner, inner.x + 1 + label_room, y, value, *tone);
    }
    detail.focused.then_some((inner.x, inner.y))
}

/// Words that are coloured by what they mean; what was before a change, and what is after it.
pub(super) fn fact_tone(fact: &Fact) -> Tone {
    match (fact.label.trim(), fact.value.as_str()) {
        ("before", _) => Tone::BadFill,
        ("after", _) => Tone::Good,
        ("Changed", _) => Tone::Title,
        (_, "live" | "active") => Tone::Good,
        (_, "disabled" | "revoked" | "expired" | "idle") => Tone::Bad,
        ("State", value) if value.starts_with("blocked") => Tone::Bad,
        _ => Tone::Base,
    }
}
