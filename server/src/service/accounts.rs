//! Accounts: signing up, made by an operator, and a new password.

use doorward_shared::{ScopeSet, admin::CreateUser, auth::RegisterRequest};

use super::{Caller, Error, Passwords, Verification, passwords::Retyped, values};
use crate::{
    crypto::{
        password::{self, check_password},
        secret::Secret,
    },
    domain::{Account, Act, Actor, Cause, Door, Email, NewUser, Refusal, Session, User, role},
    settings::Registration,
    store::{EndsWithPassword, NewSession, Store, WantedAccount},
};

/// What makes accounts and sets their passwords.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub(crate) passwords: Passwords,
    pub(crate) verification: Verification,
    /// Whether people sign in only once their address is verified.
    pub(crate) verified_only: bool,
    pub(crate) registration: Registration,
    /// Whether people may delete their own accounts.
    pub(crate) self_deletion: bool,
    /// How recent a sign-in must be for what changes the server; 0 for however old.
    pub(crate) step_up_seconds: u32,
}

/// A change of one's own password.
#[derive(Debug)]
pub(crate) struct PasswordChange {
    pub current: Secret,
    pub new: Secret,
    /// Whether the account's API keys end too.
    pub api_keys: bool,
}

impl Accounts {
    fn store(&self) -> &Store {
        &self.passwords.store
    }

