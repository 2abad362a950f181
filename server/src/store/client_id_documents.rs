//! Clients that are registered by a client ID metadata document.

use doorward_shared::{ClientId, Timestamp};

use super::{
    Store, StoreError,
    client_overrides::{OperatorOverrides, overrides},
    clients,
    dynamic_registration::change,
    row_mapping::ulid,
    sql::{Connection, OptionalExtension, params},
    unused_clients,
};
use crate::domain::{AuditContext, Client};

/// A fetched metadata document.
#[derive(Debug, Clone)]
pub struct Document {
    pub url: String,
    /// When the document must be fetched again.
    pub until: Timestamp,
}

impl Store {
    /// The client of a metadata document, and when the document expires.
    pub async fn document_client(
        &self,
        url: String,
    ) -> Result<Option<(ClientId, Timestamp)>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT id, document_until FROM clients WHERE document_url = ?1";
            let found = conn.prepare_cached(sql)?.query_row([url], |row| {
                Ok((ClientId(ulid(row, 0)?), Timestamp(row.get(1)?)))
            });
            Ok(found.optional()?)
        })
        .await
    }

    /// Creates the client of a metadata document or updates it from a newly fetched one. `decide` merges the document
    /// with the restrictions an operator has put on the client.
    ///
    /// # Errors
    /// As [`Store::change_registered`].
    pub async fn keep_document<E, F>(
        &self,
        document: Document,
        decide: F,
        context: AuditContext,
    ) -> Result<Result<ClientId, E>, StoreError>
    where
        E: Send + 'static,
        F: FnOnce(OperatorOverrides) -> Result<Client, E> + Send + 'static,
    {
        self.write(move |tx| {
            let known = of_document(tx.conn, &document.url)?;
            let (known, left) = known.map_or_else(Default::default, |(id, left)| (Some(id), left));
            let mut client = match decide(left) {
                Ok(client) => client,
                Err(refused) => return Ok(Err(refused)),
            };
            match known {
                Some(id) => {
                    client.id = id;
                    change(tx, &client, &context)?;
                }
                None => {
                    unused_clients::make_room(tx, context.at)?;
                    client.id = ClientId(tx.id(context.at));
                    client.created_at = context.at;
                    clients::insert(tx, &client, &context)?;
                }
            }
            // Not approved by anyone until an operator changes the client.
            let sql = "UPDATE clients SET document_url = ?2, document_until = ?3, openly = CASE WHEN ?4 <> 0 THEN 1 ELSE openly END WHERE id = ?1";
            tx.conn.prepare_cached(sql)?.execute(params![
                client.id.0.to_bytes(),
                document.url,
                document.until.0,
                known.is_none()
            ])?;
            Ok(Ok(client.id))
        })
        .await
    }
}

/// The client of a metadata document, and the restrictions an operator has put on it.
fn of_document(
    conn: &Connection,
    url: &str,
) -> Result<Option<(ClientId, OperatorOverrides)>, StoreError> {
    let sql = concat!(
        "SELECT id, ",
        overrides!(),
        " FROM clients WHERE document_url = ?1"
    );
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_row([url], |row| {
        Ok((ClientId(ulid(row, 0)?), OperatorOverrides::read(row, 1)?))
    });
    Ok(found.optional()?)
}
