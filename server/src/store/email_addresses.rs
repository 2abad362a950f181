//! Email addresses of accounts: verification by a mailed link, address changes, and password reset by mail.

use doorward_shared::{Timestamp, UserId};

use super::{
    SeenPassword, Store, StoreError, account_rows, accounts, authority, factor_sessions, mails,
    one_time_links::{self, NewLink},
    row_mapping::{self, USER, maybe_time},
    sessions,
    sql::{Connection, OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, Actor, AuditContext, DomainError, Email, User,
        email::abridged,
        mail::{MailContent, MailKind},
        one_time_link::{Link, LinkKind},
        rules::{authority as rule, one_time_link as rules},
    },
};

/// A link to mail, if an account matches.
#[derive(Debug)]
pub struct LinkByMail {
    pub hash: Digest256,
    /// With the link's token and expiry. The recipient is looked up in the transaction.
    pub content: MailContent,
}

impl LinkByMail {
    fn ends(&self) -> Timestamp {
        self.content.until.unwrap_or(self.content.at)
    }
}

/// The requested new address of an account.
#[derive(Debug)]
pub struct NewAddress {
    pub email: Email,
    /// Whether the previous address is notified.
    pub tell_old: bool,
}

/// Purpose of a mail that anyone may request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedMail {
    /// Password reset.
    Password,
    /// Address verification.
    Verification,
}

