//! Rows of the server's lists, of whatever kind.

use doorward_shared::{
    Page,
    client::{Client, ClientError, ListQuery},
};

use crate::core::resource::{Resource, Row};

/// A page of a list. Profiles are not on the server: theirs is empty.
///
/// # Errors
/// [`ClientError`].
pub(super) async fn page(
    client: &Client,
    kind: Resource,
    query: &ListQuery,
) -> Result<Page<Row>, ClientError> {
    Ok(match kind {
        Resource::Users => client.users().list(query).await?.map(Row::User),
        Resource::Sessions => client.sessions().list(query).await?.map(Row::Session),
        Resource::Keys => client.api_keys().list(query).await?.map(Row::Key),
        Resource::Clients => client.clients().list(query).await?.map(Row::Client),
        Resource::Events => client.events().list(query).await?.map(Row::Event),
        Resource::Roles => client.roles().list(query).await?.map(Row::Role),
        Resource::Signing => client.signing_keys().list(query).await?.map(Row::Signing),
        Resource::Blocks => client.blocks().list(query).await?.map(Row::Block),
        Resource::Profiles => Page {
            data: Vec::new(),
            pagination: doorward_shared::Pagination::default(),
        },
    })
}

/// One row by its id or name; none of a kind that is not asked for one by one.
///
/// # Errors
/// [`ClientError`].
pub(super) async fn one(
    client: &Client,
    kind: Resource,
    id: &str,
) -> Result<Option<Row>, ClientError> {
    Ok(Some(match kind {
        Resource::Users => Row::User(client.users().get(id).await?),
        Resource::Sessions => Row::Session(client.sessions().get(id).await?),
        Resource::Keys => Row::Key(client.api_keys().get(id).await?),
        Resource::Clients => Row::Client(client.clients().get(id).await?),
        Resource::Roles => Row::Role(client.roles().get(id).await?),
        // They are few, and the server has no question after one.
        Resource::Signing => {
            let query = ListQuery::default().limited(100);
            let all = client.signing_keys().list(&query).await?;
            let found = all.data.into_iter().find(|key| key.id == id);
            return Ok(found.map(Row::Signing));
        }
        Resource::Events | Resource::Blocks | Resource::Profiles => return Ok(None),
    }))
}
