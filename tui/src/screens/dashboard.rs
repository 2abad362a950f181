//! How the server is doing: now, over the last hour, and what fails most.

use doorward_shared::admin::{Minute, Stats};
use ratatui::layout::Rect;

use crate::{
    app::{
        State,
        list::{Filter, Load},
        state::View,
    },
    incident::Pivot,
    item::Kind,
    theme::Tone,
    widgets::{boxes::frame, paint::Paint, spark::bars, time::number},
};

/// Minutes of the sparklines.
const HOUR: usize = 60;
const WEEK: i64 = 7 * 86_400;

/// Parts the focus moves through.
pub const PARTS: [&str; 4] = ["Last hour", "Failing addresses", "Failing accounts", "Now"];

/// A number of a minute.
type Value = fn(&Minute) -> f64;

const SERIES: [(&str, Value); 5] = [
    ("Logins", |minute| minute.logins as f64),
    ("Failures", |minute| minute.failures as f64),
    ("Tokens", |minute| minute.tokens as f64),
    ("Sessions now", |minute| minute.active_sessions as f64),
    ("p95 ms now", |minute| minute.p95_ms),
];

/// The series whose hour is a sum; of the others the last minute counts.
const SUMMED: usize = 3;

const COUNTS: [&str; 6] = [
    "Users",
    "of them disabled",
    "Live sessions",
    "Live API keys",
    "Clients",
    "Keys expiring in 7 days",
];

/// Rows of each part.
pub fn lengths(state: &State) -> [usize; 4] {
    let stats = state.known.stats.as_deref();
    let of = |count: fn(&Stats) -> usize| stats.map_or(0, count);
    [
        SERIES.len(),
        of(|stats| stats.failing_addresses.len()),
        of(|stats| stats.failing_accounts.len()),
        COUNTS.len(),
    ]
}

/// The list a row leads to.
pub fn opens(state: &State, part: usize, at: usize) -> Option<(Kind, Vec<Filter>)> {
    let stats = state.known.stats.as_deref()?;
    let action = |action: &str| vec![Filter::new("action", action, action)];
    let active = || vec![Filter::new("active", "true", "live")];
    match (part, at) {
        (0, 0) => Some((Kind::Events, action("session.created"))),
        (0, 1) => Some((Kind::Events, action("login.failed"))),
        (0, 2 | 3) | (3, 2) => Some((Kind::Sessions, active())),
        (0, _) => None,
        (1, _) => {
            let ip = &stats.failing_addresses.get(at)?.ip;
            let from = Filter::new("ip", ip, format!("from {ip}"));
            Some((Kind::Events, [action("login.failed"), vec![from]].concat()))
        }
        (2, _) => {
            let account = stats.failing_accounts.get(at)?;
            let about = Filter::new(
                "userId",
                account.user_id.to_string(),
                format!("about {}", account.email),
            );
            Some((Kind::Events, [action("login.failed"), vec![about]].concat()))
        }
        (3, 0) => Some((Kind::Users, Vec::new())),
        (3, 1) => Some((
            Kind::Users,
            vec![Filter::new("disabled", "true", "disabled")],
        )),
        (3, 3) => Some((Kind::Keys, active())),
        (3, 4) => Some((Kind::Clients, Vec::new())),
        (3, 5) => {
            let until = state.now.wall.plus_seconds(WEEK);
            let soon = Filter::new("expiresBefore", until.to_string(), "expiring in 7 days");
            Some((Kind::Keys, [vec![soon], active()].concat()))
        }
        _ => None,
    }
}

/// The incident around a row.
pub fn pivot(state: &State, part: usize, at: usize) -> Option<Pivot> {
    let stats = state.known.stats.as_deref()?;
    match part {
        1 => stats
            .failing_addresses
            .get(at)
            .map(|row| Pivot::Address(row.ip.clone())),
        2 => stats
            .failing_accounts
            .get(at)
            .map(|row| Pivot::User(row.user_id.to_string())),
        _ => None,
    }
}

pub fn draw(paint: &mut Paint<'_>, area: Rect) -> Option<(u16, u16)> {
    let state = paint.state;
    let View::Dashboard { part, at } = state.view else {
        return None;
    };
    let Some(stats) = state.known.stats.as_deref() else {
        return unknown(paint, area);
    };
    let areas = parts(area, part);
    let mut cursor = None;
    for (number, place) in areas
        .iter()
        .enumerate()
        .filter(|(_, place)| place.height > 0)
    {
        let lines = lines(state, stats, number, place.width.saturating_sub(4));
        let focused = number == part;
        let chosen = focused.then_some(at);
        cursor = panel(paint, *place, PARTS[number], &lines, chosen).or(cursor);
    }
    cursor
}

