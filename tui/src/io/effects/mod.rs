//! Effects: the only code that calls the server, writes files or changes the connection.

mod change;
mod page;
mod preview;
mod read;
mod stream;
mod undo;

pub(super) use self::read::names;

use std::{collections::HashMap, path::Path};

use doorward_shared::client::{Client, ClientError, ListQuery};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{AbortHandle, JoinHandle},
};

use crate::{
    command::{quoted, secret::Secret},
    core::{
        Effect, Msg,
        chart::Window,
        msg::{Done, Reply, ServerName, Switched},
        problem::Problem,
        resource::{ProfileRow, Resource},
        search::Search,
    },
    io::{
        connect::{ConnectError, Connection, is_bare, to_profile},
        own_command::OwnRun,
        profiles::{Profiles, ProfilesError},
        search::narrow,
        secret_file::SecretFile,
    },
};

/// The credential that calls are made with changed, or could not be changed. The word of it comes together with the client,
/// so that the screen never names one server while another is called.
#[derive(Debug)]
pub(super) struct Connected {
    /// Of the request for it; another came since, where it is not the newest.
    generation: u64,
    client: Option<Client>,
    reply: Reply,
}

impl Connected {
    pub(super) fn is_sign_in(&self) -> bool {
        matches!(self.reply, Reply::SignedIn(_))
    }

    pub(super) fn is_another_server(&self) -> bool {
        matches!(self.reply, Reply::Switched(Ok(_)))
    }
}

/// Questions of which only the last one matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Page,
    Stats,
    Watch,
    Recent,
    Ending,
    Refusals,
    Server,
    Whoami,
    Row,
    Preview,
    Offers,
    Find,
    Completions,
    Subject,
    Timeline,
    Stream,
}

