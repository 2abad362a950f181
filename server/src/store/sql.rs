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
