//! `Idempotency-Key`: a call that mints something, sent again after its answer was lost, gives the same answer.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::{ErrorCode, Timestamp};
use rocket::{
    Request,
    request::{FromRequest, Outcome},
};
use serde::Serialize;

use super::{ApiError, reply::Reply};
use crate::{caller::Caller, crypto::secret::Digest256, domain::Actor, limits::let_go_of_first};

/// How long answers are kept, in seconds. They hold secrets, so not for long, and only in memory.
const KEEP: i64 = 600;
/// Answers kept at once, at most: of one caller, past which it is refused, and of all, past which those nearest to
/// their end go. So nobody can use up the places of others.
const MANY_OF_ONE: usize = 500;
const MANY: usize = 10_000;
/// Longest key, in bytes.
const MAX_KEY: usize = 255;

/// The request's `Idempotency-Key`, if it has one.
#[derive(Debug)]
pub struct IdempotencyKey(Option<String>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IdempotencyKey {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        match request.headers().get_one("idempotency-key") {
            Some(key) if key.is_empty() || key.len() > MAX_KEY => {
                let error = ApiError::request("Idempotency-Key", "must be 1 to 255 bytes");
                Outcome::Error(error.leave(request))
            }
            key => Outcome::Success(Self(key.map(str::to_owned))),
        }
    }
}

struct Kept {
    /// Whose it is, for the bound of one caller.
    by: Actor,
    /// Hash of what was asked for.
    asked: Digest256,
    until: Timestamp,
    /// None while the first call is under way.
    answer: Option<Box<dyn Any + Send>>,
}

/// Answers that may be asked for again.
#[derive(Default)]
pub(crate) struct Answers(Mutex<HashMap<Digest256, Kept>>);

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answers")
    }
}

impl Answers {
    fn kept(&self) -> MutexGuard<'_, HashMap<Digest256, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` once for each key of a credential: what one was answered another never hears, though the same person
    /// came with both. `call` names what is called, `body` is what with. `again` judges anew whether the caller may have
    /// an answer that was kept.
    ///
    /// # Errors
    /// What `again` refuses with; what `work` fails with, which is not kept; `conflict` while the first call is under way, or when the key comes
    /// with another body; `overloaded` when too many of the caller's answers are kept.
    pub async fn once<T, F, A, J>(
        &self,
        key: IdempotencyKey,
        (by, now): (&Caller, Timestamp),
        (call, body): (&str, &impl Serialize),
        again: A,
        work: F,
    ) -> Result<Reply<T>, ApiError>
    where
        T: Clone + Send + 'static,
        F: Future<Output = Result<Reply<T>, ApiError>>,
        A: FnOnce(T) -> J,
        J: Future<Output = Result<(), ApiError>>,
    {
        let Some(key) = key.0 else {
            return work.await;
        };
        let place = Digest256::of(format!("{}\n{call}\n{key}", by.credential_id()).as_bytes());
        let asked = Digest256::of(&serde_json::to_vec(body).unwrap_or_default());
        if let Some(answer) = self.take_place::<T>((place, by.actor()), asked, now)? {
            again(answer.body().clone()).await?;
            return Ok(answer);
        }
        // Should the caller go away, the place is free again.
        let mut vacate = Vacate(Some((self, place)));
        let reply = work.await?;
        vacate.0 = None;
        if let Some(kept) = self.kept().get_mut(&place) {
            kept.answer = Some(Box::new(reply.clone()));
        }
        Ok(reply)
    }

    fn take_place<T: Clone + Send + 'static>(
        &self,
        (place, by): (Digest256, Actor),
        asked: Digest256,
        now: Timestamp,
    ) -> Result<Option<Reply<T>>, ApiError> {
        let mut kept = self.kept();
        kept.retain(|_, kept| kept.until > now);
        let conflict = |message: &'static str| ApiError::new(ErrorCode::Conflict, message);
        match kept.get(&place) {
            Some(found) if found.asked != asked => Err(conflict(
                "this Idempotency-Key came with another body before",
            )),
            Some(found) => match found.answer.as_ref().map(|answer| answer.downcast_ref()) {
                Some(Some(reply)) => Ok(Some(Reply::<T>::clone(reply))),
                _ => Err(conflict("the first call with this key is under way")),
            },
            None if kept.values().filter(|kept| kept.by == by).count() >= MANY_OF_ONE => {
                Err(ApiError::new(
                    ErrorCode::Overloaded,
                    "too many idempotency keys are in use; nothing was done",
                ))
            }
            None => {
                if kept.len() >= MANY {
                    let_go_of_first(&mut kept, MANY / 8, |kept| kept.until);
                }
                let until = now.plus_seconds(KEEP);
                let answer = None;
                let first = Kept {
                    by,
                    asked,
                    until,
                    answer,
                };
                kept.insert(place, first);
                Ok(None)
            }
        }
    }
}

struct Vacate<'a>(Option<(&'a Answers, Digest256)>);

impl Drop for Vacate<'_> {
    fn drop(&mut self) {
        if let Some((answers, place)) = self.0 {
            answers.kept().remove(&place);
        }
    }
}
