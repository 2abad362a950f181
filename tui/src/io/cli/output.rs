//! Output of the CLI: tables for people, JSON for scripts.

mod confirmation;
mod format;
mod secret;

use std::io::{self, Write};

use serde::Serialize;

pub(crate) use self::{
    confirmation::{did, did_all, would},
    format::Format,
    secret::{begin, keep},
};
use super::{CliError, csv, printer::Printer};
use crate::core::{
    sanitize::{clean, clean_json, clean_value},
    yaml::yaml,
};

/// Something a table can show.
pub(crate) trait Printable: Serialize {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];
    /// As many cells; cleaned when they are printed.
    fn cells(&self) -> Vec<String>;
}

/// What a command ends with.
pub(crate) type Outcome = Result<(), CliError>;

/// Prints text as it is.
pub(crate) fn write(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(CliError::ReaderGone),
        done => done.map_err(|error| CliError::Error(format!("cannot write: {error}"))),
    }
}

/// Prints something for programs: as JSON, on as many lines as the format takes, or as YAML.
pub(crate) fn json(format: Format, value: &impl Serialize) -> Outcome {
    let text = match format {
        Format::Yaml => return write(&yaml(&to_value(value)?)),
        Format::Jsonl => serde_json::to_string(value),
        _ => serde_json::to_string_pretty(value),
    };
    let text = text.map_err(|error| CliError::Error(error.to_string()))?;
    write(&format!("{}\n", clean_json(&text)))
}

/// As JSON, cleaned.
pub(super) fn to_value(value: &impl Serialize) -> Result<serde_json::Value, CliError> {
    let value = serde_json::to_value(value);
    let mut value = value.map_err(|error| CliError::Error(error.to_string()))?;
    clean_value(&mut value);
    Ok(value)
}

/// Prints a line.
pub(crate) fn line(text: &str) -> Outcome {
    write(&format!("{}\n", clean(text)))
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
pub(super) fn name(thing: &impl Serialize) -> Result<String, CliError> {
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
