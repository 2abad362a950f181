//! The confirmations of actions on the selection.

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
    /// Opens the form or the question of an action that changes something.
    pub(super) fn ask_for(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match action {
            Action::New
            | Action::Edit
            | Action::Clone
            | Action::Password
            | Action::Link
            | Action::Limits
            | Action::Policy
            | Action::Invite => self.open_form_for(action, effects),
            Action::Rotate => self.rotate(),
            Action::Delete => self.delete(effects),
            Action::Factors => self.remove_factors(),
            Action::EndSessions => self.end_all(effects),
            Action::Disable => self.disable(effects),
            Action::Block => self.block(),
            Action::Backup => self.back_up(),
            Action::Undo => self.undo(),
            Action::Unlock => self.open_unlock(),
            // Actions that change nothing run where the key was pressed.
            _ => debug_assert!(false, "nobody does {action:?}"),
        }
    }

    /// Asks before a backup.
    fn back_up(&mut self) {
        let confirm = Confirm::new("Back the database up?", "Back up", Command::Backup);
        let confirm = confirm
            .line("A copy is written beside the database, on the server's machine, and examined.")
            .line("It is useless without master.key: keep a copy of that file elsewhere.");
        self.confirm(confirm);
    }

    fn rotate(&mut self) {
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

    fn disable(&mut self, effects: &mut Vec<Effect>) {
        let Some(Row::User(user)) = self.item().cloned() else {
            return;
        };
        let id = user.id.to_string();
        let disable = Command::Users(Users::Disable { user: id.clone() });
        let enable = Command::Users(Users::Enable { user: id });
        if user.disabled {
            let confirm = Confirm::new(format!("Enable {}?", user.email), "Enable", enable)
                .undone_by(disable);
            return self.confirm(
                confirm.line("They can sign in again. Their earlier sessions remain ended."),
            );
        }
        let confirm = Confirm::new(format!("Disable {}?", user.email), "Disable", disable)
            .line("They cannot sign in, and all their sessions end at once.")
            .undone_by(enable);
        self.preview_and_confirm(confirm.with_reason(), PreviewTarget::User(user.id), effects);
    }

    /// Ends the sessions of the selected object.
    fn end_all(&mut self, effects: &mut Vec<Effect>) {
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
