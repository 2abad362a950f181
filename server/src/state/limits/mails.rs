//! Rate limits on mails that unauthenticated clients request: per kind and address, per mailbox, and per network.

use std::{net::IpAddr, time::Duration};

use super::{Limits, counter::RetryAfter};
use crate::domain::email::mailbox_of;

/// Kind of a mail that someone other than the recipient requests. Each is counted separately, so that requests for one
/// kind do not block another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mailed {
    /// A forgotten password.
    Forgot,
    /// Another verification link for the address.
    Again,
    /// To verify the address of a sign-up.
    SignUp,
    /// Verification of a new address.
    Change,
    /// Notice that the address is to be changed.
    ChangeAsked,
}

/// Maximum mails per hour: of one kind to one address; of all kinds to one address, enough for two sign-ups and two
/// requests of each link that can be mailed again; and requests per network.
pub(super) const MAILS_PER_HOUR: u32 = 3;
pub(super) const MAILS_PER_HOUR_OF_ALL_KINDS: u32 = 8;
pub(super) const MAILS_PER_HOUR_PER_IP: u32 = 20;
/// Maximum sign-up mails per mailbox and hour, whatever tags the addresses contain: anyone can invent more tags.
pub(super) const SIGN_UPS_PER_HOUR_OF_A_MAILBOX: u32 = 8;

/// A mail with its reserved slots, which are released on drop.
#[derive(Debug)]
pub struct MailSlot {
    limits: Limits,
    kind: u64,
    all: u64,
    /// The mailbox, for a sign-up.
    mailbox: Option<u64>,
    used: bool,
}

impl MailSlot {
    /// The mail is sent: keeps the slots.
    pub fn used(mut self) {
        self.used = true;
    }
}

impl Drop for MailSlot {
    fn drop(&mut self) {
        if !self.used {
            let mut counters = self.limits.counters();
            counters.mails_to.give_back(self.kind);
            counters.all_mails_to.give_back(self.all);
            if let Some(mailbox) = self.mailbox {
                counters.sign_ups_of_mailbox.give_back(mailbox);
            }
        }
    }
}

impl Limits {
    /// Counts a mail request of a network, for any recipient.
    ///
    /// # Errors
    /// [`RetryAfter`] if it requested too many this hour.
    pub fn mail_from(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.place(ip, now, |counters| &mut counters.mails_from)
    }

    /// Reserves a slot for a mail to a normalized address, if one is free. Released on drop: if no mail is sent,
    /// nothing is used up, so an address cannot be blocked before it has an account.
    pub fn mail_to(&self, what: Mailed, to: &str, now: Duration) -> Option<MailSlot> {
        let (kind, all) = (self.key((what, to)), self.key(to));
        let mailbox = (what == Mailed::SignUp).then(|| self.key(mailbox_of(to)));
        let mut counters = self.counters();
        let of_mailbox = &counters.sign_ups_of_mailbox;
        let may = counters.mails_to.check(kind, now).is_ok()
            && counters.all_mails_to.check(all, now).is_ok()
            && mailbox.is_none_or(|mailbox| of_mailbox.check(mailbox, now).is_ok());
        may.then(|| {
            counters.mails_to.take(kind, now);
            counters.all_mails_to.take(all, now);
            if let Some(mailbox) = mailbox {
                counters.sign_ups_of_mailbox.take(mailbox, now);
            }
            MailSlot {
                limits: self.clone(),
                kind,
                all,
                mailbox,
                used: false,
            }
        })
    }
}
