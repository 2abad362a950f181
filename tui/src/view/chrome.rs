//! The frame of every view: header, tabs, warnings, toasts, key hints.

use doorward_shared::admin::{CallerKind, Whoami};
use ratatui::layout::Rect;

use crate::{
    core::{
        State,
        appearance::Theme,
        delete::verb,
        event_stream::MOST_WAITING,
        filter_completion::Completion,
        format::{number, relative, span},
        keymap::Action,
        layer::Layer,
        layout::Areas,
        list::{List, Load},
        problem::{LOST, ProblemKind},
        sanitize::width,
        state::View,
        tabs::{current, labels},
        text_input::TextInput,
    },
    view::{
        theme::Tone,
        widgets::paint::{Paint, right_of},
    },
};

pub(super) fn draw(paint: &mut Paint<'_>, areas: &Areas) {
    title(paint, areas.title);
    tabs(paint, areas.tabs);
    if let Some((text, bad)) = banner(paint.state) {
        let tone = if bad { Tone::Banner } else { Tone::Warn };
        let style = paint.style(tone);
        paint.fill(areas.banner, style);
        paint.styled(areas.banner, 0, areas.banner.y, &format!(" {text}"), style);
    }
    status(paint, areas.status);
    hints(paint, areas.hints);
}

fn title(paint: &mut Paint<'_>, area: Rect) {
    let state = paint.state;
    let dot = state.glyphs.dot();
    let server = &state.server;
    let url = server.url.split("://").nth(1).unwrap_or(&server.url);
    let nobody = |who: &Whoami| match who.kind {
        CallerKind::Client => "client",
        _ if who.scopes.covers("admin") => "operator key",
        _ => "API key",
    };
    let who = state.known.who.as_ref();
    let who = who.map(|who| who.email.clone().unwrap_or_else(|| nobody(who).into()));
    let colour = server.color.as_deref().and_then(|name| name.parse().ok());
    let link = link_word(state);
    let right = right_of(area, &format!("{} ", link.0));
    let left = Rect {
        width: right.saturating_sub(area.x + 1),
        ..area
    };
    let mut x = area.x + paint.text(left, area.x, area.y, " doorward", Tone::Accent);
    if !server.profile.is_empty() {
        let mut style = paint.style(Tone::Title);
        // A profile's colour is a word besides: its name.
        if let Some(colour) = colour.filter(|_| state.theme != Theme::Plain) {
            style = style.fg(colour);
        }
        let text = format!(" {dot} {}", server.profile);
        x += paint.styled(left, x, area.y, &text, style);
    }
    let mut about = format!(" {dot} {url}");
    if let Some(who) = who {
        about.push_str(&format!(" {dot} {who}"));
    }
    x += paint.text(left, x, area.y, &about, Tone::Dim);
    if state.is_read_only() {
        x += paint.text(left, x, area.y, &format!(" {dot} READ-ONLY"), Tone::Warn);
    } else if server.unlocked {
        x += paint.text(left, x, area.y, &format!(" {dot} CHANGES ON"), Tone::Bad);
    }
    if server.in_the_clear {
        paint.text(left, x, area.y, &format!(" {dot} NOT ENCRYPTED"), Tone::Bad);
    }
    paint.text(area, right, area.y, &format!("{} ", link.0), link.1);
}

/// How things stand with the server, in a word.
fn link_word(state: &State) -> (&'static str, Tone) {
    if state.connection.lost.is_some() {
        ("OFFLINE", Tone::Bad)
    } else if state.connection.overdue(state.now).is_some() {
        ("NO ANSWER", Tone::Warn)
    } else if state.connection.last_answer.is_none() {
        ("connecting", Tone::Dim)
    } else if state.connection.streaming {
        ("live", Tone::Good)
    } else {
        ("online", Tone::Good)
    }
}

fn tabs(paint: &mut Paint<'_>, area: Rect) {
    let current = current(paint.state);
    let mut x = area.x;
    for (at, label) in labels(paint.state).iter().enumerate() {
        let tone = if current == Some(at) {
            Tone::Accent
        } else {
            Tone::Dim
        };
        x += paint.text(area, x, area.y, label, tone);
    }
}

