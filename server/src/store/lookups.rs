//! Sessions and accounts as every request asks for them: from memory, once they were asked for.

use std::sync::Arc;

use doorward_shared::{SessionId, UserId};

use super::{
    Store, StoreError,
    accounts::account,
    memory::through,
    packed::PackedSession,
    session_rows::{find, with_account},
    sql::Connection,
};
use crate::domain::{Account, Session, SessionCore};

impl Store {
    /// A session, live or not. From memory once it was asked for.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionCore>, StoreError> {
        self.session_and(id, |_, _| Ok(())).await
    }

    /// As [`Store::session`]; where it has to be read, what `also` reads is read with it.
    pub(super) async fn session_and(
        &self,
        id: SessionId,
        also: fn(&Connection, &Session) -> Result<(), StoreError>,
    ) -> Result<Option<SessionCore>, StoreError> {
        let memory = self.memory();
        let found = through(&memory.sessions, &id, async {
            let found = self.read(move |conn| {
                let found = find(conn, id)?;
                if let Some(session) = &found {
                    also(conn, session)?;
                }
                Ok(found)
            });
            let found = found.await?;
            Ok(found.map(|session| PackedSession::of(&session.core(), &memory.scopes)))
        });
        Ok(found.await?.map(|packed| packed.unpacked(id)))
    }

    /// As [`Store::session`]; where it has to be read, the account that is said to hold it is read with it.
    pub async fn session_of(
        &self,
        id: SessionId,
        user: UserId,
    ) -> Result<Option<SessionCore>, StoreError> {
        let memory = self.memory();
        let (sessions, accounts) = (&memory.sessions, &memory.accounts);
        if let Some(found) = sessions.get(&id) {
            return Ok(Some(found.unpacked(id)));
        }
        if accounts.contains_key(&user) {
            return self.session(id).await;
        }
        // Both places are held before the read begins, always in this order: a commit takes them back.
        let place = match sessions.get_value_or_guard_async(&id).await {
            Ok(found) => return Ok(Some(found.unpacked(id))),
            Err(place) => place,
        };
        let account_place = accounts.get_value_or_guard_async(&user).await.err();
        let found = self.look_up(move |conn| with_account(conn, id)).await?;
        let (session, account) = found.unzip();
        let session = session.map(|session| session.core());
        // What is not there is not kept, so that guesses cannot push out what is.
        if let Some(session) = &session {
            let _ = place.insert(PackedSession::of(session, &memory.scopes));
        }
        let account = account.flatten().filter(|account| account.user.id == user);
        let account = account.and_then(|account| memory.packed(&account));
        if let Some((account, place)) = account.zip(account_place) {
            let _ = place.insert(account);
        }
        Ok(session)
    }

    /// The account and what it may do now. From memory once it was asked for.
    pub async fn account(&self, id: UserId) -> Result<Option<Arc<Account>>, StoreError> {
        let memory = self.memory();
        through(&memory.busy_accounts, &id, async {
            if let Some(packed) = memory.accounts.get(&id) {
                return Ok(Some(Arc::new(packed.unpacked(id))));
            }
            let place = match memory.accounts.get_value_or_guard_async(&id).await {
                Ok(packed) => return Ok(Some(Arc::new(packed.unpacked(id)))),
                Err(place) => place,
            };
            let found = self.look_up(move |conn| account(conn, id)).await?;
            // What is not there is not kept, so that guesses cannot push out what is.
            if let Some(packed) = found.as_ref().and_then(|found| memory.packed(found)) {
                let _ = place.insert(packed);
            }
            Ok(found.map(Arc::new))
        })
        .await
    }
}
