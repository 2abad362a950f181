//! Context of a request, built before its handler: id, client address, language, and the operator's reason.

use std::{
    net::IpAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use doorward_shared::Timestamp;
use rocket::{
    Request,
    http::Method,
    request::{FromRequest, Outcome},
};
use ulid::Ulid;

use super::{
    ApiError,
    client_address::client_ip,
    language,
    request_headers::{ReadHeaders, reason},
};
use crate::{
    clock::random_bytes,
    domain::{Actor, AuditContext, mail::Language},
    http::Services,
};

/// Context of a request.
#[derive(Debug)]
pub struct RequestInfo {
    /// A ULID, in lower case; also in `X-Request-Id`.
    pub id: Arc<str>,
    /// The client's address: the socket's, or the one a trusted proxy reports; unspecified if a proxy reports none.
    pub ip: IpAddr,
    /// As received: Rocket turns HEAD into GET if only a GET route matches.
    pub(in crate::http) method: Method,
    pub(super) started: Instant,
    /// The negotiated language.
    language: Language,
    /// `X-Reason` of an admin call: the operator's reason.
    reason: Option<Arc<str>>,
}

impl RequestInfo {
    /// The context of this request; the same on each call.
    pub(super) fn of<'r>(request: &'r Request<'_>, services: &Services) -> &'r Self {
        request.local_cache(|| {
            let heads = ReadHeaders::of(request);
            Self {
                id: request_id(services.clock.now()),
                ip: client_ip(request, &heads.forwarded, services),
                method: request.method(),
                started: Instant::now(),
                language: heads
                    .language
                    .map_or_else(Language::default, language::preferred),
                reason: heads.reason.and_then(|given| reason(request, given)),
            }
        })
    }

    /// The audit context of a change by `actor` in this request.
    pub fn context(&self, actor: Actor, at: Timestamp) -> AuditContext {
        AuditContext {
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

/// Not secret and never repeated: the time, a number of this process and a counter.
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

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r RequestInfo {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let info = Services::of(request).map(|services| RequestInfo::of(request, services));
        ApiError::outcome(request, info)
    }
}
