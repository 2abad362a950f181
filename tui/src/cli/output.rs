//! What the twin prints: tables for people, JSON for scripts.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::{
    secret::SecretFile,
    text::{clean, clean_json},
};

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
}

/// Something a table can show.
pub trait Row: Serialize {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];
    /// As many cells; cleaned when they are printed.
    fn cells(&self) -> Vec<String>;
}

/// Where a secret goes.
#[derive(Debug, clap::Args)]
pub struct SecretArgs {
    /// Write the secret into a file of mode 0600 instead of printing it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// Begins the file, if one is asked for. A new secret of the same thing may take the old one's place.
    ///
    /// # Errors
    /// When it cannot be written: nothing has been minted yet.
    pub fn begin(&self, replace: bool) -> Result<Option<SecretFile>, Failed> {
        let begin = |path: &PathBuf| {
            SecretFile::begin(path, replace).map_err(|error| {
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
        self.secret_file.as_ref().map(begin).transpose()
    }

    /// Puts the secret of `of` into the file, and says so in its place.
    ///
    /// # Errors
    /// When it is not there: the secret is lost then.
    pub fn keep(&self, file: Option<SecretFile>, secret: &mut String, of: &str) -> Outcome {
        if let (Some(file), Some(path)) = (file, &self.secret_file) {
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
}

/// Ways a command can fail: with a message, or because it was used wrongly.
#[derive(Debug)]
pub enum Failed {
    Error(String),
    Usage(String),
}

impl From<doorward_shared::client::ClientError> for Failed {
    fn from(error: doorward_shared::client::ClientError) -> Self {
        use doorward_shared::client::ClientError;
        let text = match &error {
            ClientError::Refused {
                status: 429,
                message,
                ..
            } => message.clone(),
            ClientError::Refused {
                code: Some(code),
                message,
                ..
            } => format!("{message} ({})", code.as_str()),
            other => other.to_string(),
        };
        Self::Error(text)
    }
}

impl From<String> for Failed {
    fn from(text: String) -> Self {
        Self::Error(text)
    }
}

/// What a command ends with.
pub type Outcome = Result<(), Failed>;

/// Prints text as it is.
pub fn write(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| Failed::Error(format!("cannot write: {error}"))),
    }
}

/// Prints JSON on several lines.
pub fn json(value: &impl Serialize) -> Outcome {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failed::Error(error.to_string()))?;
    write(&format!("{}\n", clean_json(&text)))
}

/// Prints JSON on one line: of a stream.
pub fn json_line(value: &impl Serialize) -> Outcome {
    let text = serde_json::to_string(value).map_err(|error| Failed::Error(error.to_string()))?;
    write(&format!("{}\n", clean_json(&text)))
}

/// Prints a line.
pub fn line(text: &str) -> Outcome {
    write(&format!("{}\n", clean(text)))
}

/// Says what was done to something that is no more, or that answers nothing.
pub fn did(format: Format, done: &str, id: &impl ToString, sentence: &str) -> Outcome {
    match format {
        Format::Json => json(&Did {
            id: &id.to_string(),
            done,
        }),
        Format::Table => line(sentence),
    }
}

/// As [`did`], of several things.
pub fn did_all(format: Format, done: &str, ids: &[String]) -> Outcome {
    match format {
        Format::Json => {
            let data: Vec<_> = ids.iter().map(|id| Did { id, done }).collect();
            json(&List { data: &data })
        }
        Format::Table => ids
            .iter()
            .try_for_each(|id| line(&format!("{id} is {done}"))),
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
        Format::Json => json(&Would {
            dry_run: true,
            would: what,
        }),
        Format::Table => line(&format!("would {what}")),
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
pub fn rows<T: Row>(format: Format, rows: &[T]) -> Outcome {
    match format {
        Format::Json => json(&List { data: rows }),
        Format::Table => write(&table(
            T::COLUMNS,
            &rows.iter().map(Row::cells).collect::<Vec<_>>(),
        )),
    }
}

/// Prints one thing: a field a line, as JSON the thing itself.
pub fn one<T: Row>(format: Format, thing: &T) -> Outcome {
    if format == Format::Json {
        return json(thing);
    }
    let value = serde_json::to_value(thing).map_err(|error| Failed::Error(error.to_string()))?;
    write(&fields(&value))
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

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| clean(cell)).collect())
        .collect();
    let width = |at: usize, title: &str| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.width());
        cells.chain([title.len()]).max().unwrap_or_default()
    };
    let widths: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(at, title)| width(at, title))
        .collect();
    let mut out = String::new();
    let mut put = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    put(&mut columns.iter().copied());
    for row in &rows {
        put(&mut row.iter().map(String::as_str));
    }
    out
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
    eprint!("{} Type yes to go on: ", clean(what));
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
    fn columns_stay_straight_with_wide_characters() {
        let rows = [vec!["李".into(), "x".into()], vec!["ab".into(), "y".into()]];
        assert_eq!(table(&["a", "b"], &rows), "a   b\n李  x\nab  y\n");
    }
}
