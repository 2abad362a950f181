//! Effects of the console's `update`: calls of the server, files, changes of the connection.

mod change;
mod change_messages;
mod connecting;
mod last_administrator;
mod made_secret;
mod page;
mod preview;
mod read;
mod server_requests;
mod stream;
mod undo;

pub(super) use self::{connecting::Connected, read::names};

use std::{collections::HashMap, path::Path};

use doorward_shared::client::Client;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{AbortHandle, JoinHandle},
};

use crate::{
    command::secret::Secret,
    core::{
        Effect, Msg,
        customization::Program,
        msg::{CommandResult, LocalResult, OneTimeSecret, Reply},
    },
    io::{
        custom_command::CustomCommandRun,
        profiles::{Profiles, ProfilesError},
        secret_file::SecretFile,
    },
};

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

/// Runs effects. Their results come back as messages.
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

    /// Whether a call was answered since the last check: one request may take many calls.
    pub(super) fn has_heard(&mut self) -> bool {
        let before = std::mem::replace(&mut self.heard, self.client.answers());
        self.heard != before
    }

    /// Does an effect of the network or of files; the terminal's are the loop's.
    pub(super) fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Write { path, text } => {
                self.spawn(None, async move {
                    Reply::Local(LocalResult::Written(written(&path, &text)))
                });
            }
            Effect::Run { ticket, program } => self.run_own(ticket, program),
            Effect::RunForAlert { name, program } => {
                self.spawn(None, async move {
                    let (_end, ended) = tokio::sync::oneshot::channel();
                    let how = CustomCommandRun(program).run(|_| (), ended).await;
                    Reply::Local(LocalResult::RanForAlert { name, how })
                });
            }
            Effect::EndRun => {
                self.end_run();
            }
            Effect::Keep(kept) => self.keep(move |profiles| profiles.keep(&kept)),
            Effect::Allow(allowed) => self.keep(move |profiles| profiles.allow(&allowed)),
            Effect::KeyCopied { profile, copied } => {
                self.keep(move |profiles| profiles.keep_copied(&profile, copied));
            }
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
                    server_requests::answer(self.client.clone(), call, self.replies.clone()),
                );
            }
        }
    }

    /// Runs an own command, one at a time: another takes its place.
    fn run_own(&mut self, ticket: u64, program: Program) {
        let (end, ended) = tokio::sync::oneshot::channel();
        self.ends_run = Some(end);
        let replies = self.replies.clone();
        self.spawn(None, async move {
            let tell = |text| {
                let said = Reply::Local(LocalResult::Output { ticket, text });
                let _ = replies.send(Msg::Reply(said));
            };
            let how = CustomCommandRun(program).run(tell, ended).await;
            Reply::Local(LocalResult::OutputEnded { ticket, how })
        });
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
                Ok(done) => Reply::Local(LocalResult::Kept(done.map_err(|why| why.to_string()))),
                Err(_) => Reply::Broken,
            }
        });
    }

    /// Ends the own command that runs; answers whether one may.
    pub(super) fn end_run(&mut self) -> bool {
        self.ends_run.take().is_some_and(|end| !end.is_closed())
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
    let Msg::Reply(reply) = msg else { return None };
    let reply = match reply {
        Reply::Changed {
            done: Ok(CommandResult::Secret(made)),
            ..
        } => Reply::LateSecret(OneTimeSecret {
            title: format!("{}, at {server}", made.title),
            ..made
        }),
        Reply::LateSecret(_) | Reply::Local(_) => reply,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::problem::Problem;

    /// A runner that calls nobody yet, and knows the profiles `a` and `b`.
    pub(super) fn runner(directory: &Path) -> (Runner, UnboundedReceiver<Connected>) {
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

    #[tokio::test]
    async fn after_a_switch_nothing_of_the_server_before_is_taken_but_a_secret_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let (mut runner, _) = runner(directory.path());
        let (replies, inbox) = unbounded_channel();
        runner.replies = replies;
        let before = runner.replies.clone();
        let mut inbox = runner.forget("a".into(), inbox);
        let secret = CommandResult::Secret(OneTimeSecret {
            title: "The key is minted".into(),
            lines: Vec::new(),
            secret: Secret::new("sk_live_x".into()),
            id: "key_1".into(),
            file: "x.key".into(),
        });
        let changed = |done| Msg::Reply(Reply::Changed { ticket: 1, done });
        before
            .send(changed(Ok(CommandResult::Plain("it is lifted".into()))))
            .unwrap();
        before
            .send(Msg::Reply(Reply::Names(Default::default())))
            .unwrap();
        before.send(changed(Err(Problem::refused("no")))).unwrap();
        before.send(changed(Ok(secret))).unwrap();
        drop(before);
        runner.replies = unbounded_channel().0;
        let Some(Msg::Reply(Reply::LateSecret(OneTimeSecret { title, .. }))) = inbox.recv().await
        else {
            panic!("the secret was lost");
        };
        assert_eq!(title, "The key is minted, at a");
        assert!(inbox.recv().await.is_none(), "and nothing else came");
    }
}
