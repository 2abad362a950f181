//! Rows of a list, printed as they come.

use serde::Serialize;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::{
    CliError, Outcome, csv,
    output::{Format, json, line, name, to_value, write},
    watch::Change,
};
use crate::core::{
    columns::{self, is_called},
    sanitize::{clean, clean_json},
    yaml,
};

/// A column that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    /// One of the table's.
    Cell(usize),
    /// A field of the answer, as JSON names it.
    Field(String),
}

/// Prints the rows of a list as they come. A table is as wide as its first rows need.
pub(super) struct Printer {
    format: Format,
    titles: Vec<String>,
    columns: Vec<Column>,
    /// Of the table's columns, once there are rows.
    widths: Vec<usize>,
    rows: u64,
}

impl Printer {
    pub(super) fn new(format: Format, columns: &'static [&'static str]) -> Self {
        Self {
            format,
            titles: columns.iter().map(|title| (*title).to_owned()).collect(),
            columns: (0..columns.len()).map(Column::Cell).collect(),
            widths: Vec::new(),
            rows: 0,
        }
    }

    /// With these columns, in this order: the table's own, or fields of the answer.
    #[must_use]
    pub(super) fn choosing(mut self, chosen: Option<&[String]>) -> Self {
        let Some(chosen) = chosen else {
            return self;
        };
        let own = self.titles;
        let find = |asked: &String| match own.iter().position(|title| is_called(title, asked)) {
            Some(at) => (own[at].clone(), Column::Cell(at)),
            None => (columns::words(asked), Column::Field(asked.clone())),
        };
        (self.titles, self.columns) = chosen.iter().map(find).unzip();
        self
    }

    /// The cells of the columns that are shown.
    fn cells<T: Serialize>(
        &self,
        row: &T,
        cells: fn(&T) -> Vec<String>,
    ) -> Result<Vec<String>, CliError> {
        let own = cells(row);
        let named = |one: &Column| matches!(one, Column::Field(_));
        let fields = if self.columns.iter().any(named) {
            to_value(row)?
        } else {
            Value::Null
        };
        let cell = |column: &Column| match column {
            Column::Cell(at) => own.get(*at).cloned().unwrap_or_default(),
            Column::Field(name) => columns::text(&fields[name]),
        };
        Ok(self.columns.iter().map(cell).collect())
    }

    /// Whether a column that was asked for is in none of these rows: a slip.
    fn check<T: Serialize>(&self, rows: &[T]) -> Outcome {
        for column in &self.columns {
            let Column::Field(name) = column else {
                continue;
            };
            let mut known = rows.is_empty();
            for row in rows {
                known |= to_value(row)?.get(name).is_some();
            }
            if !known {
                let why =
                    format!("--columns: {name} is neither a column nor a field of these rows");
                return Err(CliError::Usage(why));
            }
        }
        Ok(())
    }

    /// Prints the next rows.
    ///
    /// # Errors
    /// [`CliError::ReaderGone`], or what the output says.
    pub(super) fn rows<T: Serialize>(
        &mut self,
        rows: &[T],
        cells: fn(&T) -> Vec<String>,
    ) -> Outcome {
        let first = self.rows == 0;
        if first {
            self.check(rows)?;
        }
        self.rows += rows.len() as u64;
        match self.format {
            Format::Json => write(&json_rows(rows, first)?),
            Format::Jsonl => rows.iter().try_for_each(|row| json(Format::Jsonl, row)),
            Format::Yaml => {
                let head = if first && !rows.is_empty() {
                    "data:\n"
                } else {
                    ""
                };
                let mut text = head.to_owned();
                for row in rows {
                    text.push_str(&yaml::item(&to_value(row)?, 2));
                }
                write(&text)
            }
            Format::Name => rows.iter().try_for_each(|row| line(&name(row)?)),
            Format::Csv => {
                let head = || csv::line(self.titles.iter().cloned());
                let begins = first && !rows.is_empty();
                let mut text = if begins { head() } else { String::new() };
                for row in rows {
                    text.push_str(&csv::line(self.cells(row, cells)?.into_iter()));
                }
                write(&text)
            }
            Format::Table => self.table(rows, cells),
        }
    }

    fn table<T: Serialize>(&mut self, rows: &[T], cells: fn(&T) -> Vec<String>) -> Outcome {
        let cleaned = |row: &T| {
            let cells = self.cells(row, cells)?;
            Ok(cells.iter().map(|cell| clean(cell)).collect())
        };
        let cells: Vec<Vec<String>> = rows.iter().map(cleaned).collect::<Result<_, CliError>>()?;
        let mut text = String::new();
        if self.widths.is_empty() {
            self.widths = widths(&self.titles, &cells);
            put(&mut text, &self.titles, &self.widths);
        }
        for row in &cells {
            put(&mut text, row, &self.widths);
        }
        write(&text)
    }

    /// Prints one row with what became of it before its cells.
    ///
    /// # Errors
    /// As [`Printer::rows`].
    pub(super) fn change<T: Serialize>(
        &self,
        change: Change,
        row: &T,
        cells: fn(&T) -> Vec<String>,
    ) -> Outcome {
        let cells = self.cells(row, cells)?;
        if self.format == Format::Csv {
            let change = [change.word().to_owned()].into_iter();
            return write(&csv::line(change.chain(cells)));
        }
        line(&format!("{} {}", change.sign(), cells.join("  ")))
    }

    /// The head of lines as [`Printer::change`] prints them in CSV.
    ///
    /// # Errors
    /// As [`Printer::rows`].
    pub(super) fn change_head(&self) -> Outcome {
        let change = ["CHANGE".to_owned()].into_iter();
        write(&csv::line(change.chain(self.titles.iter().cloned())))
    }

    /// Ends the list.
    ///
    /// # Errors
    /// As [`Printer::rows`].
    pub(super) fn end(self) -> Outcome {
        match (self.format, self.rows) {
            (Format::Json, 0) => write("{\n  \"data\": []\n}\n"),
            (Format::Json, _) => write("\n  ]\n}\n"),
            (Format::Yaml, 0) => write("data: []\n"),
            (Format::Csv, 0) => write(&csv::line(self.titles.into_iter())),
            _ => Ok(()),
        }
    }
}

