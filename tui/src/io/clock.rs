//! Time, this machine's zone and randomness: where they come in.

use doorward_shared::Timestamp;
use jiff::tz::TimeZone;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The zone of this machine (`TZ`, `/etc/localtime`), or UTC.
pub(crate) fn zone(utc: bool) -> TimeZone {
    if utc {
        TimeZone::UTC
    } else {
        TimeZone::try_system().unwrap_or(TimeZone::UTC)
    }
}

/// A key by which a call that mints something can be sent again.
pub(crate) fn idempotency_key() -> String {
    let random =
        std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
    format!("doorward-{}-{random:016x}", now().0)
}
