//! `/admin/blocks`.

use reqwest::Method;

use super::{Client, ClientError, Collection, ListQuery};
use crate::{
    Page,
    admin::{Block, CreateBlock},
};

/// The routes under `/admin/blocks`.
#[derive(Debug)]
pub struct Blocks<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/blocks`.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks(self)
    }
}

impl Blocks<'_> {
    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<Block>, ClientError> {
        self.0.list(Collection::Blocks, query).await
    }

    /// Blocks a network.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create(&self, block: &CreateBlock) -> Result<Block, ClientError> {
        let path = Collection::Blocks.path();
        self.0.send(Method::POST, path, block).await
    }
}