impl Store {
    /// Mails a link to the account with an address, if there is one and it `may` be mailed; returns whether. Otherwise
    /// the transaction does the same work without a row, so that timing reveals nothing.
    pub async fn mail_link(
        &self,
        asked: RequestedMail,
        may: bool,
        email: String,
        link: LinkByMail,
        context: AuditContext,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let found = of_address(tx.conn, &email)?;
            let known = found.as_ref().map(|user| user.id);
            let action = match asked {
                RequestedMail::Password => "user.reset_requested",
                RequestedMail::Verification => "user.verification_requested",
            };
            let detail = abridged(&email).filter(|_| known.is_none());
            let target = known.as_ref().map(|id| id as &dyn std::fmt::Display);
            tx.event(&context, action, target, known, detail.as_deref())?;
            let wanted = found.filter(|user| match asked {
                _ if !may || !user.is_enabled() => false,
                RequestedMail::Password => true,
                RequestedMail::Verification => !user.email_verified,
            });
            let Some(user) = wanted else {
                do_equal_work(tx, link)?;
                return Ok(false);
            };
            let (kind, mail) = match asked {
                RequestedMail::Password => (LinkKind::Forgot, MailKind::Forgot),
                RequestedMail::Verification if has_signed_up(tx.conn, user.id)? => {
                    (LinkKind::SignUp, MailKind::SignUp)
                }
                RequestedMail::Verification => (LinkKind::Verify, MailKind::Verify),
            };
            send(tx, kind, mail, &user, link)?;
            Ok(true)
        })
        .await
    }

    /// Verifies an address by a mailed link; from then on it is the account's address, if it was not already. If the
    /// user who opens the link is `signed_in` to that account, its credentials are theirs; otherwise another person may
    /// have set them up.
    ///
    /// # Errors
    /// [`DomainError::LinkDead`], [`DomainError::LinkExpired`]; [`DomainError::EmailTaken`], which leaves the link
    /// unused.
    pub async fn verify_email(
        &self,
        hash: Digest256,
        signed_in: Option<UserId>,
        context: AuditContext,
    ) -> Result<User, StoreError> {
        self.write(move |tx| {
            let (link, user) = open(tx, hash, context.at)?;
            let known = known(tx, user.id)?;
            let mut after = user.clone();
            let mut ended = &[LinkKind::SignUp, LinkKind::Verify][..];
            if link.kind == LinkKind::Change {
                ended = &[LinkKind::Change];
                let email = link.mailed_to.as_deref().map(Email::parse);
                after.email = email.and_then(Result::ok).ok_or(DomainError::LinkDead)?;
            }
            after.email_verified = true;
            let context = AuditContext {
                actor: Actor::User(user.id),
                ..context
            };
            one_time_links::end_kinds(tx.conn, user.id, ended)?;
            if after != user {
                after.updated_at = context.at;
                account_rows::update(tx, &user, &after, &context)?;
            }
            let id = user.id;
            let signed_in = signed_in == Some(id);
            let verified_at = rules::verified_at(&link, &user, known, signed_in, context.at);
            set_verified_at(tx, id, verified_at)?;
            tx.event(&context, "user.email_verified", Some(&id), Some(id), None)?;
            Ok(after)
        })
        .await
    }

    /// Handles "this was not me" from the owner of the address: deletes the account of a sign-up's own link, or cancels
    /// a change to the address. Returns which.
    ///
    /// # Errors
    /// [`DomainError::LinkDead`], also of a sign-up whose address is verified; [`DomainError::LinkExpired`]; [`DomainError::Conflict`]
    /// for the last administrator.
    pub async fn disown_account(
        &self,
        hash: Digest256,
        context: AuditContext,
    ) -> Result<LinkKind, StoreError> {
        self.write(move |tx| {
            let (link, user) = open(tx, hash, context.at)?;
            match link.kind {
                LinkKind::SignUp if !user.email_verified => {
                    accounts::remove(tx, &user, Some("this was not me"), &context)?;
                }
                LinkKind::Change => {
                    one_time_links::end_address_change(tx.conn, user.id)?;
                    let (id, action) = (user.id, "user.email_change_refused");
                    tx.event(&context, action, Some(&id), Some(id), None)?;
                }
                _ => return Err(DomainError::LinkDead.into()),
            }
            Ok(link.kind)
        })
        .await
    }

    /// Mails a link to the address that is to become the account's, and notifies the previous one if requested.
    ///
    /// # Errors
    /// [`DomainError::EmailTaken`], [`DomainError::PasswordChanged`], [`DomainError::Invalid`], [`DomainError::FactorFirst`]; as
    /// [`rule::change_address`].
    pub async fn ask_for_change(
        &self,
        user: UserId,
        to: NewAddress,
        password: SeenPassword,
        link: LinkByMail,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::change_address(&by, user)?;
            // A password reset from the new address could remove second factors.
            factor_sessions::demand(tx.conn, &act)?;
            let context = act.context(&by);
            sessions::demand_password(tx, user, &password.hash, password.rehashed)?;
            let found = accounts::find(tx.conn, user)?.ok_or(DomainError::NotFound("user"))?;
            let NewAddress { email, tell_old } = to;
            account_rows::check_address(tx.conn, &email, &found)?;
            let content = MailContent {
                about: told_address(&found, &email),
                ip: context.ip.map(|ip| ip.to_canonical().to_string()),
                ..MailContent::new(found.email.as_str(), context.language, context.at)
            };
            if tell_old {
                mails::write(tx, MailKind::ChangeAsked, Some(user), &content)?;
            }
            let link = LinkByMail {
                content: MailContent {
                    about: abridged(found.email.as_str()),
                    ..link.content
                },
                ..link
            };
            let to = User { email, ..found };
            send(tx, LinkKind::Change, MailKind::Change, &to, link)?;
            let detail = format!("to {}", to.email.as_str());
            let action = "user.email_change_requested";
            tx.event(context, action, Some(&user), Some(user), Some(&detail))
        })
        .await
    }
}

/// Creates a link of the account and mails it to the address that `user` has here. Earlier links stay valid until they
/// expire, since anyone may request another; of two address changes the later one counts.
pub(super) fn send(
    tx: &mut WriteTx<'_>,
    kind: LinkKind,
    mail: MailKind,
    user: &User,
    link: LinkByMail,
) -> Result<(), StoreError> {
    if kind == LinkKind::Change {
        one_time_links::end_kinds(tx.conn, user.id, &[kind])?;
    }
    let new = NewLink {
        hash: link.hash,
        user_id: user.id,
        kind,
        expires_at: link.ends(),
    };
    let content = MailContent {
        to: user.email.as_str().to_owned(),
        ..link.content
    };
    one_time_links::insert(tx, &new, Some(&content.to), None, content.at)?;
    mails::write(tx, mail, Some(user.id), &content)
}

