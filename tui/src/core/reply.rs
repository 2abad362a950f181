//! Answers, and what they change.

use doorward_shared::{Timestamp, admin::Event, client::Filter};

use super::{
    form::Form,
    layer::Layer,
    list::{List, Load},
    msg::{Done, Effect, Reply, Switched},
    problem::{Problem, Trouble},
    reveal::Reveal,
    state::{Known, State, View},
};
use crate::core::{
    resource::{Resource, Row},
    search::Names,
};

/// After an event, lists wait so long for more before they are read again.
const SETTLE: u64 = 400;
/// The same where something is searched for, which may take many calls.
const SEARCH_SETTLE: u64 = 3_000;

/// Live events that wait while the list is paused, at most; the rest is read from the server.
pub(crate) const MOST_WAITING: usize = 1_000;

pub(crate) fn reply(state: &mut State, reply: Reply, effects: &mut Vec<Effect>) {
    match reply {
        Reply::Page {
            generation,
            want,
            pages,
            note,
        } => {
            let height = state.rows_high();
            let now = state.now.wall;
            if pages.is_ok() {
                state.heard();
            }
            let Some(list) = state
                .list_mut()
                .filter(|list| list.generation == generation)
            else {
                return;
            };
            match pages {
                Ok(pages) => {
                    list.take(want, pages, now, height);
                    list.note = note;
                    state.learn_rows();
                }
                Err(problem) => {
                    list.load = Load::Failed(problem.clone());
                    state.failed(&problem);
                }
            }
        }
        Reply::Stats {
            window,
            since,
            stats,
        } => match stats {
            Ok(stats) => {
                state.heard();
                state.stats(window, since, stats);
                state.learn_stats();
            }
            Err(problem) => {
                state.failed(&problem);
                state.known.stats_problem = Some(problem);
            }
        },
        Reply::Recent(events) => state.recent(events),
        Reply::Ending(Ok(ending)) => state.known.ending = Some(ending),
        Reply::Ending(Err(problem)) => state.failed(&problem),
        Reply::Refusals(failing) => state.refusals(failing),
        Reply::Server { ready, info } => server(state, ready, info),
        Reply::Whoami(Ok(who)) => {
            state.heard();
            if let Some((id, email)) = who.user_id.zip(who.email.clone()) {
                state.learn([(id.to_string(), email)]);
            }
            state.known.who = Some(who);
        }
        Reply::Whoami(Err(problem)) => state.failed(&problem),
        Reply::Names(names) => state.learn(names),
        Reply::Row { id, item } => thing(state, &id, item),
        Reply::Preview {
            generation,
            preview,
        } => state.previewed(generation, preview),
        Reply::Timeline {
            generation,
            timeline,
        } => state.timeline(generation, timeline),
        Reply::Part {
            generation,
            part,
            found,
        } => state.page_part(generation, part, found),
        Reply::PageRead => state.connection.asked_at = None,
        Reply::Found { generation, found } => state.found(generation, found, effects),
        Reply::Offers { generation, offers } => state.offered(generation, offers, effects),
        Reply::Changed { ticket, done } => changed(state, ticket, done, effects),
        Reply::LateSecret {
            title,
            lines,
            secret,
            file,
        } => {
            let reveal = Reveal::new(title, lines, secret, file, state.now.ms);
            state.layers.push(Layer::Reveal(Box::new(reveal)));
        }
        Reply::SignedIn(done) => signed_in(state, done, effects),
        Reply::Streaming(after) => {
            state.connection.streaming = true;
            state.connection.stream_at = None;
            // Lost before the first event, it goes on here.
            state.last_event = state.last_event.or(after);
        }
        Reply::Event(event) => live(state, *event),
        Reply::StreamEnded => state.connection.stream_ended(state.now),
        Reply::StreamLost(problem) => {
            // Whoever may not follow them, or has to sign in first, does not ask again by itself.
            match problem.what {
                Trouble::Forbidden | Trouble::Unauthorized => state.connection.streaming = false,
                _ => state.connection.stream_ended(state.now),
            }
            state.failed(&problem);
        }
        Reply::Written(Ok(path)) => state.written(&path),
        Reply::Written(Err(why)) => state.not_written(&why),
        Reply::Watched(stats) => state.watched(stats, effects),
        Reply::RanForAlert { name, how } if how != "done" => {
            state.warn(format!("the alert's command {name}: {how}"));
        }
        Reply::RanForAlert { .. } => {}
        Reply::Output { ticket, text } => state.output(ticket, &text),
        Reply::OutputEnded { ticket, how } => state.output_ended(ticket, how),
        Reply::Kept(Ok(text)) => state.say(text),
        Reply::Kept(Err(why)) => {
            state.warn(format!(
                "not kept, it holds until the console is left: {why}"
            ));
        }
        Reply::Switched(Ok(switched)) => state.switched(*switched, effects),
        Reply::Switched(Err(why)) => state.warn(why),
        Reply::Broken => {
            state.connection.asked_at = None;
            state.warn("a fault in the console: the call was given up");
        }
    }
}

