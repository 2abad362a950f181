//! What the twin prints: tables for people, JSON for scripts.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use serde::Serialize;

use super::{Failed, csv, printer::Printer};
use crate::{
    command::{Replace, SecretArgs},
    core::{
        text::{clean, clean_json, clean_value},
        yaml::yaml,
    },
    io::secret_file::SecretFile,
};

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    /// JSON, one thing a line
    Jsonl,
    /// What JSON says, as YAML
    Yaml,
    /// The table's columns, for spreadsheets (RFC 4180)
    Csv,
    /// Ids alone, one a line: for other commands
    Name,
}

impl Format {
    /// Whether it is for programs, which are told all that the server says.
    pub(crate) fn is_data(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Yaml)
    }
}

/// Something a table can show.
pub(crate) trait Printable: Serialize {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];
    /// As many cells; cleaned when they are printed.
    fn cells(&self) -> Vec<String>;
}

/// Begins the file for a secret, if one is asked for.
///
/// # Errors
/// When it cannot be written: nothing has been minted yet.
pub(crate) fn begin(secret: &SecretArgs, replace: Replace) -> Result<Option<SecretFile>, Failed> {
    let begin = |path: &PathBuf| {
        SecretFile::begin(path, replace == Replace::Old).map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::AlreadyExists => ", and is not overwritten",
                _ => "",
            };
            Failed::Error(format!(
                "{}: {error}{hint}; nothing was done",
                path.display()
            ))
        })
    };
    secret.secret_file.as_ref().map(begin).transpose()
}

/// Puts the secret of `of` into the file, and says so in its place.
///
/// # Errors
/// When it is not there: the secret is lost then.
pub(crate) fn keep(
    args: &SecretArgs,
    file: Option<SecretFile>,
    secret: &mut String,
    of: &str,
) -> Outcome {
    if let (Some(file), Some(path)) = (file, &args.secret_file) {
        file.keep(secret).map_err(|error| {
            Failed::Error(format!(
                "{}: {error}; the secret of {of} is lost: revoke or rotate it",
                path.display()
            ))
        })?;
        *secret = format!("in {}", path.display());
    }
    Ok(())
}

/// What a command ends with.
pub(crate) type Outcome = Result<(), Failed>;

/// Prints text as it is.
pub(crate) fn write(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failed::ReaderGone),
        done => done.map_err(|error| Failed::Error(format!("cannot write: {error}"))),
    }
}

/// Prints something for programs: as JSON, on as many lines as the format takes, or as YAML.
pub(crate) fn json(format: Format, value: &impl Serialize) -> Outcome {
    let text = match format {
        Format::Yaml => return write(&yaml(&to_value(value)?)),
        Format::Jsonl => serde_json::to_string(value),
        _ => serde_json::to_string_pretty(value),
    };
    let text = text.map_err(|error| Failed::Error(error.to_string()))?;
    write(&format!("{}\n", clean_json(&text)))
}

/// As JSON, cleaned.
pub(super) fn to_value(value: &impl Serialize) -> Result<serde_json::Value, Failed> {
    let value = serde_json::to_value(value);
    let mut value = value.map_err(|error| Failed::Error(error.to_string()))?;
    clean_value(&mut value);
    Ok(value)
}

/// Prints a line.
pub(crate) fn line(text: &str) -> Outcome {
    write(&format!("{}\n", clean(text)))
}

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

/// Prints rows, `{"data":[…]}` as JSON.
pub(crate) fn rows<T: Printable>(format: Format, rows: &[T]) -> Outcome {
    let mut printer = Printer::new(format, T::COLUMNS);
    printer.rows(rows, T::cells)?;
    printer.end()
}

/// Prints a row without its head.
pub(crate) fn csv_row<T: Printable>(thing: &T) -> Outcome {
    write(&csv::line(thing.cells().into_iter()))
}

/// What other commands call a thing.
pub(super) fn name(thing: &impl Serialize) -> Result<String, Failed> {
    let value = to_value(thing)?;
    let names = ["id", "name", "file"]
        .iter()
        .find_map(|name| value[name].as_str());
    Ok(names.unwrap_or_default().to_owned())
}

/// Prints one thing: a field a line, as JSON the thing itself.
pub(crate) fn one<T: Printable>(format: Format, thing: &T) -> Outcome {
    match format {
        Format::Json | Format::Jsonl | Format::Yaml => json(format, thing),
        Format::Name => line(&name(thing)?),
        Format::Csv => {
            let head = T::COLUMNS.iter().map(|title| (*title).to_owned());
            let cells = thing.cells().into_iter();
            write(&format!("{}{}", csv::line(head), csv::line(cells)))
        }
        Format::Table => write(&fields(&to_value(thing)?)),
    }
}

/// A field a line.
pub(crate) fn fields(value: &serde_json::Value) -> String {
    let Some(object) = value.as_object() else {
        return format!("{}\n", clean(&value.to_string()));
    };
    let width = object.keys().map(String::len).max().unwrap_or_default();
    let mut out = String::new();
    for (name, value) in object {
        let text = crate::core::columns::text(value);
        out.push_str(&format!("{name:width$}  {}\n", clean(&text)));
    }
    out
}
