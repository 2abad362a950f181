//! What the log has said already. Not shared between processes, each of them says it once.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use doorward_shared::Timestamp;

/// Log lines that anybody can cause, and that help only when they are few.
#[derive(Debug, Default)]
pub(crate) struct Told {
    untrusted_proxy: AtomicBool,
    /// When a wrong issuer may be told again, in milliseconds.
    wrong_issuer: AtomicI64,
}

impl Told {
    /// Whether `X-Forwarded-For` from an address that is not trusted is to be told: the first time.
    pub fn untrusted_proxy(&self) -> bool {
        !self.untrusted_proxy.swap(true, Ordering::Relaxed)
    }

    /// Whether such a header has come.
    pub fn has_untrusted_proxy(&self) -> bool {
        self.untrusted_proxy.load(Ordering::Relaxed)
    }

    /// Whether forms that came to another URL than the issuer are to be told: once a minute.
    pub fn wrong_issuer(&self, now: Timestamp) -> bool {
        let later = now.plus_seconds(60).0;
        let due = |next: i64| (now.0 >= next).then_some(later);
        let updated = self
            .wrong_issuer
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, due);
        updated.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_once_or_once_a_minute() {
        let told = Told::default();
        assert_eq!(
            [told.untrusted_proxy(), told.untrusted_proxy()],
            [true, false]
        );
        let at = |seconds: i64| Timestamp::from_seconds(1_000_000 + seconds);
        let said = [0, 1, 59, 60, 61, 120].map(|seconds| told.wrong_issuer(at(seconds)));
        assert_eq!(said, [true, false, false, true, false, true]);
    }
}
