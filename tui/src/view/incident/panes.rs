//! What to do, with how far it is; and who and what is in it.

use ratatui::layout::Rect;

use crate::{
    core::{
        format::{clock, count, relative},
        incident::{Incident, Pane},
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, right_of},
        },
    },
};

/// A row of a pane: what stands at the left, what at the right.
struct Line {
    sign: &'static str,
    text: String,
    about: String,
    tone: Tone,
}

pub(super) fn steps(paint: &mut Paint<'_>, area: Rect, incident: &Incident) -> Option<(u16, u16)> {
    let state = paint.state;
    let lines: Vec<_> = incident
        .steps
        .iter()
        .map(|step| {
            let progress = step.progress(&incident.facts, state.now.wall);
            let by = progress
                .by
                .map(|(by, at)| format!("{} {}", state.name_of(&by), clock(at, state.now.wall)));
            let about = match (by.filter(|_| progress.done), progress.about) {
                (Some(by), about) if about.is_empty() => by,
                (Some(by), about) => format!("{about}, {by}"),
                (None, about) => about,
            };
            Line {
                sign: if progress.done {
                    state.glyphs.on()
                } else {
                    state.glyphs.off()
                },
                text: step.label(&|id| state.name_of(id)),
                about,
                tone: if progress.done {
                    Tone::Good
                } else {
                    Tone::Base
                },
            }
        })
        .collect();
    let done = lines
        .iter()
        .filter(|line| line.sign == state.glyphs.on())
        .count();
    let title = format!(
        "To do {} {done} of {} done",
        state.glyphs.dot(),
        lines.len()
    );
    let chosen = (incident.pane == Pane::Steps).then_some(incident.at);
    rows(paint, area, &title, &lines, chosen)
}

pub(super) fn related(
    paint: &mut Paint<'_>,
    area: Rect,
    incident: &Incident,
) -> Option<(u16, u16)> {
    let state = paint.state;
    let now = state.now.wall;
    let subjects = incident.subjects.iter().map(|subject| Line {
        sign: state.glyphs.mark(),
        text: format!("{} {}", subject.kind(), state.name_of(subject.id())),
        about: "in it".into(),
        tone: Tone::Accent,
    });
    let others = incident.relations.iter().map(|one| {
        let how = one.words(&|id| state.name_of(id));
        let live = match one.live {
            0 => String::new(),
            live => format!(", {}", count(live, "live session")),
        };
        Line {
            sign: " ",
            text: format!("{} {}", one.of.kind(), state.name_of(one.of.id())),
            about: format!(
                "{how}; {}{}{live}, {}",
                state.glyphs.times(),
                one.seen,
                relative(one.last, now)
            ),
            tone: Tone::Base,
        }
    });
    let lines: Vec<_> = subjects.chain(others).collect();
    let title = format!(
        "In it and related {} {}",
        state.glyphs.dot(),
        incident.relations.len()
    );
    let chosen = (incident.pane == Pane::Related).then_some(incident.related_at);
    rows(paint, area, &title, &lines, chosen)
}

fn rows(
    paint: &mut Paint<'_>,
    area: Rect,
    title: &str,
    lines: &[Line],
    chosen: Option<usize>,
) -> Option<(u16, u16)> {
    let inner = frame(paint, area, title, chosen.is_some());
    let height = usize::from(inner.height);
    // A pane that is lower than its rows shows those around the chosen one.
    let skip = chosen.map_or(0, |at| (at + 1).saturating_sub(height));
    let mut cursor = None;
    for (at, line) in lines.iter().enumerate().skip(skip).take(height) {
        let place = Rect {
            y: inner.y + u16::try_from(at - skip).unwrap_or_default(),
            height: 1,
            ..inner
        };
        let selected = chosen == Some(at);
        let tone = |tone: Tone| if selected { Tone::Selected } else { tone };
        if selected {
            let style = paint.style(Tone::Selected);
            paint.fill(place, style);
            paint.text(place, place.x, place.y, ">", Tone::Selected);
            cursor = Some((place.x, place.y));
        }
        let text = format!("{} {}", line.sign, line.text);
        let taken = paint.text(place, place.x + 2, place.y, &text, tone(line.tone)) + 4;
        let room = Rect {
            x: place.x + taken.min(place.width),
            width: place.width.saturating_sub(taken + 1),
            ..place
        };
        if room.width > 3 {
            let x = right_of(room, &line.about);
            paint.text(room, x, room.y, &line.about, tone(Tone::Dim));
        }
    }
    cursor
}
