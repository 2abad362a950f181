//! What the twin prints: tables for people, JSON for scripts.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failed;
use crate::{
    command::{Replace, SecretArgs},
    core::text::{clean, clean_json},
    io::secret_file::SecretFile,
};

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    /// JSON, one thing a line
    Jsonl,
    /// The table's columns, for spreadsheets (RFC 4180)
    Csv,
    /// Ids alone, one a line: for other commands
    Name,
}

/// Something a table can show.
pub trait Printable: Serialize {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];
    /// As many cells; cleaned when they are printed.
    fn cells(&self) -> Vec<String>;
}

/// Begins the file for a secret, if one is asked for.
///
/// # Errors
/// When it cannot be written: nothing has been minted yet.
pub fn begin(secret: &SecretArgs, replace: Replace) -> Result<Option<SecretFile>, Failed> {
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
pub fn keep(args: &SecretArgs, file: Option<SecretFile>, secret: &mut String, of: &str) -> Outcome {
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
pub type Outcome = Result<(), Failed>;

/// Prints text as it is.
pub fn write(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failed::ReaderGone),
        done => done.map_err(|error| Failed::Error(format!("cannot write: {error}"))),
    }
}

/// Prints something as JSON, on as many lines as the format takes.
pub fn json(format: Format, value: &impl Serialize) -> Outcome {
    let text = if format == Format::Jsonl {
        serde_json::to_string(value)
    } else {
        serde_json::to_string_pretty(value)
    };
    let text = text.map_err(|error| Failed::Error(error.to_string()))?;
    write(&format!("{}\n", clean_json(&text)))
}

/// Prints a line.
pub fn line(text: &str) -> Outcome {
    write(&format!("{}\n", clean(text)))
}

/// Says what was done to something that is no more, or that answers nothing.
pub fn did(format: Format, done: &str, id: &impl ToString, sentence: &str) -> Outcome {
    let id = &id.to_string();
    match format {
        Format::Json | Format::Jsonl => json(format, &Did { id, done }),
        Format::Table | Format::Csv => line(sentence),
        Format::Name => line(id),
    }
}

/// As [`did`], of several things.
pub fn did_all(format: Format, done: &str, ids: &[String]) -> Outcome {
    let all: Vec<_> = ids.iter().map(|id| Did { id, done }).collect();
    match format {
        Format::Json => json(format, &List { data: &all }),
        Format::Jsonl => all.iter().try_for_each(|one| json(format, one)),
        Format::Table | Format::Csv => ids
            .iter()
            .try_for_each(|id| line(&format!("{id} is {done}"))),
        Format::Name => ids.iter().try_for_each(|id| line(id)),
    }
}

/// Says what would be done.
pub fn would(format: Format, what: &str) -> Outcome {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Would<'a> {
        dry_run: bool,
        would: &'a str,
    }
    match format {
        Format::Json | Format::Jsonl => json(
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
pub fn rows<T: Printable>(format: Format, rows: &[T]) -> Outcome {
    let mut printer = Printer::new(format, T::COLUMNS);
    printer.rows(rows, T::cells)?;
    printer.end()
}

/// Prints the rows of a list as they come. A table is as wide as its first rows need.
pub struct Printer {
    format: Format,
    columns: &'static [&'static str],
    /// Of the table's columns, once there are rows.
    widths: Vec<usize>,
    rows: u64,
}

impl Printer {
    pub fn new(format: Format, columns: &'static [&'static str]) -> Self {
        Self {
            format,
            columns,
            widths: Vec::new(),
            rows: 0,
        }
    }

    /// Prints the next rows.
    ///
    /// # Errors
    /// [`Failed::ReaderGone`], or what the output says.
    pub fn rows<T: Serialize>(&mut self, rows: &[T], cells: fn(&T) -> Vec<String>) -> Outcome {
        let first = self.rows == 0;
        self.rows += rows.len() as u64;
        match self.format {
            Format::Json => write(&json_rows(rows, first)?),
            Format::Jsonl => rows.iter().try_for_each(|row| json(Format::Jsonl, row)),
            Format::Name => rows.iter().try_for_each(|row| line(&name(row)?)),
            Format::Csv => {
                let head = self.columns.iter().map(|title| (*title).to_owned());
                let mut text = if first { csv(head) } else { String::new() };
                text.extend(rows.iter().map(|row| csv(cells(row).into_iter())));
                write(&text)
            }
            Format::Table => {
                let cleaned = |row: &T| cells(row).iter().map(|cell| clean(cell)).collect();
                let cells: Vec<Vec<String>> = rows.iter().map(cleaned).collect();
                let mut text = String::new();
                if self.widths.is_empty() {
                    self.widths = widths(self.columns, &cells);
                    put(&mut text, self.columns, &self.widths);
                }
                for row in &cells {
                    put(&mut text, row, &self.widths);
                }
                write(&text)
            }
        }
    }

    /// Ends the list.
    ///
    /// # Errors
    /// As [`Printer::rows`].
    pub fn end(self) -> Outcome {
        match (self.format, self.rows) {
            (Format::Json, 0) => write("{\n  \"data\": []\n}\n"),
            (Format::Json, _) => write("\n  ]\n}\n"),
            (Format::Csv, 0) => write(&csv(self.columns.iter().map(|title| (*title).to_owned()))),
            _ => Ok(()),
        }
    }
}

