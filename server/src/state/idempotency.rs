//! Stored responses to calls with an `Idempotency-Key`, for retries.
//!
//! Not shared between processes: a retry at another process is executed again. A restart forgets the responses, with
//! the same effect.

use std::{
    any::Any,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::Timestamp;

use super::bounded_map::FairMap;
use crate::domain::{Actor, Digest256};

/// Lifetime of a response, in seconds. Responses contain secrets, so it is short, and they stay in memory.
const LIFETIME: i64 = 600;
/// When a call in progress expires: not before its response, however long that takes. Sent again it would be carried out twice.
const IN_PROGRESS: Timestamp = Timestamp(i64::MAX);
/// Maximum stored responses per caller; beyond it the caller is refused.
const MAX_OF_ONE: usize = 500;
/// Maximum stored responses in total; beyond it the caller with the most loses its oldest, and a retry of that call is
/// executed again.
const MAX_ANSWERS: usize = 10_000;

struct StoredAnswer {
    /// Hash of the request.
    asked: Digest256,
    /// `None` while the first call is in progress.
    answer: Option<Box<dyn Any + Send>>,
}

/// Responses that may be requested again.
#[derive(Default)]
pub(crate) struct IdempotentAnswers(Mutex<FairMap<Digest256, Actor, StoredAnswer>>);

impl std::fmt::Debug for IdempotentAnswers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdempotentAnswers")
    }
}

/// A call with a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyedCall {
    /// Hash of the credential, the route and the key.
    pub place: Digest256,
    /// Hash of the body.
    pub asked: Digest256,
    /// The principal responsible for the credential.
    pub whose: Actor,
}

/// Result of starting a call with a key.
pub(crate) enum CallStart<'a, T> {
    /// Already executed: the stored response.
    Answered(T),
    /// To be executed.
    First(CallInProgress<'a>),
}

/// Why a call with a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdempotencyError {
    /// The key was used with another body.
    OtherBody,
    /// The first call is still in progress.
    UnderWay,
    /// Too many responses of the caller are stored.
    TooMany,
}

impl IdempotentAnswers {
    fn kept(&self) -> MutexGuard<'_, FairMap<Digest256, Actor, StoredAnswer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves an entry for a call, or returns its stored response.
    ///
    /// # Errors
    /// [`IdempotencyError`].
    pub(crate) fn begin<T: Clone + Send + 'static>(
        &self,
        call: KeyedCall,
        now: Timestamp,
    ) -> Result<CallStart<'_, T>, IdempotencyError> {
        let mut kept = self.kept();
        kept.end(now);
        match kept.get(&call.place) {
            Some(found) if found.asked != call.asked => Err(IdempotencyError::OtherBody),
            Some(found) => match found.answer.as_ref().map(|answer| answer.downcast_ref()) {
                Some(Some(answer)) => Ok(CallStart::Answered(T::clone(answer))),
                _ => Err(IdempotencyError::UnderWay),
            },
            None if kept.len_of(&call.whose) >= MAX_OF_ONE => Err(IdempotencyError::TooMany),
            None => {
                if kept.len() >= MAX_ANSWERS {
                    kept.make_room();
                }
                let first = StoredAnswer {
                    asked: call.asked,
                    answer: None,
                };
                kept.insert(call.place, call.whose, (true, IN_PROGRESS), first);
                Ok(CallStart::First(CallInProgress(Some((self, call.place)))))
            }
        }
    }
}

/// The entry of a call in progress. Dropped without a response, it is released.
pub(crate) struct CallInProgress<'a>(Option<(&'a IdempotentAnswers, Digest256)>);

impl CallInProgress<'_> {
    /// Stores the response of the call, for [`LIFETIME`] from now.
    pub(crate) fn keep<T: Send + 'static>(mut self, answer: T, now: Timestamp) {
        let until = now.plus_seconds(LIFETIME);
        if let Some((answers, place)) = self.0.take()
            && let Some(kept) = answers.kept().settle(&place, until)
        {
            kept.answer = Some(Box::new(answer));
        }
    }
}

impl Drop for CallInProgress<'_> {
    fn drop(&mut self) {
        if let Some((answers, place)) = self.0 {
            answers.kept().remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::UserId;
    use ulid::Ulid;

    use super::*;

    fn call(key: &str, body: &str) -> KeyedCall {
        KeyedCall {
            place: Digest256::of(key.as_bytes()),
            asked: Digest256::of(body.as_bytes()),
            whose: Actor::User(UserId(Ulid(1))),
        }
    }

    #[test]
    fn whoever_has_many_answers_makes_room_and_not_who_has_few() {
        let answers = IdempotentAnswers::default();
        let keep = |call| match answers.begin::<u32>(call, Timestamp(0)) {
            Ok(CallStart::First(place)) => place.keep(1_u32, Timestamp(0)),
            _ => panic!("there is a place"),
        };
        keep(call("ada's", "x"));
        for number in 1..MAX_ANSWERS {
            let place = Digest256::of(&number.to_be_bytes());
            let crowd = StoredAnswer {
                asked: place,
                answer: Some(Box::new(1_u32)),
            };
            let whose = Actor::User(UserId(Ulid(2 + number as u128 % 20)));
            let until = Timestamp(LIFETIME * 1000 + number as i64);
            answers.kept().insert(place, whose, (false, until), crowd);
        }
        keep(KeyedCall {
            whose: Actor::User(UserId(Ulid(99))),
            ..call("more", "x")
        });
        assert_eq!(answers.kept().len(), MAX_ANSWERS);
        let again = answers.begin::<u32>(call("ada's", "x"), Timestamp(0));
        assert!(matches!(again, Ok(CallStart::Answered(1))));
    }

    #[test]
    fn a_call_is_carried_out_once_and_answered_again_until_its_time_is_over() {
        let answers = IdempotentAnswers::default();
        let begin = |key, body, at| answers.begin::<u32>(call(key, body), Timestamp(at));
        let Ok(CallStart::First(place)) = begin("a", "x", 0) else {
            panic!("the first call is carried out");
        };
        assert_eq!(begin("a", "x", 0).err(), Some(IdempotencyError::UnderWay));
        // However long it takes, as on a disk that hangs.
        let late = 600_000;
        assert_eq!(
            begin("a", "x", late).err(),
            Some(IdempotencyError::UnderWay)
        );
        place.keep(7_u32, Timestamp(late));
        let until = late + 600_000;
        assert!(matches!(
            begin("a", "x", until - 1),
            Ok(CallStart::Answered(7))
        ));
        assert_eq!(begin("a", "y", 0).err(), Some(IdempotencyError::OtherBody));
        assert!(matches!(begin("a", "x", until), Ok(CallStart::First(_))));
    }

    #[test]
    fn a_call_that_failed_gives_its_place_back_and_one_caller_has_no_more_than_its_own() {
        let answers = IdempotentAnswers::default();
        for number in 0..MAX_OF_ONE {
            let call = call(&number.to_string(), "x");
            let Ok(CallStart::First(place)) = answers.begin::<u32>(call, Timestamp(0)) else {
                panic!("there is a place");
            };
            place.keep(1_u32, Timestamp(0));
        }
        let more = || answers.begin::<u32>(call("more", "x"), Timestamp(0));
        assert_eq!(more().err(), Some(IdempotencyError::TooMany));
        answers.kept().remove(&call("0", "x").place);
        for _ in 0..2 {
            // Dropped immediately.
            assert!(matches!(more(), Ok(CallStart::First(_))));
        }
    }
}
