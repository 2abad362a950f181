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
            Some(list) if !list.marks.is_empty() => list.marks.values().cloned().collect(),
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
            Item::Signing(key) if key.active => {
                self.warn("this key signs new tokens: rotate it first (R)");
            }
            Item::Signing(key) => {
                let change = Change::RevokeSigning(vec![key.id.clone()]);
                self.confirm(
                    Confirm::new(
                        format!("Revoke the signing key {}?", key.id),
                        "Revoke",
                        change,
                    )
                    .line("Every token it signed is dead at once. It cannot be brought back.")
                    .with_reason(),
                );
            }
            _ => {}
        }
    }

    fn delete_many(&mut self, items: &[Item], effects: &mut Vec<Effect>) {
        let count = items.len() as u64;
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
            Some(Kind::Signing) => Change::RevokeSigning(items.iter().map(Item::id).collect()),
            _ => return,
        };
        let kind = self.kind().map_or("", Kind::title).to_lowercase();
        let title = format!("Delete or revoke the {count} marked {kind}?");
        let mut confirm = Confirm::new(title, "Do it", change).count(count);
        let hidden = self.list().map_or(0, super::list::List::hidden_marks);
        if hidden > 0 {
            confirm = confirm.line(format!("{hidden} of them are marked but not shown now."));
        }
        confirm = confirm
            .line("What dies cannot be brought back:")
            .with_reason();
        let ids = items.iter().map(Item::id).collect();
        let at = LookAt::Each(self.kind().unwrap_or(Kind::Keys), ids);
        self.look_and_confirm(confirm, at, effects);
    }

    /// Sessions: whether one or many, the server says which will end.
    fn end_marked(&mut self, items: &[Item], effects: &mut Vec<Effect>) {
        let ids: Vec<_> = match self.list() {
            // Also those that are not loaded or not shown now.
            Some(list) if !list.marks.is_empty() => {
                list.marks.keys().filter_map(|id| id.parse().ok()).collect()
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
        let hidden = self.list().map_or(0, super::list::List::hidden_marks);
        if let Some(super::layer::Layer::Confirm(confirm)) = self.layers.last_mut()
            && hidden > 0
        {
            let line = format!("{hidden} of the marked are not shown now.");
            confirm.lines.insert(0, line);
        }
    }
}
