//! The form for the limits of an API key, and what it comes to.

use doorward_shared::admin::AdminKey;

use super::{
    confirm::Confirm,
    field::Field,
    form::{Form, Purpose, Submission},
    submission::{FieldError, words},
};
use crate::command::{ApiKeys, Command, NO_LIMIT, Terms, UpdateKey};

const ACCEPTED: &str = "accepted";
const REFUSED: &str = "refused";

/// A key's limits as they are written, each with its field; empty where there is none.
fn now(key: &AdminKey) -> [(&'static str, String); 4] {
    let rate = key.rate_limit.map(|rate| rate.to_string());
    let quota = key.quota.map(|quota| quota.to_string());
    let metadata = key.metadata.as_ref().map(ToString::to_string);
    [
        ("rateLimit", rate.unwrap_or_default()),
        ("quota", quota.unwrap_or_default()),
        ("allowedIps", key.allowed_ips.join(" ")),
        ("metadata", metadata.unwrap_or_default()),
    ]
}

impl Form {
    pub(crate) fn key_limits(key: &AdminKey) -> Self {
        let [rate, quota, ips, metadata] = now(key);
        let at = usize::from(!key.enabled);
        let mut state = Field::choice(
            "enabled",
            "The key is",
            vec![ACCEPTED.into(), REFUSED.into()],
            at,
        );
        state.hint = "refused: no call is let through with it until it is accepted again";
        Self::new(
            format!("Limits of the key {}", key.name),
            Purpose::KeyLimits(Box::new(key.clone())),
            "Review",
            vec![
                Field::text(
                    rate.0,
                    "Rate",
                    "uses in a time: 100/60s; empty: no limit",
                    &rate.1,
                ),
                Field::text(
                    quota.0,
                    "Quota",
                    "1000/day, 1000/month; empty: no limit",
                    &quota.1,
                ),
                Field::text(
                    ips.0,
                    "Only from",
                    "addresses, networks, spaces between; empty: anywhere",
                    &ips.1,
                ),
                Field::text(
                    metadata.0,
                    "Metadata",
                    "a JSON object of your own; empty: none",
                    &metadata.1,
                ),
                state,
            ],
        )
    }
}

/// A value as the command line takes it.
fn worded(text: &str) -> &str {
    if text.is_empty() { NO_LIMIT } else { text }
}

/// The change of a key's limits that a filled form asks for.
///
/// # Errors
/// The field that is wrong, and why.
pub(super) fn edited_limits(form: &Form, key: &AdminKey) -> Result<Submission, FieldError> {
    let (mut new, mut old) = (Terms::default(), Terms::default());
    let mut lines = Vec::new();
    for (name, before) in now(key) {
        let after = words(form.get(name)).join(" ");
        let after = if name == "metadata" {
            form.get(name).trim()
        } else {
            &after
        };
        if after == before {
            continue;
        }
        for (terms, text) in [(&mut new, after), (&mut old, &before)] {
            terms.set(name, worded(text)).map_err(|why| (name, why))?;
        }
        let label = form.label(name);
        lines.push(format!("{label}  {} -> {}", worded(&before), worded(after)));
    }
    let enabled = form.get("enabled") == ACCEPTED;
    if enabled != key.enabled {
        lines.push(format!(
            "The key is {}: in force at once.",
            form.get("enabled")
        ));
        (new.enabled, new.disabled) = (enabled, !enabled);
        (old.enabled, old.disabled) = (!enabled, enabled);
    }
    if lines.is_empty() {
        return Ok(Submission::Nothing);
    }
    let update = |terms| {
        Command::Apikeys(ApiKeys::Update(UpdateKey {
            id: key.id.to_string(),
            terms,
            ..UpdateKey::default()
        }))
    };
    let title = format!("Change the limits of {}?", key.name);
    let mut confirm = Confirm::new(title, "Change", update(new));
    confirm.lines = lines;
    Ok(Submission::Ask(Box::new(confirm.undone_by(update(old)))))
}
