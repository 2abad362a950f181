//! Mail outbox: a mail is a row written in the transaction that causes it, its text sealed with the master key. A
//! worker sends it afterwards and retries for up to a day.

use std::sync::Arc;

use doorward_shared::{Timestamp, UserId};
use ulid::Ulid;

use super::{
    Store, StoreError, accounts,
    row_mapping::{maybe_ulid, ulid},
    sql::{self, Connection, OptionalExtension, Row, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::seal::MasterKey,
    domain::{
        AuditContext, User,
        mail::{MailContent, MailKind},
    },
};

/// How long delivery is retried, in seconds: a day.
const TRIED_FOR: i64 = 86_400;
/// Delays between two tries, in seconds; the last one repeats.
const WAITS: [i64; 8] = [1, 5, 20, 60, 300, 900, 1800, 3600];
/// Maximum notices of one kind to one account per hour; the second value applies while the address is not verified.
const NOTICES: (u32, u32) = (20, 5);
const HOUR: i64 = 3600;

/// Sealing key and settings of mail, if mail is configured.
#[derive(Debug)]
pub struct Mailing {
    pub master: Arc<MasterKey>,
    /// Whether users are notified of events on their account.
    pub notices: bool,
}

/// A mail to send.
#[derive(Debug)]
pub struct Mail {
    pub id: Ulid,
    /// `None` for a kind that this version does not know.
    pub kind: Option<MailKind>,
    /// The kind as it is stored.
    pub named: String,
    /// `None` if this master key cannot decrypt it.
    pub content: Option<MailContent>,
    pub user_id: Option<UserId>,
    pub created_at: Timestamp,
    tries: u32,
}

/// Why a mail was not sent.
#[derive(Debug)]
pub struct MailFailure {
    pub error: String,
    /// Whether the failure is permanent.
    pub for_good: bool,
}

/// The state of the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailsWaiting {
    pub count: u64,
    /// When the oldest of them was created.
    pub oldest: Option<Timestamp>,
    /// Error of the last failed try of one of them.
    pub error: Option<String>,
}

/// The associated data that a mail's content is sealed with.
fn place(id: Ulid) -> String {
    format!("mail {id}")
}

/// Inserts a mail. Undelivered ones of the same kind to the same user are outdated and deleted.
pub(super) fn write(
    tx: &mut WriteTx<'_>,
    kind: MailKind,
    user: Option<UserId>,
    content: &MailContent,
) -> Result<(), StoreError> {
    if insert(tx, kind, user, content)?.is_some() {
        tx.changes.mails = true;
    }
    Ok(())
}

/// As [`write`]; returns the row's id if mail is configured.
fn insert(
    tx: &mut WriteTx<'_>,
    kind: MailKind,
    user: Option<UserId>,
    content: &MailContent,
) -> Result<Option<Ulid>, StoreError> {
    let Some(mailing) = tx.memory.mailing.get() else {
        return Ok(None);
    };
    let id = tx.id(content.at);
    let sealed = serde_json::to_vec(content)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
        .map(|json| mailing.master.seal(&place(id), &json))?
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let user = user.map(|user| user.0.to_bytes());
    if !kind.is_notice() {
        let sql = "DELETE FROM mails WHERE user_id = ?1 AND kind = ?2 AND due_at IS NOT NULL AND tries > 0";
        tx.conn
            .prepare_cached(sql)?
            .execute(params![user, kind.as_str()])?;
    }
    tx.conn
        .prepare_cached("INSERT INTO mails VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, NULL, NULL)")?
        .execute(params![
            id.to_bytes(),
            user,
            kind.as_str(),
            sealed,
            content.at.0
        ])?;
    Ok(Some(id))
}

/// Performs the same work as [`write`] without a row, so that timing reveals nothing.
pub(super) fn do_equal_work(
    tx: &mut WriteTx<'_>,
    user: UserId,
    content: &MailContent,
) -> Result<(), StoreError> {
    if let Some(id) = insert(tx, MailKind::Test, Some(user), content)? {
        let sql = "DELETE FROM mails WHERE id = ?1";
        tx.conn.prepare_cached(sql)?.execute([id.to_bytes()])?;
        tx.changes.mails = true;
    }
    Ok(())
}