/// Members of the list, with what comes before the first.
fn json_rows<T: Serialize>(rows: &[T], first: bool) -> Result<String, CliError> {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        text.push_str(if first && at == 0 {
            "{\n  \"data\": [\n"
        } else {
            ",\n"
        });
        let row = serde_json::to_string_pretty(row)
            .map_err(|error| CliError::Error(error.to_string()))?;
        let lines: Vec<_> = clean_json(&row)
            .lines()
            .map(|line| format!("    {line}"))
            .collect();
        text.push_str(&lines.join("\n"));
    }
    Ok(text)
}

fn widths(columns: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let width = |(at, title): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let cells = cells.map(|cell| cell.width());
        cells.chain([title.width()]).max().unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_straight_with_wide_characters() {
        let rows = [
            vec!["李".to_owned(), "x".into()],
            vec!["ab".into(), "y".into()],
        ];
        let widths = widths(&["a".to_owned(), "b".to_owned()], &rows);
        let mut out = String::new();
        put(&mut out, &["a", "b"], &widths);
        for row in &rows {
            put(&mut out, row, &widths);
        }
        assert_eq!(out, "a   b\n李  x\nab  y\n");
    }

    #[test]
    fn columns_are_chosen_by_title_or_by_the_name_of_a_field() {
        let user = crate::tests::test_console::user(2, "bob@example.org");
        let own = <doorward_shared::admin::User as super::super::output::Printable>::COLUMNS;
        let chosen = ["last-login", "email", "emailVerified", "nothing"].map(str::to_owned);
        let printer = Printer::new(Format::Csv, own).choosing(Some(&chosen[..3]));
        assert_eq!(printer.titles, ["LAST LOGIN", "EMAIL", "EMAIL VERIFIED"]);
        let cells =
            |user: &doorward_shared::admin::User| super::super::output::Printable::cells(user);
        let shown = printer.cells(&user, cells).unwrap();
        assert_eq!(shown, ["-", "bob@example.org", "true"]);
        let wrong = Printer::new(Format::Csv, own).choosing(Some(&chosen));
        let refused = wrong.check(std::slice::from_ref(&user)).unwrap_err();
        assert!(matches!(&refused, CliError::Usage(why) if why.contains("nothing is neither")));
        assert!(wrong.check::<doorward_shared::admin::User>(&[]).is_ok());
    }
}