fn server(
    state: &mut State,
    ready: bool,
    info: Result<Box<doorward_shared::admin::ServerInfo>, Problem>,
) {
    state.known.ready = Some(ready);
    match info {
        Ok(info) => {
            state.heard();
            state.known.server = Some(info);
            state.known.server_problem = None;
            state.known.server_at = Some(state.now.wall);
        }
        Err(problem) => {
            state.failed(&problem);
            state.known.server_problem = Some(problem);
        }
    }
}

fn thing(state: &mut State, id: &str, item: Result<Box<Row>, Problem>) {
    let Some(detail) = state.detail_mut().filter(|detail| detail.id == id) else {
        return;
    };
    match item {
        Ok(item) => {
            detail.item = Some(*item);
            detail.problem = None;
        }
        Err(problem) => detail.problem = Some(problem),
    }
}

fn changed(state: &mut State, ticket: u64, done: Result<Done, Problem>, effects: &mut Vec<Effect>) {
    let place = state.layers.iter().position(|layer| layer.awaits(ticket));
    match done {
        Ok(done) => {
            state.heard();
            let is_undo = state.undone(ticket, None);
            let (mut undo, mut before) = (None, None);
            if let Some(at) = place {
                state.log_done(at, &done);
                if let Some(Layer::Confirm(confirm)) = state.layers.get_mut(at) {
                    undo = confirm.undo.take();
                    before = confirm.before.take();
                }
                // What was marked is done.
                if matches!(state.layers.get(at), Some(Layer::Confirm(_)))
                    && let Some(list) = state.list_mut()
                {
                    list.marks.clear();
                }
                // The dialog, and the form it came from.
                state.layers.truncate(at);
                if matches!(state.layers.last(), Some(Layer::Form(_))) {
                    state.layers.pop();
                }
            }
            let made = match &done {
                // Taking back what took something back is no act of its own.
                Done::Edited { item, .. } if !is_undo => super::undo::unmade_by(item),
                _ => None,
            };
            let undo = undo.or(made);
            let key = state.keymap.label(crate::core::keymap::Action::Undo);
            let hint = undo.as_ref().map(|_| format!(" ({key} undoes it)"));
            let hint = hint.unwrap_or_default();
            match done {
                Done::Plain(text) => {
                    let back = undo.zip(before);
                    let hint = if back.is_some() { hint } else { String::new() };
                    state.say(format!("{text}{hint}"));
                    if let Some((undo, before)) = back {
                        state.remember_undo(undo, *before);
                    }
                }
                Done::Edited { text, item } => {
                    state.say(format!("{text}{hint}"));
                    if matches!(*item, Row::Role(_) | Row::Block(_)) {
                        // It may be new.
                        state.select_new(item.id());
                    }
                    if let Some(undo) = undo {
                        state.remember_undo(undo, *item);
                    }
                }
                Done::Made { text, id } => {
                    state.say(text);
                    state.select_new(id);
                }
                Done::Secret {
                    title,
                    lines,
                    secret,
                    id,
                    file,
                } => {
                    let reveal = Reveal::new(title, lines, secret, file, state.now.ms);
                    state.layers.push(Layer::Reveal(Box::new(reveal)));
                    state.select_new(id);
                }
            }
            state.refresh(effects);
        }
        Err(problem) => {
            state.undone(ticket, Some(&problem));
            if problem.what == Trouble::Unreachable {
                state.connection.lost(&problem.message, state.now);
            }
            let mut said = problem.clone();
            if problem.what == Trouble::Unreachable {
                said.message = format!(
                    "no answer: it may have been done, look before you try again ({})",
                    problem.message
                );
            }
            match place.and_then(|at| state.layers.get_mut(at)) {
                Some(layer) => layer.refused(&said),
                None => state.warn(said.message),
            }
            if problem.what == Trouble::Unauthorized {
                state.ask_sign_in(&problem.message);
            }
        }
    }
}

fn signed_in(state: &mut State, done: Result<(), Problem>, effects: &mut Vec<Effect>) {
    let Some(at) = state.layers.iter().position(Layer::is_sign_in) else {
        return;
    };
    match done {
        Ok(()) => {
            state.layers.remove(at);
            state.say("signed in");
            state.alerts.may_look();
            state.reconnect(effects);
        }
        Err(problem) => {
            if let Some(layer) = state.layers.get_mut(at) {
                layer.refused(&problem);
            }
            state.sign_in_waits(&problem);
        }
    }
}

