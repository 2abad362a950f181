//! Draws a form: its fields, what is wrong with them, the buttons.

use ratatui::layout::Rect;

use super::text_input;
use crate::{
    core::{
        field::{Field, Value},
        form::Form,
        pick::Pick,
        sanitize::width,
        scope_picker::Picker,
        text_input::TextInput,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::{dialog, middle},
            paint::{Paint, wrapped},
        },
    },
};

/// Scopes that are shown at once.
const OFFERS: u16 = 6;
const LABEL: u16 = 15;

/// Lines below the fields: what is said, and the buttons.
const FOOT: u16 = 2;

pub(super) fn draw(paint: &mut Paint<'_>, whole: Rect, form: &Form) -> Option<(u16, u16)> {
    let columns = whole.width.saturating_sub(2).min(84);
    let note = if form.note.is_empty() {
        Vec::new()
    } else {
        wrapped(&form.note, usize::from(columns.saturating_sub(4)))
    };
    let rows = note.len() + form.fields.len() + 3;
    let height = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(offers_high(form) + 2);
    let inner = dialog(paint, middle(whole, columns, height), &form.title);
    let mut y = inner.y;
    for line in &note {
        paint.text(inner, inner.x, y, line, Tone::Warn);
        y += 1;
    }
    let below = Rect {
        y,
        height: inner.bottom().saturating_sub(y),
        ..inner
    };
    let cursor = all_fields(paint, below, form);
    let foot = Rect {
        y: inner.bottom().saturating_sub(FOOT),
        height: FOOT.min(inner.height),
        ..inner
    };
    said(paint, foot, form);
    let focus = if form.on_cancel() {
        Some(false)
    } else {
        form.on_button().then_some(true)
    };
    let buttons = Rect {
        y: inner.bottom().saturating_sub(1),
        height: 1.min(inner.height),
        ..inner
    };
    text_input::buttons(paint, buttons, form.verb, focus, form.request_id.is_none()).or(cursor)
}

/// Lines for what the focused field offers.
fn offers_high(form: &Form) -> u16 {
    match form.fields.get(form.focus).map(|field| &field.value) {
        Some(Value::Scopes(_) | Value::Pick(_)) => OFFERS,
        _ => 0,
    }
}

/// The fields, and below the focused one what it offers. Where there is no room for all, those before the focused one go.
fn all_fields(paint: &mut Paint<'_>, area: Rect, form: &Form) -> Option<(u16, u16)> {
    let end = area.bottom().saturating_sub(FOOT);
    let room = end.saturating_sub(area.y + offers_high(form));
    let last_field = form.focus.min(form.fields.len().saturating_sub(1));
    let skip = (last_field + 1).saturating_sub(usize::from(room.max(1)));
    let mut y = area.y;
    let mut cursor = None;
    for (at, field) in form.fields.iter().enumerate().skip(skip) {
        if y >= end {
            break;
        }
        let focused = form.focus == at;
        let row = Rect {
            y,
            height: 1,
            ..area
        };
        cursor = self::field(paint, row, field, focused).or(cursor);
        y += 1;
        let below = Rect {
            y,
            height: OFFERS.min(end.saturating_sub(y)),
            ..area
        };
        match &field.value {
            Value::Scopes(picker) if focused => self::offers(paint, below, picker),
            Value::Pick(pick) if focused => picks(paint, below, pick),
            _ => continue,
        }
        y = below.bottom();
    }
    cursor
}

/// What is wrong, or what is going on, or what the focused field takes.
fn said(paint: &mut Paint<'_>, area: Rect, form: &Form) {
    let now = paint.state.now.ms;
    if let Some(until) = form.wait_until.filter(|until| *until > now) {
        let text = format!(
            "too many attempts: try again in {} s",
            (until - now).div_ceil(1000)
        );
        paint.text(area, area.x, area.y, &text, Tone::Warn);
    } else if form.request_id.is_some() {
        paint.text(area, area.x, area.y, "waiting for the server", Tone::Dim);
    } else if let Some(problem) = &form.problem {
        paint.text(area, area.x, area.y, &format!("! {problem}"), Tone::Bad);
    } else if let Some(field) = form.fields.get(form.focus) {
        paint.text(area, area.x, area.y, field.hint, Tone::Dim);
    }
}

