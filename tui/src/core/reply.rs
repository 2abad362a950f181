//! Applies the server's replies to the state.

use doorward_shared::{
    Page, Timestamp,
    admin::{ServerInfo, Stats, Whoami},
};

use super::{
    form::Form,
    layer::Layer,
    list::{Load, Want},
    msg::{Effect, LocalResult, Reply, Switched},
    problem::{Problem, ProblemKind},
    state::{ServerFacts, State, View},
};
use crate::core::{chart::Window, resource::Row};

pub(crate) fn reply(state: &mut State, reply: Reply, effects: &mut Vec<Effect>) {
    match reply {
        Reply::Page {
            generation,
            want,
            pages,
            note,
        } => rows(state, generation, want, pages.map(|pages| (pages, note))),
        Reply::Stats {
            window,
            since,
            stats,
        } => state.dashboard_stats(window, since, stats),
        Reply::Recent(events) => state.recent(events),
        Reply::Ending(Ok(ending)) => state.known.ending = Some(ending),
        Reply::Ending(Err(problem)) => state.failed(&problem),
        Reply::Refusals(failing) => state.refusals(failing),
        Reply::Server { ready, info } => server(state, ready, info),
        Reply::Whoami(who) => whoami(state, who),
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
        Reply::Changed { ticket, done } => state.changed(ticket, done, effects),
        Reply::LateSecret(made) => state.reveal(made),
        Reply::SignedIn(done) => signed_in(state, done, effects),
        Reply::Stream(streamed) => state.streamed(streamed),
        Reply::Local(done) => local(state, done),
        Reply::Watched(stats) => state.watched(stats, effects),
        Reply::Switched(Ok(switched)) => state.switched(*switched, effects),
        Reply::Switched(Err(why)) => state.warn(why),
        Reply::Broken => broken(state),
    }
}

fn broken(state: &mut State) {
    state.connection.asked_at = None;
    state.warn("internal error: the request was aborted");
}

/// Pages of the list that is shown, and what is to be said of a search.
fn rows(
    state: &mut State,
    generation: u64,
    want: Want,
    read: Result<(Vec<Page<Row>>, Option<String>), Problem>,
) {
    let (height, now) = (state.rows_high(), state.now.wall);
    if read.is_ok() {
        state.heard();
    }
    let Some(list) = state
        .list_mut()
        .filter(|list| list.generation == generation)
    else {
        return;
    };
    match read {
        Ok((pages, note)) => {
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

fn whoami(state: &mut State, who: Result<Box<Whoami>, Problem>) {
    match who {
        Ok(who) => {
            state.heard();
            if let Some((id, email)) = who.user_id.zip(who.email.clone()) {
                state.learn([(id.to_string(), email)]);
            }
            state.known.who = Some(who);
        }
        Err(problem) => state.failed(&problem),
    }
}

fn local(state: &mut State, done: LocalResult) {
    match done {
        LocalResult::Written(Ok(path)) => state.written(&path),
        LocalResult::Written(Err(why)) => state.not_written(&why),
        LocalResult::RanForAlert { name, how } if how != "done" => {
            state.warn(format!("the alert's command {name}: {how}"));
        }
        LocalResult::RanForAlert { .. } => {}
        LocalResult::Output { ticket, text } => state.output(ticket, &text),
        LocalResult::OutputEnded { ticket, how } => state.output_ended(ticket, how),
        LocalResult::Kept(Ok(text)) => state.say(text),
        LocalResult::Kept(Err(why)) => {
            state.warn(format!("not saved; applies until you quit: {why}"));
        }
    }
}

fn server(state: &mut State, ready: bool, info: Result<Box<ServerInfo>, Problem>) {
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

impl State {
    /// The server answered.
    pub(super) fn heard(&mut self) {
        self.connection.answered(self.now);
    }

    /// What a failure means for everything, beside what it means where it happened.
    pub(crate) fn failed(&mut self, problem: &Problem) {
        match problem.what {
            ProblemKind::Unreachable => self.connection.lost(&problem.message, self.now),
            ProblemKind::Unauthorized => {
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
            ProblemKind::Wait(seconds) => {
                self.heard();
                self.connection.wait_until = Some(self.now.ms + seconds * 1_000);
            }
            ProblemKind::Forbidden | ProblemKind::Overtaken | ProblemKind::Refused => self.heard(),
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

    fn dashboard_stats(
        &mut self,
        window: Window,
        since: Timestamp,
        stats: Result<Box<Stats>, Problem>,
    ) {
        match stats {
            Ok(stats) => {
                let time = stats.time;
                self.stats(window, since, stats);
                self.learn_time(time);
                self.heard();
                self.learn_stats();
            }
            Err(problem) => {
                self.failed(&problem);
                self.known.stats_problem = Some(problem);
            }
        }
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
        self.known = ServerFacts::default();
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
        self.alerts = super::customization::Alerts::default();
        self.view = View::DASHBOARD;
        match switched.key_missing {
            Some(why) => self.ask_sign_in(&format!("there is no key: {why}")),
            None => self.reconnect(effects),
        }
    }
}
