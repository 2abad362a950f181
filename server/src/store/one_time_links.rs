//! One-time links: looked up by the hash of their token, and used up in the transaction of their operation.

use doorward_shared::{ClientId, ScopeSet, Timestamp, UserId};

use super::{
    Store, StoreError, account_rows, accounts, authority, email_addresses,
    keys::{self, KeysOf},
    mails, reclaim_account,
    row_mapping::{scopes, ulid},
    sessions,
    sql::{self, Connection, OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Account, Act, Actor, AuditContext, DomainError, User,
        mail::{MailContent, MailKind},
        one_time_link::{Link, LinkCreator, LinkKind},
        rules::{authority as rule, one_time_link as links},
    },
};

/// A link to create.
#[derive(Debug)]
pub struct NewLink {
    /// Hash of its token.
    pub hash: Digest256,
    pub user_id: UserId,
    pub kind: LinkKind,
    pub expires_at: Timestamp,
}

/// What a link sets.
#[derive(Debug)]
pub struct SetByLink {
    /// PHC string.
    pub password: String,
    /// First and last name, if the link is an invitation and they were given.
    pub names: Option<[Option<String>; 2]>,
    pub keep_api_keys: bool,
    /// Whether to revoke everything the account has if another person may have set it up before the address was
    /// verified. The hosted page does that. For an application that takes the password itself, the API promises that
    /// factors stay.
    pub thorough: bool,
}

impl Store {
    /// Creates a link that is shown to an operator or mailed; earlier links that set the account's password are
    /// revoked.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as for setting the password, which the link permits; as [`rule::mail_link`] if it is
    /// mailed to a verified address.
    pub async fn create_link(
        &self,
        new: NewLink,
        mail: Option<MailContent>,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            let account = accounts::account(tx.conn, new.user_id)?;
            let account = account.ok_or(DomainError::NotFound("user"))?;
            let (user, to) = (account.user, mail.as_ref().map(|mail| mail.to.as_str()));
            if to.is_some_and(|to| to != user.email.as_str()) {
                return Err(DomainError::PasswordChanged.into());
            }
            let mut maker = None;
            if to.is_some() && user.email_verified {
                rule::mail_link(&by)?;
            } else {
                rule::set_password(&by, new.user_id, &account.may)?;
                maker = Some(CreatorRights {
                    actor: act.actor(),
                    may: by.scopes(),
                    client: act.context(&by).client_id,
                });
            }
            let context = act.context(&by);
            end_password_links(tx, new.user_id)?;
            insert(tx, &new, to, maker, context.at)?;
            let (kind, until) = (new.kind.as_str(), new.expires_at);
            let how = if to.is_some() { "mailed" } else { "shown" };
            let detail = format!("{kind}, {how}, until {until}");
            if let Some(mail) = &mail {
                let kind = match new.kind {
                    LinkKind::Invite => MailKind::Invite,
                    _ => MailKind::Reset,
                };
                mails::write(tx, kind, Some(user.id), mail)?;
            }
            let user = user.id;
            tx.event(
                context,
                "link.created",
                Some(&user),
                Some(user),
                Some(&detail),
            )
        })
        .await
    }

    /// An unused link and its account. It may have expired.
    pub async fn link(&self, hash: Digest256) -> Result<Option<(Link, Account)>, StoreError> {
        let now = self.memory().clock.now();
        self.read(move |conn| {
            let Some(link) = find(conn, hash, now)? else {
                return Ok(None);
            };
            let account = accounts::account(conn, link.user_id)?;
            Ok(account.map(|account| (link, account)))
        })
        .await
    }

    /// Sets the password of a link's account and uses up the link, in one transaction: of concurrent uses exactly one
    /// wins. All sessions of the account end, and its keys unless they are kept; all its credentials if another person
    /// may have set up the account.
    ///
    /// # Errors
    /// [`DomainError::LinkDead`], [`DomainError::LinkExpired`].
    pub async fn set_password_by_link(
        &self,
        hash: Digest256,
        set: SetByLink,
        context: AuditContext,
    ) -> Result<User, StoreError> {
        self.write(move |tx| {
            let link = find(tx.conn, hash, context.at)?.ok_or(DomainError::LinkDead)?;
            let id = link.user_id;
            let account = accounts::account(tx.conn, id)?.ok_or(DomainError::LinkDead)?;
            let known = email_addresses::known(tx, id)?;
            let reset = links::reset(&link, &account, known, context.at)?;
            let takes_over = reset.takes_over || set.thorough && reset.may_take_over;
            let user = account.user;
            let context = AuditContext {
                actor: Actor::User(id),
                ..context
            };
            write_password(tx.conn, id, &set.password)?;
            end_password_links(tx, id)?;
            sessions::end_all_of(tx, id, None, &context)?;
            if takes_over {
                reclaim_account::end_all(tx, id, &context)?;
            } else if !set.keep_api_keys {
                keys::end_all(tx, KeysOf::Owner(id), &context)?;
            }
            let mut after = user.clone();
            after.email_verified |= reset.verifies;
            if takes_over && !user.email_verified && email_addresses::has_signed_up(tx.conn, id)? {
                (after.first_name, after.last_name) = (None, None);
            }
            if let (LinkKind::Invite, Some([first, last])) = (link.kind, set.names) {
                (after.first_name, after.last_name) = (first, last);
            }
            if after != user {
                after.updated_at = context.at;
                account_rows::update(tx, &user, &after, &context)?;
            }
            if takes_over {
                // No credential is left that may be another person's.
                email_addresses::set_verified_at(tx, id, None)?;
            }
            let detail = format!("with a one-time link ({})", link.kind.as_str());
            let action = "user.password_changed";
            tx.event(&context, action, Some(&id), Some(id), Some(&detail))?;
            Ok(after)
        })
        .await
    }
}