/// What is wrong with the server, in words, and whether it is bad.
pub(super) fn banner(state: &State) -> Option<(String, bool)> {
    let now = state.now;
    let age = shown_at(state).map(|at| format!("what you see is {} old", span(age(at, now.wall))));
    let age = age.unwrap_or_else(|| "nothing has come yet".into());
    if let Some((why, _)) = &state.connection.lost {
        let wait = state
            .connection
            .retry_at
            .map(|at| at.saturating_sub(now.ms).div_ceil(1000));
        let retry = wait.map_or_else(
            || "trying again".into(),
            |wait| format!("again in {wait} s"),
        );
        let why = why.strip_prefix(LOST).unwrap_or(why);
        let parts = [
            "OFFLINE: cannot reach the server",
            &age,
            "changes are off",
            &retry,
            why,
        ];
        return Some((parts.join(&format!(" {} ", state.glyphs.dot())), true));
    }
    if let Some(until) = state.connection.wait_until {
        let wait = until.saturating_sub(now.ms).div_ceil(1000);
        return Some((
            format!("The server asks for patience (429): it is asked again in {wait} s"),
            false,
        ));
    }
    let Some(waited) = state.connection.overdue(now) else {
        let alert = state.alerts.banner()?;
        let key = state.keymap.label(Action::Close);
        return Some((format!("{alert}; {key} closes"), true));
    };
    Some((
        format!(
            "NO ANSWER for {} s: the server is slow or gone; {age}; changes are off",
            waited / 1000
        ),
        true,
    ))
}

fn age(at: doorward_shared::Timestamp, now: doorward_shared::Timestamp) -> u64 {
    now.seconds().saturating_sub(at.seconds()).unsigned_abs()
}

/// When the rows shown were loaded.
fn shown_at(state: &State) -> Option<doorward_shared::Timestamp> {
    match &state.view {
        View::Dashboard { .. } => state.known.stats_at,
        View::Health { .. } => state.known.server_at,
        View::List(list) => list.loaded_at,
        View::Incident(incident) => incident.loaded_at,
        View::Page(page) => page.loaded_at,
    }
}

fn status(paint: &mut Paint<'_>, area: Rect) {
    let state = paint.state;
    if let Some(toast) = &state.toast {
        let (sign, tone) = if toast.bad {
            ("! ", Tone::Warn)
        } else {
            ("", Tone::Good)
        };
        paint.text(
            area,
            area.x,
            area.y,
            &format!(" {sign}{}", toast.text),
            tone,
        );
        return;
    }
    let mut parts: Vec<String> = Vec::new();
    if let Some(list) = state.list() {
        if let Some(at) = list.row_index() {
            let row = (list.before() + at + 1) as u64;
            parts.push(format!("{} of {}", number(row), total(list)));
        }
        if !list.marks.is_empty() {
            parts.push(format!("{} marked", list.marks.len()));
        }
        if let Some(note) = list.note.as_ref().filter(|_| list.total_at_least) {
            parts.push(note.clone());
        }
        if let Some(waiting) = &list.paused {
            parts.push(paused(waiting.len()));
        }
        if matches!(list.load, Load::Waiting(_))
            && list.loaded_at.is_some()
            && state.connection.lost.is_none()
        {
            parts.push(state.glyphs.more().into());
        }
    }
    if let Some(at) = shown_at(state) {
        parts.push(format!("as of {}", relative(at, state.now.wall)));
    }
    let text = format!(" {}", parts.join(&format!(" {} ", state.glyphs.dot())));
    paint.text(area, area.x, area.y, &text, Tone::Dim);
}

/// That new events wait, and how many.
pub(super) fn paused(waiting: usize) -> String {
    let more = if waiting >= MOST_WAITING { "+" } else { "" };
    format!("PAUSED, {}{more} waiting", number(waiting as u64))
}

/// How many rows there are, or how many at least.
pub(super) fn total(list: &List) -> String {
    let more = if list.total_at_least { "+" } else { "" };
    format!("{}{more}", number(list.total))
}

fn hints(paint: &mut Paint<'_>, area: Rect) {
    let state = paint.state;
    if let Some(completion) = state.completion().filter(|one| !one.candidates.is_empty()) {
        return candidates(paint, area, &completion);
    }
    let pairs: Vec<(String, String)> = match state.layers.last() {
        Some(Layer::Form(_)) => pairs(&[("tab", "next"), ("ctrl-s", "go on"), ("esc", "cancel")]),
        Some(Layer::Confirm(confirm)) if confirm.is_over() => pairs(&[("esc", "cancel")]),
        Some(Layer::Confirm(confirm)) => {
            let enter = match confirm.word {
                Some(_) => "confirm (after typing the word)",
                None => "press the button",
            };
            pairs(&[("tab", "next"), ("enter", enter), ("esc", "cancel")])
        }
        Some(Layer::Reveal(_)) => pairs(&[
            ("v", "view 10 s"),
            ("c", "clipboard"),
            ("w", "write a file"),
            ("esc", "close"),
        ]),
        Some(Layer::Run(_)) => pairs(&[
            ("tab", "to the button"),
            ("enter", "do it"),
            ("esc", "cancel"),
        ]),
        Some(Layer::Output(_)) => pairs(&[("j/k", "move"), ("esc", "end it, close it")]),
        Some(Layer::Palette(_)) => {
            pairs(&[("enter", "go"), ("tab", "complete"), ("esc", "cancel")])
        }
        Some(Layer::Filter { .. }) => {
            pairs(&[("enter", "keep"), ("esc", "drop"), ("up/down", "move")])
        }
        Some(Layer::Menu(_)) => pairs(&[("enter", "choose"), ("1-9", "choose"), ("esc", "cancel")]),
        Some(Layer::Help(_)) => pairs(&[("j/k", "move"), ("/", "search"), ("esc", "close")]),
        Some(Layer::Note { .. }) => pairs(&[("j/k", "move"), ("esc", "close")]),
        Some(Layer::Detail(_)) | None => from_keymap(state),
    };
    let mut x = area.x + 1;
    for (key, hint) in pairs {
        let room = usize::from(area.right().saturating_sub(x));
        if width(&key) + width(&hint) + 1 > room {
            break;
        }
        x += paint.text(area, x, area.y, &key, Tone::Key) + 1;
        x += paint.text(area, x, area.y, &hint, Tone::Dim) + 2;
    }
}

