//! New passwords: validation and hashing.

use super::{Error, Passwords};
use crate::{
    crypto::secret::Secret,
    domain::{AuditContext, rules::password::check_password},
};

impl Passwords {
    /// Whether a password may be set for an account: by its form, and by the list of breached ones. If the list cannot
    /// be read, the password is accepted and an event is recorded.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `field`.
    pub(crate) async fn accept_new(
        &self,
        password: &Secret,
        email: &str,
        field: &'static str,
    ) -> Result<(), Error> {
        check_password(password.expose(), email).map_err(|reason| Error::invalid(field, reason))?;
        match self.breached.contains(password.expose()).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(Error::invalid(
                field,
                "is known from a data breach: choose another, and change it wherever you use it",
            )),
            Err(why) => {
                tracing::warn!("breached_passwords: a password was set unchecked: {why}");
                let context = AuditContext::system(self.clock.now());
                self.record_failure("password.breach_unchecked", None, Some(why), context);
                Ok(())
            }
        }
    }

    /// Validates and hashes a new password for an account. Every password that is set passes through here.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `field`, [`Error::Overloaded`].
    pub(crate) async fn hash_new_password(
        &self,
        password: Secret,
        email: &str,
        field: &'static str,
    ) -> Result<String, Error> {
        self.accept_new(&password, email, field).await?;
        Ok(self.threads.hash(password).await?)
    }
}