/// Runs effects. Their answers come back as messages.
pub(super) struct Runner {
    client: Client,
    profiles: Profiles,
    replies: UnboundedSender<Msg>,
    connected: UnboundedSender<Connected>,
    /// How often another server or credential was asked for.
    generation: u64,
    running: HashMap<Slot, AbortHandle>,
    /// Calls that were answered when it was looked last.
    heard: u64,
    /// Ends the own command that runs, when it is dropped.
    ends_run: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Runner {
    pub(super) fn new(
        client: Client,
        profiles: Profiles,
        replies: UnboundedSender<Msg>,
        connected: UnboundedSender<Connected>,
    ) -> Self {
        Self {
            client,
            profiles,
            replies,
            connected,
            generation: 0,
            running: HashMap::new(),
            heard: 0,
            ends_run: None,
        }
    }

    /// Starts something; its answer becomes a message. A task that panics says so too.
    fn spawn(&mut self, slot: Option<Slot>, work: impl Future<Output = Reply> + Send + 'static) {
        let replies = self.replies.clone();
        let task: JoinHandle<Reply> = tokio::spawn(work);
        let abort = task.abort_handle();
        tokio::spawn(async move {
            let reply = match task.await {
                Ok(reply) => reply,
                // Another question took its place.
                Err(error) if error.is_cancelled() => return,
                Err(_) => Reply::Broken,
            };
            let _ = replies.send(Msg::Reply(reply));
        });
        if let Some(before) = slot.and_then(|slot| self.running.insert(slot, abort)) {
            before.abort();
        }
    }

    /// Whether a call was answered since it was looked last: a question may take many.
    pub(super) fn has_heard(&mut self) -> bool {
        let before = std::mem::replace(&mut self.heard, self.client.answers());
        self.heard != before
    }

    /// Does an effect of the network or of files; the terminal's are the loop's.
    pub(super) fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Write { path, text } => {
                self.spawn(None, async move { Reply::Written(written(&path, &text)) });
            }
            Effect::Run { ticket, program } => {
                let (end, ended) = tokio::sync::oneshot::channel();
                // One at a time: another takes its place.
                self.ends_run = Some(end);
                let replies = self.replies.clone();
                self.spawn(None, async move {
                    let tell = |text| {
                        let _ = replies.send(Msg::Reply(Reply::Output { ticket, text }));
                    };
                    let how = OwnRun(program).run(tell, ended).await;
                    Reply::OutputEnded { ticket, how }
                });
            }
            Effect::RunForAlert { name, program } => {
                self.spawn(None, async move {
                    let (_end, ended) = tokio::sync::oneshot::channel();
                    let how = OwnRun(program).run(|_| (), ended).await;
                    Reply::RanForAlert { name, how }
                });
            }
            Effect::EndRun => {
                self.end_run();
            }
            Effect::Keep(kept) => self.keep(move |profiles| profiles.keep(&kept)),
            Effect::Allow(allowed) => self.keep(move |profiles| profiles.allow(&allowed)),
            Effect::SignIn { .. }
            | Effect::Switch(_)
            | Effect::Copy(_)
            | Effect::Bell
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Quit => {}
            #[cfg(debug_assertions)]
            Effect::Crash => {}
            call => {
                let slot = slot(&call);
                self.spawn(
                    slot,
                    answer(self.client.clone(), call, self.replies.clone()),
                );
            }
        }
    }

    /// Writes something beside the configuration, or into it; what is said of it is the answer.
    fn keep(
        &mut self,
        work: impl FnOnce(&Profiles) -> Result<String, ProfilesError> + Send + 'static,
    ) {
        let profiles = self.profiles.clone();
        let work = tokio::task::spawn_blocking(move || work(&profiles));
        self.spawn(None, async move {
            match work.await {
                Ok(done) => Reply::Kept(done.map_err(|why| why.to_string())),
                Err(_) => Reply::Broken,
            }
        });
    }

    /// Ends the own command that runs; answers whether one may.
    pub(super) fn end_run(&mut self) -> bool {
        self.ends_run.take().is_some_and(|end| !end.is_closed())
    }

    /// Signs in. The token is kept in memory alone.
    pub(super) fn sign_in(&mut self, email: String, password: Secret) {
        let client = self.client.with_key("");
        self.connect(async move {
            match read::sign_in(&client, email, &password).await {
                Ok(token) => {
                    let client = client.with_key(token.expose());
                    (Some(client), Reply::SignedIn(Ok(())))
                }
                Err(problem) => (None, Reply::SignedIn(Err(problem))),
            }
        });
    }

    /// Another server. Its key may take a while to find.
    pub(super) fn switch(&mut self, name: String) {
        let profiles = self.profiles.clone();
        self.connect(async move {
            let connecting = tokio::task::spawn_blocking(move || {
                let connection = to_profile(&name, &profiles)?;
                let switched = Switched {
                    server: server_name(&connection, &profiles),
                    key_missing: connection.key_missing,
                };
                Ok::<_, ConnectError>((connection.client, switched))
            });
            match connecting.await {
                Ok(Ok((client, switched))) => {
                    (Some(client), Reply::Switched(Ok(Box::new(switched))))
                }
                Ok(Err(why)) => (None, Reply::Switched(Err(why.to_string()))),
                Err(_) => (None, Reply::Broken),
            }
        });
    }

    /// Looks for another client; only the last one that was asked for is taken.
    fn connect(&mut self, work: impl Future<Output = (Option<Client>, Reply)> + Send + 'static) {
        self.generation += 1;
        let (generation, connected) = (self.generation, self.connected.clone());
        let task = tokio::spawn(work);
        tokio::spawn(async move {
            let (client, reply) = task.await.unwrap_or((None, Reply::Broken));
            let _ = connected.send(Connected {
                generation,
                client,
                reply,
            });
        });
    }

    /// Whether it is the answer to the last request for a client.
    pub(super) fn is_current(&self, found: &Connected) -> bool {
        found.generation == self.generation
    }

    /// Calls with the client that was found from here on; the answer says whose it is.
    pub(super) fn adopt(&mut self, found: Connected) -> Reply {
        if let Some(client) = found.client {
            self.client = client;
        }
        found.reply
    }

    /// Answers go to another place from now on, where nobody takes those of the server before for the next one's. What is
    /// still asked of it ends where only the last answer matters; of the rest is told what must not be lost.
    pub(super) fn forget(
        &mut self,
        server: String,
        mut before: UnboundedReceiver<Msg>,
    ) -> UnboundedReceiver<Msg> {
        for (_, running) in self.running.drain() {
            running.abort();
        }
        let (replies, inbox) = unbounded_channel();
        let late = replies.clone();
        self.replies = replies;
        tokio::spawn(async move {
            while let Some(msg) = before.recv().await {
                if let Some(msg) = of_before(msg, &server)
                    && late.send(msg).is_err()
                {
                    return;
                }
            }
        });
        inbox
    }
}

