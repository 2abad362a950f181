//! Which form an action opens for what is selected.

use doorward_shared::client::Filter;

use super::{form::Form, msg::Effect, one_time_link_form::MailDelivery, state::State};
use crate::core::{
    keymap::Action,
    resource::{Resource, Row},
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
            (Action::Link, _, Some(Row::User(user))) => {
                let server = self.known.server.as_ref();
                let never = server.is_some_and(|server| server.mail.is_none());
                Form::link(
                    &user,
                    if never {
                        MailDelivery::Never
                    } else {
                        MailDelivery::Perhaps
                    },
                )
            }
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
}
