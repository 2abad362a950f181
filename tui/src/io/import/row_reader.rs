//! Rows of a file of users: JSON lines, or CSV whose header names the fields. Fields are those of `POST /admin/users`; what
//! an export has beside them is read over.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use doorward_shared::admin::CreateUser;
use serde::{Deserialize, de::IgnoredAny};

use super::records::{Record, Records};

/// Longest line of JSON, in bytes; the server takes no more.
const MAX_LINE: usize = 64 * 1024;
/// What a header of CSV may name.
const COLUMNS: [&str; 13] = [
    "email",
    "password",
    "passwordHash",
    "firstName",
    "lastName",
    "role",
    "permissions",
    "groups",
    "emailVerified",
    "disabled",
    "id",
    "createdAt",
    "lastLoginAt",
];

/// What stands in one place of a file: where its row begins, and what it says, or why it cannot be read.
#[derive(Debug)]
pub(super) struct ReadRow {
    /// From 1.
    pub line: u64,
    pub row: Result<CreateUser, String>,
}

/// The rows of a file, one after another.
pub(super) enum Rows {
    Json {
        lines: BufReader<File>,
        line: u64,
        read: u64,
    },
    Csv {
        records: Records,
        columns: Vec<&'static str>,
    },
}

impl Rows {
    /// Opens a file; its name says what it is.
    ///
    /// # Errors
    /// What is wrong, in words: another kind, no such file, a header with an unknown field.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let extension = path
            .extension()
            .and_then(|text| text.to_str())
            .unwrap_or_default();
        let is_csv = match extension.to_ascii_lowercase().as_str() {
            "csv" => true,
            "jsonl" | "ndjson" => false,
            _ => return Err(format!("{name}: the file must end in .jsonl or .csv")),
        };
        let file = File::open(path).map_err(|error| format!("{name}: {error}"))?;
        let mut lines = BufReader::new(file);
        skip_mark(&mut lines).map_err(|error| format!("{name}: {error}"))?;
        if !is_csv {
            return Ok(Self::Json {
                lines,
                line: 0,
                read: 0,
            });
        }
        let mut records = Records::new(lines);
        let header = records.next().map_or(Ok(Vec::new()), |record| record.text);
        let columns = header.and_then(|header| columns(&cells(&header)?));
        Ok(Self::Csv {
            records,
            columns: columns.map_err(|why| format!("{name}:1: {why}"))?,
        })
    }

    /// Bytes that were read so far.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Json { read, .. } => *read,
            Self::Csv { records, .. } => records.position(),
        }
    }
}

impl Iterator for Rows {
    type Item = ReadRow;
    fn next(&mut self) -> Option<ReadRow> {
        match self {
            Self::Json { lines, line, read } => loop {
                let mut text = Vec::new();
                let found = lines
                    .by_ref()
                    .take(MAX_LINE as u64 + 1)
                    .read_until(b'\n', &mut text);
                let found = match found {
                    Ok(0) => return None,
                    Ok(found) => found,
                    Err(error) => {
                        return Some(ReadRow {
                            line: *line + 1,
                            row: Err(error.to_string()),
                        });
                    }
                };
                *line += 1;
                *read += found as u64;
                if found > MAX_LINE && text.last() != Some(&b'\n') {
                    *read += skip_line(lines);
                    return Some(ReadRow {
                        line: *line,
                        row: Err("is longer than 64 KiB".into()),
                    });
                }
                if text.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let row = serde_json::from_slice::<Line>(&text).map(CreateUser::from);
                return Some(ReadRow {
                    line: *line,
                    row: row.map_err(|error| said(&error)),
                });
            },
            Self::Csv { records, columns } => records.next().map(|Record { line, text }| ReadRow {
                line,
                row: text.and_then(|text| from_record(columns, &cells(&text)?)),
            }),
        }
    }
}

