//! `/admin/users`.

use std::fmt::Display;

use reqwest::Method;

use super::{Client, ClientError, Collection, ListQuery, call::segment};
use crate::{
    Page,
    admin::{
        CreateLink, CreateUser, FactorRemoval, Link, RevokeSessionsOf, Revoked, SetPassword, User,
        UserPatch,
    },
    auth::OwnApplication,
};

/// The routes under `/admin/users`.
#[derive(Debug)]
pub struct Users<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/users`.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }
}

impl Users<'_> {
    fn path(id: impl Display) -> String {
        format!("{}/{}", Collection::Users.path(), segment(id))
    }

    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<User>, ClientError> {
        self.0.list(Collection::Users, query).await
    }

    /// One user.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, id: impl Display) -> Result<User, ClientError> {
        self.0.get(&Self::path(id), &[]).await
    }

    /// `GET /admin/users/{id}/applications`: those that the user has let in, the newest 100.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn applications(
        &self,
        id: impl Display,
    ) -> Result<Page<OwnApplication>, ClientError> {
        let path = format!("{}/applications", Self::path(id));
        self.0.get(&path, &[("limit", "100".to_owned())]).await
    }

    /// Creates a user; sent again with the same key it gives the same answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create(
        &self,
        user: &CreateUser,
        idempotency_key: &str,
    ) -> Result<User, ClientError> {
        let path = Collection::Users.path();
        self.0.mint(path, user, idempotency_key).await
    }

    /// Creates a user as [`Users::create`] does, without keeping the answer for a second call: for many users.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn import(&self, user: &CreateUser) -> Result<User, ClientError> {
        let path = Collection::Users.path();
        self.0.send(Method::POST, path, user).await
    }

    /// Has a user judged that could be created; none is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn check(&self, user: &CreateUser) -> Result<(), ClientError> {
        let path = format!("{}/check", Collection::Users.path());
        self.0.done(Method::POST, &path, Some(user)).await
    }

    /// Changes what the patch names.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn update(&self, id: impl Display, patch: &UserPatch) -> Result<User, ClientError> {
        self.0.send(Method::PATCH, &Self::path(id), patch).await
    }

    /// Sets a user's password; all sessions end.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_password(
        &self,
        id: impl Display,
        password: &SetPassword,
    ) -> Result<(), ClientError> {
        let path = format!("{}/password", Self::path(id));
        self.0.done(Method::POST, &path, Some(password)).await
    }

    /// Takes a user's password away, so that a new one has to be set; all sessions end.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_password(&self, id: impl Display) -> Result<(), ClientError> {
        let path = format!("{}/password", Self::path(id));
        self.0.done(Method::DELETE, &path, None::<&()>).await
    }

    /// Makes a one-time link with which a user sets their password.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_link(
        &self,
        id: impl Display,
        link: &CreateLink,
    ) -> Result<Link, ClientError> {
        let path = format!("{}/link", Self::path(id));
        self.0.send(Method::POST, &path, link).await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn end_sessions(
        &self,
        id: impl Display,
        what: &RevokeSessionsOf,
    ) -> Result<Revoked, ClientError> {
        let path = format!("{}/sessions/revoke", Self::path(id));
        self.0.send(Method::POST, &path, what).await
    }

    /// Removes a user's second factors and passkeys.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_factors(
        &self,
        id: impl Display,
        why: &FactorRemoval,
    ) -> Result<(), ClientError> {
        let path = format!("{}/mfa", Self::path(id));
        self.0.done(Method::DELETE, &path, Some(why)).await
    }
}
