//! Mails that strangers ask for: how many of a kind go to one address, to one mailbox, and out for one network.

use std::{net::IpAddr, time::Duration};

use super::{Limits, counter::RetryAfter};
use crate::domain::email::mailbox_of;

/// What somebody is mailed because another asks for it. Each is counted by itself: asking for one thing keeps nobody from
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mailed {
    /// A forgotten password.
    Forgot,
    /// To verify an address, once more.
    Again,
    /// To verify the address of a sign-up.
    SignUp,
    /// To verify another address.
    Change,
    /// That the address is to be changed.
    ChangeAsked,
}

/// Mails of one kind that anybody may have sent to one address in an hour; of all kinds, which leaves room for a sign-up
/// that is done twice, and for asking for both of the links that are mailed again; and asks for from one network.
pub(super) const MAILS_PER_HOUR: u32 = 3;
pub(super) const MAILS_PER_HOUR_OF_ALL_KINDS: u32 = 8;
pub(super) const MAILS_PER_HOUR_PER_IP: u32 = 20;
/// Mails of sign-ups to one mailbox in an hour, whatever tags stand in its addresses: anybody can make more of them up.
pub(super) const SIGN_UPS_PER_HOUR_OF_A_MAILBOX: u32 = 8;

/// A mail that has its places. Dropped, they are given back.
#[derive(Debug)]
pub struct MailSlot {
    limits: Limits,
    kind: u64,
    all: u64,
    /// Of a sign-up.
    mailbox: Option<u64>,
    used: bool,
}

impl MailSlot {
    /// The mail goes out.
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
    /// Counts that a network asks for a mail, to whomever.
    ///
    /// # Errors
    /// [`RetryAfter`] when it asked for too many this hour.
    pub fn mail_from(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.place(ip, now, |counters| &mut counters.mails_from)
    }

    /// Takes a place for a mail to a normalized address, if there is one. Dropped, it is given back: where no mail goes
    /// nobody's places are used up, so that no address can be shut out before anybody has an account with it.
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
