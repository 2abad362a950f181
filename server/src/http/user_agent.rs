//! The user agent of a request.

use rocket::{
    Request,
    request::{FromRequest, Outcome},
};

use crate::domain::text;

/// Maximum length of a stored user agent, in characters.
const USER_AGENT_CHARS: usize = 256;

/// The request's user agent, truncated.
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
