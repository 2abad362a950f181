//! Ending sessions: first it is shown which, then exactly those end.

use doorward_shared::admin::RevokedSessions;

use super::{
    CliError, Context, Outcome, change, confirm,
    output::{self, Format},
};
use crate::{
    command::{Command, Revoke, Sessions},
    core::format::count,
    io::{execute::resolve, progress::Progress},
};

/// Ends sessions after a preview.
///
/// # Errors
/// [`CliError`].
pub(super) async fn revoke(mut asked: Revoke, with: &Context) -> Outcome {
    if asked.is_empty() {
        return Err(CliError::Usage(
            "name sessions, or --user, --client or --ip".into(),
        ));
    }
    if let Some(user) = &mut asked.of.user {
        *user = resolve(&with.client, user).await?;
    }
    let sessions = with.client.sessions();
    // One that is not there is a slip, not nothing to do.
    let mut progress = Progress::of_work();
    for (at, id) in asked.ids.iter().enumerate() {
        progress.show(|| format!("looked at {at} of {} sessions", asked.ids.len()));
        sessions.get(id).await?;
    }
    drop(progress);
    let preview = sessions.revoke(&asked.preview()).await?;
    if with.dry_run {
        return show(with.output, &preview);
    }
    if preview.count > 0 {
        let end = if preview.count == 1 { "ends" } else { "end" };
        confirm::confirm(with.yes, &format!("{} {end}.", told(&preview)))?;
    }
    asked.preview_id = preview.preview_id;
    let exactly = Command::Sessions(Sessions::Revoke(asked));
    change::make(&exactly, with).await
}

fn show(format: Format, preview: &RevokedSessions) -> Outcome {
    match format {
        Format::Json | Format::Jsonl | Format::Yaml => output::json(format, preview),
        Format::Table | Format::Csv | Format::Name => {
            output::rows(format, &preview.sessions)?;
            output::would(format, &format!("end {}", told(preview)))
        }
    }
}

/// `1 session of 1 user`.
fn told(preview: &RevokedSessions) -> String {
    let (sessions, users) = (preview.count, preview.users);
    format!("{} of {}", count(sessions, "session"), count(users, "user"))
}
