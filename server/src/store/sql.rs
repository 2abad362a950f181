//! The SQL types and helpers that the statements of this folder use. An engine defines these names: SQLite by
//! `rusqlite`, another by its own types. Statements only prepare, execute and query on a connection, and read columns
//! of a row.

pub(super) use rusqlite::{
    Connection, Error, OptionalExtension, Params, Result, Row, ToSql, params, params_from_iter,
    types::Value,
};

/// Error for a column with a value that this program does not write.
pub(super) fn bad(column: usize, what: &'static str) -> Error {
    Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
}

/// As [`NO_INDEX`], for a column of a statement known at compile time.
macro_rules! no_index {
    ($column:literal) => {
        concat!("+", $column)
    };
}

/// Names the index to read a table by. Also a hint.
macro_rules! by_index {
    ($index:literal) => {
        concat!("INDEXED BY ", $index)
    };
}

/// Prevents the use of an index for the column that follows. A hint: another engine may have none.
pub(super) const NO_INDEX: &str = no_index!("");

pub(super) use {by_index, no_index};
