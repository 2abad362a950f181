//! Revoking and deleting: one thing, or all that are marked.

use doorward_shared::admin::RevokeSessions;

use super::{
    change::Change,
    confirm::Confirm,
    msg::{Effect, LookAt},
    state::State,
};
use crate::item::{Item, Kind};

/// Sessions the server ends by id at once.
const MANY: usize = 1_000;

impl State {
    pub fn delete(&mut self, effects: &mut Vec<Effect>) {
        let marked: Vec<Item> = match self.list() {
            Some(list) if !list.marks.is_empty() => {
                let marked: Vec<_> = list.marked().into_iter().cloned().collect();
                if marked.len() < list.marks.len() && list.kind != Kind::Sessions {
                    return self.warn("some of the marked rows are no longer loaded: scroll to them, or mark anew");
                }
                marked
            }
            _ => self.item().cloned().into_iter().collect(),
        };
        match marked.as_slice() {
            [] => {}
            [one] if self.kind() != Some(Kind::Sessions) => self.delete_one(one, effects),
            many => self.delete_many(many, effects),
        }
    }

    fn delete_one(&mut self, item: &Item, effects: &mut Vec<Effect>) {
        match item {
            Item::User(user) => {
                let confirm = Confirm::new(format!("Delete {}?", user.email), "Delete", Change::DeleteUsers(vec![user.id]))
                    .line("The account is gone, with all its sessions and keys. It cannot be brought back.");
                self.look_and_confirm(confirm.with_reason(), LookAt::User(user.id), effects);
            }
            Item::Key(key) => {
                let confirm = Confirm::new(
                    format!("Revoke the key {}?", key.name),
                    "Revoke",
                    Change::RevokeKeys(vec![key.id]),
                )
                .line("It dies at once: whatever uses it fails.");
                self.look_and_confirm(confirm.with_reason(), LookAt::Key(key.id), effects);
            }
            Item::Client(client) => {
                let confirm = Confirm::new(
                    format!("Delete the client {}?", client.name),
                    "Delete",
                    Change::DeleteClients(vec![client.id]),
                )
                .line("All its tokens die, and nobody can sign in through it.");
                self.look_and_confirm(confirm.with_reason(), LookAt::Client(client.id), effects);
            }
            Item::Role(role) if role.built_in => {
                self.warn(format!("{} is built in: it cannot be deleted", role.name))
            }
            Item::Role(role) if role.users > 0 => {
                self.warn(format!(
                    "{} users have the role {}: give them another first (o lists them)",
                    role.users, role.name
                ));
            }
            Item::Role(role) => {
                let change = Change::DeleteRoles(vec![role.name.clone()]);
                self.confirm(
                    Confirm::new(format!("Delete the role {}?", role.name), "Delete", change)
                        .line("Nobody has it.")
                        .with_reason(),
                );
            }
            _ => {}
        }
    }

    fn delete_many(&mut self, items: &[Item], effects: &mut Vec<Effect>) {
        let count = items.len() as u64;
        let names: Vec<String> = items.iter().take(8).map(Item::name).collect();
        let change = match self.kind() {
            Some(Kind::Sessions) => return self.end_marked(items, effects),
            Some(Kind::Users) => Change::DeleteUsers(
                items
                    .iter()
                    .filter_map(|item| match item {
                        Item::User(user) => Some(user.id),
                        _ => None,
                    })
                    .collect(),
            ),
            Some(Kind::Keys) => Change::RevokeKeys(
                items
                    .iter()
                    .filter_map(|item| match item {
                        Item::Key(key) => Some(key.id),
                        _ => None,
                    })
                    .collect(),
            ),
            Some(Kind::Clients) => Change::DeleteClients(
                items
                    .iter()
                    .filter_map(|item| match item {
                        Item::Client(client) => Some(client.id),
                        _ => None,
                    })
                    .collect(),
            ),
            Some(Kind::Roles) => Change::DeleteRoles(items.iter().map(Item::id).collect()),
            _ => return,
        };
        let kind = self.kind().map_or("", Kind::title).to_lowercase();
        let mut confirm =
            Confirm::new(format!("Delete or revoke {count} {kind}?"), "Do it", change).count(count);
        confirm.lines = names;
        if count > 8 {
            confirm = confirm.line(format!("and {} more", count - 8));
        }
        self.confirm(confirm.line("It cannot be brought back.").with_reason());
    }

    /// Sessions: whether one or many, the server says which will end.
    fn end_marked(&mut self, items: &[Item], effects: &mut Vec<Effect>) {
        let ids: Vec<_> = match self.list() {
            // Also those marked on pages that are no longer loaded.
            Some(list) if !list.marks.is_empty() => {
                list.marks.iter().filter_map(|id| id.parse().ok()).collect()
            }
            _ => items
                .iter()
                .filter_map(|item| match item {
                    Item::Session(session) => Some(session.id),
                    _ => None,
                })
                .collect(),
        };
        if ids.len() > MANY {
            return self.warn(
                "at most 1000 sessions at once by mark; X ends all of a user, address or client",
            );
        }
        let title = match ids.len() {
            1 => "End this session?".to_owned(),
            many => format!("End {many} sessions?"),
        };
        // Whoever names a session means it, their own too.
        let asked = RevokeSessions {
            ids: Some(ids),
            include_own: true,
            ..RevokeSessions::default()
        };
        self.end_sessions(title, asked, effects);
    }
}
