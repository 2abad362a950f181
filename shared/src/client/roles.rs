//! `/admin/roles`.

use std::fmt::Display;

use reqwest::Method;

use super::{Client, ClientError, Collection, ListQuery, call::segment};
use crate::{
    Page,
    admin::{PutRole, Role},
};

/// The routes under `/admin/roles`.
#[derive(Debug)]
pub struct Roles<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/roles`.
    pub fn roles(&self) -> Roles<'_> {
        Roles(self)
    }
}

impl Roles<'_> {
    fn path(id: impl Display) -> String {
        format!("{}/{}", Collection::Roles.path(), segment(id))
    }

    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<Role>, ClientError> {
        self.0.list(Collection::Roles, query).await
    }

    /// One role.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, name: &str) -> Result<Role, ClientError> {
        self.0.get(&Self::path(name), &[]).await
    }

    /// Creates or changes a role; whoever has it gains and loses at once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn put(&self, name: &str, role: &PutRole) -> Result<Role, ClientError> {
        self.0.send(Method::PUT, &Self::path(name), role).await
    }
}
