//! Audiences that a client may request tokens for.

use std::collections::HashSet;

use doorward_shared::ClientId;

use super::{StoreError, clients, dynamic_registration, sql::Connection};
use crate::domain::client::is_same_resource;

/// The audiences that a client may still request tokens for: its own, the server's, and for a dynamically registered
/// client those of operators' clients.
pub(super) fn still_registered(
    conn: &Connection,
    id: ClientId,
    granted: &[String],
    issuer: &str,
) -> Result<Vec<String>, StoreError> {
    if granted.is_empty() {
        return Ok(Vec::new());
    }
    let Some(client) = clients::find(conn, id)? else {
        return Ok(Vec::new());
    };
    let own = client
        .resources
        .iter()
        .chain(&client.policy.default_resource);
    let own: Vec<_> = own.map(String::as_str).chain([issuer]).collect();
    let is_own = |uri: &String| own.iter().any(|known| is_same_resource(known, uri));
    let others = if client.dynamic && !granted.iter().all(is_own) {
        dynamic_registration::operator_resources(conn)?
    } else {
        HashSet::new()
    };
    let is_one =
        |uri: &&String| is_own(uri) || others.iter().any(|known| is_same_resource(known, uri));
    Ok(granted.iter().filter(is_one).cloned().collect())
}