/// Four parts beside and under one another; the focused one alone where there is no room.
fn parts(area: Rect, focused: usize) -> [Rect; 4] {
    if area.width < 60 && area.height < 20 || area.height < 12 {
        let none = Rect { height: 0, ..area };
        return std::array::from_fn(|part| if part == focused { area } else { none });
    }
    let hour = Rect {
        height: area.height.min(SERIES.len() as u16 + 2),
        ..area
    };
    let rest = Rect {
        y: hour.bottom(),
        height: area.height - hour.height,
        ..area
    };
    let now_width = (area.width / 3).max(30).min(area.width);
    let half = (rest.width - now_width.min(rest.width)) / 2;
    let part = |x: u16, width: u16| Rect {
        x: rest.x + x,
        width,
        ..rest
    };
    if area.width < 60 {
        let third = rest.height / 3;
        let row = |number: u16| Rect {
            y: rest.y + number * third,
            height: if number == 2 {
                rest.height - 2 * third
            } else {
                third
            },
            ..rest
        };
        return [hour, row(0), row(1), row(2)];
    }
    [
        hour,
        part(0, half),
        part(half, rest.width - half - now_width),
        part(rest.width - now_width, now_width),
    ]
}

/// Label, bars or nothing, value at the right.
type Row = (String, String, String);

fn lines(state: &State, stats: &Stats, part: usize, room: u16) -> Vec<Row> {
    match part {
        0 => {
            let start = stats.series.len().saturating_sub(HOUR);
            let minutes = &stats.series[start..];
            let room = usize::from(room.saturating_sub(23));
            let series = SERIES.iter().enumerate().map(|(at, (name, value))| {
                let values: Vec<f64> = minutes.iter().map(value).collect();
                let last = values.last().copied().unwrap_or_default();
                let last = if at < SUMMED {
                    format!("{:.0}", values.iter().sum::<f64>())
                } else if name.starts_with("p95") {
                    format!("{last:.1}")
                } else {
                    format!("{last:.0}")
                };
                (
                    (*name).to_owned(),
                    bars(&values, room.min(HOUR), state.glyphs),
                    last,
                )
            });
            series.collect()
        }
        1 => {
            let rows = stats.failing_addresses.iter();
            rows.map(|row| (row.ip.clone(), String::new(), number(row.failures)))
                .collect()
        }
        2 => {
            let rows = stats.failing_accounts.iter();
            rows.map(|row| (row.email.clone(), String::new(), number(row.failures)))
                .collect()
        }
        _ => {
            let now = &stats.now;
            let values = [
                now.users,
                now.disabled_users,
                now.active_sessions,
                now.api_keys,
                now.clients,
                stats.keys_expiring,
            ];
            let rows = COUNTS.iter().zip(values);
            rows.map(|(name, value)| ((*name).to_owned(), String::new(), number(value)))
                .collect()
        }
    }
}

fn panel(
    paint: &mut Paint<'_>,
    area: Rect,
    name: &str,
    lines: &[Row],
    chosen: Option<usize>,
) -> Option<(u16, u16)> {
    let inner = frame(paint, area, name, chosen.is_some());
    if lines.is_empty() {
        paint.text(
            inner,
            inner.x + 1,
            inner.y,
            "None in the last hour.",
            Tone::Dim,
        );
        return chosen.map(|_| (inner.x, inner.y));
    }
    let mut cursor = None;
    // A part that is lower than its rows shows those around the chosen one.
    let height = usize::from(inner.height);
    let skip = chosen.map_or(0, |at| (at + 1).saturating_sub(height));
    for (at, (label, bars, value)) in lines.iter().enumerate().skip(skip).take(height) {
        let y = inner.y + u16::try_from(at - skip).unwrap_or_default();
        let row = Rect {
            y,
            height: 1,
            ..inner
        };
        let selected = chosen == Some(at);
        let tone = if selected { Tone::Selected } else { Tone::Base };
        if selected {
            let style = paint.style(tone);
            paint.fill(row, style);
            paint.text(row, row.x, y, ">", tone);
            cursor = Some((row.x, y));
        }
        let value_x = crate::widgets::paint::right_of(row, &format!("{value} "));
        let label_room = Rect {
            width: value_x.saturating_sub(row.x + 1),
            ..row
        };
        paint.text(label_room, row.x + 2, y, label, tone);
        if !bars.is_empty() {
            let tone = if selected { tone } else { Tone::Accent };
            paint.text(label_room, row.x + 15, y, bars, tone);
        }
        paint.text(row, value_x, y, value, tone);
    }
    cursor
}

fn unknown(paint: &mut Paint<'_>, area: Rect) -> Option<(u16, u16)> {
    let state = paint.state;
    let inner = frame(paint, area, "Dashboard", true);
    let load = match &state.known.stats_problem {
        Some(problem) => Load::Failed(problem.clone()),
        None => Load::Waiting(state.link.asked_at.unwrap_or(state.now.ms)),
    };
    let (text, tone) = super::chrome::nothing(state, &load, "");
    for (at, line) in
        crate::widgets::paint::wrapped(&text, usize::from(inner.width.saturating_sub(4)))
            .iter()
            .enumerate()
    {
        let y = inner.y + 1 + u16::try_from(at).unwrap_or_default();
        paint.text(inner, inner.x + 2, y, line, tone);
    }
    None
}
