//! Sign-up: users create their own accounts.

use doorward_shared::{ScopeSet, auth::RegisterRequest};

use super::{
    Error,
    accounts::{Accounts, new_email},
    validation,
};
use crate::{
    domain::{Actor, AuditContext, NewUser, Session, User, role, rules::password::check_password},
    settings::Registration,
    store::NewSession,
};

impl Accounts {
    /// Creates an account for a user, and signs them in, unless they must verify their address or set up a second
    /// factor first. The API and the pages both use this.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`], [`DomainError::Blocked`], [`Error::RateLimited`], [`Error::Invalid`],
    /// [`Error::Overloaded`]; storage, including `email_taken`.
    pub(crate) async fn sign_up(
        &self,
        form: RegisterRequest,
        session: NewSession,
        context: AuditContext,
    ) -> Result<(User, Option<Session>), Error> {
        self.passwords.admit(session.ip)?;
        if self.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let email = new_email(&form.email)?;
        let first_name = validation::name("firstName", form.first_name)?;
        let last_name = validation::name("lastName", form.last_name)?;
        // Malformed input is not counted: a typo must not use up a user's attempts.
        check_password(&form.password, email.as_str())
            .map_err(|why| Error::invalid("password", why))?;
        let passwords = &self.passwords;
        let now = passwords.clock.monotonic();
        passwords.limits.registration(session.ip, now)?;
        let hash = passwords
            .hash_new_password(form.password.into(), email.as_str(), "password")
            .await?;
        let new = NewUser {
            email,
            password: Some(hash),
            first_name,
            last_name,
            role: role::CUSTOMER.into(),
            permissions: ScopeSet::default(),
            groups: Vec::new(),
            // Ownership of the address has not been proven yet.
            email_verified: false,
            disabled: false,
        };
        let context = AuditContext {
            actor: Actor::Anonymous,
            at: passwords.clock.now(),
            ..context
        };
        let mail = self.verification.of_sign_up(&new.email, &context);
        let (link, place) = mail.unzip();
        let session = (!self.verified_only).then_some(session);
        let signed_up = self.store().sign_up(new, session, link, context);
        let (user, session) = signed_up.await?;
        if let Some(place) = place {
            place.used();
        }
        passwords.metrics.registration();
        Ok((user, session))
    }
}