/// The notice mailed for an event's action, if any.
fn notice_of(action: &str) -> Option<MailKind> {
    match action {
        "user.password_changed" => Some(MailKind::PasswordChanged),
        "apikey.created" | "apikey.rotated" => Some(MailKind::KeyMinted),
        "mfa.passkey_counter_went_back" => None,
        _ => action
            .starts_with("mfa.")
            .then_some(MailKind::FactorsChanged),
    }
}

/// Notifies a user of an event on their account, if its kind is mailed.
pub(super) fn tell(
    tx: &mut WriteTx<'_>,
    context: &AuditContext,
    action: &str,
    user: Option<UserId>,
) -> Result<(), StoreError> {
    let Some((kind, user)) = notice_of(action).zip(user) else {
        return Ok(());
    };
    if !is_telling(tx) {
        return Ok(());
    }
    match accounts::find(tx.conn, user)? {
        Some(user) => notice(tx, kind, &user, context, |_| ()),
        None => Ok(()),
    }
}

/// Whether this server sends mail.
pub(super) fn is_mailing(tx: &WriteTx<'_>) -> bool {
    tx.memory.mailing.get().is_some()
}

/// When this server began to send mail, if it ever did.
pub(super) fn mailing_since(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'mailing_since'";
    let mut select = conn.prepare_cached(sql)?;
    let since = select.query_row([], |row| row.get(0)).optional()?;
    Ok(since.map(Timestamp))
}

/// Whether users are notified of events on their account.
pub(super) fn is_telling(tx: &WriteTx<'_>) -> bool {
    let mailing = tx.memory.mailing.get();
    mailing.is_some_and(|mailing| mailing.notices)
}

/// Maximum notices of this kind mailed to an account per hour. An attacker who has taken over an account could use up a
/// limit and then change the password unnoticed, so notices about credentials always go to a verified address. Someone
/// who signs up with another person's address must not be able to flood them.
fn most(kind: MailKind, user: &User) -> Option<u32> {
    match kind {
        _ if !user.email_verified => Some(NOTICES.1),
        MailKind::PasswordChanged | MailKind::EmailChanged | MailKind::FactorsChanged => None,
        _ => Some(NOTICES.0),
    }
}

/// Inserts a notice, unless the user has received too many of its kind this hour.
pub(super) fn notice(
    tx: &mut WriteTx<'_>,
    kind: MailKind,
    user: &User,
    context: &AuditContext,
    with: impl FnOnce(&mut MailContent),
) -> Result<(), StoreError> {
    if !is_telling(tx) {
        return Ok(());
    }
    if let Some(most) = most(kind, user) {
        let since = context.at.plus_seconds(-HOUR);
        let sql = "SELECT count(*) FROM mails WHERE user_id = ?1 AND created_at > ?2 AND kind = ?3";
        let of = params![user.id.0.to_bytes(), since.0, kind.as_str()];
        let mut select = tx.conn.prepare_cached(sql)?;
        let sent: u32 = select.query_row(of, |row| row.get(0))?;
        if sent >= most {
            return Ok(());
        }
    }
    let mut content = MailContent::new(user.email.as_str(), context.language, context.at);
    content.ip = context.ip.map(|ip| ip.to_canonical().to_string());
    with(&mut content);
    write(tx, kind, Some(user.id), &content)
}

/// Deletes the pending mails of a deleted account.
pub(super) fn drop_of(tx: &WriteTx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM mails WHERE user_id = ?1")?
        .execute([user.0.to_bytes()])?;
    Ok(())
}

impl Mail {
    /// Whether the mail is too old to be useful: it could not be sent for a day.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.created_at.plus_seconds(TRIED_FOR)
    }
}

fn mail(row: &Row<'_>, mailing: &Mailing) -> sql::Result<Mail> {
    let (id, named): (_, String) = (ulid(row, 0)?, row.get(1)?);
    let sealed: Option<Vec<u8>> = row.get(3)?;
    let opened = sealed.and_then(|sealed| mailing.master.open(&place(id), &sealed).ok());
    Ok(Mail {
        id,
        kind: MailKind::parse(&named),
        named,
        content: opened.and_then(|json| serde_json::from_slice(&json).ok()),
        user_id: maybe_ulid(row, 2)?.map(UserId),
        created_at: Timestamp(row.get(4)?),
        tries: row.get(5)?,
    })
}