/// What of a late answer of another server is told: a secret that is shown once, with whose it is, and what became of files
/// and programs of this machine.
fn of_before(msg: Msg, server: &str) -> Option<Msg> {
    let reply = match msg {
        Msg::Reply(Reply::Changed {
            done:
                Ok(Done::Secret {
                    title,
                    lines,
                    secret,
                    file,
                    ..
                }),
            ..
        }) => Reply::LateSecret {
            title: format!("{title}, at {server}"),
            lines,
            secret,
            file,
        },
        Msg::Reply(
            reply @ (Reply::LateSecret { .. }
            | Reply::Written(_)
            | Reply::Kept(_)
            | Reply::OutputEnded { .. }
            | Reply::RanForAlert { .. }),
        ) => reply,
        _ => return None,
    };
    Some(Msg::Reply(reply))
}

/// Of which questions only the last one matters.
fn slot(call: &Effect) -> Option<Slot> {
    match call {
        Effect::Load { .. } => Some(Slot::Page),
        Effect::Stats { .. } => Some(Slot::Stats),
        Effect::Watch(_) => Some(Slot::Watch),
        Effect::Recent => Some(Slot::Recent),
        Effect::Ending(_) => Some(Slot::Ending),
        Effect::Refusals(_) => Some(Slot::Refusals),
        Effect::Server => Some(Slot::Server),
        Effect::Whoami => Some(Slot::Whoami),
        Effect::Row(..) => Some(Slot::Row),
        Effect::Preview { .. } => Some(Slot::Preview),
        Effect::Timeline { .. } => Some(Slot::Timeline),
        Effect::Page { .. } => Some(Slot::Subject),
        Effect::Find { .. } => Some(Slot::Find),
        Effect::Completions { .. } => Some(Slot::Completions),
        Effect::Offers { .. } => Some(Slot::Offers),
        Effect::Stream(_) => Some(Slot::Stream),
        _ => None,
    }
}

/// Calls the server; what it says is the answer.
async fn answer(client: Client, call: Effect, replies: UnboundedSender<Msg>) -> Reply {
    match call {
        Effect::Stats { window, since } => {
            let stats = client.server().stats(window.by(), Some(since)).await;
            Reply::Stats {
                window,
                since,
                stats: stats.map(Box::new).map_err(problem),
            }
        }
        Effect::Watch(since) => {
            let stats = client.server().stats(Window::Hour.by(), Some(since)).await;
            Reply::Watched(stats.map(Box::new).map_err(problem))
        }
        Effect::Recent => Reply::Recent(read::recent(&client).await),
        Effect::Ending(until) => Reply::Ending(read::ending(&client, until).await),
        Effect::Refusals(since) => Reply::Refusals(read::failing_clients(&client, since).await),
        Effect::Server => read::server(&client).await,
        Effect::Whoami => {
            let who = client.server().whoami().await;
            Reply::Whoami(who.map(Box::new).map_err(problem))
        }
        Effect::Names(ids) => Reply::Names(read::names(&client, ids).await),
        Effect::Row(kind, id) => {
            let item = read::row(&client, kind, &id).await;
            Reply::Row { id, item }
        }
        Effect::Preview { generation, at } => Reply::Preview {
            generation,
            preview: preview::preview(&client, at).await,
        },
        Effect::Timeline {
            generation,
            subjects,
            since,
            whole,
        } => {
            let facts = crate::io::incident::facts(&client, &subjects, since, whole).await;
            Reply::Timeline {
                generation,
                timeline: facts.map(Box::new).map_err(problem),
            }
        }
        Effect::Completions { kind, text } => {
            Reply::Names(read::completions(&client, kind, &text).await)
        }
        Effect::Find {
            generation,
            kind,
            text,
            now,
        } => Reply::Found {
            generation,
            found: read::found(&client, kind, &text, now).await,
        },
        Effect::Page {
            generation,
            subject,
            since,
            known,
        } => {
            let reading = page::Reading {
                client: &client,
                subject: &subject,
                since,
                known: &known,
                generation,
                replies: &replies,
            };
            reading.read().await
        }
        Effect::Offers {
            generation,
            kind,
            text,
        } => Reply::Offers {
            generation,
            offers: read::offers(&client, kind, &text).await,
        },
        Effect::Stream(after) => stream::follow(&client, after, &replies).await,
        call @ Effect::Load { .. } => load(&client, call, &replies).await,
        call => changed(client, call).await,
    }
}