/// Prints a row without its head.
pub fn csv_row<T: Printable>(thing: &T) -> Outcome {
    write(&csv(thing.cells().into_iter()))
}

/// A line of RFC 4180. People choose names: what a spreadsheet would take for a formula is marked as text.
fn csv(cells: impl Iterator<Item = String>) -> String {
    let cell = |cell: String| {
        let mut text = clean(&cell);
        if text.starts_with(['=', '+', '-', '@']) && text != "-" {
            text.insert(0, '\'');
        }
        if text.contains(['"', ',', '\n']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let cells: Vec<String> = cells.map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// Members of the list, with what comes before the first.
fn json_rows<T: Serialize>(rows: &[T], first: bool) -> Result<String, Failed> {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        text.push_str(if first && at == 0 {
            "{\n  \"data\": [\n"
        } else {
            ",\n"
        });
        let row =
            serde_json::to_string_pretty(row).map_err(|error| Failed::Error(error.to_string()))?;
        let lines: Vec<_> = clean_json(&row)
            .lines()
            .map(|line| format!("    {line}"))
            .collect();
        text.push_str(&lines.join("\n"));
    }
    Ok(text)
}

/// What other commands call a thing.
fn name(thing: &impl Serialize) -> Result<String, Failed> {
    let value = serde_json::to_value(thing).map_err(|error| Failed::Error(error.to_string()))?;
    let names = ["id", "name", "file"]
        .iter()
        .find_map(|name| value[name].as_str());
    Ok(names.unwrap_or_default().to_owned())
}

/// Prints one thing: a field a line, as JSON the thing itself.
pub fn one<T: Printable>(format: Format, thing: &T) -> Outcome {
    match format {
        Format::Json | Format::Jsonl => json(format, thing),
        Format::Name => line(&name(thing)?),
        Format::Csv => {
            let head = T::COLUMNS.iter().map(|title| (*title).to_owned());
            write(&format!("{}{}", csv(head), csv(thing.cells().into_iter())))
        }
        Format::Table => {
            let value =
                serde_json::to_value(thing).map_err(|error| Failed::Error(error.to_string()))?;
            write(&fields(&value))
        }
    }
}

/// A field a line.
pub fn fields(value: &serde_json::Value) -> String {
    let Some(object) = value.as_object() else {
        return format!("{}\n", clean(&value.to_string()));
    };
    let width = object.keys().map(String::len).max().unwrap_or_default();
    let mut out = String::new();
    for (name, value) in object {
        let text = plain(value);
        out.push_str(&format!("{name:width$}  {}\n", clean(&text)));
    }
    out
}

/// A value as people read it.
pub fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".into(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn widths(columns: &[&str], rows: &[Vec<String>]) -> Vec<usize> {
    let width = |(at, title): (usize, &&str)| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let cells = cells.map(|cell| cell.width());
        cells.chain([title.len()]).max().unwrap_or_default()
    };
    columns.iter().enumerate().map(width).collect()
}

fn put(out: &mut String, cells: &[impl AsRef<str>], widths: &[usize]) {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let cell = cell.as_ref();
        text.push_str(cell);
        text.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

/// Asks before something is destroyed. Without a terminal only `--yes` says so.
pub fn confirm(yes: bool, what: &str) -> Outcome {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failed::Usage(format!(
            "{what} Without a terminal this needs --yes"
        )));
    }
    crate::io::stderr::ask(&format!("{what} Type yes to go on: "));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failed::Error(error.to_string()))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(Failed::Error("nothing was done".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_quoted_and_no_name_is_a_formula() {
        let cells = ["a,b", "say \"hi\"", "=1+1", "@x", "-", "plain"].map(str::to_owned);
        let line = csv(cells.into_iter());
        assert_eq!(line, "\"a,b\",\"say \"\"hi\"\"\",'=1+1,'@x,-,plain\r\n");
    }

    #[test]
    fn columns_stay_straight_with_wide_characters() {
        let rows = [
            vec!["李".to_owned(), "x".into()],
            vec!["ab".into(), "y".into()],
        ];
        let widths = widths(&["a", "b"], &rows);
        let mut out = String::new();
        put(&mut out, &["a", "b"], &widths);
        for row in &rows {
            put(&mut out, row, &widths);
        }
        assert_eq!(out, "a   b\n李  x\nab  y\n");
    }
}