/// What Tab puts in, the one that stands there marked.
fn candidates(paint: &mut Paint<'_>, area: Rect, completion: &Completion) {
    let mut x = area.x + 1;
    x += paint.text(area, x, area.y, "tab", Tone::Key) + 1;
    let at = completion.at.unwrap_or_default();
    // The one that stands there is always in sight.
    for (number, text) in completion
        .candidates
        .iter()
        .enumerate()
        .skip(at.saturating_sub(1))
    {
        let room = usize::from(area.right().saturating_sub(x));
        if width(text) + 2 > room {
            break;
        }
        let (text, tone) = if completion.at == Some(number) {
            (format!("[{text}]"), Tone::Selected)
        } else {
            (text.clone(), Tone::Dim)
        };
        x += paint.text(area, x, area.y, &text, tone) + 2;
    }
}

fn pairs(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts
        .iter()
        .map(|(key, hint)| ((*key).to_owned(), (*hint).to_owned()))
        .collect()
}

fn from_keymap(state: &State) -> Vec<(String, String)> {
    let contexts = state.contexts();
    let rows = state
        .keymap
        .rows(&contexts)
        .filter(|binding| !binding.row.hint.is_empty());
    // Help comes early, so that it is seen on the narrowest screen.
    let mut all: Vec<_> = rows
        .filter_map(|binding| {
            let key = binding.keys.first()?.to_string();
            let hint = match (binding.row.action, state.kind()) {
                (Action::Delete, Some(kind)) => verb(kind),
                _ => binding.row.hint,
            };
            Some((binding.row.action, key, hint.to_owned()))
        })
        .collect();
    let first = |action: &Action| match action {
        Action::Help => 0,
        Action::Palette => 1,
        _ => 2,
    };
    all.sort_by_key(|(action, ..)| first(action));
    let mut pairs: Vec<_> = all.into_iter().map(|(_, key, hint)| (key, hint)).collect();
    let parts = matches!(
        state.view,
        View::Dashboard { .. } | View::Incident(_) | View::Page(_)
    ) || state.is_split();
    if parts {
        pairs.insert(2, (state.keymap.label(Action::Focus), "next part".into()));
    }
    pairs
}

/// The line that is typed to filter by.
pub(super) fn filter(paint: &mut Paint<'_>, area: Rect, line: &TextInput) -> Option<(u16, u16)> {
    paint.clear(area);
    let start = paint.text(area, area.x, area.y, " / ", Tone::Key);
    let field = Rect {
        x: area.x + start,
        width: area.width.saturating_sub(start),
        ..area
    };
    super::text_input::line(paint, field, line, false)
}

/// What stands in a view that has nothing to show, and why.
pub(super) fn nothing(state: &State, load: &Load, empty: &str) -> (String, Tone) {
    match load {
        Load::Waiting(since) => {
            let waited = state.now.ms.saturating_sub(*since) / 1000;
            let text = if state.connection.lost.is_some() {
                "The connection was lost before anything was loaded.".into()
            } else if waited >= 2 {
                format!("Loading{} {waited} s", state.glyphs.more())
            } else {
                format!("Loading{}", state.glyphs.more())
            };
            (text, Tone::Dim)
        }
        Load::Failed(problem) => match problem.what {
            ProblemKind::Forbidden => (
                format!("You may not see this: {}", problem.message),
                Tone::Warn,
            ),
            ProblemKind::Unauthorized => ("Sign in to see this.".into(), Tone::Warn),
            ProblemKind::Wait(_) => (
                format!("The server asks for patience: {}", problem.message),
                Tone::Warn,
            ),
            ProblemKind::Unreachable => (
                "The server cannot be reached. Nothing was loaded before.".into(),
                Tone::Bad,
            ),
            ProblemKind::Overtaken | ProblemKind::Refused => (problem.message.clone(), Tone::Bad),
        },
        Load::Done => (empty.to_owned(), Tone::Dim),
    }
}