/// Makes a change, unless somebody else's is in the way of taking it back.
async fn changed(client: Client, call: Effect) -> Reply {
    let Effect::Change {
        ticket,
        idempotency_key,
        reason,
        change,
        expected,
    } = call
    else {
        return Reply::Broken;
    };
    let client = reason.map_or_else(|| client.clone(), |why| client.with_reason(&why));
    let done = match undo::check(&client, expected.as_deref()).await {
        Ok(()) => change::change(&client, change, &idempotency_key).await,
        Err(problem) => Err(problem),
    };
    Reply::Changed { ticket, done }
}

/// Reads a list: the server's own pages, or what a search finds.
async fn load(client: &Client, call: Effect, replies: &UnboundedSender<Msg>) -> Reply {
    let Effect::Load {
        generation,
        kind,
        query,
        search,
        now,
        cursor,
        pages,
        want,
    } = call
    else {
        return Reply::Broken;
    };
    let searched = |search: &&Search| !search.is_the_servers(kind) || clash(search, kind, &query);
    let (pages, note) = if let Some(search) = search.as_deref().filter(searched) {
        match read::search(client, kind, query, search, now, replies).await {
            Ok((page, note)) => (Ok(vec![page]), note),
            Err(problem) => (Err(problem), None),
        }
    } else {
        let params = search.iter().flat_map(|search| search.params(kind));
        // What the list was narrowed down to before holds too.
        let mut query = params.fold(query, |query, (name, value)| narrow(query, name, value));
        query.cursor = cursor;
        (read::pages(client, kind, query, pages).await, None)
    };
    Reply::Page {
        generation,
        want,
        pages,
        note,
    }
}

/// Whether the list was narrowed down by a parameter that the search takes too: then both are judged here.
fn clash(search: &Search, kind: Resource, query: &ListQuery) -> bool {
    let mut params = search.params(kind).into_iter();
    params.any(|(name, _)| query.has(name))
}

/// The option by which a command from a shell reaches a server, where it takes one.
fn named(connection: &Connection, profiles: &Profiles) -> Option<String> {
    let bare = profiles.chosen().ok().flatten();
    match connection.profile.name.as_str() {
        "" => {
            let url = connection.client.base();
            let by_itself = bare.is_none() && is_bare(url);
            (!by_itself).then(|| format!("--server {}", quoted(url)))
        }
        name if bare.is_some_and(|bare| bare.name == name) => None,
        name => Some(format!("--profile {}", quoted(name))),
    }
}

/// How the screen calls a server.
pub(super) fn server_name(connection: &Connection, profiles: &Profiles) -> ServerName {
    let current = &connection.profile.name;
    let rows = profiles.config.profiles.values().map(|profile| ProfileRow {
        name: profile.name.clone(),
        url: profile.url.clone().unwrap_or_default(),
        color: profile.color.clone(),
        read_only: profile.is_read_only(),
        current: profile.name == *current,
    });
    ServerName {
        profile: current.clone(),
        url: connection.client.base().to_owned(),
        named: named(connection, profiles),
        color: connection.profile.color.clone(),
        read_only: connection.profile.is_read_only(),
        unlocked: false,
        in_the_clear: connection.warning.is_some(),
        profiles: rows.collect(),
    }
}

