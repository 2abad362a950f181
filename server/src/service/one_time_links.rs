//! One-time links: creating them as an operator, and setting a password with one.

use doorward_shared::admin::{CreateLink, Link as VerifiedFactor};

use super::{Caller, Error, Passwords, validation};
use crate::{
    clock::random_bytes,
    crypto::secret::{self, Secret},
    domain::{
        Account, Actor, AuditContext, DomainError, EntryPoint, User, mail::MailContent,
        one_time_link::Link, rules::one_time_link as links,
    },
    store::{NewLink, SetByLink},
};

/// Default lifetime of a link, in seconds.
const DEFAULT_SECONDS: i64 = 86_400;
/// Range of a link's lifetime, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 60..=2_592_000;

/// Creates one-time links, and sets passwords with them.
#[derive(Debug, Clone)]
pub struct Links {
    pub(crate) passwords: Passwords,
    pub(crate) issuer: String,
    /// Whether this server sends mail.
    pub(crate) mail: bool,
    /// Maximum age of a sign-in for administrative operations, in seconds; 0 for no maximum.
    pub(crate) step_up_seconds: u32,
}

/// A new password set with a link, and its options.
#[derive(Debug)]
pub(crate) struct Reset {
    pub token: Secret,
    pub password: Secret,
    /// First and last name, if an invitation asked for them.
    pub names: Option<[Option<String>; 2]>,
    pub keep_api_keys: bool,
    /// As [`SetByLink::thorough`].
    pub thorough: bool,
}

/// A valid link.
#[derive(Debug)]
pub(crate) struct OpenLink {
    pub link: Link,
    pub account: Account,
}

impl Links {
    /// Creates a link to the page on which a user sets their password. Its URL begins with the issuer, whatever host a
    /// request names.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a lifetime out of range; [`Error::MailDisabled`]; storage, including rejections by the
    /// domain's rules.
    pub(crate) async fn create(
        &self,
        by: &Caller,
        account: &Account,
        asked: &CreateLink,
        context: AuditContext,
    ) -> Result<VerifiedFactor, Error> {
        let seconds = asked.expires_in_seconds.unwrap_or(DEFAULT_SECONDS);
        if !SECONDS.contains(&seconds) {
            let why = "must be from 60 to 2592000";
            return Err(Error::invalid("expiresInSeconds", why));
        }
        if asked.send && !self.mail {
            return Err(Error::MailDisabled);
        }
        let language = context.language;
        let act = by.act(EntryPoint::Admin, self.step_up_seconds, context)?;
        let expires_at = act.at().plus_seconds(seconds);
        let token = secret::link_token(random_bytes());
        let new = NewLink {
            hash: token.digest(),
            user_id: account.user.id,
            kind: asked.purpose.into(),
            expires_at,
        };
        let mail = asked.send.then(|| MailContent {
            token: Some(token.expose().to_owned()),
            until: Some(expires_at),
            ..MailContent::new(account.user.email.as_str(), language, act.at())
        });
        self.passwords.store.create_link(new, mail, act).await?;
        Ok(VerifiedFactor {
            url: (!asked.send).then(|| self.url(&token)),
            expires_at,
        })
    }

    fn url(&self, token: &Secret) -> String {
        format!("{}/reset-password?token={}", self.issuer, token.expose())
    }

    /// The link of a token that sets a password, if it is still valid.
    ///
    /// # Errors
    /// [`DomainError::LinkDead`], [`DomainError::LinkExpired`], storage.
    pub(crate) async fn open(&self, token: &Secret) -> Result<OpenLink, Error> {
        let found = self.passwords.store.link(token.digest()).await?;
        let (link, account) = found.ok_or(DomainError::LinkDead)?;
        links::sets_password(&link, &account, self.passwords.clock.now())?;
        Ok(OpenLink { link, account })
    }

    /// Sets the password of a link's account; the link is used up.
    ///
    /// # Errors
    /// As [`Links::open`]; [`DomainError::Blocked`]; [`Error::Invalid`] for an invalid password or name, which does not
    /// use up the link; [`Error::RateLimited`] as for password checks, which cost as much; [`Error::Overloaded`].
    pub(crate) async fn reset(&self, reset: Reset, context: AuditContext) -> Result<User, Error> {
        let passwords = &self.passwords;
        if let Some(ip) = context.ip {
            passwords.admit(ip)?;
        }
        let OpenLink { account, .. } = self.open(&reset.token).await?;
        if let Some(ip) = context.ip {
            passwords.limits.check(ip, passwords.clock.monotonic())?;
        }
        let email = account.user.email.as_str();
        let names = match reset.names {
            Some([first, last]) => Some([
                validation::name("firstName", first)?,
                validation::name("lastName", last)?,
            ]),
            None => None,
        };
        let password = passwords
            .hash_new_password(reset.password, email, "newPassword")
            .await?;
        let set = SetByLink {
            password,
            names,
            keep_api_keys: reset.keep_api_keys,
            thorough: reset.thorough,
        };
        let context = AuditContext {
            actor: Actor::Anonymous,
            at: passwords.clock.now(),
            ..context
        };
        let user = passwords
            .store
            .set_password_by_link(reset.token.digest(), set, context)
            .await?;
        passwords.forget_failures(user.email.as_str());
        Ok(user)
    }
}
