//! `/admin/keys`: keys that sign tokens.

use reqwest::Method;
use serde_json::json;

use super::{Client, ClientError, Collection, ListQuery};
use crate::{Page, admin::SigningKey};

/// The routes under `/admin/keys`.
#[derive(Debug)]
pub struct SigningKeys<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/keys`.
    pub fn signing_keys(&self) -> SigningKeys<'_> {
        SigningKeys(self)
    }
}

impl SigningKeys<'_> {
    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<SigningKey>, ClientError> {
        self.0.list(Collection::SigningKeys, query).await
    }

    /// Signs with a new key from now on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rotate(&self) -> Result<SigningKey, ClientError> {
        let path = format!("{}/rotate", Collection::SigningKeys.path());
        self.0.send(Method::POST, &path, &json!({})).await
    }
}
