//! Rate limiting of repetitive log lines, and the senders of untrusted forwarding headers. Not shared between
//! processes: each logs and counts on its own.

use std::{
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use doorward_shared::Timestamp;

/// Maximum senders of such headers that are tracked.
const SENDERS: usize = 8;

/// Log lines that anyone can cause and that help only in small numbers.
#[derive(Debug, Default)]
pub(crate) struct LogDedup {
    senders: Mutex<Vec<(IpAddr, u64)>>,
    /// Whether a proxy that sends no client address was logged.
    nameless_proxy: AtomicBool,
    /// When a wrong issuer may be logged again, in milliseconds.
    wrong_issuer: AtomicI64,
}

impl LogDedup {
    /// Counts an `X-Forwarded-For` header from an untrusted address; returns whether to log it: the first time from
    /// each of the first senders. Nearby senders evict remote ones, who can send anything.
    pub(crate) fn untrusted_proxy(&self, peer: IpAddr) -> bool {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, times)) = senders.iter_mut().find(|(sender, _)| *sender == peer) {
            *times = times.saturating_add(1);
            return false;
        }
        if senders.len() >= SENDERS {
            let stranger = senders.iter().rposition(|(sender, _)| !is_near(*sender));
            match stranger.filter(|_| is_near(peer)) {
                Some(at) => {
                    senders.remove(at);
                }
                None => return false,
            }
        }
        senders.push((peer, 1));
        true
    }

    /// Senders of such headers, with their counts.
    pub(crate) fn untrusted_proxies(&self) -> Vec<(IpAddr, u64)> {
        let senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.clone()
    }

    /// Whether one of them is near enough to be the operator's own proxy, which no host on the internet can be.
    pub(crate) fn has_untrusted_proxy(&self) -> bool {
        let mut senders = self.untrusted_proxies().into_iter();
        senders.any(|(sender, _)| is_near(sender))
    }

    /// Whether to log a proxy that sends no client address: once.
    pub(crate) fn nameless_proxy(&self) -> bool {
        !self.nameless_proxy.swap(true, Ordering::Relaxed)
    }

    /// Whether to log forms received under another URL than the issuer: once a minute.
    pub(crate) fn wrong_issuer(&self, now: Timestamp) -> bool {
        let later = now.plus_seconds(60).0;
        let due = |next: i64| (now.0 >= next).then_some(later);
        let updated = self
            .wrong_issuer
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, due);
        updated.is_ok()
    }
}

/// Whether an address belongs to this machine, its link or a private network, none of which is reachable over the
/// internet.
fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_once_or_once_a_minute() {
        let told = LogDedup::default();
        let at = |seconds: i64| Timestamp::from_seconds(1_000_000 + seconds);
        let said = [0, 1, 59, 60, 61, 120].map(|seconds| told.wrong_issuer(at(seconds)));
        assert_eq!(said, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_stranger_is_counted_but_switches_nothing_and_crowds_nobody_out() {
        let told = LogDedup::default();
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        for n in 0..20 {
            let peer = ip(&format!("203.0.113.{n}"));
            assert_eq!(told.untrusted_proxy(peer), n < 8, "{n}");
            assert!(!told.untrusted_proxy(peer));
        }
        assert!(!told.has_untrusted_proxy());
        assert_eq!(told.untrusted_proxies().len(), SENDERS);
        assert!(told.untrusted_proxy(ip("10.0.0.7")));
        assert!(told.has_untrusted_proxy());
        assert!(told.untrusted_proxies().contains(&(ip("203.0.113.0"), 2)));
        assert_eq!(told.untrusted_proxies().len(), SENDERS);
        for near in ["127.0.0.1", "::1", "192.168.1.1", "fd00::1", "fe80::1"] {
            assert!(is_near(ip(near)), "{near}");
        }
    }
}
