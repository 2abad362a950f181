//! What the statements of this folder are written with. An engine gives these names their types: SQLite by `rusqlite`,
//! another by its own. Statements ask a connection to prepare, execute and query, a row for its columns, and no more.

pub(super) use rusqlite::{
    Connection, Error, OptionalExtension, Params, Result, Row, ToSql, params, params_from_iter,
    types::Value,
};

/// A column that does not hold what this program writes there.
pub(super) fn bad(column: usize, what: &'static str) -> Error {
    Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
}

/// As [`NO_INDEX`], before a column of a statement that is known.
macro_rules! no_index {
    ($column:literal) => {
        concat!("+", $column)
    };
}

/// The index that a table is read by. A hint too.
macro_rules! by_index {
    ($index:literal) => {
        concat!("INDEXED BY ", $index)
    };
}

/// Keeps an engine from looking for an index for the column that follows. A hint: another engine may have none.
pub(super) const NO_INDEX: &str = no_index!("");

pub(super) use {by_index, no_index};