/// What is wrong with a line of JSON, without the value that stands there: it may be a password. Its one line is known
/// already.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((why, column)) => match why.rsplit_once(", expected ") {
            Some((why, expected)) if why.starts_with("invalid ") => {
                format!("expected {expected} at column {column}")
            }
            _ => format!("{why} at column {column}"),
        },
        None => text,
    }
}

/// Reads over the byte order mark that some programs begin a file with.
fn skip_mark(lines: &mut BufReader<File>) -> std::io::Result<()> {
    if lines.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        lines.consume(3);
    }
    Ok(())
}

/// Reads over the rest of a line, without keeping it; answers its bytes.
fn skip_line(lines: &mut BufReader<File>) -> u64 {
    let mut skipped = 0;
    loop {
        let Ok(buffer) = lines.fill_buf() else {
            return skipped;
        };
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        lines.consume(used);
        skipped += used as u64;
        if end.is_some() || used == 0 {
            return skipped;
        }
    }
}

fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, String> {
    let mut columns = Vec::new();
    for name in header {
        let known = COLUMNS.iter().find(|known| **known == name.trim());
        let known = known.ok_or_else(|| {
            format!(
                "the header names {name:?}, which is no field of a user; fields are {}",
                COLUMNS[..10].join(", ")
            )
        })?;
        if columns.contains(known) {
            return Err(format!("the header names {known} twice"));
        }
        columns.push(*known);
    }
    if columns.contains(&"email") {
        Ok(columns)
    } else {
        Err("the header does not name email".into())
    }
}

/// The cells of a record.
fn cells(record: &[u8]) -> Result<csv::StringRecord, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(record.len().max(1))
        .from_reader(record);
    let mut cells = csv::StringRecord::new();
    match reader.read_record(&mut cells) {
        Ok(_) => Ok(cells),
        Err(error) => Err(match error.kind() {
            csv::ErrorKind::Utf8 { .. } => "is not UTF-8".into(),
            _ => error.to_string(),
        }),
    }
}

fn from_record(columns: &[&'static str], record: &csv::StringRecord) -> Result<CreateUser, String> {
    if record.len() != columns.len() {
        return Err(format!(
            "has {} fields, and the header {}",
            record.len(),
            columns.len()
        ));
    }
    let cell = |name: &str| {
        let at = columns.iter().position(|column| *column == name)?;
        record.get(at).filter(|text| !text.is_empty())
    };
    let text = |name| cell(name).map(str::to_owned);
    let list = |name| cell(name).map(|text| text.split_whitespace().map(str::to_owned).collect());
    let truth = |name: &str| match cell(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(format!("{name} must be true or false")),
    };
    Ok(CreateUser {
        email: text("email").ok_or("email is missing")?,
        password: text("password"),
        password_hash: text("passwordHash"),
        first_name: text("firstName"),
        last_name: text("lastName"),
        role: text("role"),
        permissions: list("permissions"),
        groups: list("groups"),
        email_verified: truth("emailVerified")?,
        disabled: truth("disabled")?,
    })
}

/// A line of JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    email: String,
    password: Option<String>,
    password_hash: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    role: Option<String>,
    permissions: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    email_verified: Option<bool>,
    disabled: Option<bool>,
    #[serde(default, rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(default, rename = "createdAt")]
    _created_at: Option<IgnoredAny>,
    #[serde(default, rename = "lastLoginAt")]
    _last_login_at: Option<IgnoredAny>,
}

