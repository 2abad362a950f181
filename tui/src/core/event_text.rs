//! Formats audit events as text.

use std::fmt;

use doorward_shared::admin::Event;
use serde_json::Value;

use super::client_diagnosis;

/// A field that an event changed, and its value before and after.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldChange<'a> {
    pub field: &'a str,
    pub before: &'a Value,
    pub after: &'a Value,
}

/// `role: customer -> admin`.
impl fmt::Display for FieldChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (text(self.before), text(self.after));
        write!(f, "{}: {before} -> {after}", self.field)
    }
}

/// A value of the audit log: a text, a list or nothing.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "(none)".into(),
        Value::String(text) if text.is_empty() => "(empty)".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "(none)".into(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// The fields that an event changed. A form that this console does not know is left out: the event's detail says it too.
pub(crate) fn changes(event: &Event) -> Vec<FieldChange<'_>> {
    let fields = event.changes.iter().flatten();
    fields
        .filter_map(|(field, values)| match values.as_array()?.as_slice() {
            [before, after] => Some(FieldChange {
                field,
                before,
                after,
            }),
            _ => None,
        })
        .collect()
}

/// Whether two events differ in nothing but their time, their request and how often each happened.
pub(crate) fn is_repeat(one: &Event, other: &Event) -> bool {
    fn told(event: &Event) -> impl PartialEq + '_ {
        (
            (&event.action, &event.actor, &event.target),
            (event.user_id, event.client_id, &event.ip),
            (&event.detail, &event.cause, &event.sent, &event.changes),
        )
    }
    told(one) == told(other)
}

/// The number of occurrences: one event may stand for many.
pub(crate) fn times(events: &[Event]) -> u64 {
    events.iter().map(Event::times).sum()
}

/// What an event says beside who did what to whom: its detail, or why a client was refused.
pub(crate) fn summary(event: &Event) -> String {
    match &event.cause {
        Some(cause) => client_diagnosis::in_one_line(cause, event.sent.as_ref()),
        None => event.detail.clone().unwrap_or_default(),
    }
}

/// The same, and how often.
pub(crate) fn counted(event: &Event) -> String {
    match event.times() {
        0 | 1 => summary(event),
        many => format!("{} (x{many})", summary(event))
            .trim_start()
            .to_owned(),
    }
}

/// What an event changed, or else what it says.
pub(crate) fn said(event: &Event) -> String {
    let changes = changes(event);
    if changes.is_empty() {
        return summary(event);
    }
    let told: Vec<_> = changes.iter().map(ToString::to_string).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::event;

    #[test]
    fn each_field_is_told_with_its_value_before_and_after() {
        let mut updated = event(1, "user.updated");
        let changes = serde_json::json!({
            "role": ["customer", "admin"],
            "firstName": ["Ada", null],
            "permissions": [[], ["read:orders", "write:orders"]],
            "odd": "form",
        });
        updated.changes = changes.as_object().cloned();
        let mut told: Vec<_> = super::changes(&updated)
            .iter()
            .map(ToString::to_string)
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                "firstName: Ada -> (none)",
                "permissions: (none) -> read:orders write:orders",
                "role: customer -> admin"
            ]
        );
    }

    #[test]
    fn a_refusal_is_told_with_its_cause_and_count() {
        let mut refused = event(1, "client.refused");
        refused.cause = Some("invalid_client: the client secret is wrong".into());
        refused.count = Some(20);
        assert_eq!(
            counted(&refused),
            "invalid_client: the client secret is wrong (x20)"
        );
        (refused.cause, refused.detail) = (None, None);
        assert_eq!(counted(&refused), "(x20)");
        assert_eq!(summary(&event(1, "user.updated")), "too many failures");
    }
}