    /// Makes an account for somebody, and signs them in, unless their address is to be verified or a second factor to be set up
    /// first: every door's way.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`], [`Refusal::Blocked`], [`Error::RateLimited`], [`Error::Invalid`], [`Error::Overloaded`], storage with
    /// `email_taken`.
    pub(crate) async fn sign_up(
        &self,
        form: RegisterRequest,
        session: NewSession,
        cause: Cause,
    ) -> Result<(User, Option<Session>), Error> {
        self.passwords.admit(session.ip)?;
        if self.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let email = new_email(&form.email)?;
        let first_name = values::name("firstName", form.first_name)?;
        let last_name = values::name("lastName", form.last_name)?;
        // What is refused for its form takes no place in the count: a typo must not use somebody's tries up.
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
            // Nobody has shown yet that the address is theirs.
            email_verified: false,
            disabled: false,
        };
        let cause = Cause {
            actor: Actor::Anonymous,
            at: passwords.clock.now(),
            ..cause
        };
        let mail = self.verification.of_sign_up(&new.email, &cause);
        let (link, place) = mail.unzip();
        let session = (!self.verified_only).then_some(session);
        let signed_up = self.store().sign_up(new, session, link, cause);
        let (user, session) = signed_up.await?;
        if let Some(place) = place {
            place.used();
        }
        passwords.metrics.registration();
        Ok((user, session))
    }

    /// Whether a caller may make such an account now: before its password is hashed, and before an answer is given again.
    ///
    /// # Errors
    /// Storage, with what the rules refuse.
    pub(crate) async fn may_create(&self, act: Act, form: &CreateUser) -> Result<(), Error> {
        let wanted = WantedAccount {
            role: role(form),
            role_given: form.role.is_some(),
            permissions: permissions(form)?,
            with_password: form.password.is_some() || form.password_hash.is_some(),
        };
        Ok(self.store().may_create_user(wanted, act).await?)
    }

    /// Checks the account that an operator wants made; its password is hashed where they may set one.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Overloaded`], storage with what the rules refuse.
    pub(crate) async fn prepare(&self, act: Act, form: &CreateUser) -> Result<NewUser, Error> {
        let new = new_user(form)?;
        if form.password.is_some() {
            self.may_create(act, form).await?;
        }
        self.with_password(new, form).await
    }

    /// As [`Accounts::prepare`], for whoever may do everything.
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

    /// Judges an account that an operator would have made, and makes none. Nobody outside this machine is asked.
    ///
    /// # Errors
    /// As [`Accounts::prepare`] and making it.
    pub(crate) async fn rehearse(&self, act: Act, form: &CreateUser) -> Result<(), Error> {
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

    /// Changes somebody's own password; their other sessions end.
    ///
    /// # Errors
    /// [`Error::Wrong`] for a wrong current password, and as sign-in; [`Error::Invalid`].
    pub(crate) async fn change_own_password(
        &self,
        by: &Caller,
        change: PasswordChange,
        cause: Cause,
    ) -> Result<(), Error> {
        let (account, session) = by.first_party().ok_or(Refusal::NotFirstParty)?;
        let email = account.user.email.as_str();
        // First, so that a new password that is refused costs no attempt.
        check_password(change.new.expose(), email)
            .map_err(|why| Error::invalid("newPassword", why))?;
        let ip = cause.limited_by();
        let current = Retyped {
            field: "currentPassword",
            text: change.current,
        };
        let verified = self
            .passwords
            .verify_again(account, current, ip, &cause)
            .await?;
        let hash = self
            .passwords
            .hash_new_password(change.new, email, "newPassword")
            .await?;
        let seen = Some(verified.password);
        let ends = EndsWithPassword {
            keep: Some(session.id),
            api_keys: change.api_keys,
        };
        let act = self.act_now(by, Door::Own, &cause)?;
        self.store()
            .set_password(account.user.id, hash, seen, ends, act)
            .await?;
        self.passwords.forget_failures(email);
        Ok(())
    }

    /// Deletes somebody's own account, with the password again.
    ///
    /// # Errors
    /// [`Error::NoSelfDeletion`]; as [`Passwords::verify`]; `conflict` for the last administrator.
    pub(crate) async fn delete_own(
        &self,
        by: &Caller,
        password: Secret,
        cause: Cause,
    ) -> Result<(), Error> {
        let (account, _) = by.first_party().ok_or(Refusal::NotFirstParty)?;
        if !self.self_deletion {
            return Err(Error::NoSelfDeletion);
        }
        let ip = cause.limited_by();
        let seen = self
            .passwords
            .verify_again(account, password.into(), ip, &cause)
            .await?;
        let act = self.act_now(by, Door::Own, &cause)?;
        let user = account.user.id;
        Ok(self.store().delete_own_user(user, seen.into(), act).await?)
    }

    /// Sets somebody's password, as an operator does; all their sessions end, with `api_keys` their keys too.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Overloaded`], storage with what the rules refuse.
    pub(crate) async fn set_password(
        &self,
        by: &Caller,
        account: &Account,
        password: Secret,
        api_keys: bool,
        cause: Cause,
    ) -> Result<(), Error> {
        let (user, email) = (account.user.id, account.user.email.as_str());
        let act = self.act_now(by, Door::Admin, &cause)?;
        self.store().may_set_password(user, act).await?;
        let hash = self
            .passwords
            .hash_new_password(password, email, "password")
            .await?;
        let act = self.act_now(by, Door::Admin, &cause)?;
        let keep = None;
        let ends = EndsWithPassword { keep, api_keys };
        self.store()
            .set_password(user, hash, None, ends, act)
            .await?;
        self.passwords.forget_failures(email);
        Ok(())
    }

    /// What is about to be done, at this moment: hashing takes time.
    fn act_now(&self, by: &Caller, door: Door, cause: &Cause) -> Result<Act, Error> {
        let cause = Cause {
            at: self.passwords.clock.now(),
            ..cause.clone()
        };
        by.act(door, self.step_up_seconds, cause)
    }
}

/// The address of an account to be.
fn new_email(text: &str) -> Result<Email, Error> {
    let refused = |why| Error::invalid("email", why);
    let email = Email::parse(text).map_err(refused)?;
    email.check_new().map_err(refused)?;
    Ok(email)
}

/// What an operator asks for, but for a password that has to be hashed.
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
        first_name: values::name("firstName", form.first_name.clone())?,
        last_name: values::name("lastName", form.last_name.clone())?,
        role: role(form),
        permissions: permissions(form)?,
        groups: values::groups("groups", form.groups.as_deref().unwrap_or_default())?,
        email_verified: form.email_verified.unwrap_or(true),
        disabled: form.disabled.unwrap_or(false),
    })
}

fn permissions(form: &CreateUser) -> Result<ScopeSet, Error> {
    let given = form.permissions.as_deref();
    let given = given.map(|given| values::scopes("permissions", given));
    Ok(given.transpose()?.unwrap_or_default())
}

fn role(form: &CreateUser) -> String {
    form.role.clone().unwrap_or_else(|| role::CUSTOMER.into())
}
