//! `Idempotency-Key`: repeating a call that creates something, after its response was lost, returns the same response.

use doorward_shared::ErrorCode;
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};
use serde::Serialize;

use super::{ApiError, Services, response::Reply};
use crate::{
    domain::Digest256,
    service::Caller,
    state::{CallStart, IdempotencyError, KeyedCall},
};

/// Maximum length of a key, in bytes.
const MAX_KEY: usize = 255;

/// The request's `Idempotency-Key`, if it has one.
#[derive(Debug)]
pub(super) struct IdempotencyKey(Option<Keyed>);

/// A call with an idempotency key.
#[derive(Debug)]
struct Keyed {
    key: String,
    /// Method and path: one key may be used for several calls.
    call: String,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IdempotencyKey {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let Some(key) = request.headers().get_one("idempotency-key") else {
            return Outcome::Success(Self(None));
        };
        if key.is_empty() || key.len() > MAX_KEY {
            let error = ApiError::request("Idempotency-Key", "must be 1 to 255 bytes");
            return Outcome::Error(error.leave(request));
        }
        // Compared by segments, so that two spellings of a path are equal.
        let path: Vec<_> = request.uri().path().segments().collect();
        Outcome::Success(Self(Some(Keyed {
            key: key.to_owned(),
            call: format!("{} /{}", request.method(), path.join("/")),
        })))
    }
}

impl IdempotencyKey {
    /// Runs `work` once for each key of a credential: a response is never returned to another credential, even of the
    /// same user. `again` checks again whether the caller may receive a stored response.
    ///
    /// # Errors
    /// The error of `again`; the error of `work`, which is not stored; `conflict` while the first call is in progress,
    /// or if the key comes with another body; `overloaded` if too many of the caller's responses are stored.
    pub(in crate::http) async fn run<B, T, F, A, J>(
        self,
        services: &Services,
        by: &Caller,
        body: &B,
        again: A,
        work: F,
    ) -> Result<Reply<T>, ApiError>
    where
        B: Serialize,
        T: Clone + Send + 'static,
        F: Future<Output = Result<Reply<T>, ApiError>>,
        A: FnOnce(T) -> J,
        J: Future<Output = Result<(), ApiError>>,
    {
        let Some(Keyed { key, call }) = self.0 else {
            return work.await;
        };
        let call = KeyedCall {
            place: Digest256::of(format!("{}\n{call}\n{key}", by.credential_id()).as_bytes()),
            asked: Digest256::of(&serde_json::to_vec(body).unwrap_or_default()),
            whose: by.principal(),
        };
        match services
            .answers
            .begin::<Reply<T>>(call, services.clock.now())?
        {
            CallStart::Answered(answer) => {
                again(answer.body().clone()).await?;
                Ok(answer)
            }
            // If the caller disconnects, the slot is released.
            CallStart::First(place) => {
                let reply = work.await?;
                place.keep(reply.clone(), services.clock.now());
                Ok(reply)
            }
        }
    }
}

impl From<IdempotencyError> for ApiError {
    fn from(refused: IdempotencyError) -> Self {
        match refused {
            IdempotencyError::OtherBody => Self::new(
                ErrorCode::Conflict,
                "this Idempotency-Key was already used with a different body",
            ),
            IdempotencyError::UnderWay => Self::new(
                ErrorCode::Conflict,
                "a request with this Idempotency-Key is still in progress",
            ),
            IdempotencyError::TooMany => Self::new(
                ErrorCode::Overloaded,
                "too many idempotency keys are in use; nothing was done",
            ),
        }
    }
}