fn write_password(conn: &Connection, user: UserId, password: &str) -> Result<(), StoreError> {
    let sql = "UPDATE users SET password = ?2 WHERE id = ?1";
    let mut update = conn.prepare_cached(sql)?;
    update.execute(params![user.0.to_bytes(), password])?;
    Ok(())
}

pub(super) fn find(
    conn: &Connection,
    hash: Digest256,
    now: Timestamp,
) -> Result<Option<Link>, StoreError> {
    let sql = "SELECT user_id, kind, mailed_to, expires_at, maker, maker_scopes FROM links WHERE hash = ?1";
    let found = conn
        .prepare_cached(sql)?
        .query_row([hash.0], |row| {
            let kind: String = row.get(1)?;
            let Some(kind) = LinkKind::parse(&kind) else {
                return Ok(None);
            };
            let link = Link {
                user_id: UserId(ulid(row, 0)?),
                kind,
                mailed_to: row.get(2)?,
                maker: None,
                expires_at: Timestamp(row.get(3)?),
            };
            let maker: Option<String> = row.get(4)?;
            let maker = maker.map(|maker| Ok::<_, sql::Error>((maker, scopes(row, 5)?)));
            Ok(Some((link, maker.transpose()?)))
        })
        .optional()?;
    let Some((mut link, maker)) = found.flatten() else {
        return Ok(None);
    };
    if let Some((maker, then)) = maker {
        let now = authority::held_by(conn, &maker, now)?;
        link.maker = Some(LinkCreator { then, now });
    }
    Ok(Some(link))
}

/// The operator responsible for a link, and their rights.
#[derive(Debug, Clone, Copy)]
pub(super) struct CreatorRights<'a> {
    pub actor: Actor,
    pub may: &'a ScopeSet,
    /// The client whose token was used.
    pub client: Option<ClientId>,
}

/// Inserts a link, with its recipient and the operator responsible.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    new: &NewLink,
    mailed_to: Option<&str>,
    maker: Option<CreatorRights<'_>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO links (hash, user_id, kind, mailed_to, created_at, expires_at, maker, maker_scopes, \
               client_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    tx.conn.prepare_cached(sql)?.execute(params![
        new.hash.0,
        new.user_id.0.to_bytes(),
        new.kind.as_str(),
        mailed_to,
        now.0,
        new.expires_at.0,
        maker.map(|maker| maker.actor.to_string()),
        maker.map(|maker| maker.may.to_string()),
        maker.and_then(|maker| Some(maker.client?.0.to_bytes()))
    ])?;
    Ok(())
}

/// Revokes one link.
pub(super) fn remove(tx: &WriteTx<'_>, hash: Digest256) -> Result<(), StoreError> {
    let sql = "DELETE FROM links WHERE hash = ?1";
    tx.conn.prepare_cached(sql)?.execute([hash.0])?;
    Ok(())
}

/// Cancels a pending change of the account's address.
pub(super) fn end_address_change(conn: &Connection, user: UserId) -> Result<(), StoreError> {
    end_kinds(conn, user, &[LinkKind::Change])
}

/// Revokes links of these kinds.
pub(super) fn end_kinds(
    conn: &Connection,
    user: UserId,
    kinds: &[LinkKind],
) -> Result<(), StoreError> {
    let sql = "DELETE FROM links WHERE user_id = ?1 AND kind = ?2";
    let mut delete = conn.prepare_cached(sql)?;
    for kind in kinds {
        delete.execute(params![user.0.to_bytes(), kind.as_str()])?;
    }
    Ok(())
}

/// Revokes links that set the account's password, when there is another link or a new password.
pub(super) fn end_password_links(tx: &WriteTx<'_>, user: UserId) -> Result<(), StoreError> {
    let sql = "DELETE FROM links WHERE user_id = ?1 AND kind IN ('invite', 'reset', 'forgot')";
    tx.conn.prepare_cached(sql)?.execute([user.0.to_bytes()])?;
    Ok(())
}

/// Revokes links that an account or client created for others and was shown. Called where an account's keys are
/// revoked, since the links may have been obtained with a stolen session too.
pub(super) fn end_made_by(tx: &WriteTx<'_>, maker: Actor) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM links WHERE maker = ?1")?
        .execute([maker.to_string()])?;
    Ok(())
}

/// Revokes links that were created with a client's tokens.
pub(super) fn end_made_through(tx: &WriteTx<'_>, client: ClientId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM links WHERE client_id = ?1")?
        .execute([client.0.to_bytes()])?;
    Ok(())
}

/// Revokes links that a user was shown through a client whose consent they have withdrawn.
pub(super) fn end_made_by_through(
    tx: &WriteTx<'_>,
    maker: UserId,
    client: ClientId,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM links WHERE maker = ?1 AND client_id = ?2")?
        .execute(params![Actor::User(maker).to_string(), client.0.to_bytes()])?;
    Ok(())
}

/// Revokes every link of an account: its address has changed, or sign-in is disabled.
pub(super) fn end_all_of(tx: &WriteTx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM links WHERE user_id = ?1")?
        .execute([user.0.to_bytes()])?;
    Ok(())
}
