//! The server itself: version, uptime, storage, settings.

use doorward_shared::admin::MailInfo;
use ratatui::layout::Rect;

use crate::{
    core::{
        State,
        format::{backup_progress, bytes, full, span},
        list::Load,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

fn lines(state: &State) -> Vec<(String, String, Tone)> {
    let known = &state.known;
    let mut lines = Vec::new();
    let mut add = |label: &str, value: String, tone| lines.push((label.to_owned(), value, tone));
    match known.ready {
        Some(true) => add("Storage", "ready".into(), Tone::Good),
        Some(false) => add(
            "Storage",
            "NOT READY: changes are refused until it is".into(),
            Tone::Bad,
        ),
        None => {}
    }
    if let Some(server) = &known.server {
        add("Version", server.version.clone(), Tone::Base);
        add("Issuer", server.issuer.clone(), Tone::Base);
        add("Up for", span(server.uptime_seconds), Tone::Base);
        add(
            "Started",
            full(server.started_at, state.now.wall),
            Tone::Base,
        );
        add("Database", bytes(server.storage.database_bytes), Tone::Base);
        add(
            "Write-ahead log",
            bytes(server.storage.wal_bytes),
            Tone::Base,
        );
        add(
            "Schema",
            server.storage.schema_version.to_string(),
            Tone::Base,
        );
        if let Some(backup) = &server.backup {
            add("Backup", backup_progress(backup), Tone::Warn);
        }
        if let Some(mail) = &server.mail {
            let (value, tone) = mails(mail, state);
            add("Mail", value, tone);
        }
        add("", String::new(), Tone::Base);
        for (name, value) in &server.settings {
            add(name, value.clone(), Tone::Dim);
        }
    }
    if let Some(problem) = &known.server_problem {
        add("", problem.message.clone(), Tone::Warn);
    }
    lines
}

/// How many mails wait, since when, and what holds them up.
fn mails(mail: &MailInfo, state: &State) -> (String, Tone) {
    let mut text = match mail.waiting {
        0 => return ("nothing waits".into(), Tone::Good),
        1 => "1 mail waits".to_owned(),
        more => format!("{more} mails wait"),
    };
    if let Some(at) = mail.oldest_at {
        text.push_str(&format!(", since {}", full(at, state.now.wall)));
    }
    match &mail.last_error {
        Some(error) => (format!("{text}: {error}"), Tone::Bad),
        None => (text, Tone::Base),
    }
}

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect, scroll: usize) -> Option<(u16, u16)> {
    let state = paint.state;
    let inner = frame(paint, area, "Health", true);
    if state.known.server.is_none() && state.known.server_problem.is_none() {
        let load = Load::Waiting(state.connection.asked_at.unwrap_or(state.now.ms));
        let (text, tone) = super::chrome::nothing(state, &load, "");
        paint.text(inner, inner.x + 2, inner.y + 1, &text, tone);
        return None;
    }
    let label_room = 38.min(inner.width / 2);
    let room = usize::from(inner.width.saturating_sub(label_room + 2)).max(1);
    let mut drawn = Vec::new();
    for (label, value, tone) in lines(state) {
        for (at, part) in wrapped(&value, room).into_iter().enumerate() {
            drawn.push((
                if at == 0 {
                    label.clone()
                } else {
                    String::new()
                },
                part,
                tone,
            ));
        }
    }
    let height = usize::from(inner.height);
    let skip = scroll.min(drawn.len().saturating_sub(height));
    for (at, (label, value, tone)) in drawn.iter().skip(skip).take(height).enumerate() {
        let y = inner.y + u16::try_from(at).unwrap_or_default();
        paint.text(
            Rect {
                width: label_room,
                ..inner
            },
            inner.x + 1,
            y,
            label,
            Tone::Dim,
        );
        paint.text(inner, inner.x + 1 + label_room, y, value, *tone);
    }
    Some((inner.x, inner.y))
}