fn field(paint: &mut Paint<'_>, row: Rect, field: &Field, focused: bool) -> Option<(u16, u16)> {
    if row.height == 0 {
        return None;
    }
    let (sign, tone) = if focused {
        (">", Tone::Accent)
    } else {
        (" ", Tone::Dim)
    };
    paint.text(row, row.x, row.y, &format!("{sign} {}", field.label), tone);
    let label = LABEL.min(row.width / 2);
    let room = Rect {
        x: row.x + label + 2,
        width: row.width.saturating_sub(label + 2),
        ..row
    };
    let typed = |line, masked| Typed {
        line,
        masked,
        focused,
    };
    match &field.value {
        Value::Pick(pick) => typed(&pick.search.line, false).draw(paint, room),
        Value::Text(line) => typed(line, false).draw(paint, room),
        Value::Hidden(line) => typed(line, true).draw(paint, room),
        Value::Choice { options, at } => {
            let option = options.get(*at).map_or("", String::as_str);
            let (text, tone) = if focused {
                (format!("< {option} >"), Tone::Accent)
            } else {
                (option.to_owned(), Tone::Base)
            };
            paint.text(room, room.x, row.y, &text, tone);
            focused.then_some((room.x, row.y))
        }
        Value::Scopes(picker) => scopes(paint, room, picker, focused),
    }
}

/// What was picked, and the line that is typed to find more.
fn scopes(paint: &mut Paint<'_>, room: Rect, picker: &Picker, focused: bool) -> Option<(u16, u16)> {
    let (chosen, tone) = if picker.chosen.is_empty() {
        ("none".into(), Tone::Dim)
    } else {
        (picker.chosen.join(" "), Tone::Base)
    };
    if !focused {
        paint.text(room, room.x, room.y, &chosen, tone);
        return None;
    }
    let half = Rect {
        width: room.width / 2,
        ..room
    };
    let used = paint.text(half, room.x, room.y, &format!("{chosen} | "), Tone::Base);
    let typed = Rect {
        x: room.x + used,
        width: room.width - used,
        ..room
    };
    text_input::line(paint, typed, &picker.search.line, false)
}

/// A line that is typed, on its dots.
struct Typed<'a> {
    line: &'a TextInput,
    masked: bool,
    focused: bool,
}

impl Typed<'_> {
    fn draw(&self, paint: &mut Paint<'_>, room: Rect) -> Option<(u16, u16)> {
        let tone = if self.focused {
            Tone::Focus
        } else {
            Tone::Border
        };
        let blank = if paint.state.glyphs.ascii { "_" } else { "·" };
        let dots = blank.repeat(usize::from(room.width));
        paint.text(room, room.x, room.y, &dots, tone);
        let length = u16::try_from(width(self.line.text())).unwrap_or(u16::MAX);
        let length = length.saturating_add(u16::from(self.focused));
        paint.clear(Rect {
            width: length.min(room.width),
            ..room
        });
        text_input::line(paint, room, self.line, self.masked).filter(|_| self.focused)
    }
}

fn picks(paint: &mut Paint<'_>, area: Rect, pick: &Pick) {
    let offers = pick.matches();
    if offers.is_empty() {
        let text = "Nothing to pick from: what is typed is taken as it is.";
        paint.text(area, area.x + 4, area.y, text, Tone::Dim);
    }
    let height = usize::from(area.height);
    let skip = (pick.search.at + 1).saturating_sub(height);
    for (at, offer) in offers.iter().enumerate().skip(skip).take(height) {
        let y = area.y + u16::try_from(at - skip).unwrap_or_default();
        let (sign, tone) = if at == pick.search.at {
            (">", Tone::Selected)
        } else {
            (" ", Tone::Base)
        };
        let used = paint.text(
            area,
            area.x + 2,
            y,
            &format!("{sign} {}", offer.value),
            tone,
        );
        paint.text(area, area.x + 4 + used, y, &offer.about, Tone::Dim);
    }
}

fn offers(paint: &mut Paint<'_>, area: Rect, picker: &Picker) {
    let glyphs = paint.state.glyphs;
    let offers = picker.offers();
    let height = usize::from(area.height);
    let skip = (picker.search.at + 1).saturating_sub(height);
    if offers.is_empty() {
        paint.text(
            area,
            area.x + 4,
            area.y,
            "No scope fits; a scope is lower-case words joined by ':'.",
            Tone::Dim,
        );
    }
    for (at, offer) in offers.iter().enumerate().skip(skip).take(height) {
        let y = area.y + u16::try_from(at - skip).unwrap_or_default();
        let selected = at == picker.search.at;
        let tone = match (&offer.barred, selected, offer.chosen) {
            (Some(_), ..) => Tone::Dim,
            (None, true, _) => Tone::Selected,
            (None, false, true) => Tone::Good,
            (None, false, false) => Tone::Base,
        };
        let cursor = if selected { ">" } else { " " };
        let sign = if offer.chosen {
            glyphs.on()
        } else {
            glyphs.off()
        };
        let reason = offer
            .barred
            .as_ref()
            .map(|why| format!("  ({why})"))
            .unwrap_or_default();
        paint.text(
            area,
            area.x + 2,
            y,
            &format!("{cursor} {sign} {}{reason}", offer.scope),
            tone,
        );
    }
}
