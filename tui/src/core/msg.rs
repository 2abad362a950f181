//! Messages, which `update` takes in, and effects, which it asks for.

use std::{collections::BTreeMap, path::PathBuf};

use crossterm::event::{KeyEvent, MouseEvent};
use doorward_shared::{
    EventId, Page, Timestamp,
    admin::{Event, RevokeSessions, RevokedSessions, ServerInfo, Stats, Whoami},
    client::ListQuery,
};

use super::{
    edit_conflict::ExpectedState, incident::Facts, list::Want, pick::Offer, problem::Problem,
};
use crate::{
    command::{Command, secret::Secret},
    core::{
        chart::Window,
        client_diagnosis::FailingClient,
        customization::{Allowed, Program, SavedSettings},
        dashboard::Expiry,
        incident_subject::IncidentSubject,
        page::{self, LoadedPart, Part, Subject},
        resource::{ProfileRow, Resource, Row},
        search::Search,
    },
};

/// The clocks, read once for each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Now {
    pub wall: Timestamp,
    /// Milliseconds of a clock that never goes back.
    pub ms: u64,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    Resize(u16, u16),
    /// A moment the state waited for has come.
    Tick,
    /// Back from the shell.
    Resumed,
    Reply(Reply),
}

/// What an effect came to.
#[derive(Debug)]
pub(crate) enum Reply {
    Page {
        generation: u64,
        want: Want,
        pages: Result<Vec<Page<Row>>, Problem>,
        /// What is to be said of a search.
        note: Option<String>,
    },
    Stats {
        window: Window,
        since: Timestamp,
        stats: Result<Box<Stats>, Problem>,
    },
    Recent(Result<Vec<Event>, Problem>),
    Ending(Result<Vec<Expiry>, Problem>),
    Refusals(Result<Vec<FailingClient>, Problem>),
    Server {
        ready: bool,
        info: Result<Box<ServerInfo>, Problem>,
    },
    Whoami(Result<Box<Whoami>, Problem>),
    Names(BTreeMap<String, String>),
    Row {
        id: String,
        item: Result<Box<Row>, Problem>,
    },
    Preview {
        generation: u64,
        preview: Result<Preview, Problem>,
    },
    Timeline {
        generation: u64,
        timeline: Result<Box<Facts>, Problem>,
    },
    /// Of a page, or why it did not come.
    Part {
        generation: u64,
        part: Part,
        found: Result<LoadedPart, Problem>,
    },
    /// All parts of a page have come.
    PageRead,
    /// Things that were looked for by name.
    Found {
        generation: u64,
        found: Result<Vec<Row>, Problem>,
    },
    Offers {
        generation: u64,
        offers: Vec<Offer>,
    },
    Changed {
        ticket: u64,
        done: Result<CommandResult, Problem>,
    },
    /// A secret that another server made before it was left.
    LateSecret(OneTimeSecret),
    SignedIn(Result<(), Problem>),
    Stream(StreamEvent),
    Local(LocalResult),
    /// What the alert rules are about.
    Watched(Result<Box<Stats>, Problem>),
    Switched(Result<Box<Switched>, String>),
    /// A call of ours broke: a fault of the console.
    Broken,
}

/// What comes of following the events.
#[derive(Debug)]
pub(crate) enum StreamEvent {
    /// They are followed, from after this one on.
    Began(Option<EventId>),
    Event(Box<Event>),
    Lost(Problem),
    /// The server closed it: it restarts, or the caller may no more.
    Ended,
}

/// What became of files and programs of this machine.
#[derive(Debug)]
pub(crate) enum LocalResult {
    Written(Result<PathBuf, String>),
    /// The configuration was written: what is said of it.
    Kept(Result<String, String>),
    /// How the command of an alert rule ended.
    RanForAlert {
        name: String,
        how: String,
    },
    /// An own command said something.
    Output {
        ticket: u64,
        text: String,
    },
    /// How an own command ended.
    OutputEnded {
        ticket: u64,
        how: String,
    },
}

/// A server that was switched to.
#[derive(Debug)]
pub(crate) struct Switched {
    pub server: ServerName,
    pub key_missing: Option<String>,
}

/// How the server is called on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerName {
    /// Of the profile, when there is one.
    pub profile: String,
    pub url: String,
    /// Options by which a command from a shell goes to it with the same key, where it would not without.
    pub named: Option<String>,
    pub color: Option<String>,
    pub read_only: bool,
    /// Changes were switched on here although the profile has them off.
    pub unlocked: bool,
    /// The key travels unencrypted.
    pub in_the_clear: bool,
    pub profiles: Vec<ProfileRow>,
}

