//! `/admin/clients`.

use std::fmt::Display;

use reqwest::Method;

use super::{Client, ClientError, Collection, ListQuery, call::segment};
use crate::{
    Page,
    admin::{
        self, ClientPatch, MintRegistrationToken, RegisterClient, RegistrationToken,
        RegistrationTokenInfo,
    },
    apikey::RotateRequest,
};

/// The routes under `/admin/clients`.
#[derive(Debug)]
pub struct Clients<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/clients`.
    pub fn clients(&self) -> Clients<'_> {
        Clients(self)
    }
}

impl Clients<'_> {
    fn path(id: impl Display) -> String {
        format!("{}/{}", Collection::Clients.path(), segment(id))
    }

    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<admin::Client>, ClientError> {
        self.0.list(Collection::Clients, query).await
    }

    /// One OAuth client, without its secret.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, id: impl Display) -> Result<admin::Client, ClientError> {
        self.0.get(&Self::path(id), &[]).await
    }

    /// Registers a client; sent again with the same key it gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn register(
        &self,
        client: &RegisterClient,
        idempotency_key: &str,
    ) -> Result<admin::Client, ClientError> {
        let path = Collection::Clients.path();
        self.0.mint(path, client, idempotency_key).await
    }

    /// Changes what the patch names.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn update(
        &self,
        id: impl Display,
        patch: &ClientPatch,
    ) -> Result<admin::Client, ClientError> {
        self.0.send(Method::PATCH, &Self::path(id), patch).await
    }

    /// Gives a client a new secret; sent again with the same idempotency key it gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rotate_secret(
        &self,
        id: impl Display,
        grace: &RotateRequest,
        idempotency_key: &str,
    ) -> Result<admin::Client, ClientError> {
        let path = format!("{}/secret", Self::path(id));
        self.0.mint(&path, grace, idempotency_key).await
    }

    /// Mints a token with which a client registers itself.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn registration_token(
        &self,
        terms: &MintRegistrationToken,
    ) -> Result<RegistrationToken, ClientError> {
        let path = format!("{}/registration-tokens", Collection::Clients.path());
        self.0.send(Method::POST, &path, terms).await
    }

    /// Tokens with which clients register themselves, that are still good: a page of them.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn registration_tokens(&self) -> Result<Page<RegistrationTokenInfo>, ClientError> {
        let path = format!("{}/registration-tokens", Collection::Clients.path());
        self.0.get(&path, &[("limit", "100".into())]).await
    }

    /// Ends such a token; clients that have registered with it stay.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_registration_token(&self, id: impl Display) -> Result<(), ClientError> {
        let base = Collection::Clients.path();
        let path = format!("{base}/registration-tokens/{}", segment(id));
        self.0.done(Method::DELETE, &path, None::<&()>).await
    }
}
