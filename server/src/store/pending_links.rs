//! Pending links and mails of an account.

use doorward_shared::{
    Timestamp, UserId,
    admin::{UserLink, UserMail, UserMailState},
};

use super::{
    Store, StoreError,
    row_mapping::maybe_time,
    sql::{Row, params},
};

/// Maximum rows of each kind that are returned; older ones are not relevant.
const MAX_ROWS: u32 = 20;

/// Links and mails of one account, newest first.
#[derive(Debug)]
pub struct OutstandingLinks {
    pub links: Vec<UserLink>,
    pub mails: Vec<UserMail>,
}

impl Store {
    /// The open links and pending mails of an account.
    pub async fn outstanding(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<OutstandingLinks, StoreError> {
        self.read(move |conn| {
            let id = user.0.to_bytes();
            let sql = "SELECT kind, mailed_to IS NOT NULL, created_at, expires_at FROM links \
                       WHERE user_id = ?1 AND expires_at > ?2 ORDER BY created_at DESC LIMIT ?3";
            let mut select = conn.prepare_cached(sql)?;
            let links = select.query_map(params![id, now.0, MAX_ROWS], link)?;
            let links = links.collect::<Result<_, _>>()?;
            let sql = "SELECT kind, created_at, sent_at, due_at, error FROM mails \
                       WHERE user_id = ?1 ORDER BY created_at DESC LIMIT ?2";
            let mut select = conn.prepare_cached(sql)?;
            let mails = select.query_map(params![id, MAX_ROWS], mail)?;
            let mails = mails.collect::<Result<_, _>>()?;
            Ok(OutstandingLinks { links, mails })
        })
        .await
    }
}

fn link(row: &Row<'_>) -> super::sql::Result<UserLink> {
    Ok(UserLink {
        kind: row.get(0)?,
        mailed: row.get(1)?,
        created_at: Timestamp(row.get(2)?),
        expires_at: Timestamp(row.get(3)?),
    })
}

fn mail(row: &Row<'_>) -> super::sql::Result<UserMail> {
    let (sent_at, due_at) = (maybe_time(row, 2)?, maybe_time(row, 3)?);
    Ok(UserMail {
        kind: row.get(0)?,
        state: match (sent_at, due_at) {
            (Some(_), _) => UserMailState::Sent,
            (None, Some(_)) => UserMailState::Waiting,
            (None, None) => UserMailState::Failed,
        },
        created_at: Timestamp(row.get(1)?),
        sent_at,
        error: row.get(4)?,
    })
}
