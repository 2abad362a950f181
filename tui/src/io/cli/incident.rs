//! `doorward incident`.

use super::{CliError, Context, Outcome, output};
use crate::{
    command::Incident,
    core::{
        incident::relations::relations,
        incident_subject::IncidentSubject,
        report::{self, Record},
    },
    io::{clock::now, execute::resolve, incident},
};

/// Prints an incident: as Markdown, or the same as JSON; its events alone as rows.
///
/// # Errors
/// [`CliError`].
pub(super) async fn run(asked: Incident, with: &Context) -> Outcome {
    let mut subjects = Vec::new();
    for about in &asked.about {
        let id = if about.contains('@') {
            resolve(&with.client, about).await?
        } else {
            about.clone()
        };
        let subject = IncidentSubject::parse(&id);
        subjects.push(subject.map_err(|why| CliError::Usage(why.to_string()))?);
    }
    let now = now();
    let since = asked.since.before(now);
    let facts = incident::facts(&with.client, &subjects, since, true).await?;
    let format = match with.output {
        output::Format::Json => report::Format::Json,
        output::Format::Table => report::Format::Markdown,
        rows => return output::rows(rows, &facts.events),
    };
    let relations = relations(&facts, &subjects);
    let mentioned = facts.events.iter().flat_map(|event| {
        let user = event.user_id.map(|id| id.to_string());
        [Some(event.actor.clone()), event.target.clone(), user]
    });
    let own = subjects.iter().chain(relations.iter().map(|one| &one.of));
    let own: Vec<_> = own.map(|subject| subject.id().to_owned()).collect();
    let ids: std::collections::BTreeSet<String> = mentioned.flatten().chain(own).collect();
    let names = crate::io::effects::names(&with.client, ids.into_iter().collect()).await;
    let record = Record {
        subjects: &subjects,
        facts: &facts,
        relations: &relations,
        notes: &[],
        names: &names,
        since,
        now,
    };
    match format {
        report::Format::Json => output::write(&record.written(format)),
        report::Format::Markdown => {
            let text = record.written(format);
            text.lines().try_for_each(output::line)
        }
    }
}
