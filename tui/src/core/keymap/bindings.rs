//! The rows of the keymap.

use crate::core::resource::Resource;

/// What can be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Open,
    Related,
    Filter,
    New,
    Edit,
    Delete,
    EndSessions,
    Disable,
    Password,
    Link,
    Factors,
    Clone,
    Rotate,
    Limits,
    Policy,
    Invite,
    Backup,
    Incident,
    Block,
    Export,
    ExportJson,
    Note,
    Drop,
    Pause,
    Mark,
    MarkRange,
    MarkAll,
    Sort,
    Wide,
    Fold,
    Copy,
    Twin,
    Undo,
    Window,
    Stack,
    Earlier,
    Later,
    Unlock,
    Refresh,
    Focus,
    FocusBack,
    Close,
    Back,
    Forward,
    Palette,
    Help,
    Screen(u8),
    Redraw,
    Suspend,
    Quit,
}

/// Where a key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyContext {
    Anywhere,
    /// Every list.
    List,
    Users,
    Sessions,
    Keys,
    Clients,
    Events,
    Roles,
    Signing,
    Blocks,
    Profiles,
    Dashboard,
    Health,
    Incident,
    /// All about one thing, on a page of its own.
    Page,
    /// The pane with all about one thing.
    Detail,
}

/// An action, the keys it comes with, and what the help says of it.
#[derive(Debug)]
pub(crate) struct KeyRow {
    pub action: Action,
    /// How the configuration calls it.
    pub name: &'static str,
    pub keys: &'static [&'static str],
    pub help: &'static str,
    /// A word or two for the line of hints; empty: not hinted at.
    pub hint: &'static str,
    pub contexts: &'static [KeyContext],
}

impl KeyContext {
    pub(crate) const ALL: [Self; 16] = [
        Self::Anywhere,
        Self::List,
        Self::Users,
        Self::Sessions,
        Self::Keys,
        Self::Clients,
        Self::Events,
        Self::Roles,
        Self::Signing,
        Self::Blocks,
        Self::Profiles,
        Self::Dashboard,
        Self::Health,
        Self::Incident,
        Self::Page,
        Self::Detail,
    ];

    /// Where things of a kind are.
    pub(crate) fn of(kind: Resource) -> Self {
        match kind {
            Resource::Users => Self::Users,
            Resource::Sessions => Self::Sessions,
            Resource::Keys => Self::Keys,
            Resource::Clients => Self::Clients,
            Resource::Events => Self::Events,
            Resource::Roles => Self::Roles,
            Resource::Signing => Self::Signing,
            Resource::Blocks => Self::Blocks,
            Resource::Profiles => Self::Profiles,
        }
    }

    fn is_list(self) -> bool {
        use KeyContext::{
            Blocks, Clients, Events, Keys, List, Profiles, Roles, Sessions, Signing, Users,
        };
        matches!(
            self,
            List | Users | Sessions | Keys | Clients | Events | Roles | Signing | Blocks | Profiles
        )
    }

    fn is_about_one(self) -> bool {
        matches!(self, Self::Page | Self::Detail)
    }

    fn meets(self, other: Self) -> bool {
        self == other
            || self == Self::Anywhere
            || other == Self::Anywhere
            || (self == Self::List && other.is_list())
            || (other == Self::List && self.is_list())
            // The pane and the page are about a thing of any list.
            || (self.is_about_one() && other.is_list() && other != Self::List)
            || (other.is_about_one() && self.is_list() && self != Self::List)
    }
}

impl KeyRow {
    /// Whether there is a context where both apply.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.contexts
            .iter()
            .any(|one| other.contexts.iter().any(|two| one.meets(*two)))
    }
}

macro_rules! rows {
    ($($action:expr, $name:literal, [$($key:literal),*], $help:literal, $hint:literal, [$($context:ident),*];)*) => {
        /// All rows. The order is the help's.
        pub(crate) const ROWS: &[KeyRow] = &[$(KeyRow {
            action: $action, name: $name, keys: &[$($key),*], help: $help, hint: $hint, contexts: &[$(KeyContext::$context),*],
        },)*];
    };
}

use Action as A;