impl Store {
    /// Enables mail. Called once, at the start. The time of the very first call is stored: no address could be verified
    /// before.
    pub async fn send_mail(&self, mailing: Mailing, now: Timestamp) -> Result<(), StoreError> {
        let known = self.read(mailing_since).await?;
        if known.is_none() {
            self.write(move |tx| {
                let sql = "INSERT INTO meta VALUES ('mailing_since', \
                           coalesce((SELECT min(created_at) FROM mails), ?1)) ON CONFLICT (key) DO NOTHING";
                tx.conn.prepare_cached(sql)?.execute([now.0])?;
                Ok(())
            })
            .await?;
        }
        let _ = self.memory().mailing.set(mailing);
        Ok(())
    }

    /// Requires a verified address for sign-in from now on. Called once, at the start.
    pub fn require_verified_email(&self) {
        let _ = self.memory().verified_only.set(true);
    }

    /// Due mails, oldest first, at most `limit`.
    pub async fn due_mails(&self, now: Timestamp, limit: usize) -> Result<Vec<Mail>, StoreError> {
        let memory = self.memory_shared();
        self.read(move |conn| {
            let Some(mailing) = memory.mailing.get() else {
                return Ok(Vec::new());
            };
            let sql = "SELECT id, kind, user_id, sealed, created_at, tries FROM mails \
                       WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2";
            let mut select = conn.prepare_cached(sql)?;
            let rows = select.query_map(params![now.0, limit], |row| mail(row, mailing))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The mail server accepted a mail: its text is wiped.
    pub async fn mail_sent(&self, id: Ulid, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "UPDATE mails SET sealed = NULL, due_at = NULL, sent_at = ?2, error = NULL WHERE id = ?1";
            tx.conn
                .prepare_cached(sql)?
                .execute(params![id.to_bytes(), now.0])?;
            Ok(())
        })
        .await
    }

    /// The mail server did not accept a mail: it is retried for up to a day. The first failure and giving up are
    /// events. Returns whether it is retried.
    pub async fn mail_failed(
        &self,
        mail: Mail,
        failure: MailFailure,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let wait = WAITS[(mail.tries as usize).min(WAITS.len() - 1)];
        let due = now.plus_seconds(wait);
        let again = !failure.for_good && due < mail.created_at.plus_seconds(TRIED_FOR);
        self.write(move |tx| {
            let sql = "UPDATE mails SET due_at = ?2, tries = tries + 1, error = ?3, \
                       sealed = CASE WHEN CAST(?2 AS BIGINT) IS NULL THEN NULL ELSE sealed END WHERE id = ?1";
            let due = again.then_some(due.0);
            let noted = tx.conn.prepare_cached(sql)?.execute(params![
                mail.id.to_bytes(),
                due,
                failure.error
            ])?;
            if noted == 1 && (mail.tries == 0 || !again) {
                let how = if again { "tried again" } else { "given up" };
                let detail = format!("{}: {}; {how}", mail.named, failure.error);
                let user = mail.user_id;
                let target = user.as_ref().map(|id| id as &dyn std::fmt::Display);
                let context = AuditContext::system(now);
                tx.event(&context, "mail.failed", target, user, Some(&detail))?;
            }
            Ok(again)
        })
        .await
    }

    /// Records that mail to this server is unencrypted: anyone on the network path can read the links in it.
    pub async fn note_mail_in_the_clear(
        &self,
        host: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let detail = format!("{host} does not offer TLS: an attacker on the network path can read the links; mail_require_tls forbids that");
            let context = AuditContext::system(now);
            tx.event(&context, "mail.unencrypted", None, None, Some(&detail))
        })
        .await
    }

    /// When the next mail is due, if there is any.
    pub async fn next_mail(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT min(due_at) FROM mails WHERE due_at IS NOT NULL";
            let due: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(due.map(Timestamp))
        })
        .await
    }

    /// The state of the outbox, and the error that delays it.
    pub async fn mails_waiting(&self) -> Result<MailsWaiting, StoreError> {
        self.read(|conn| {
            let sql = "SELECT count(*), min(created_at) FROM mails WHERE due_at IS NOT NULL";
            let (count, oldest): (u64, Option<i64>) = conn
                .prepare_cached(sql)?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let sql = "SELECT error FROM mails WHERE due_at IS NOT NULL AND error IS NOT NULL \
                       ORDER BY due_at DESC LIMIT 1";
            let error = conn
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok(MailsWaiting {
                count,
                oldest: oldest.map(Timestamp),
                error,
            })
        })
        .await
    }

    /// Resolves once a mail has been written since the last call.
    pub(crate) fn mail_signal(&self) -> tokio::sync::futures::Notified<'_> {
        self.memory().mails.notified()
    }
}
