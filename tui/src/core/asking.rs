//! The forms and questions of actions on what is selected.

use doorward_shared::client::Filter;

use super::{
    confirm::Confirm,
    form::Form,
    incident::rotate_signing,
    layer::{Layer, Menu},
    msg::{Effect, PreviewTarget},
    page::Subject,
    state::State,
};
use crate::{
    command::{Command, Revoke, Users},
    core::{
        keymap::Action,
        resource::{Resource, Row},
    },
};

impl State {
    /// Opens the form of an action for what is selected.
    pub(super) fn open_form_for(&mut self, action: Action, effects: &mut Vec<Effect>) {
        let Some(kind) = self.kind() else { return };
        let Some(form) = self.form_for(action, kind) else {
            return;
        };
        let scope = if form.is_mint() {
            Resource::Keys.scope()
        } else {
            kind.scope()
        };
        self.open_form(scope, form);
        self.ask_offers(effects);
    }

    fn form_for(&mut self, action: Action, kind: Resource) -> Option<Form> {
        let held = self.scopes().cloned();
        Some(match (action, kind, self.item().cloned()) {
            // On a person's page what is new is theirs.
            (Action::New, Resource::Users, Some(Row::User(user))) if self.page().is_some() => {
                Form::mint(held, &user.id.to_string(), None)
            }
            (Action::New, Resource::Users, _) => Form::new_user(held),
            (Action::New, Resource::Keys, _) => {
                let owner = self.narrowed_to(Filter::OwnerId).unwrap_or_default();
                Form::mint(held, &owner, None)
            }
            (Action::New, Resource::Clients, _) => Form::new_client(held),
            (Action::New, Resource::Blocks, _) => Form::block(""),
            (Action::New, Resource::Roles, _) => Form::role(None, held),
            (Action::Edit, _, Some(Row::User(user))) => Form::edit_user(&user, held),
            (Action::Edit, _, Some(Row::Key(key))) => Form::edit_key(&key),
            (Action::Edit, _, Some(Row::Client(client))) => Form::edit_client(&client, held),
            (Action::Limits, _, Some(Row::Key(key))) => Form::key_limits(&key),
            (Action::Policy, _, Some(Row::Client(client))) => Form::client_policy(&client),
            (Action::Invite, ..) => Form::invite_client(),
            (Action::Edit, _, Some(Row::Role(role))) => {
                if role.name == "admin" {
                    self.warn("the role admin cannot be changed");
                    return None;
                }
                Form::role(Some(&role), held)
            }
            (Action::Password, _, Some(Row::User(user))) => Form::password(user.id, &user.email),
            (Action::Link, _, Some(Row::User(user))) => Form::link(user.id, &user.email),
            (Action::Clone, _, Some(Row::Key(key))) => {
                let owner = key.owner_id.map(|id| id.to_string()).unwrap_or_default();
                Form::mint(held, &owner, Some(&key))
            }
            _ => return None,
        })
    }

    /// What the list was narrowed down to.
    fn narrowed_to(&self, name: Filter) -> Option<String> {
        let mut filters = self.list()?.filters.iter();
        let filter = filters.find(|filter| filter.name == name)?;
        Some(filter.value.clone())
    }

    /// Asks before a backup.
    pub(super) fn back_up(&mut self) {
        let confirm = Confirm::new("Back the database up?", "Back up", Command::Backup);
        let confirm = confirm
            .line("A copy is written beside the database, on the server's machine, and examined.")
            .line("It is of no use without master.key: keep a copy of that file elsewhere.");
        self.confirm(confirm);
    }

    pub(super) fn rotate(&mut self) {
        match self.item().cloned() {
            Some(Row::Key(key)) => self.open_form(Resource::Keys.scope(), Form::rotate_key(&key)),
            Some(Row::Client(client)) if client.confidential => {
                self.open_form(Resource::Clients.scope(), Form::rotate_secret(&client));
            }
            Some(Row::Client(_)) => self.warn("a public client has no secret"),
            Some(Row::Signing(_)) => self.confirm(rotate_signing()),
            _ => {}
        }
    }

    pub(super) fn disable(&mut self, effects: &mut Vec<Effect>) {
        let Some(Row::User(user)) = self.item().cloned() else {
            return;
        };
        let id = user.id.to_string();
        let disable = Command::Users(Users::Disable { user: id.clone() });
        let enable = Command::Users(Users::Enable { user: id });
        if user.disabled {
            let confirm = Confirm::new(format!("Enable {}?", user.email), "Enable", enable)
                .undone_by(disable);
            return self
                .confirm(confirm.line("They can sign in again. Their old sessions stay dead."));
        }
        let confirm = Confirm::new(format!("Disable {}?", user.email), "Disable", disable)
            .line("They cannot sign in, and all their sessions end at once.")
            .undone_by(enable);
        self.preview_and_confirm(confirm.with_reason(), PreviewTarget::User(user.id), effects);
    }

    /// Ends the sessions of what is selected.
    pub(super) fn end_all(&mut self, effects: &mut Vec<Effect>) {
        if let Some(Subject::Address(ip)) = self.page().map(|page| &page.subject)
            && self.item().is_none()
        {
            let asked = Revoke::from_address(ip);
            return self.end_sessions(format!("End all sessions from {ip}?"), asked, effects);
        }
        match self.item().cloned() {
            Some(Row::User(user)) => {
                let asked = Revoke::of_user(user.id);
                self.end_sessions(
                    format!("End all sessions of {}?", user.email),
                    asked,
                    effects,
                );
            }
            Some(Row::Client(client)) => {
                let asked = Revoke::of_client(client.id);
                self.end_sessions(
                    format!("End all sessions of {}?", client.name),
                    asked,
                    effects,
                );
            }
            Some(Row::Session(session)) => {
                let entries = super::related::ends(self, &session);
                let menu = Menu::new("End all sessions …", entries);
                self.layers.push(Layer::Menu(menu));
            }
            _ => {}
        }
    }
}
