//! Email verification and mailed links: verifying an address, changing it, and resetting a forgotten password.

use std::net::IpAddr;

use doorward_shared::UserId;

use super::{Caller, Error, OpenLink, Passwords};
use crate::{
    clock::random_bytes,
    crypto::secret::{self, Secret},
    domain::{
        AuditContext, DomainError, Email, EntryPoint, User,
        mail::{Language, MailContent},
        one_time_link::LinkKind,
        rules::one_time_link as links,
    },
    state::{MailSlot, Mailed},
    store::{LinkByMail, NewAddress, RequestedMail},
};

/// Lifetime of a link for a forgotten password, in seconds.
const FORGOT_SECONDS: i64 = 3600;
/// Lifetime of a link that verifies an address, in seconds: NIST SP 800-63A allows a day.
const VERIFY_SECONDS: i64 = 86_400;

/// Verifies addresses, and mails links.
#[derive(Debug, Clone)]
pub struct Verification {
    pub(crate) passwords: Passwords,
    /// Whether this server sends mail.
    pub(crate) mail: bool,
    /// Maximum age of a sign-in for administrative operations, in seconds; 0 for no maximum.
    pub(crate) step_up_seconds: u32,
}

impl Verification {
    /// Whether mail is sent.
    ///
    /// # Errors
    /// [`Error::MailDisabled`].
    pub(crate) fn must_mail(&self) -> Result<(), Error> {
        if self.mail {
            Ok(())
        } else {
            Err(Error::MailDisabled)
        }
    }

    /// Mails a link if the address has an account. The outcome is not revealed: neither the response nor its timing
    /// shows whether there is an account.
    ///
    /// # Errors
    /// [`Error::MailDisabled`], [`DomainError::Blocked`], storage.
    pub(crate) async fn ask(
        &self,
        asked: RequestedMail,
        email: String,
        ip: IpAddr,
        context: AuditContext,
    ) -> Result<(), Error> {
        let passwords = &self.passwords;
        // Verifying an address does not sign in.
        if asked == RequestedMail::Password {
            passwords.admit(ip)?;
        }
        self.must_mail()?;
        let key = Email::key_of(&email);
        let (what, seconds) = match asked {
            RequestedMail::Password => (Mailed::Forgot, FORGOT_SECONDS),
            RequestedMail::Verification => (Mailed::Again, VERIFY_SECONDS),
        };
        let (limits, now) = (&passwords.limits, passwords.clock.monotonic());
        if limits.mail_from(ip, now).is_err() {
            return Ok(());
        }
        let place = limits.mail_to(what, &key, now);
        // An invalid address is treated like one without an account.
        let to = Email::parse(&email).map_or_else(
            |_| "nobody@localhost".into(),
            |email| email.as_str().to_owned(),
        );
        let link = new_link(&to, context.language, seconds, &context);
        let (store, may) = (&passwords.store, place.is_some());
        let sent = store.mail_link(asked, may, email, link, context);
        if let (true, Some(place)) = (sent.await?, place) {
            place.used();
        }
        Ok(())
    }

    /// The verification link of a sign-up's mail, with its slot; `None` if no mail is sent, or the address has received
    /// many, since accounts can be created and deleted in turn.
    pub(crate) fn of_sign_up(
        &self,
        email: &Email,
        context: &AuditContext,
    ) -> Option<(LinkByMail, MailSlot)> {
        if !self.mail {
            return None;
        }
        let Passwords { limits, clock, .. } = &self.passwords;
        let place = limits.mail_to(Mailed::SignUp, email.key(), clock.monotonic())?;
        let link = new_link(email.as_str(), context.language, VERIFY_SECONDS, context);
        Some((link, place))
    }

    /// The link of a token that verifies an address, if it is still valid.
    ///
    /// # Errors
    /// [`DomainError::LinkDead`], [`DomainError::LinkExpired`], storage.
    pub(crate) async fn open(&self, token: &Secret) -> Result<OpenLink, Error> {
        let found = self.passwords.store.link(token.digest()).await?;
        let (link, account) = found.ok_or(DomainError::LinkDead)?;
        links::verify(&link, &account.user, self.passwords.clock.now())?;
        Ok(OpenLink { link, account })
    }

    /// Verifies the address of a link. `signed_in` is the signed-in user who opened it, if there is one.
    ///
    /// # Errors
    /// As [`Verification::open`]; storage with `email_taken`.
    pub(crate) async fn verify(
        &self,
        token: &Secret,
        signed_in: Option<UserId>,
        context: AuditContext,
    ) -> Result<User, Error> {
        let store = &self.passwords.store;
        let verified = store.verify_email(token.digest(), signed_in, context);
        Ok(verified.await?)
    }

    /// Deletes the account of a sign-up link, or cancels a change of address; returns which.
    ///
    /// # Errors
    /// As [`Verification::open`].
    pub(crate) async fn reject_change(
        &self,
        token: &Secret,
        context: AuditContext,
    ) -> Result<LinkKind, Error> {
        let store = &self.passwords.store;
        Ok(store.disown_account(token.digest(), context).await?)
    }

    /// Mails a link to the user's new address.
    ///
    /// # Errors
    /// [`Error::MailDisabled`], [`Error::Invalid`], [`Error::Wrong`]; storage with `email_taken`.
    pub(crate) async fn change(
        &self,
        by: &Caller,
        email: &str,
        password: Secret,
        context: AuditContext,
    ) -> Result<(), Error> {
        self.must_mail()?;
        let (account, _) = by.first_party().ok_or(DomainError::NotFirstParty)?;
        let refused = |why| Error::invalid("email", why);
        let email = Email::parse(email).map_err(refused)?;
        email.check_new().map_err(refused)?;
        if email == account.user.email {
            return Err(refused("is your address already"));
        }
        let passwords = &self.passwords;
        let ip = context.limited_by();
        let verified = passwords
            .verify_again(account, password.into(), ip, &context)
            .await?;
        let (limits, now) = (&passwords.limits, passwords.clock.monotonic());
        if limits.mail_from(ip, now).is_err() {
            return Ok(());
        }
        let Some(place) = limits.mail_to(Mailed::Change, email.key(), now) else {
            return Ok(());
        };
        let told = limits.mail_to(Mailed::ChangeAsked, account.user.email.key(), now);
        let context = AuditContext {
            at: passwords.clock.now(),
            ..context
        };
        let link = new_link(email.as_str(), context.language, VERIFY_SECONDS, &context);
        let act = by.act(EntryPoint::Own, self.step_up_seconds, context)?;
        let user = account.user.id;
        let to = NewAddress {
            email,
            tell_old: told.is_some(),
        };
        passwords
            .store
            .ask_for_change(user, to, verified.into(), link, act)
            .await?;
        [Some(place), told]
            .into_iter()
            .flatten()
            .for_each(MailSlot::used);
        Ok(())
    }
}

fn new_link(to: &str, language: Language, seconds: i64, context: &AuditContext) -> LinkByMail {
    let token = secret::link_token(random_bytes());
    LinkByMail {
        hash: token.digest(),
        content: MailContent {
            token: Some(token.expose().to_owned()),
            until: Some(context.at.plus_seconds(seconds)),
            ..MailContent::new(to, language, context.at)
        },
    }
}