/// Performs the same work as [`send`] without a row, so that timing does not reveal whether a mail is sent.
fn do_equal_work(tx: &mut WriteTx<'_>, link: LinkByMail) -> Result<(), StoreError> {
    let sql = "SELECT id FROM users ORDER BY id DESC LIMIT 1";
    let anybody = tx
        .conn
        .prepare_cached(sql)?
        .query_row([], |row| super::row_mapping::ulid(row, 0))
        .optional()?;
    let Some(user_id) = anybody.map(UserId) else {
        return Ok(());
    };
    let new = NewLink {
        hash: link.hash,
        user_id,
        kind: LinkKind::Forgot,
        expires_at: link.ends(),
    };
    let (to, at) = (&link.content.to, link.content.at);
    one_time_links::insert(tx, &new, Some(to), None, at)?;
    one_time_links::remove(tx, new.hash)?;
    mails::do_equal_work(tx, user_id, &link.content)
}

/// A verification link and its account.
fn open(tx: &WriteTx<'_>, hash: Digest256, now: Timestamp) -> Result<(Link, User), StoreError> {
    let link = one_time_links::find(tx.conn, hash, now)?.ok_or(DomainError::LinkDead)?;
    let user = accounts::find(tx.conn, link.user_id)?.ok_or(DomainError::LinkDead)?;
    rules::verify(&link, &user, now)?;
    Ok((link, user))
}

/// The account that a sign-in with this address selects.
pub(super) fn of_address(conn: &Connection, email: &str) -> Result<Option<User>, StoreError> {
    let [beside, key] = Email::keys_of(email);
    let sql = format!(
        "SELECT {USER} FROM users AS u WHERE u.email_key IN (?1, ?2) ORDER BY u.email_key = ?1 DESC LIMIT 1"
    );
    let mut select = conn.prepare_cached(&sql)?;
    Ok(select
        .query_row([beside, key], row_mapping::user)
        .optional()?)
}

/// The address shown in a mail about an account; abbreviated if the account may belong to another person, who must not
/// receive text of an attacker's choice.
pub(super) fn told_address(user: &User, about: &Email) -> Option<String> {
    if user.email_verified {
        Some(about.as_str().to_owned())
    } else {
        abridged(about.as_str())
    }
}

/// Facts about an account's address, for the rules.
pub(super) fn known(tx: &WriteTx<'_>, user: UserId) -> Result<rules::LinkFacts, StoreError> {
    let sql = "SELECT verified_at, created_at FROM users WHERE id = ?1";
    let mut select = tx.conn.prepare_cached(sql)?;
    let (verified_at, opened) = select.query_row([user.0.to_bytes()], |row| {
        Ok((maybe_time(row, 0)?, Timestamp(row.get(1)?)))
    })?;
    let since = mails::mailing_since(tx.conn)?;
    Ok(rules::LinkFacts {
        verified_at,
        could_be_verified: mails::is_mailing(tx) && since.is_none_or(|since| since <= opened),
    })
}

/// Sets the verification time of the address; `None` once the account's credentials are known to be its owner's.
pub(super) fn set_verified_at(
    tx: &WriteTx<'_>,
    user: UserId,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET verified_at = ?2 WHERE id = ?1";
    let mut update = tx.conn.prepare_cached(sql)?;
    update.execute(params![user.0.to_bytes(), at.map(|at| at.0)])?;
    Ok(())
}

/// Whether the account was created by sign-up.
pub(super) fn has_signed_up(conn: &Connection, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT signed_up FROM users WHERE id = ?1";
    let mut select = conn.prepare_cached(sql)?;
    Ok(select.query_row([user.0.to_bytes()], |row| row.get(0))?)
}