/// What would die.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Preview {
    /// A line each.
    pub lines: Vec<String>,
    /// For sessions: the preview that is to be confirmed.
    pub sessions: Option<Box<PreviewedSessions>>,
    /// For things named one by one: those that live, by id or name.
    pub ids: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PreviewedSessions {
    pub count: u64,
    pub users: u64,
    pub id: Option<String>,
}

impl From<&RevokedSessions> for PreviewedSessions {
    fn from(preview: &RevokedSessions) -> Self {
        Self {
            count: preview.count,
            users: preview.users,
            id: preview.preview_id.clone(),
        }
    }
}

/// What a change came to.
#[derive(Debug)]
pub(crate) enum CommandResult {
    /// Said on the screen.
    Plain(String),
    /// A thing is like this now: said on the screen.
    Edited {
        text: String,
        item: Box<Row>,
    },
    /// Something is there now: said on the screen, and selected.
    Made {
        text: String,
        id: String,
    },
    Secret(OneTimeSecret),
}

/// A secret that is shown once.
#[derive(Debug)]
pub(crate) struct OneTimeSecret {
    pub title: String,
    /// About what it is of.
    pub lines: Vec<(String, String)>,
    pub secret: Secret,
    pub id: String,
    /// What a file for it would be called.
    pub file: String,
}

/// What is looked at before something is destroyed.
#[derive(Debug, Clone)]
pub(crate) enum PreviewTarget {
    Sessions(Box<RevokeSessions>),
    User(doorward_shared::UserId),
    /// A password that is to be taken away.
    Reset(doorward_shared::UserId),
    Client(doorward_shared::ClientId),
    Key(doorward_shared::KeyId),
    KeysOf(doorward_shared::UserId),
    /// A network that is to be blocked: who is signed in from there.
    Network(String),
    /// Each of them: which live.
    Each(Resource, Vec<String>),
}

/// Something to be done: the only way anything leaves the state.
#[derive(Debug)]
pub(crate) enum Effect {
    Load {
        generation: u64,
        kind: Resource,
        query: ListQuery,
        search: Option<Box<Search>>,
        /// What times in the search count from.
        now: Timestamp,
        cursor: Option<String>,
        pages: usize,
        want: Want,
    },
    /// Counters, and what happened since a time, as finely as the window shows it.
    Stats {
        window: Window,
        since: Timestamp,
    },
    /// The newest events.
    Recent,
    /// What ends until a time.
    Ending(Timestamp),
    /// Which clients were refused since a time.
    Refusals(Timestamp),
    Server,
    Whoami,
    Names(Vec<String>),
    Row(Resource, String),
    Preview {
        generation: u64,
        at: PreviewTarget,
    },
    Timeline {
        generation: u64,
        subjects: Vec<IncidentSubject>,
        since: Timestamp,
        /// Whether it is asked who else was where they were.
        whole: bool,
    },
    /// All parts of a page, and what happened since a time.
    Page {
        generation: u64,
        subject: Subject,
        since: Timestamp,
        /// What need not be read again.
        known: page::PageFacts,
    },
    Change {
        ticket: u64,
        idempotency_key: String,
        /// Why, for the events.
        reason: Option<String>,
        change: Command,
        /// What nobody else may have changed: then nothing is done.
        expected: Option<Box<ExpectedState>>,
        /// What times in it count from.
        now: Timestamp,
    },
    SignIn {
        email: String,
        password: Secret,
    },
    /// What can be picked in a field for what was typed.
    Offers {
        generation: u64,
        kind: Resource,
        text: String,
    },
    /// Names that a word of a filter may mean.
    Completions {
        kind: Resource,
        text: String,
    },
    /// Things by name, or by the beginning of their id.
    Find {
        generation: u64,
        kind: Resource,
        text: String,
        now: Timestamp,
    },
    /// Follow the events from here on.
    Stream(Option<EventId>),
    Copy(Secret),
    Write {
        path: PathBuf,
        text: Secret,
    },
    /// Keep it in the configuration.
    Keep(SavedSettings),
    /// Run a program, and show what it says.
    Run {
        ticket: u64,
        program: Program,
    },
    /// End it.
    EndRun,
    /// Counters since a time, for the alert rules.
    Watch(Timestamp),
    /// Run the command of an alert rule, whose output is not shown.
    RunForAlert {
        name: String,
        program: Program,
    },
    /// Remember that a rule may run its command by itself.
    Allow(Allowed),
    /// Remember whether the master.key of a server is copied.
    KeyCopied {
        /// The profile's name, or the server's URL where there is none.
        profile: String,
        copied: bool,
    },
    /// Ring the terminal's bell.
    Bell,
    Switch(String),
    Suspend,
    Redraw,
    Quit,
    #[cfg(debug_assertions)]
    Crash,
}