/// A file of a name that is not taken.
fn written(path: &Path, text: &Secret) -> Result<std::path::PathBuf, String> {
    let fail = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{}: it exists, and is not overwritten", path.display())
        }
        _ => format!("{}: {error}", path.display()),
    };
    SecretFile::begin(path, false)
        .and_then(|file| file.keep(text.expose().trim_end()))
        .map_err(fail)?;
    Ok(path.to_owned())
}

/// Unwraps a call's outcome for the screen.
fn problem(error: ClientError) -> Problem {
    Problem::from(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_switch_nothing_of_the_server_before_is_taken_but_a_secret_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let (mut runner, _) = runner(directory.path());
        let (replies, inbox) = unbounded_channel();
        runner.replies = replies;
        let before = runner.replies.clone();
        let mut inbox = runner.forget("a".into(), inbox);
        let secret = Done::Secret {
            title: "The key is minted".into(),
            lines: Vec::new(),
            secret: Secret::new("sk_live_x".into()),
            id: "key_1".into(),
            file: "x.key".into(),
        };
        let changed = |done| Msg::Reply(Reply::Changed { ticket: 1, done });
        before
            .send(changed(Ok(Done::Plain("it is lifted".into()))))
            .unwrap();
        before
            .send(Msg::Reply(Reply::Names(Default::default())))
            .unwrap();
        before.send(changed(Err(Problem::refused("no")))).unwrap();
        before.send(changed(Ok(secret))).unwrap();
        drop(before);
        runner.replies = unbounded_channel().0;
        let Some(Msg::Reply(Reply::LateSecret { title, .. })) = inbox.recv().await else {
            panic!("the secret was lost");
        };
        assert_eq!(title, "The key is minted, at a");
        assert!(inbox.recv().await.is_none(), "and nothing else came");
    }

    /// A runner that calls nobody yet, and knows the profiles `a` and `b`.
    fn runner(directory: &Path) -> (Runner, UnboundedReceiver<Connected>) {
        let config = directory.join("config.toml");
        let profiles =
            "[profiles.a]\nurl = 'http://127.0.0.1:1'\n[profiles.b]\nurl = 'http://127.0.0.1:2'\n";
        std::fs::write(&config, profiles).unwrap();
        let profiles = Profiles::load_from(config).unwrap();
        let client = Client::new("http://127.0.0.1:3", "", &Default::default()).unwrap();
        let (replies, _) = unbounded_channel();
        let (connected, connections) = unbounded_channel();
        let runner = Runner::new(client, profiles, replies, connected);
        (runner, connections)
    }

    /// Takes in what `count` requests came to, as the console does; answers the word of what was taken.
    async fn settle(
        runner: &mut Runner,
        connections: &mut UnboundedReceiver<Connected>,
        count: usize,
    ) -> Vec<Reply> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let found = connections.recv().await.unwrap();
            if runner.is_current(&found) {
                taken.push(runner.adopt(found));
            }
        }
        taken
    }

    #[tokio::test]
    async fn of_two_switches_the_last_counts_whichever_is_ready_first() {
        let directory = tempfile::tempdir().unwrap();
        let (mut runner, mut connections) = runner(directory.path());
        for _ in 0..20 {
            runner.switch("b".into());
            runner.switch("a".into());
            let taken = settle(&mut runner, &mut connections, 2).await;
            let [Reply::Switched(Ok(switched))] = &taken[..] else {
                panic!("{taken:?}");
            };
            assert_eq!(switched.server.url, runner.client.base());
            assert_eq!(runner.client.base(), "http://127.0.0.1:1");
        }
    }

    #[tokio::test]
    async fn a_sign_in_that_is_answered_after_a_switch_counts_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (mut runner, mut connections) = runner(directory.path());
        runner.sign_in("ada@example.org".into(), Secret::new("x".into()));
        runner.switch("a".into());
        let taken = settle(&mut runner, &mut connections, 2).await;
        assert!(matches!(taken[..], [Reply::Switched(Ok(_))]), "{taken:?}");
        assert_eq!(runner.client.base(), "http://127.0.0.1:1");
    }
}
