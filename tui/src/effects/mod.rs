//! Effects: the only code that calls the server, writes files or changes the connection.

mod change;
mod look;
mod read;
mod stream;
mod undo;

pub use self::read::names;

use std::{collections::HashMap, path::Path};

use doorward_shared::client::{Client, ClientError};
use tokio::{
    sync::mpsc::UnboundedSender,
    task::{AbortHandle, JoinHandle},
};

use crate::{
    app::{
        Effect, Msg,
        msg::{Reply, ServerName, Switched},
        problem::Problem,
    },
    connect::{Connection, to_profile},
    item::{Kind, ProfileRow},
    profiles::Profiles,
    search::Search,
    secret::{Secret, SecretFile},
};

/// Questions of which only the last one matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Page,
    Stats,
    Refusals,
    Server,
    Whoami,
    Thing,
    Look,
    Offers,
    Timeline,
    Stream,
}

/// Runs effects. Their answers come back as messages.
pub struct Runner {
    client: Client,
    profiles: Profiles,
    replies: UnboundedSender<Msg>,
    running: HashMap<Slot, AbortHandle>,
}

impl Runner {
    pub fn new(client: Client, profiles: Profiles, replies: UnboundedSender<Msg>) -> Self {
        Self {
            client,
            profiles,
            replies,
            running: HashMap::new(),
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

    /// Does an effect of the network or of files; the terminal's are the loop's.
    pub fn run(&mut self, effect: Effect) {
        let client = self.client.clone();
        match effect {
            Effect::Load {
                generation,
                kind,
                query,
                search: Some(search),
                now,
                want,
                ..
            } if !search.is_the_servers(kind) || clash(&search, kind, &query) => {
                let replies = self.replies.clone();
                let work = async move {
                    let found = read::search(&client, kind, query, (&search, now), &replies).await;
                    let (pages, note) = match found {
                        Ok((page, note)) => (Ok(vec![page]), note),
                        Err(problem) => (Err(problem), None),
                    };
                    Reply::Page {
                        generation,
                        want,
                        pages,
                        note,
                    }
                };
                self.spawn(Some(Slot::Page), work);
            }
            Effect::Load {
                generation,
                kind,
                mut query,
                search,
                cursor,
                pages,
                want,
                ..
            } => {
                let params = search.iter().flat_map(|search| search.params(kind));
                for (name, value) in params {
                    // What the list was narrowed down to before holds too.
                    if !query.iter().any(|(have, _)| have == name) {
                        query.push((name.to_owned(), value));
                    }
                }
                let work = async move {
                    let pages = read::pages(&client, kind, query, cursor, pages).await;
                    Reply::Page {
                        generation,
                        want,
                        pages,
                        note: None,
                    }
                };
                self.spawn(Some(Slot::Page), work);
            }
            Effect::Stats => self.spawn(Some(Slot::Stats), async move {
                Reply::Stats(read::one(&client, "/admin/stats").await)
            }),
            Effect::Refusals(since) => self.spawn(Some(Slot::Refusals), async move {
                Reply::Refusals(read::failing_clients(&client, since).await)
            }),
            Effect::Server => self.spawn(
                Some(Slot::Server),
                async move { read::server(&client).await },
            ),
            Effect::Whoami => self.spawn(Some(Slot::Whoami), async move {
                Reply::Whoami(read::one(&client, "/admin/whoami").await)
            }),
            Effect::Names(ids) => self.spawn(None, async move {
                Reply::Names(read::names(&client, ids).await)
            }),
            Effect::Thing(kind, id) => {
                let work = async move {
                    let item = read::thing(&client, kind, &id).await;
                    Reply::Thing { id, item }
                };
                self.spawn(Some(Slot::Thing), work);
            }
            Effect::Look { generation, at } => {
                let work = async move {
                    let preview = look::look(&client, at).await;
                    Reply::Preview {
                        generation,
                        preview,
                    }
                };
                self.spawn(Some(Slot::Look), work);
            }
            Effect::Timeline {
                generation,
                pivot,
                since,
            } => {
                let work = async move {
                    let timeline = read::timeline(&client, &pivot, since).await;
                    Reply::Timeline {
                        generation,
                        timeline,
                    }
                };
                self.spawn(Some(Slot::Timeline), work);
            }
            Effect::Offers {
                generation,
                kind,
                text,
            } => {
                let work = async move {
                    let offers = read::offers(&client, kind, &text).await;
                    Reply::Offers { generation, offers }
                };
                self.spawn(Some(Slot::Offers), work);
            }
            Effect::Change {
                ticket,
                again,
                reason,
                change,
                expected,
            } => {
                let client = reason.map_or_else(|| client.clone(), |why| client.with_reason(&why));
                let work = async move {
                    let done = match undo::check(&client, expected.as_deref()).await {
                        Ok(()) => change::change(&client, change, &again).await,
                        Err(problem) => Err(problem),
                    };
                    Reply::Changed { ticket, done }
                };
                self.spawn(None, work);
            }
            Effect::Stream(after) => {
                let replies = self.replies.clone();
                let work = async move { stream::follow(&client, after, &replies).await };
                self.spawn(Some(Slot::Stream), work);
            }
            Effect::Write { path, text } => {
                self.spawn(None, async move { Reply::Written(written(&path, &text)) });
            }
            Effect::SignIn { .. }
            | Effect::Switch(_)
            | Effect::Copy(_)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Quit => {}
            #[cfg(debug_assertions)]
            Effect::Crash => {}
        }
    }

    /// Signs in; the token is kept in memory, in the client that is sent before the answer.
    pub fn sign_in(&mut self, email: String, password: Secret, found: UnboundedSender<Client>) {
        let client = self.client.with_key("");
        let work = async move {
            match read::sign_in(&client, email, &password).await {
                Ok(token) => {
                    let _ = found.send(client.with_key(token.expose()));
                    Reply::SignedIn(Ok(()))
                }
                Err(problem) => Reply::SignedIn(Err(problem)),
            }
        };
        self.spawn(None, work);
    }

    pub fn use_client(&mut self, client: Client) {
        self.client = client;
    }

    /// Another server. What was asked of the one before is forgotten. Its key may take a while to find.
    pub fn switch(&mut self, name: String, found: UnboundedSender<Client>) {
        for (_, running) in self.running.drain() {
            running.abort();
        }
        let profiles = self.profiles.clone();
        let work = async move {
            let connecting = tokio::task::spawn_blocking(move || {
                let connection = to_profile(&name, &profiles)?;
                let _ = found.send(connection.client.clone());
                Ok(Box::new(Switched {
                    server: server_name(&connection, &profiles),
                    key_missing: connection.key_missing,
                }))
            });
            connecting.await.map_or(Reply::Broken, Reply::Switched)
        };
        self.spawn(None, work);
    }
}

/// Whether the list was narrowed down by a parameter that the search takes too: then both are judged here.
fn clash(search: &Search, kind: Kind, query: &[(String, String)]) -> bool {
    let mut params = search.params(kind).into_iter();
    params.any(|(name, _)| query.iter().any(|(have, _)| have == name))
}

/// How the screen calls a server.
pub fn server_name(connection: &Connection, profiles: &Profiles) -> ServerName {
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
