//! `/admin/apikeys`.

use std::fmt::Display;

use reqwest::Method;

use super::{Client, ClientError, Collection, ListQuery, call::segment};
use crate::{
    Page, Timestamp,
    admin::{AdminKey, AdminMint, AdminMintedKey},
    apikey::{KeyPatch, KeyUsage, RotateRequest, UsageBy, Verification, VerifyRequest},
};

/// The routes under `/admin/apikeys`.
#[derive(Debug)]
pub struct ApiKeys<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/apikeys`.
    pub fn api_keys(&self) -> ApiKeys<'_> {
        ApiKeys(self)
    }
}

impl ApiKeys<'_> {
    fn path(id: impl Display) -> String {
        format!("{}/{}", Collection::ApiKeys.path(), segment(id))
    }

    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<AdminKey>, ClientError> {
        self.0.list(Collection::ApiKeys, query).await
    }

    /// One key, without its secret.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, id: impl Display) -> Result<AdminKey, ClientError> {
        self.0.get(&Self::path(id), &[]).await
    }

    /// Mints a key; sent again with the same idempotency key it gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn mint(
        &self,
        key: &AdminMint,
        idempotency_key: &str,
    ) -> Result<AdminMintedKey, ClientError> {
        let path = Collection::ApiKeys.path();
        self.0.mint(path, key, idempotency_key).await
    }

    /// Changes a key: its name, its limits, or fewer scopes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn update(
        &self,
        id: impl Display,
        patch: &KeyPatch,
    ) -> Result<AdminKey, ClientError> {
        self.0.send(Method::PATCH, &Self::path(id), patch).await
    }

    /// Gives a key a new secret; sent again with the same idempotency key it gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rotate(
        &self,
        id: impl Display,
        grace: &RotateRequest,
        idempotency_key: &str,
    ) -> Result<AdminMintedKey, ClientError> {
        let path = format!("{}/rotate", Self::path(id));
        self.0.mint(&path, grace, idempotency_key).await
    }

    /// Asks whether a key is good for a call, which its limits then pay.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn verify(&self, asked: &VerifyRequest) -> Result<Verification, ClientError> {
        self.0.send(Method::POST, "/apikey/verify", asked).await
    }

    /// How often a key was used, from one time until another.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn usage(
        &self,
        id: impl Display,
        by: UsageBy,
        [from, to]: [Option<Timestamp>; 2],
    ) -> Result<KeyUsage, ClientError> {
        let mut query = vec![("by", by.as_str().to_owned())];
        query.extend(from.map(|at| ("from", at.to_string())));
        query.extend(to.map(|at| ("to", at.to_string())));
        let path = format!("{}/usage", Self::path(id));
        self.0.get(&path, &query).await
    }
}
