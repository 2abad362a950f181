//! Search by any part of a name or an address, through the trigram index `users_text`.

use crate::store::sql::Value;

/// A condition on `users AS u` that holds for the newest `most` users whose address or name contains `text`, of three
/// characters or more, and its one value.
pub(in crate::store) fn users_containing(text: &str, most: u32) -> (String, Value) {
    let found = format!(
        "u.rid IN (SELECT rowid FROM users_text WHERE users_text MATCH ? ORDER BY rowid DESC LIMIT {most})"
    );
    let quoted = format!("\"{}\"", text.replace('"', "\"\""));
    (found, Value::Text(quoted))
}
