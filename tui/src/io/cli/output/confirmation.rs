//! Says what was done, or would be, where the server answers nothing to show.

use serde::Serialize;

use super::{Format, Outcome, json, line};

/// Says what was done to something that is no more, or that answers nothing.
pub(crate) fn did(format: Format, done: &str, id: &impl ToString, sentence: &str) -> Outcome {
    let id = &id.to_string();
    match format {
        Format::Json | Format::Jsonl | Format::Yaml => json(format, &Did { id, done }),
        Format::Table | Format::Csv => line(sentence),
        Format::Name => line(id),
    }
}

/// As [`did`], of several things.
pub(crate) fn did_all(format: Format, done: &str, ids: &[String]) -> Outcome {
    let all: Vec<_> = ids.iter().map(|id| Did { id, done }).collect();
    match format {
        Format::Json | Format::Yaml => json(format, &List { data: &all }),
        Format::Jsonl => all.iter().try_for_each(|one| json(format, one)),
        Format::Table | Format::Csv => ids
            .iter()
            .try_for_each(|id| line(&format!("{id} is {done}"))),
        Format::Name => ids.iter().try_for_each(|id| line(id)),
    }
}

/// Says what would be done.
pub(crate) fn would(format: Format, what: &str) -> Outcome {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Would<'a> {
        dry_run: bool,
        would: &'a str,
    }
    match format {
        Format::Json | Format::Jsonl | Format::Yaml => json(
            format,
            &Would {
                dry_run: true,
                would: what,
            },
        ),
        Format::Table | Format::Csv | Format::Name => line(&format!("would {what}")),
    }
}

#[derive(Serialize)]
struct Did<'a> {
    id: &'a str,
    done: &'a str,
}

#[derive(Serialize)]
struct List<'a, T> {
    data: &'a [T],
}
