//! Clients that are metadata documents.

use doorward_shared::{ClientId, Timestamp};

use super::{
    Store, StoreError, clients,
    registrations::{OperatorOverrides, change},
    row_mapping::ulid,
    sql::{Connection, OptionalExtension, params},
    unused_clients,
};
use crate::domain::{AuditContext, Client};

/// A metadata document, as it was fetched.
#[derive(Debug, Clone)]
pub struct Document {
    pub url: String,
    /// Until when it need not be fetched again.
    pub until: Timestamp,
}

impl Store {
    /// The client that a metadata document is, and until when the document is good.
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

    /// Makes the client of a metadata document, or brings it up to what the document says now: to what `decide` makes of it
    /// with what an operator has left the client.
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
            // Nobody has let it in: until an operator decides something about it.
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

/// The client that a metadata document is, and what an operator has left it.
fn of_document(
    conn: &Connection,
    url: &str,
) -> Result<Option<(ClientId, OperatorOverrides)>, StoreError> {
    let sql = "SELECT id, most_scopes, most_grants FROM clients WHERE document_url = ?1";
    let mut select = conn.prepare_cached(sql)?;
    let found = select.query_row([url], |row| {
        Ok((ClientId(ulid(row, 0)?), OperatorOverrides::read(row, 1)?))
    });
    Ok(found.optional()?)
}
