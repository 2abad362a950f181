//! Conflict detection for undo: was the object changed again since?

mod fields;

use doorward_shared::admin::{Event, EventAction};

use crate::{
    command::Command,
    core::{event_text, resource::Row},
};

/// What must still be as it was left, before a change is taken back.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedState {
    /// The thing after the change, as the server answered it.
    pub after: Row,
    /// The fields that taking it back sets.
    pub fields: Vec<String>,
    /// Id of the user who made the change.
    pub by: Option<String>,
}

/// A conflicting change by someone else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConflictKind {
    /// A field has another value than it was left with.
    Differs {
        field: String,
        now: String,
        left: String,
    },
    /// A field was changed, and may be as it was left by chance.
    Touched { field: String },
}

impl ExpectedState {
    /// For a thing that `undo` would change back.
    pub(crate) fn of(after: Row, undo: &Command, by: Option<String>) -> Self {
        Self {
            after,
            fields: undo.fields(),
            by,
        }
    }

    /// What is in the way of taking it back, given the thing now and its events, newest first; and the event by which it
    /// came, where it is known.
    pub(crate) fn overtaken<'e>(
        &self,
        now: &Row,
        events: &'e [Event],
    ) -> Option<(ConflictKind, Option<&'e Event>)> {
        let later = self.later(events);
        let (left, now) = (self.after.json(), now.json());
        let differs = self.fields.iter().find(|field| now[*field] != left[*field]);
        if let Some(field) = differs {
            let overtaken = ConflictKind::Differs {
                field: field.clone(),
                now: event_text::text(&now[field]),
                left: event_text::text(&left[field]),
            };
            let by = later.iter().find(|event| touches(event, field));
            return Some((overtaken, by.copied()));
        }
        later.into_iter().find_map(|event| {
            let field = self.fields.iter().find(|field| touches(event, field))?;
            let overtaken = ConflictKind::Touched {
                field: field.clone(),
            };
            Some((overtaken, Some(event)))
        })
    }

    /// Events of others since the change; none where it cannot be told which came since.
    fn later<'e>(&self, events: &'e [Event]) -> Vec<&'e Event> {
        let own = |event: &Event| self.by.as_ref() == Some(&event.actor);
        match events.iter().position(own) {
            Some(at) => events[..at].iter().collect(),
            None => Vec::new(),
        }
    }
}

/// Whether a change found its fields as it left them: then it changed nothing.
pub(crate) fn is_as_before(change: &Command, before: &Row, after: &Row) -> bool {
    let (fields, before, after) = (change.fields(), before.json(), after.json());
    // A field that no answer shows may have changed.
    let shown = |field: &String| !before[field].is_null() || !after[field].is_null();
    let same = |field: &String| shown(field) && before[field] == after[field];
    !fields.is_empty() && fields.iter().all(same)
}

/// Whether an event changed a field.
fn touches(event: &Event, field: &str) -> bool {
    let switched = [EventAction::UserDisabled, EventAction::UserEnabled];
    if switched.iter().any(|action| action.is(event)) {
        return field == "disabled";
    }
    let changes = event_text::changes(event);
    changes.iter().any(|change| change.field == field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::Users,
        tests::test_console::{event, user},
    };
    use doorward_shared::admin::User;
    use serde_json::Value;

    const ME: &str = "user_me";

    /// After somebody was disabled and given a role.
    fn expected() -> ExpectedState {
        let mut after = user(2, "bob@example.org");
        after.disabled = true;
        after.role = "auditor".into();
        let undo = Command::Users(Users::Disable {
            user: after.id.to_string(),
        });
        let mut expected = ExpectedState::of(Row::User(after), &undo, Some(ME.into()));
        expected.fields.push("role".into());
        expected
    }

    fn by(actor: &str, action: &str, changes: Value) -> Event {
        let mut event = event(1, action);
        event.actor = actor.into();
        event.changes = changes.as_object().cloned();
        event
    }

    #[test]
    fn what_is_as_it_was_left_can_be_taken_back_whatever_else_changed() {
        let expected = expected();
        let Row::User(mut now) = expected.after.clone() else {
            unreachable!("a user was left")
        };
        now.first_name = Some("Robert".into());
        let events = [
            by(
                "user_other",
                "user.updated",
                serde_json::json!({"firstName": ["Ada", "Robert"]}),
            ),
            by(ME, "user.disabled", Value::Null),
            by(
                "user_other",
                "user.updated",
                serde_json::json!({"role": ["a", "b"]}),
            ),
        ];
        assert_eq!(expected.overtaken(&Row::User(now), &events), None);
    }

    #[test]
    fn another_value_is_in_the_way_and_its_event_tells_by_whom() {
        let expected = expected();
        let Row::User(mut now) = expected.after.clone() else {
            unreachable!("a user was left")
        };
        now.role = "admin".into();
        let events = [
            by(
                "user_other",
                "user.updated",
                serde_json::json!({"role": ["auditor", "admin"]}),
            ),
            by(
                ME,
                "user.updated",
                serde_json::json!({"role": ["customer", "auditor"]}),
            ),
        ];
        let differs = ConflictKind::Differs {
            field: "role".into(),
            now: "admin".into(),
            left: "auditor".into(),
        };
        let now = Row::User(now);
        assert_eq!(
            expected.overtaken(&now, &events),
            Some((differs.clone(), Some(&events[0])))
        );
        assert_eq!(
            expected.overtaken(&now, &[]),
            Some((differs, None)),
            "whoever may not see events is kept from it too"
        );
    }

    #[test]
    fn a_change_that_found_what_it_sets_changed_nothing() {
        let (mut before, mut after) = (user(2, "bob@example.org"), user(2, "bob@example.org"));
        let id = before.id.to_string();
        let disable = Command::Users(Users::Disable { user: id.clone() });
        let update = Command::Users(Users::Update(crate::command::Update {
            user: id,
            role: Some("auditor".into()),
            first_name: Some("Bob".into()),
            ..Default::default()
        }));
        let same = |change: &Command, before: &User, after: &User| {
            is_as_before(
                change,
                &Row::User(before.clone()),
                &Row::User(after.clone()),
            )
        };
        after.disabled = true;
        assert!(!same(&disable, &before, &after));
        before.disabled = true;
        // Whatever else somebody changed meanwhile.
        before.role = "customer".into();
        assert!(same(&disable, &before, &after));
        after.role = "auditor".into();
        assert!(!same(&update, &before, &after));
        before.role = "auditor".into();
        assert!(same(&update, &before, &after));
    }

    #[test]
    fn a_field_that_others_set_to_the_same_value_is_theirs_now() {
        let expected = expected();
        let events = [
            by("user_other", "user.disabled", Value::Null),
            by("user_other", "user.enabled", Value::Null),
            by(ME, "user.disabled", Value::Null),
        ];
        let touched = ConflictKind::Touched {
            field: "disabled".into(),
        };
        assert_eq!(
            expected.overtaken(&expected.after, &events),
            Some((touched, Some(&events[0])))
        );
        let mine = [by(ME, "user.disabled", Value::Null)];
        assert_eq!(expected.overtaken(&expected.after, &mine), None);
    }
}
