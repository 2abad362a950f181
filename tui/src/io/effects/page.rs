//! Reads all about one thing: each part by itself, so that what is quick is seen at once.

use std::collections::BTreeMap;

use doorward_shared::{
    Page, Pagination, Timestamp,
    admin::Event,
    apikey::UsageBy,
    client::{Client, Filter, ListQuery, Sort, SortField},
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    core::{
        Msg,
        msg::Reply,
        page::{KeyUse, LoadedPart, MOST_EVENTS, PageFacts, Part, Subject},
        problem::Problem,
        resource::{Resource, Row},
    },
    io::list_rows,
};

/// Rows of a part, at most.
const ROWS: usize = 50;
/// Events may be written so long after they happened, in seconds.
const LATE: i64 = 120;
/// Keys whose use is read, at most.
const USED: usize = 12;

/// What is asked, and where the parts go.
pub(super) struct PageLoader<'a> {
    pub client: &'a Client,
    pub subject: &'a Subject,
    pub since: Timestamp,
    /// What need not be read again.
    pub known: &'a PageFacts,
    pub generation: u64,
    pub replies: &'a UnboundedSender<Msg>,
}

type LoadResult<T> = Result<T, Problem>;

impl PageLoader<'_> {
    /// Reads all parts at once, and says each as it comes.
    pub(super) async fn read(&self) -> Reply {
        match self.subject {
            Subject::User(id) => {
                let sessions = [(Filter::UserId, id.clone())];
                let events = [&sessions[..], &[(Filter::Actor, id.clone())]];
                tokio::join!(
                    self.item_alone(Resource::Users),
                    self.sessions(Part::Sessions, &sessions),
                    self.keys(Some(id.clone()), Vec::new()),
                    self.applications(),
                    self.events(&events),
                );
            }
            Subject::Session(_) => self.session().await,
            Subject::Key(_) => {
                let (own, about) = (self.own(Filter::Actor), self.own(Filter::Target));
                let events = [&own[..], &about];
                tokio::join!(self.key(), self.events(&events));
            }
            Subject::Client(_) => {
                let (own, about) = (self.own(Filter::Actor), self.own(Filter::Target));
                let sessions = self.own(Filter::ClientId);
                let events = [&own[..], &about, &sessions];
                tokio::join!(
                    self.item_alone(Resource::Clients),
                    self.sessions(Part::Sessions, &sessions),
                    self.events(&events),
                );
            }
            Subject::Address(ip) => {
                let from = self.own(Filter::Ip);
                let events = [&from[..]];
                tokio::join!(
                    self.blocks(ip),
                    self.summary(&from),
                    self.sessions(Part::Sessions, &from),
                    self.events(&events),
                );
            }
            Subject::Signing(id) => {
                let about = self.own(Filter::Target);
                let events = [&about[..]];
                tokio::join!(self.signing(id), self.events(&events));
            }
        }
        Reply::PageRead
    }

    fn own(&self, filter: Filter) -> [(Filter, String); 1] {
        [(filter, self.subject.id().to_owned())]
    }

    fn say(&self, part: Part, found: LoadResult<LoadedPart>) {
        let reply = Reply::Part {
            generation: self.generation,
            part,
            found,
        };
        let _ = self.replies.send(Msg::Reply(reply));
    }

    /// The thing itself.
    async fn item(&self, kind: Resource) -> LoadResult<Row> {
        let item = super::read::row(self.client, kind, self.subject.id()).await;
        self.say(Part::Item, item.clone().map(LoadedPart::Item));
        item.map(|item| *item)
    }

    /// The thing itself, where the other parts can be asked for without it.
    async fn item_alone(&self, kind: Resource) {
        self.item(kind).await.ok();
    }

    /// Without the thing itself nobody knows where these are: they do not come, for the same reason.
    fn say_none(&self, parts: &[Part], problem: &Problem) {
        for part in parts {
            self.say(*part, Err(problem.clone()));
        }
    }

    /// Live sessions, those that were seen last first.
    async fn sessions(&self, part: Part, of: &[(Filter, String)]) {
        let sort = Sort {
            field: SortField::LastSeenAt,
            descending: true,
        };
        let query = narrowed(of).with(Filter::Active, true).sorted(Some(sort));
        self.say(part, self.rows(Resource::Sessions, query).await);
    }

    async fn rows(&self, kind: Resource, query: ListQuery) -> LoadResult<LoadedPart> {
        let page = list_rows::page(self.client, kind, &query.limited(ROWS)).await;
        page.map(LoadedPart::Rows).map_err(Problem::from)
    }

    /// A session, its user's others, and those from its address.
    async fn session(&self) {
        let session = match self.item(Resource::Sessions).await {
            Ok(Row::Session(session)) => session,
            Ok(_) => return,
            Err(problem) => {
                return self.say_none(&[Part::Sessions, Part::Near, Part::Events], &problem);
            }
        };
        let user = [(Filter::UserId, session.user_id.to_string())];
        let from = [(Filter::Ip, session.ip.clone())];
        // What its user did from its address while it lived, and what was done to it.
        let did = [
            (Filter::Actor, session.user_id.to_string()),
            (Filter::Ip, session.ip.clone()),
            (
                Filter::Since,
                session.created_at.max(self.since).to_string(),
            ),
        ];
        let about = self.own(Filter::Target);
        let events = [&did[..], &about];
        tokio::join!(
            self.sessions(Part::Sessions, &user),
            self.sessions(Part::Near, &from),
            self.events(&events),
        );
    }

    /// A key, its use, and its owner's others.
    async fn key(&self) {
        let key = match self.item(Resource::Keys).await {
            Ok(Row::Key(key)) => key,
            Ok(_) => return,
            Err(problem) => return self.say_none(&[Part::Keys, Part::Use], &problem),
        };
        let own = vec![(key.id.to_string(), key.last_used_at)];
        self.keys(key.owner_id.map(|owner| owner.to_string()), own)
            .await;
    }

    /// Keys of an owner, and how often each was used by day; the page's `own` first.
    async fn keys(&self, owner: Option<String>, own: Vec<(String, Option<Timestamp>)>) {
        let found = match owner {
            Some(owner) => {
                let query = ListQuery::default().with(Filter::OwnerId, owner);
                self.rows(Resource::Keys, query).await
            }
            None => Ok(LoadedPart::Rows(Page {
                data: Vec::new(),
                pagination: Pagination::default(),
            })),
        };
        let mut keys = own;
        if let Ok(LoadedPart::Rows(page)) = &found {
            // Those that live are looked at first.
            let (live, dead): (Vec<_>, Vec<_>) = page.data.iter().partition(|row| !row.is_dead());
            keys.extend(live.into_iter().chain(dead).filter_map(|row| match row {
                Row::Key(key) => Some((key.id.to_string(), key.last_used_at)),
                _ => None,
            }));
        }
        self.say(Part::Keys, found);
        self.say(Part::Use, self.usage(keys).await);
    }

    /// How often keys were used: of those that were used since it was read last.
    async fn usage(&self, keys: Vec<(String, Option<Timestamp>)>) -> LoadResult<LoadedPart> {
        let mut used = BTreeMap::new();
        let is_new = |(id, used_at): &(String, Option<Timestamp>)| {
            self.known.used.get(id).is_none_or(|known| known < used_at)
        };
        for (id, used_at) in keys.into_iter().take(USED).filter(is_new) {
            if used.contains_key(&id) {
                continue;
            }
            let span = [Some(self.since), None];
            match self.client.api_keys().usage(&id, UsageBy::Day, span).await {
                Ok(usage) => {
                    let points = usage.data;
                    used.insert(id, KeyUse { points, used_at })
                }
                // What was read of the others stays.
                Err(_) if !used.is_empty() || !self.known.used.is_empty() => continue,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(LoadedPart::Use(used))
    }

    async fn applications(&self) {
        let found = self.client.users().applications(self.subject.id()).await;
        let found = found.map(|page| LoadedPart::Applications(page.data));
        self.say(Part::Applications, found.map_err(Problem::from));
    }

    /// The blocks of networks that hold an address, whether or not they spare it.
    async fn blocks(&self, ip: &str) {
        let query = ListQuery::default().with(Filter::Ip, ip).limited(100);
        let found = self.client.blocks().list(&query).await;
        let found = found.map(|page| LoadedPart::Blocks(page.data));
        self.say(Part::Blocks, found.map_err(Problem::from));
    }

    /// What all events come to, however many they are.
    async fn summary(&self, of: &[(Filter, String)]) {
        let query = narrowed(of).with(Filter::Since, self.since);
        let found = self.client.events().summary(&query).await;
        let found = found.map(|summary| LoadedPart::Summary(Box::new(summary)));
        self.say(Part::Summary, found.map_err(Problem::from));
    }

    /// The signing keys: this one, and all.
    async fn signing(&self, id: &str) {
        let page = list_rows::page(self.client, Resource::Signing, &ListQuery::default()).await;
        let page = page.map_err(Problem::from);
        let own = page.as_ref().map(|page| {
            let own = page.data.iter().find(|row| row.id() == id);
            own.cloned()
        });
        self.say(
            Part::Item,
            match own {
                Ok(Some(row)) => Ok(LoadedPart::Item(Box::new(row))),
                Ok(None) => Err(Problem::refused("there is no such signing key any more")),
                Err(problem) => Err(problem.clone()),
            },
        );
        self.say(Part::Signing, page.map(LoadedPart::Rows));
    }

    /// What happened, newest first: what any of these finds, each event once.
    async fn events(&self, any_of: &[&[(Filter, String)]]) {
        self.say(Part::Events, self.all_events(any_of).await);
    }

    async fn all_events(&self, any_of: &[&[(Filter, String)]]) -> LoadResult<LoadedPart> {
        let mut events: Vec<Event> = Vec::new();
        let mut more = false;
        // Events may be written a little after they happened.
        let newest = self.known.newest.map(|at| at.plus_seconds(-LATE));
        for filters in any_of {
            let mut query = narrowed(filters).limited(100);
            if !query.has(Filter::Since) {
                query = query.with(Filter::Since, newest.unwrap_or(self.since));
            }
            let mut read = 0;
            loop {
                let page = self
                    .client
                    .events()
                    .list(&query)
                    .await
                    .map_err(Problem::from)?;
                read += page.data.len();
                events.extend(page.data);
                query.cursor = page.pagination.next_cursor;
                if query.cursor.is_none() {
                    break;
                }
                if read >= MOST_EVENTS {
                    more = true;
                    break;
                }
            }
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        events.dedup_by_key(|event| event.id);
        more |= events.len() > MOST_EVENTS;
        events.truncate(MOST_EVENTS);
        Ok(match newest {
            Some(_) if !more => LoadedPart::NewEvents(events),
            // So much is new that nothing of the old is left.
            _ => LoadedPart::Events(events, more),
        })
    }
}

fn narrowed(filters: &[(Filter, String)]) -> ListQuery {
    let filters = filters.iter();
    filters.fold(ListQuery::default(), |query, (name, value)| {
        query.with(*name, value)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::core::page::panels;

    #[tokio::test]
    async fn every_part_of_a_page_comes_or_says_why_it_does_not() {
        let client = Client::new("http://127.0.0.1:1", "", &Default::default()).unwrap();
        for (name, subject) in crate::tests::realistic_data::subjects() {
            let (replies, mut said) = tokio::sync::mpsc::unbounded_channel();
            let reading = PageLoader {
                client: &client,
                subject: &subject,
                since: Timestamp(0),
                known: &PageFacts::default(),
                generation: 1,
                replies: &replies,
            };
            reading.read().await;
            drop(replies);
            let mut came = BTreeSet::new();
            while let Some(Msg::Reply(Reply::Part { part, found, .. })) = said.recv().await {
                came.insert(part);
                assert!(found.is_err() || part == Part::Use, "{name}: {part:?}");
            }
            for panel in panels::of(&subject) {
                let by_itself =
                    matches!(subject, Subject::Address(_)) && panel.part() == Part::Item;
                assert!(
                    came.contains(&panel.part()) || by_itself,
                    "{name}: {panel:?} would be loading for ever"
                );
            }
        }
    }
}
