//! Rules for the restrictions of an API key, and for which change of them loosens the key.

use doorward_shared::apikey::{Metadata, Quota, QuotaPeriod, RateLimit};
use ipnet::IpNet;

use crate::domain::key_restrictions::{AllowedIp, KeyRestrictions};

/// Maximum of a rate limit.
const MAX_RATE: u64 = 1_000_000_000;
/// Maximum window of a rate limit, in seconds: 31 days.
const MAX_WINDOW: u32 = 31 * 86_400;
/// Maximum of a quota: the largest integer that every JSON parser keeps exact.
const MAX_QUOTA: u64 = (1 << 53) - 1;
/// Maximum number of addresses and networks of one key.
const MAX_ALLOWED: usize = 50;
/// Maximum size of metadata, in bytes of compact JSON.
const MAX_METADATA: usize = 4096;

/// Validates a rate limit.
///
/// # Errors
/// A description of the mistake.
pub fn check_rate_limit(rate: RateLimit) -> Result<(), &'static str> {
    if !(1..=MAX_RATE).contains(&rate.limit) {
        return Err("must have a limit from 1 to 1000000000");
    }
    if !(1..=MAX_WINDOW).contains(&rate.window_seconds) {
        return Err("must have windowSeconds from 1 to 2678400");
    }
    Ok(())
}

/// Validates a quota.
///
/// # Errors
/// A description of the mistake.
pub fn check_quota(quota: Quota) -> Result<(), &'static str> {
    if (1..=MAX_QUOTA).contains(&quota.limit) {
        Ok(())
    } else {
        Err("must have a limit from 1 to 9007199254740991")
    }
}

/// Parses addresses and networks.
///
/// # Errors
/// The index of the invalid element, if there is one, and why.
pub fn allowed_ips(given: &[String]) -> Result<Vec<AllowedIp>, (Option<usize>, &'static str)> {
    if given.len() > MAX_ALLOWED {
        return Err((None, "must be at most 50"));
    }
    let wrong = "must be an address or a network such as 10.0.0.0/8";
    let parse = |(at, text): (usize, &String)| AllowedIp::parse(text).ok_or((Some(at), wrong));
    given.iter().enumerate().map(parse).collect()
}

/// Validates the size of metadata.
///
/// # Errors
/// If it is too large.
pub fn check_metadata(metadata: &Metadata) -> Result<(), &'static str> {
    if metadata.to_string().len() <= MAX_METADATA {
        Ok(())
    } else {
        Err("must be at most 4096 bytes of JSON")
    }
}

/// Whether a change loosens the restrictions, which requires the same authorization as minting the key.
pub fn grows(before: &KeyRestrictions, after: &KeyRestrictions) -> bool {
    let rate = match (before.rate_limit, after.rate_limit) {
        (Some(_), None) => true,
        (Some(old), Some(new)) => new.limit > old.limit || new.window_seconds < old.window_seconds,
        (None, _) => false,
    };
    let quota = match (before.quota, after.quota) {
        (Some(_), None) => true,
        (Some(old), Some(new)) => {
            let shorter = (old.period, new.period) == (QuotaPeriod::Month, QuotaPeriod::Day);
            new.limit > old.limit || shorter
        }
        (None, _) => false,
    };
    rate || quota
        || widens(&before.allowed_ips, &after.allowed_ips)
        || after.enabled && !before.enabled
}

/// Whether it allows an address that was not allowed before.
fn widens(before: &[AllowedIp], after: &[AllowedIp]) -> bool {
    if before.is_empty() {
        return false;
    }
    let nets: Vec<_> = before.iter().map(AllowedIp::net).collect();
    // Two halves that were listed separately equal their union.
    let nets = IpNet::aggregate(&nets);
    let was_in = |ip: &AllowedIp| nets.iter().any(|net| net.contains(&ip.net()));
    after.is_empty() || !after.iter().all(was_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> KeyRestrictions {
        KeyRestrictions {
            rate_limit: Some(text.parse().unwrap()),
            ..KeyRestrictions::default()
        }
    }

    fn quota(text: &str) -> KeyRestrictions {
        KeyRestrictions {
            quota: Some(text.parse().unwrap()),
            ..KeyRestrictions::default()
        }
    }

    fn from(list: &[&str]) -> KeyRestrictions {
        let given: Vec<String> = list.iter().map(ToString::to_string).collect();
        KeyRestrictions {
            allowed_ips: allowed_ips(&given).unwrap(),
            ..KeyRestrictions::default()
        }
    }

    #[test]
    fn what_gives_more_is_growth_and_what_takes_is_not() {
        let free = KeyRestrictions::default();
        let off = KeyRestrictions {
            enabled: false,
            ..KeyRestrictions::default()
        };
        let growth = [
            (rate("10/60s"), free.clone()),
            (rate("10/60s"), rate("11/60s")),
            (rate("10/60s"), rate("10/59s")),
            (rate("10/60s"), rate("100/3600s")),
            (quota("10/day"), free.clone()),
            (quota("10/day"), quota("11/month")),
            (quota("10/month"), quota("1/day")),
            (from(&["10.0.0.0/8"]), free.clone()),
            (from(&["10.0.0.0/8"]), from(&["10.0.0.0/7"])),
            (from(&["10.0.0.0/8"]), from(&["10.0.0.0/9", "::1"])),
            (from(&["10.0.0.1"]), from(&["10.0.0.2"])),
            (off.clone(), free.clone()),
        ];
        for (before, after) in &growth {
            assert!(grows(before, after), "{before:?} to {after:?}");
        }
        let none = [
            (free.clone(), free.clone()),
            (free.clone(), rate("1000/1s")),
            (rate("10/60s"), rate("9/61s")),
            (quota("10/day"), quota("10/month")),
            (free.clone(), from(&["0.0.0.0/0"])),
            (from(&["10.0.0.0/8"]), from(&["10.1.0.0/16", "10.0.0.1"])),
            (from(&["10.0.0.0/9", "10.128.0.0/9"]), from(&["10.0.0.0/8"])),
            (from(&["10.0.0.0/8"]), from(&["::ffff:10.0.0.0/104"])),
            (free, off),
        ];
        for (before, after) in &none {
            assert!(!grows(before, after), "{before:?} to {after:?}");
        }
    }

    #[test]
    fn limits_have_bounds() {
        for text in ["1/1s", "1000000000/2678400s"] {
            assert_eq!(check_rate_limit(text.parse().unwrap()), Ok(()));
        }
        for text in ["0/1s", "1/0s", "1000000001/1s", "1/2678401s"] {
            assert!(check_rate_limit(text.parse().unwrap()).is_err(), "{text}");
        }
        for text in ["1/day", "9007199254740991/month"] {
            assert_eq!(check_quota(text.parse().unwrap()), Ok(()));
        }
        for text in ["0/day", "9007199254740992/month"] {
            assert!(check_quota(text.parse().unwrap()).is_err(), "{text}");
        }
        let of = |bytes: usize| Metadata::parse(&format!("{{\"a\":\"{}\"}}", "x".repeat(bytes)));
        assert_eq!(check_metadata(&of(4088).unwrap()), Ok(()));
        assert!(check_metadata(&of(4089).unwrap()).is_err());
    }
}
