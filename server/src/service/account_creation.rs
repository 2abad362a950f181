//! Accounts that an operator creates: authorization, validation, dry run.

use doorward_shared::{ScopeSet, admin::CreateUser};

use super::{
    Error, Passwords,
    accounts::{Accounts, new_email},
    validation,
};
use crate::{
    crypto::password,
    domain::{Act, NewUser, role},
    store::WantedAccount,
};

impl Accounts {
    /// Whether a caller may create this account now; checked before its password is hashed, and before a stored
    /// idempotent response is returned.
    ///
    /// # Errors
    /// Storage, including rejections by the domain's rules.
    pub(crate) async fn may_create(&self, act: Act, form: &CreateUser) -> Result<(), Error> {
        let wanted = WantedAccount {
            role: role(form),
            role_given: form.role.is_some(),
            permissions: permissions(form)?,
            with_password: form.password.is_some() || form.password_hash.is_some(),
        };
        Ok(self.store().may_create_user(wanted, act).await?)
    }

    /// Validates an account that an operator wants to create, and hashes its password if they may set one.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Overloaded`]; storage, including rejections by the domain's rules.
    pub(crate) async fn prepare(&self, act: Act, form: &CreateUser) -> Result<NewUser, Error> {
        let new = new_user(form)?;
        if form.password.is_some() {
            self.may_create(act, form).await?;
        }
        self.with_password(new, form).await
    }

    /// As [`Accounts::prepare`], without authorization, for the server itself.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Overloaded`].
    pub(crate) async fn checked(&self, form: &CreateUser) -> Result<NewUser, Error> {
        self.with_password(new_user(form)?, form).await
    }

    async fn with_password(&self, new: NewUser, form: &CreateUser) -> Result<NewUser, Error> {
        let Some(password) = &form.password else {
            return Ok(new);
        };
        let (password, email) = (password.clone().into(), new.email.as_str());
        let hash = self
            .passwords
            .hash_new_password(password, email, "password")
            .await?;
        Ok(NewUser {
            password: Some(hash),
            ..new
        })
    }

    /// Authorizes and validates an account without creating it. Contacts no other server.
    ///
    /// # Errors
    /// As [`Accounts::prepare`], and as creating it.
    pub(crate) async fn validate(&self, act: Act, form: &CreateUser) -> Result<(), Error> {
        let new = new_user(form)?;
        self.may_create(act, form).await?;
        let email = new.email.clone();
        if let Some(password) = &form.password {
            let (password, email) = (password.clone().into(), new.email.as_str());
            let passwords = Passwords {
                breached: self.passwords.breached.at_home(),
                ..self.passwords.clone()
            };
            passwords.accept_new(&password, email, "password").await?;
        }
        Ok(self.store().may_have_email(email).await?)
    }
}

/// The operator's request, without a password that has to be hashed.
fn new_user(form: &CreateUser) -> Result<NewUser, Error> {
    if form.password.is_some() && form.password_hash.is_some() {
        return Err(Error::Malformed {
            field: "passwordHash",
            reason: "and password cannot both be given".into(),
        });
    }
    let imported = form.password_hash.as_deref().map(password::import);
    Ok(NewUser {
        email: new_email(&form.email)?,
        password: imported
            .transpose()
            .map_err(|why| Error::invalid("passwordHash", why))?,
        first_name: validation::name("firstName", form.first_name.clone())?,
        last_name: validation::name("lastName", form.last_name.clone())?,
        role: role(form),
        permissions: permissions(form)?,
        groups: validation::groups("groups", form.groups.as_deref().unwrap_or_default())?,
        email_verified: form.email_verified.unwrap_or(true),
        disabled: form.disabled.unwrap_or(false),
    })
}

fn permissions(form: &CreateUser) -> Result<ScopeSet, Error> {
    let given = form.permissions.as_deref();
    let given = given.map(|given| validation::scopes("permissions", given));
    Ok(given.transpose()?.unwrap_or_default())
}

fn role(form: &CreateUser) -> String {
    form.role.clone().unwrap_or_else(|| role::CUSTOMER.into())
}