rows! {
    A::Quit, "quit", ["q", "ctrl-c"], "quit (also :q); ctrl-c closes the open dialog first", "", [Anywhere];
    A::Open, "open", ["enter"], "open its page", "open", [List, Dashboard, Incident, Page];
    A::Related, "related", ["o"], "related sessions, keys, events, …", "related", [List, Detail, Page];
    A::New, "new", ["n"], "create, mint or register one", "new", [Users, Keys, Clients, Roles, Blocks];
    A::Edit, "edit", ["e"], "edit: names, role, permissions, scopes", "edit", [Users, Keys, Clients, Roles];
    A::Delete, "delete", ["x"], "revoke or delete it, or all marked", "revoke", [Users, Sessions, Keys, Clients, Roles, Signing, Blocks];
    A::EndSessions, "end-sessions", ["X"], "end all sessions: of the user, address or client", "end all", [Users, Sessions, Clients, Page];
    A::Disable, "disable", ["d"], "disable a user, or enable them again", "disable", [Users];
    A::Password, "password", ["p"], "set a user's password", "", [Users];
    A::Link, "link", ["L"], "a one-time link to set a user's password", "link", [Users];
    A::Factors, "factors", ["F"], "remove the second factors of a user who lost them", "factors", [Users];
    A::Clone, "clone", ["C"], "mint a key like this one", "clone", [Keys];
    A::Rotate, "rotate", ["R"], "new secret, or new signing key", "rotate", [Keys, Clients, Signing];
    A::Limits, "limits", ["P"], "rate, quota and addresses of a key; turn it off", "limits", [Keys];
    A::Policy, "policy", ["P"], "client policy: claims, groups, logout, keys", "policy", [Clients];
    A::Invite, "invite", ["T"], "an initial access token for client registration", "", [Clients];
    A::Incident, "incident", ["i"], "incident: around it or all marked; in one, around more", "incident", [Anywhere];
    A::Block, "block", ["b"], "block a network for sign-in, for a while", "block", [Sessions, Events, Dashboard, Incident, Page];
    A::Export, "export", ["m"], "write the incident as Markdown", "Markdown", [Incident];
    A::ExportJson, "export-json", ["J"], "write the incident as JSON", "", [Incident];
    A::Note, "note", ["n"], "add a note to the report", "note", [Incident];
    A::Drop, "drop", ["x"], "remove the selected subject from the incident", "", [Incident];
    A::Pause, "pause", ["p"], "pause or resume the event stream", "pause", [Events];
    A::Backup, "backup", ["B"], "back up the database now", "backup", [Health];
    A::Filter, "filter", ["/"], "filter as you type", "filter", [List];
    A::Sort, "sort", ["s"], "sort", "sort", [List];
    A::Wide, "wide", ["w"], "wide: whole ids, more columns, two-line events", "", [List];
    A::Fold, "fold", ["z"], "expand or collapse a row of equal events", "", [Events];
    A::Mark, "mark", ["space"], "toggle the mark and move down", "", [List];
    A::MarkRange, "mark-range", ["v"], "mark from here to the next v", "", [List];
    A::MarkAll, "mark-all", ["*"], "mark all loaded rows, or none", "", [List];
    A::Copy, "copy", ["c"], "send its id to the terminal's clipboard", "", [List, Detail, Incident, Page];
    A::Window, "window", ["t"], "the chart's time: 1 h, 24 h or 7 d", "1h/24h/7d", [Dashboard];
    A::Stack, "stack", ["v"], "one chart, or all above one another", "", [Dashboard];
    A::Earlier, "earlier", [","], "a value of the chart, earlier", "", [Dashboard];
    A::Later, "later", ["."], "a value of the chart, later", "", [Dashboard];
    A::Undo, "undo", ["u"], "undo: disabled, blocked, role, scopes, names (15 min)", "", [Anywhere];
    A::Unlock, "unlock", ["U"], "switch on a production profile's changes", "", [Anywhere];
    A::Twin, "twin", ["E"], "the command that does the same", "", [Anywhere];
    A::Up, "up", ["k", "up"], "up", "", [Anywhere];
    A::Down, "down", ["j", "down"], "down", "", [Anywhere];
    A::PageUp, "page-up", ["pgup", "ctrl-b", "ctrl-u"], "a page up", "", [Anywhere];
    A::PageDown, "page-down", ["pgdn", "ctrl-f", "ctrl-d"], "a page down", "", [Anywhere];
    A::Top, "top", ["g", "home"], "to the first", "", [Anywhere];
    A::Bottom, "bottom", ["G", "end"], "to the last loaded row", "", [Anywhere];
    A::Focus, "focus", ["tab"], "to the next part of the screen", "", [Anywhere];
    A::FocusBack, "focus-back", ["backtab"], "to the previous part", "", [Anywhere];
    A::Close, "close", ["esc"], "close the top dialog or the filter; never quits", "", [Anywhere];
    A::Back, "back", ["[", "alt-left", "h", "left"], "back to where you were", "", [Anywhere];
    A::Forward, "forward", ["]", "alt-right", "l", "right"], "forward again", "", [Anywhere];
    A::Palette, "palette", [":"], "go anywhere, run any action by name", "go to", [Anywhere];
    A::Help, "help", ["?", "f1"], "this help", "help", [Anywhere];
    A::Refresh, "refresh", ["r", "f5"], "refresh", "", [Anywhere];
    A::Screen(1), "dashboard", ["1"], "Dashboard", "", [Anywhere];
    A::Screen(2), "users", ["2"], "Users", "", [Anywhere];
    A::Screen(3), "sessions", ["3"], "Sessions", "", [Anywhere];
    A::Screen(4), "apikeys", ["4"], "API keys", "", [Anywhere];
    A::Screen(5), "clients", ["5"], "Clients", "", [Anywhere];
    A::Screen(6), "events", ["6"], "Events", "", [Anywhere];
    A::Screen(7), "health", ["7"], "Health", "", [Anywhere];
    A::Redraw, "redraw", ["ctrl-l"], "draw the screen anew", "", [Anywhere];
    A::Suspend, "suspend", ["ctrl-z"], "back to the shell; fg returns", "", [Anywhere];
}