/// An event as it happened: shown where events are, and a reason to read lists again that it changes.
fn live(state: &mut State, event: Event) {
    state.heard();
    state.last_event = Some(event.id);
    state.note_recent(&event);
    let height = state.rows_high();
    let searching = state.list().is_some_and(|list| !list.q.is_empty());
    let later = state.now.ms + if searching { SEARCH_SETTLE } else { SETTLE };
    if state.incident_event(&event) {
        state.poll_at = state.poll_at.min(later);
    }
    if let View::Page(page) = &mut state.view
        && page.note(&event)
    {
        // The event itself is shown; the rest takes many calls.
        state.poll_at = state.poll_at.min(state.now.ms + SEARCH_SETTLE);
    }
    let (names, now) = (&state.known.names, state.now.wall);
    let wanted = state
        .list()
        .is_some_and(|list| list.wants(&event, names, now));
    let Some(list) = state.list_mut() else { return };
    if list.kind != Resource::Events {
        if list.kind.changes_with(&event.action) {
            list.stale_at.get_or_insert(later);
        }
        return;
    }
    if !wanted {
        return;
    }
    let item = Row::Event(event);
    if let Some(paused) = &mut list.paused {
        paused.insert(0, item);
        paused.truncate(MOST_WAITING);
    } else if !list.push_live(item, height) {
        list.stale_at.get_or_insert(later);
    }
}

impl List {
    /// Whether an event is one of those this list was narrowed down to.
    pub(crate) fn wants(&self, event: &Event, names: &Names, now: Timestamp) -> bool {
        let user = event.user_id.map(|id| id.to_string());
        let client = event.client_id.map(|id| id.to_string());
        let fits = self.filters.iter().all(|filter| {
            let value = Some(filter.value.as_str());
            match filter.name {
                Filter::Actor => value == Some(&event.actor),
                Filter::Action => event.action.starts_with(&filter.value),
                Filter::Target => value == event.target.as_deref(),
                Filter::UserId => value == user.as_deref(),
                Filter::Ip => value == event.ip.as_deref(),
                Filter::ClientId => value == client.as_deref(),
                _ => true,
            }
        });
        let item = Row::Event(event.clone());
        let search = self.search(now).ok().flatten();
        fits && search.is_none_or(|search| search.matches(&item, names, now))
    }
}

impl State {
    /// The server answered.
    fn heard(&mut self) {
        self.connection.answered(self.now);
    }

    /// What a failure means for everything, beside what it means where it happened.
    pub(crate) fn failed(&mut self, problem: &Problem) {
        match problem.what {
            Trouble::Unreachable => self.connection.lost(&problem.message, self.now),
            Trouble::Unauthorized => {
                self.heard();
                // What is typed into a form or a question must not go on into the sign-in.
                let is_typing = self.layers.iter().any(|layer| match layer {
                    Layer::Form(form) => !form.is_sign_in(),
                    Layer::Confirm(_) | Layer::Reveal(_) => true,
                    _ => false,
                });
                if is_typing {
                    return self.warn(format!("signed out: {}", problem.message));
                }
                self.ask_sign_in(&problem.message);
            }
            Trouble::Wait(seconds) => {
                self.heard();
                self.connection.wait_until = Some(self.now.ms + seconds * 1_000);
            }
            Trouble::Forbidden | Trouble::Overtaken | Trouble::Refused => self.heard(),
        }
    }

    /// What was just made is what its list shows selected, once it has come.
    fn select_new(&mut self, id: String) {
        if let Some(list) = self.list_mut() {
            list.selected = Some(id);
        }
    }

    /// Opens the sign-in, on top of everything.
    pub(crate) fn ask_sign_in(&mut self, why: &str) {
        if !self.layers.iter().any(Layer::is_sign_in) {
            let form = Form::sign_in(why, self.now.ms);
            self.layers.push(Layer::Form(Box::new(form)));
        }
    }

    fn learn_rows(&mut self) {
        let View::List(list) = &self.view else { return };
        let named = list.rows.iter().filter_map(|row| match row {
            Row::User(user) => Some((user.id.to_string(), user.email.clone())),
            Row::Client(client) => Some((client.id.to_string(), client.name.clone())),
            Row::Key(key) => Some((key.id.to_string(), key.name.clone())),
            _ => None,
        });
        let named: Vec<_> = named.collect();
        self.learn(named);
    }

    fn learn_stats(&mut self) {
        let Some(stats) = &self.known.stats else {
            return;
        };
        let accounts = stats.failing_accounts.iter();
        let named: Vec<_> = accounts
            .map(|account| (account.user_id.to_string(), account.email.clone()))
            .collect();
        self.learn(named);
    }

    fn switched(&mut self, switched: Switched, effects: &mut Vec<Effect>) {
        self.server = switched.server;
        self.known = Known::default();
        // Its ids are another server's.
        self.undos = super::undo::Undos::default();
        self.connection = super::connection::Connection::default();
        self.last_event = None;
        self.back.clear();
        self.forward.clear();
        // A secret that is shown once is not thrown away with the rest.
        self.layers
            .retain(|layer| matches!(layer, Layer::Reveal(_)));
        effects.push(Effect::EndRun);
        self.alerts = super::yours::Alerts::default();
        self.view = View::DASHBOARD;
        match switched.key_missing {
            Some(why) => self.ask_sign_in(&format!("there is no key: {why}")),
            None => self.reconnect(effects),
        }
    }
}