impl From<Line> for CreateUser {
    fn from(line: Line) -> Self {
        Self {
            email: line.email,
            password: line.password,
            password_hash: line.password_hash,
            first_name: line.first_name,
            last_name: line.last_name,
            role: line.role,
            permissions: line.permissions,
            groups: line.groups,
            email_verified: line.email_verified,
            disabled: line.disabled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row's line, and its address or what is wrong with it.
    fn read(name: &str, text: &[u8]) -> Result<Vec<(u64, String)>, String> {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        let told = |found: ReadRow| match found.row {
            Ok(row) => (found.line, row.email),
            Err(why) => (found.line, why),
        };
        Ok(Rows::open(&path)?.map(told).collect())
    }

    #[test]
    fn json_lines_are_read_one_by_one_and_broken_ones_named() {
        let long = format!("{{\"email\":\"{}\"}}\n", "x".repeat(70_000));
        let text = [
            "\u{feff}{\"email\":\"a@x.example\",\"role\":null}\r\n\n",
            "{\"email\":\"b@x.example\",\"emial\":1}\n",
            "not json\n",
            "{\"email\":\"s@x.example\",\"password\":12345678}\n",
            "{\"email\":\"c@x.example\",\"email\":\"d@x.example\"}\n",
            &long,
            "{\"id\":\"user_1\",\"email\":\"e@x.example\",\"createdAt\":\"x\",\"lastLoginAt\":null,\"disabled\":true}",
        ]
        .concat();
        let rows = read("u.jsonl", text.as_bytes()).unwrap();
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8]);
        assert_eq!(rows[0].1, "a@x.example");
        assert!(rows[1].1.contains("unknown field `emial`"), "{}", rows[1].1);
        assert!(rows[2].1.contains("at column"), "{}", rows[2].1);
        assert_eq!(rows[3].1, "expected a string at column 42");
        assert!(rows[4].1.contains("duplicate field"), "{}", rows[4].1);
        assert_eq!(rows[5].1, "is longer than 64 KiB");
        assert_eq!(rows[6].1, "e@x.example");
    }

    #[test]
    fn csv_has_a_header_and_quoted_cells_over_several_lines() {
        let text = "email,firstName,permissions,emailVerified\n\
                    a@x.example,\"Ada,\nCountess\",read write,false\n\
                    b@x.example,Bob\n\
                    c@x.example,,,maybe\n\
                    ,Nobody,,\n\
                    d@x.example,,,\n";
        let rows = read("U.CSV", text.as_bytes()).unwrap();
        let wanted = [
            (2, "a@x.example"),
            (4, "has 2 fields, and the header 4"),
            (5, "emailVerified must be true or false"),
            (6, "email is missing"),
            (7, "d@x.example"),
        ];
        let rows: Vec<(u64, &str)> = rows
            .iter()
            .map(|(line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(rows, wanted);
        let broken = [b"email\nx\xff@x.example\n".as_slice(), b"y@x.example\n"].concat();
        let rows = read("u.csv", &broken).unwrap();
        assert_eq!(
            rows,
            [
                (2, "is not UTF-8".to_owned()),
                (3, "y@x.example".to_owned())
            ]
        );
    }

    #[test]
    fn a_record_of_csv_is_bounded_and_the_next_ones_are_read() {
        let long = "x".repeat(70_000);
        let text = format!(
            "email,firstName\r\na@x.example,\"never closed\n{long}\n\nb@x.example,5\"\nc@x.example,{long}\nd@x.example,\n"
        );
        let rows = read("u.csv", text.as_bytes()).unwrap();
        let told: Vec<(u64, &str)> = rows.iter().map(|(line, told)| (*line, &**told)).collect();
        let too_long = "is longer than 64 KiB: is a quote not closed?";
        let wanted = [
            (2, too_long),
            (5, "b@x.example"),
            (6, too_long),
            (7, "d@x.example"),
        ];
        assert_eq!(told, wanted);
        // As old programs end lines.
        let rows = read("u.csv", b"email\ra@x.example\rb@x.example").unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1], (3, "b@x.example".to_owned()));
    }

    #[test]
    fn a_file_of_another_kind_or_with_another_header_is_refused_whole() {
        for (name, text, why) in [
            ("u.txt", "", ".jsonl or .csv"),
            ("u.csv", "email,phone\n", "phone"),
            ("u.csv", "email,email\n", "twice"),
            ("u.csv", "firstName\n", "does not name email"),
        ] {
            let error = read(name, text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(Rows::open(Path::new("/no/such/file.csv")).is_err());
    }
}
