//! Revoking and deleting: the selected object, or all marked ones.

use doorward_shared::admin::{AdminKey, Block, Client, Role, SigningKey, User};

use super::{
    confirm::Confirm,
    msg::{Effect, PreviewTarget},
    state::State,
};
use crate::command::{
    AddBlock, ApiKeys, Blocks, Clients, Command, Mfa, Revoke, RevokeKeys, Roles, SigningKeys,
    Users, time_arg::TimeArg,
};
use crate::core::{
    format::count,
    keymap::Action,
    resource::{Resource, Row},
};

/// The command that deletes or revokes these; none if there is none for the kind.
fn delete(kind: Resource, ids: Vec<String>) -> Option<Command> {
    Some(match kind {
        Resource::Users => Command::Users(Users::Delete { users: ids }),
        Resource::Keys => Command::Apikeys(ApiKeys::Revoke { ids }),
        Resource::Clients => Command::Clients(Clients::Delete { ids }),
        Resource::Roles => Command::Roles(Roles::Delete { names: ids }),
        Resource::Signing => Command::Keys(SigningKeys::Revoke(RevokeKeys::all(ids)?)),
        Resource::Blocks => Command::Blocks(Blocks::Remove { ids }),
        Resource::Sessions | Resource::Events | Resource::Profiles => return None,
    })
}

/// What the key for it does to one of a kind, in a word.
pub(crate) fn verb(kind: Resource) -> &'static str {
    match kind {
        Resource::Users | Resource::Clients | Resource::Roles => "delete",
        Resource::Blocks => "lift",
        Resource::Sessions => "end",
        Resource::Keys | Resource::Signing | Resource::Events | Resource::Profiles => "revoke",
    }
}

/// The command that blocks a network as it was.
fn block_again(block: &Block) -> Command {
    Command::Blocks(Blocks::Add(AddBlock {
        network: block.network.clone(),
        reason: block.reason.clone(),
        until: Some(TimeArg::At(block.until)),
    }))
}

fn delete_user(user: &User) -> Confirm {
    let change = Command::Users(Users::Delete {
        users: vec![user.id.to_string()],
    });
    Confirm::new(format!("Delete {}?", user.email), "Delete", change)
        .line("The account is deleted with all its sessions and keys. This cannot be undone.")
        .with_reason()
}

fn revoke_key(key: &AdminKey) -> Confirm {
    let change = Command::Apikeys(ApiKeys::Revoke {
        ids: vec![key.id.to_string()],
    });
    Confirm::new(format!("Revoke the key {}?", key.name), "Revoke", change)
        .line("It is revoked immediately; requests that use it will fail.")
        .with_reason()
}

fn delete_client(client: &Client) -> Confirm {
    let change = Command::Clients(Clients::Delete {
        ids: vec![client.id.to_string()],
    });
    let title = format!("Delete the client {}?", client.name);
    Confirm::new(title, "Delete", change)
        .line("All its tokens are revoked and it can no longer sign users in.")
        .with_reason()
}

/// Why something can be neither deleted nor revoked. A disabled owner's key, and a disabled user, can.
pub(crate) fn stays(row: &Row) -> Option<String> {
    match row {
        Row::Role(role) if role.built_in => Some("built in: it cannot be deleted".into()),
        Row::Role(role) if role.users > 0 => {
            let have = if role.users == 1 { "has" } else { "have" };
            let users = count(role.users, "user");
            Some(format!("{users} {have} it: give them another first"))
        }
        Row::Signing(key) if key.active => Some("it signs new tokens: rotate it first (R)".into()),
        row => match row.state()? {
            state @ ("revoked" | "expired") => Some(format!("{state} already")),
            _ => None,
        },
    }
}

fn delete_role(role: &Role) -> Confirm {
    let change = Command::Roles(Roles::Delete {
        names: vec![role.name.clone()],
    });
    let title = format!("Delete the role {}?", role.name);
    Confirm::new(title, "Delete", change)
        .line("Nobody has it.")
        .with_reason()
}

fn lift_block(block: &Block) -> Confirm {
    let change = Command::Blocks(Blocks::Remove {
        ids: vec![block.id.to_string()],
    });
    let title = format!("Lift the block of {}?", block.network);
    Confirm::new(title, "Lift", change)
        .line(format!("It was blocked for: {}", block.reason))
        .line("Sign-in and sign-up from there work again immediately.")
        .made_again_by(block_again(block), Row::Block(block.clone()))
}

fn revoke_signing(key: &SigningKey) -> Confirm {
    let change = Command::Keys(SigningKeys::Revoke(RevokeKeys {
        kid: key.id.clone(),
        and: Vec::new(),
    }));
    let title = format!("Revoke the signing key {}?", key.id);
    Confirm::new(title, "Revoke", change)
        .line("Every token it signed is rejected immediately. This cannot be undone.")
        .with_reason()
}

