//! Substring search in names and addresses, through the trigram index `users_text`.

use crate::store::sql::Value;

/// A condition on `users AS u`, and its one parameter, that matches the newest `most` users whose address or name
/// contains `text`, which has three characters or more.
pub(in crate::store) fn users_containing(text: &str, most: u32) -> (String, Value) {
    let found = format!(
        "u.rid IN (SELECT rowid FROM users_text WHERE users_text MATCH ? ORDER BY rowid DESC LIMIT {most})"
    );
    let quoted = format!("\"{}\"", text.replace('"', "\"\""));
    (found, Value::Text(quoted))
}
