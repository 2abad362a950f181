//! What is known of a request before anybody looks at it: its id, from where it comes, with what.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use doorward_shared::Timestamp;
use ipnet::IpNet;
use rocket::{
    Request,
    http::{Method, RawStr},
    request::{FromRequest, Outcome},
};
use ulid::Ulid;

use super::{ApiError, language};
use crate::{
    clock::random_bytes,
    domain::{Actor, Cause, mail::Language, text},
    http::Services,
};

/// Longest reason that is kept, in characters.
const REASON_CHARS: usize = 200;

/// Longest user agent that is kept, in characters.
const USER_AGENT_CHARS: usize = 256;

/// What is known of a request.
#[derive(Debug)]
pub struct RequestInfo {
    /// A ULID, in lower case; also in `X-Request-Id`.
    pub id: Arc<str>,
    /// The client's address: the socket's, or what a trusted proxy says; unspecified where a proxy says none.
    pub ip: IpAddr,
    /// As it came: Rocket makes a GET of a HEAD that only a GET route answers.
    pub(in crate::http) method: Method,
    pub(super) started: Instant,
    /// What the caller reads best, of what there is.
    language: Language,
    /// `X-Reason` of an admin call: why an operator does it.
    reason: Option<Arc<str>>,
}

impl RequestInfo {
    /// Of this request; the same each time.
    pub(super) fn of<'r>(request: &'r Request<'_>, doorward: &Services) -> &'r Self {
        request.local_cache(|| {
            let heads = Heads::of(request);
            Self {
                id: request_id(doorward.clock.now()),
                ip: client_ip(request, &heads.forwarded, doorward),
                method: request.method(),
                started: Instant::now(),
                language: heads
                    .language
                    .map_or_else(Language::default, language::preferred),
                reason: heads.reason.and_then(|given| reason(request, given)),
            }
        })
    }

    /// What a change by `actor` in this request is put down to.
    pub fn cause(&self, actor: Actor, at: Timestamp) -> Cause {
        Cause {
            actor,
            client_id: None,
            ip: Some(self.ip),
            request_id: Some(self.id.clone()),
            at,
            language: self.language,
            reason: self.reason.clone(),
        }
    }
}

/// What every request is asked for, found in one walk: to look a header up hashes its name by letters.
#[derive(Default)]
struct Heads<'r> {
    forwarded: Vec<&'r str>,
    /// The first of its name, as of the others below.
    reason: Option<&'r str>,
    language: Option<&'r str>,
}

impl<'r> Heads<'r> {
    fn of(request: &'r Request<'_>) -> Self {
        let mut heads = Self::default();
        for header in request.headers().iter() {
            let Cow::Borrowed(value) = header.value else {
                continue;
            };
            if header.name == "x-forwarded-for" {
                heads.forwarded.push(value);
            } else if header.name == "x-reason" {
                heads.reason.get_or_insert(value);
            } else if header.name == "accept-language" {
                heads.language.get_or_insert(value);
            }
        }
        heads
    }
}

/// An operator's reason, percent-encoded UTF-8. Of admin calls alone: nobody else writes into the audit log.
fn reason(request: &Request<'_>, header: &str) -> Option<Arc<str>> {
    // Rocket takes empty segments for nothing.
    if request.uri().path().segments().get(0) != Some("admin") {
        return None;
    }
    let given = RawStr::new(header).percent_decode_lossy();
    let clean: String = given
        .trim()
        .chars()
        .filter(|c| !text::is_invisible(*c))
        .take(REASON_CHARS)
        .collect();
    Some(clean).filter(|text| !text.is_empty()).map(Arc::from)
}

