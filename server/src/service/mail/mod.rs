//! Mail: the outbox worker that sends due mails, and their texts.

mod render;
mod texts;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;
use ulid::Ulid;

use crate::{
    clock::{Clock, random_bytes},
    domain::{
        Email,
        mail::{Language, MailContent, MailKind},
    },
    metrics::Metrics,
    outbound::smtp::{Smtp, SmtpError},
    store::{Mail, MailFailure, Store, StoreError},
};

pub(crate) use self::render::Letterhead;

/// Maximum number of mails sent at once.
const AT_ONCE: usize = 32;
/// Delay before a mail is sent, to send several together, and to let the response to its requester go first: response
/// times must not reveal whether a mail is sent.
const GATHER: Duration = Duration::from_millis(50);
/// Delay after a storage failure.
const RETRY: Duration = Duration::from_secs(5);

/// Sends queued mails.
#[derive(Debug, Clone)]
pub struct Outbox {
    pub(crate) store: Store,
    pub(crate) smtp: Smtp,
    pub(crate) letterhead: Letterhead,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    /// Mails that the SMTP server accepted, not yet recorded in storage.
    pub(crate) taken: Arc<Mutex<HashSet<Ulid>>>,
    /// Held while mails are being sent.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    /// Whether no more mails are started.
    pub(crate) stopped: Arc<AtomicBool>,
}

impl Outbox {
    /// Sends mails as they are queued, and retries those that were not accepted, for as long as the server runs.
    pub(crate) async fn run(self) {
        self.stopped.store(false, Ordering::Relaxed);
        loop {
            let signal = self.store.mail_signal();
            tokio::time::sleep(GATHER).await;
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            let wait = match self.round().await {
                Ok(Some(wait)) => wait,
                Ok(None) => {
                    signal.await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "mail delivery paused: storage is unavailable; retrying");
                    RETRY
                }
            };
            let _ = tokio::time::timeout(wait, signal).await;
        }
    }

    /// Stops starting mails, and waits a moment for those in progress: one that an SMTP server accepted unrecorded
    /// would be sent again.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = tokio::time::timeout(patience, self.turn.lock()).await;
    }

    /// Sends due mails; returns when the next one is due.
    ///
    /// # Errors
    /// Storage. Mails already sent are not sent again.
    pub async fn round(&self) -> Result<Option<Duration>, StoreError> {
        let _turn = self.turn.lock().await;
        // A user's mails are sent in the order they were written: the last link that arrives is the newest.
        let mut of_each = BTreeMap::<_, Vec<Mail>>::new();
        for mail in self.store.due_mails(self.clock.now(), AT_ONCE).await? {
            of_each.entry(mail.user_id).or_default().push(mail);
        }
        let mut under_way = JoinSet::new();
        for mails in of_each.into_values() {
            let this = self.clone();
            under_way.spawn(async move {
                let mut done = Ok(());
                for mail in mails {
                    done = done.and(this.record_delivery(mail).await);
                }
                done
            });
        }
        let mut done = Ok(());
        while let Some(settled) = under_way.join_next().await {
            let settled = settled.map_err(|error| StoreError::Unavailable(error.to_string()));
            // Waits for the others, so that sent mails are recorded.
            done = done.and(settled.and_then(|settled| settled));
        }
        done?;
        let next = self.store.next_mail().await?;
        let now = self.clock.now();
        let until = |at: doorward_shared::Timestamp| u64::try_from(at.0 - now.0).unwrap_or(0);
        Ok(next.map(|at| Duration::from_millis(until(at))))
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, HashSet<Ulid>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn record_delivery(&self, mail: Mail) -> Result<(), StoreError> {
        let (id, kind) = (mail.id, mail.named.clone());
        if !self.taken().contains(&id) {
            let sent = self.hand_over(&mail).await;
            if self.smtp.is_first_in_the_clear() {
                let host = self.smtp.host().to_owned();
                tracing::warn!(
                    host,
                    "the mail server does not offer STARTTLS; sending unencrypted"
                );
                let now = self.clock.now();
                self.store.note_mail_in_the_clear(host, now).await?;
            }
            if let Err(failure) = sent {
                let error = failure.error.clone();
                let now = self.clock.now();
                let again = self.store.mail_failed(mail, failure, now).await?;
                self.metrics.mail(if again { "delayed" } else { "failed" });
                tracing::warn!(mail = %id, kind, %error, again, "a mail was not sent");
                return Ok(());
            }
            self.taken().insert(id);
            self.metrics.mail("sent");
        }
        self.store.mail_sent(id, self.clock.now()).await?;
        self.taken().remove(&id);
        Ok(())
    }

    async fn hand_over(&self, mail: &Mail) -> Result<(), MailFailure> {
        let for_good = |error: String| MailFailure {
            error,
            for_good: true,
        };
        if mail.is_stale(self.clock.now()) {
            return Err(for_good("it is older than a day".into()));
        }
        let unknown = || for_good("this version does not know its kind".into());
        let kind = mail.kind.ok_or_else(unknown)?;
        let content = mail.content.as_ref();
        let content = content.ok_or_else(|| for_good("master.key does not open it".into()))?;
        let rendered = self
            .letterhead
            .render(mail.id, kind, content)
            .map_err(for_good)?;
        let sent = self.smtp.send(&rendered.envelope, &rendered.bytes).await;
        sent.map_err(|error| MailFailure {
            for_good: matches!(error, SmtpError::Never(_)),
            error: error.to_string(),
        })
    }
}

/// Sends a test mail.
///
/// # Errors
/// Why sending failed.
pub(crate) async fn send_test(
    smtp: &Smtp,
    letterhead: &Letterhead,
    to: &Email,
    clock: &Clock,
) -> Result<(), String> {
    let content = MailContent::new(to.as_str(), Language::En, clock.now());
    let id = Ulid::from_bytes(random_bytes());
    let rendered = letterhead.render(id, MailKind::Test, &content)?;
    let sent = smtp.send(&rendered.envelope, &rendered.bytes).await;
    sent.map_err(|error| error.to_string())
}
