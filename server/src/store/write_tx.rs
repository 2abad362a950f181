//! The write transaction that is passed to one operation.

use std::{borrow::Cow, time::Duration};

use doorward_shared::{ClientId, EventId, Timestamp, UserId};
use ulid::Ulid;

use super::{
    StoreError,
    cache_invalidation::CacheInvalidations,
    caches::Caches,
    mails,
    row_counts::{Difference, EVENT_ADDED},
    row_mapping::ip_text,
    sql::{Connection, params},
    sqlite::Guard,
};
use crate::domain::{AuditContext, Diff, DiffValue};

/// The open transaction, new ids, and the list of cache entries to invalidate.
pub(super) struct WriteTx<'a> {
    pub conn: &'a Connection,
    pub changes: &'a mut CacheInvalidations,
    /// For buffered data that is not on disk yet.
    pub memory: &'a Caches,
    pub ids: &'a mut ulid::Generator,
    /// Changes of the row counts by this transaction and earlier ones of the batch.
    pub counts: Difference,
    pub guard: &'a Guard,
}

/// Contents of an event.
#[derive(Clone, Copy)]
pub(super) struct NewEvent<'a> {
    /// `user.updated`
    pub action: &'a str,
    pub target: Option<&'a dyn std::fmt::Display>,
    /// The account concerned.
    pub user: Option<UserId>,
    pub detail: Option<&'a str>,
}

/// The actor of an event, as the log shows it.
#[derive(Debug, Clone)]
pub(super) struct EventActor {
    pub actor: String,
    pub ip: Option<String>,
    pub request_id: Option<String>,
    pub reason: Option<String>,
    /// The OAuth client through which a user acted.
    pub client: Option<ClientId>,
}

impl From<&AuditContext> for EventActor {
    fn from(context: &AuditContext) -> Self {
        Self {
            actor: context.actor.to_string(),
            ip: context.ip.map(ip_text),
            request_id: context.request_id.as_deref().map(str::to_owned),
            reason: context.reason.as_deref().map(str::to_owned),
            client: context.client_id,
        }
    }
}

impl WriteTx<'_> {
    /// The current time, later than every commit before this transaction.
    pub(super) fn now(&self) -> Timestamp {
        self.memory.clock.now()
    }

    /// A new id, greater than every earlier one even within a millisecond.
    pub(super) fn id(&mut self, at: Timestamp) -> Ulid {
        let time =
            std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
        // The generator fails only after 2^80 ids in one millisecond.
        self.ids
            .generate_from_datetime(time)
            .unwrap_or_else(|_| Ulid::from_datetime(time + Duration::from_millis(1)))
    }

    /// Appends to the audit log, in the transaction that it records.
    pub(super) fn event(
        &mut self,
        context: &AuditContext,
        action: &str,
        target: Option<&dyn std::fmt::Display>,
        user: Option<UserId>,
        detail: Option<&str>,
    ) -> Result<(), StoreError> {
        let happened = NewEvent {
            action,
            target,
            user,
            detail,
        };
        self.insert_event(context, happened, None)
    }

    /// As [`WriteTx::event`], for a change of fields; the detail is the change in words unless one is given.
    pub(super) fn changed(
        &mut self,
        context: &AuditContext,
        happened: NewEvent<'_>,
        diff: &Diff,
    ) -> Result<(), StoreError> {
        let words = diff.to_string();
        let happened = NewEvent {
            detail: happened.detail.or(Some(&words)),
            ..happened
        };
        self.insert_event(context, happened, Some(diff))
    }

    fn insert_event(
        &mut self,
        context: &AuditContext,
        happened: NewEvent<'_>,
        diff: Option<&Diff>,
    ) -> Result<(), StoreError> {
        let changes = diff.filter(|diff| !diff.is_empty()).map(json);
        let NewEvent { action, user, .. } = happened;
        self.event_by(&EventActor::from(context), context.at, happened, changes)?;
        mails::tell(self, context, action, user)
    }

    /// As [`WriteTx::event`], for an actor of an earlier transaction; `changes` is JSON.
    pub(super) fn event_by(
        &mut self,
        by: &EventActor,
        at: Timestamp,
        happened: NewEvent<'_>,
        changes: Option<String>,
    ) -> Result<(), StoreError> {
        let id = EventId(self.id(at));
        let target = happened.target.map(ToString::to_string);
        let detail = match (happened.detail, by.reason.as_deref()) {
            (Some(detail), Some(reason)) if detail != reason => {
                Some(Cow::Owned(format!("{detail}: {reason}")))
            }
            (detail, reason) => detail.or(reason).map(Cow::Borrowed),
        };
        let sql = "INSERT INTO events (id, time, actor, action, target, user_id, ip, request_id, detail, client_id, changes) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        self.counted(
            EVENT_ADDED,
            sql,
            params![
                id.0.to_bytes(),
                at.0,
                by.actor,
                happened.action,
                target,
                happened.user.map(|id| id.0.to_bytes()),
                by.ip,
                by.request_id,
                detail,
                by.client.map(|id| id.0.to_bytes()),
                changes
            ],
        )?;
        self.changes.events = true;
        Ok(())
    }
}

/// `{"role":["customer","admin"]}`
fn json(diff: &Diff) -> String {
    let value = |noted: &DiffValue| match noted {
        DiffValue::Nothing => serde_json::Value::Null,
        DiffValue::Text(text) => text.as_str().into(),
        DiffValue::List(items) => items.as_slice().into(),
        DiffValue::Flag(flag) => (*flag).into(),
    };
    let fields = diff
        .iter()
        .map(|(field, before, after)| ((*field).to_owned(), [value(before), value(after)].into()));
    serde_json::Value::Object(fields.collect()).to_string()
}