/// Not secret and never repeated: the time, a number of this process and a count.
fn request_id(now: Timestamp) -> Arc<str> {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| u64::from_be_bytes(random_bytes()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let random = (u128::from(*PROCESS) << 32) | u128::from(count & 0xFFFF_FFFF);
    let id = Ulid::from_parts(u64::try_from(now.0).unwrap_or_default(), random);
    let mut buffer = [0; ulid::ULID_LEN];
    let text = id.array_to_str(&mut buffer);
    text.make_ascii_lowercase();
    Arc::from(&*text)
}

/// Stands for the address of a client that a proxy does not tell: no client has it.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whether a proxy has left another mark on a request than `X-Forwarded-For`. Rocket drops a header that is not UTF-8 before anybody sees it: a client that
/// sends `X-Forwarded-For` so takes away what an appending proxy adds to it, and would pass for the proxy itself.
fn is_forwarded(request: &Request<'_>) -> bool {
    request.headers().iter().any(|header| {
        let name = header.name.as_str();
        let start = name.get(.."x-forwarded-".len()).unwrap_or_default();
        (start.eq_ignore_ascii_case("x-forwarded-")
            && !name.eq_ignore_ascii_case("x-forwarded-for"))
            || ["forwarded", "via", "x-real-ip"]
                .iter()
                .any(|mark| name.eq_ignore_ascii_case(mark))
    })
}

/// The client's address. That a header from elsewhere is ignored is told once for each sender: it may be the operator's own proxy.
fn client_ip(request: &Request<'_>, lines: &[&str], doorward: &Services) -> IpAddr {
    let peer = request
        .remote()
        .map_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), |remote| {
            remote.ip().to_canonical()
        });
    let trusted = &doorward.settings.trusted_proxies;
    if trusted.iter().any(|net| net.contains(&peer)) {
        let told = elements(lines).next().is_some();
        if told && let Some(ip) = forwarded(lines, trusted) {
            return ip;
        }
        if told || is_forwarded(request) {
            if doorward.told.nameless_proxy() {
                tracing::warn!(
                    %peer,
                    "a request came through a proxy of `trusted_proxies` without a readable X-Forwarded-For: its address \
                     counts as unknown. Let the proxy set the header to the client's address instead of adding to it"
                );
            }
            return UNKNOWN;
        }
        return peer;
    }
    if !lines.is_empty() && doorward.told.untrusted_proxy(peer) {
        tracing::warn!(
            %peer,
            "X-Forwarded-For is ignored, because its sender is not one of `trusted_proxies`: rate limits and the audit \
             log take the sender for the client. If it is your proxy, set trusted_proxies = [\"{peer}\"]"
        );
    }
    peer
}

/// The elements of `X-Forwarded-For`, the nearest first.
fn elements<'a>(lines: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let parts = lines.iter().rev().flat_map(|line| line.rsplit(','));
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// The nearest address of `X-Forwarded-For` that is not a trusted proxy's, else the farthest that is; none where none can be
/// read. Empty elements count for nothing (RFC 9110 section 5.6.1.2).
fn forwarded(lines: &[&str], trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut nearest = None;
    for part in elements(lines) {
        // What cannot be read was not written by a proxy of ours: the last address known to be real stands.
        let Some(ip) = address(part) else {
            break;
        };
        let ip = ip.to_canonical();
        nearest = Some(ip);
        if !is_trusted(&ip) {
            break;
        }
    }
    nearest
}

/// An address as proxies write it: some add the port, brackets around IPv6, and the zone of one that is link-local.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    let ip = bare.split_once('%').map_or(bare, |(ip, _zone)| ip);
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    ip.parse().ok().or_else(with_port)
}

/// The request's user agent, cut to what is worth keeping.
#[derive(Debug)]
pub(super) struct UserAgent(pub Option<String>);

impl UserAgent {
    pub(super) fn of(request: &Request<'_>) -> Self {
        let agent = request.headers().get_one("user-agent");
        let clean = |agent: &str| {
            agent
                .chars()
                .filter(|c| !text::is_invisible(*c))
                .take(USER_AGENT_CHARS)
                .collect()
        };
        Self(agent.map(clean))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for UserAgent {
    type Error = std::convert::Infallible;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self::of(request))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r RequestInfo {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let info = Services::of(request).map(|doorward| RequestInfo::of(request, doorward));
        ApiError::outcome(request, info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_address_that_is_no_proxys_is_the_clients() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let of = |lines: &[&str]| {
            let found = forwarded(lines, &trusted);
            found.map(|ip| ip.to_string()).unwrap_or_default()
        };
        assert_eq!(of(&["192.0.2.1"]), "192.0.2.1");
        assert_eq!(of(&["203.0.113.9, 192.0.2.1, 10.0.0.2"]), "192.0.2.1");
        assert_eq!(of(&["192.0.2.1,, ,", "", " , "]), "192.0.2.1");
        assert_eq!(of(&["203.0.113.9", "192.0.2.1:51004"]), "192.0.2.1");
        assert_eq!(of(&["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(of(&["[2001:db8::1], fd00::2"]), "2001:db8::1");
        assert_eq!(of(&["::ffff:192.0.2.1"]), "192.0.2.1");
        assert_eq!(of(&["fe80::1%eth0"]), "fe80::1");
        assert_eq!(of(&["[fe80::1%eth0]"]), "fe80::1");
        assert_eq!(of(&["192.0.2.1, unknown"]), "");
        assert_eq!(of(&["10.0.0.2, 10.0.0.3"]), "10.0.0.2");
        assert_eq!(of(&[",", ""]), "");
    }
}