/// Sessions the server ends by id at once.
const MAX_IDS: usize = 1_000;

impl State {
    pub(crate) fn delete(&mut self, effects: &mut Vec<Effect>) {
        // What dies is what the cursor is on: not whom a page is about, while it is on an address or an event of theirs.
        if self.page().is_some_and(|page| !page.is_on_acting()) {
            let key = self.keymap.label(Action::Delete);
            return self.say(format!(
                "nothing to end here: {key} is for sessions, keys and the page's first part"
            ));
        }
        let marked: Vec<Row> = match self.list() {
            Some(list) if !list.marks.is_empty() => list.marks.values().cloned().collect(),
            _ => self.item().cloned().into_iter().collect(),
        };
        match marked.as_slice() {
            [] => {}
            [one] if self.kind() != Some(Resource::Sessions) => self.delete_one(one, effects),
            many => self.delete_many(many, effects),
        }
    }

    /// Removes the second factors of the selected user.
    pub(crate) fn remove_factors(&mut self) {
        let Some(Row::User(user)) = self.item().cloned() else {
            return;
        };
        let change = Command::Users(Users::Mfa(Mfa::Remove {
            user: user.id.to_string(),
        }));
        let title = format!("Remove the second factors of {}?", user.email);
        let confirm = Confirm::new(title, "Remove", change)
            .line("Codes, recovery codes and passkeys are removed: the password alone signs in.")
            .line("Sessions started with one of them end.")
            .line("Verify the requester's identity. A reason is required and recorded in the audit log.")
            .with_reason();
        self.confirm(confirm);
    }

    fn delete_one(&mut self, item: &Row, effects: &mut Vec<Effect>) {
        let (confirm, at) = match item {
            Row::User(user) => (delete_user(user), PreviewTarget::User(user.id)),
            Row::Key(key) => (revoke_key(key), PreviewTarget::Key(key.id)),
            Row::Client(client) => (delete_client(client), PreviewTarget::Client(client.id)),
            Row::Role(role) => match stays(item) {
                Some(why) => return self.warn(format!("{}: {why}", role.name)),
                None => return self.confirm(delete_role(role)),
            },
            Row::Block(block) => return self.confirm(lift_block(block)),
            Row::Signing(key) => match stays(item) {
                Some(why) => return self.warn(format!("{}: {why}", key.id)),
                None => return self.confirm(revoke_signing(key)),
            },
            Row::Session(_) | Row::Event(_) | Row::Profile(_) => return,
        };
        self.preview_and_confirm(confirm, at, effects);
    }

    fn delete_many(&mut self, items: &[Row], effects: &mut Vec<Effect>) {
        let count = items.len() as u64;
        let kind = match self.kind() {
            Some(Resource::Sessions) => return self.end_marked(items, effects),
            Some(kind) => kind,
            None => return,
        };
        let Some(change) = delete(kind, items.iter().map(Row::id).collect()) else {
            return;
        };
        let noun = kind.title().to_lowercase();
        let title = format!("Delete or revoke the {count} marked {noun}?");
        let mut confirm = Confirm::new(title, "Do it", change).count(count);
        let hidden = self.list().map_or(0, super::list::List::hidden_marks);
        if hidden > 0 {
            confirm = confirm.line(format!("{hidden} of them are marked but not shown now."));
        }
        if kind == Resource::Blocks {
            return self
                .confirm(confirm.line("Sign-in and sign-up from there work again immediately."));
        }
        confirm = confirm.line("This cannot be undone:").with_reason();
        let ids = items.iter().map(Row::id).collect();
        let at = PreviewTarget::Each(kind, ids);
        self.preview_and_confirm(confirm, at, effects);
    }

    /// Sessions: whether one or many, the server says which will end.
    fn end_marked(&mut self, items: &[Row], effects: &mut Vec<Effect>) {
        let ids: Vec<_> = match self.list() {
            // Also those that are not loaded or not shown now.
            Some(list) if !list.marks.is_empty() => {
                list.marks.keys().filter_map(|id| id.parse().ok()).collect()
            }
            _ => items
                .iter()
                .filter_map(|item| match item {
                    Row::Session(session) => Some(session.id),
                    _ => None,
                })
                .collect(),
        };
        if ids.len() > MAX_IDS {
            return self.warn(
                "at most 1000 sessions at once by mark; X ends all of a user, address or client",
            );
        }
        let title = match ids.len() {
            1 => "End this session?".to_owned(),
            many => format!("End {many} sessions?"),
        };
        self.end_sessions(title, Revoke::these(ids), effects);
        let hidden = self.list().map_or(0, super::list::List::hidden_marks);
        if let Some(super::layer::Layer::Confirm(confirm)) = self.layers.last_mut()
            && hidden > 0
        {
            let line = format!("{hidden} of the marked are not shown now.");
            confirm.lines.insert(0, line);
        }
    }
}
