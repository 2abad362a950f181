//! Builds the CLI commands equivalent to what the screen shows.

use std::str::FromStr;

use doorward_shared::client::Filter;

use super::{
    list::{List, ListFilter},
    page::{Subject, SubjectPage},
    resource::{Resource, Row},
    state::{State, View},
};
use crate::command::{
    ApiKeys, Blocks, Clients, Command, Events, Incident, LinkArgs, ListArgs, ListEvents, ListKeys,
    ListSessions, ListUsers, Mfa, Password, Profiles, Revoke, RevokeKeys, Roles, Rotate,
    SessionOwnerArgs, Sessions, SigningKeys, StatsArgs, Users,
};

impl List {
    /// The command that lists the same.
    fn command(&self) -> Command {
        let list = ListArgs::of(&self.q, self.sort());
        match self.kind {
            Resource::Users => Command::Users(Users::List(ListUsers {
                list: self.with_q(list),
                role: self.given(Filter::Role),
                disabled: self.flag(Filter::Disabled),
            })),
            Resource::Sessions => Command::Sessions(Sessions::List(ListSessions {
                list,
                of: SessionOwnerArgs {
                    user: self.given(Filter::UserId),
                    client: self.parsed(Filter::ClientId),
                    ip: self.given(Filter::Ip),
                },
                active: self.flag(Filter::Active),
            })),
            Resource::Keys => Command::Apikeys(ApiKeys::List(ListKeys {
                list,
                owner: self.given(Filter::OwnerId),
                scope: self.given(Filter::Scope),
                unused_since: self.parsed(Filter::UnusedSince),
                expires_before: self.parsed(Filter::ExpiresBefore),
                active: self.flag(Filter::Active),
            })),
            Resource::Clients => Command::Clients(Clients::List {
                list: self.with_q(list),
            }),
            Resource::Events => Command::Events(Box::new(Events::listing(self.events(list)))),
            Resource::Roles => Command::Roles(Roles::List { list }),
            Resource::Blocks => Command::Blocks(Blocks::List { list }),
            Resource::Signing => Command::Keys(SigningKeys::List { list }),
            Resource::Profiles => Command::Profiles(Profiles::List),
        }
    }

    fn events(&self, list: ListArgs) -> ListEvents {
        ListEvents {
            actor: self.given(Filter::Actor),
            action: self.given(Filter::Action),
            target: self.given(Filter::Target),
            user: self.given(Filter::UserId),
            ip: self.given(Filter::Ip),
            client: self.parsed(Filter::ClientId),
            since: self.parsed(Filter::Since),
            until: self.parsed(Filter::Until),
            follow: self.paused.is_none() && self.sort.is_none(),
            after: None,
            list,
        }
    }

    /// What a filter was set to.
    fn given(&self, wanted: Filter) -> Option<String> {
        let mut filters = self.filters.iter();
        let found = filters.find(|filter| filter.name == wanted);
        found.map(|filter| filter.value.clone())
    }

    fn flag(&self, wanted: Filter) -> Option<bool> {
        self.given(wanted).map(|value| value == "true")
    }

    fn parsed<T: FromStr>(&self, wanted: Filter) -> Option<T> {
        self.given(wanted).and_then(|value| value.parse().ok())
    }

    /// With the id that the list was narrowed down to, where nothing is searched for.
    fn with_q(&self, list: ListArgs) -> ListArgs {
        ListArgs {
            q: list.q.or_else(|| self.given(Filter::Q)),
            ..list
        }
    }
}

/// The commands about a row.
fn about(item: &Row) -> Vec<Command> {
    let id = item.id();
    let all = vec![id.clone()];
    match item {
        Row::User(_) => [
            Users::Link(LinkArgs::new(id.clone())),
            Users::Password(Password {
                user: id.clone(),
                ..Password::default()
            }),
            Users::Mfa(Mfa::Remove { user: id.clone() }),
            Users::EndSessions {
                user: id.clone(),
                api_keys: false,
            },
            Users::Disable { user: id.clone() },
            Users::Delete { users: all },
            // Last: on a small screen with a long way to the server there is no room for all.
            Users::Get { user: id },
        ]
        .map(Command::Users)
        .into(),
        Row::Session(session) => [
            Sessions::Get { id },
            Sessions::Revoke(Revoke::these(vec![session.id])),
        ]
        .map(Command::Sessions)
        .into(),
        Row::Key(_) => [
            ApiKeys::Get { id: id.clone() },
            ApiKeys::Rotate(Rotate::after(&id, 0)),
            ApiKeys::Revoke { ids: all },
        ]
        .map(Command::Apikeys)
        .into(),
        Row::Client(_) => [
            Clients::Get { id: id.clone() },
            Clients::Secret(Rotate::after(&id, 0)),
            Clients::Delete { ids: all },
        ]
        .map(Command::Clients)
        .into(),
        Row::Role(_) => [Roles::Get { name: id }, Roles::Delete { names: all }]
            .map(Command::Roles)
            .into(),
        Row::Signing(key) => {
            let revoke = RevokeKeys::all(all).filter(|_| !key.active);
            let revoke = revoke.map(SigningKeys::Revoke);
            let keys = [Some(SigningKeys::Rotate), revoke].into_iter().flatten();
            keys.map(Command::Keys).collect()
        }
        Row::Block(_) => vec![Command::Blocks(Blocks::Remove { ids: all })],
        Row::Event(_) | Row::Profile(_) => Vec::new(),
    }
}

/// The commands for what a page's keys act on; those that tell of an address.
fn of_page(page: &SubjectPage) -> Vec<Command> {
    match (&page.subject, page.acting()) {
        (_, Some(item)) => about(item),
        (Subject::Address(ip), None) => {
            let mut events = List::new(Resource::Events, Vec::new());
            events.filters.push(ListFilter::new(Filter::Ip, ip, ip));
            let mut sessions = List::new(Resource::Sessions, Vec::new());
            sessions.filters.clone_from(&events.filters);
            let incident = Command::Incident(Incident::around(vec![ip.clone()]));
            vec![events.command(), sessions.command(), incident]
        }
        (_, None) => Vec::new(),
    }
}

/// The commands for what is on the screen.
pub(crate) fn of_state(state: &State) -> Vec<Command> {
    let view = match &state.view {
        View::Page(page) => return of_page(page),
        View::List(list) => list.command(),
        View::Dashboard { .. } => Command::Stats(StatsArgs::default()),
        View::Health { .. } => Command::Status,
        View::Incident(incident) => {
            let about = incident
                .subjects
                .iter()
                .map(|subject| subject.id().to_owned());
            Command::Incident(Incident::around(about.collect()))
        }
    };
    let item = state.item().map(about).unwrap_or_default();
    [vec![view], item].concat()
}

/// A command as it is typed in a shell, so that it goes to the server that is shown.
pub(crate) fn typed(state: &State, line: &str) -> String {
    match (&state.server.named, line.split_once(' ')) {
        (Some(named), Some((program, rest))) => format!("{program} {named} {rest}"),
        _ => line.to_owned(),
    }
}
