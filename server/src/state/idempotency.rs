//! Answers to calls with an `Idempotency-Key`, for those who send the call again.
//!
//! Not shared: a call that comes again at another process is carried out again. A restart forgets them, with the same
//! effect.

use std::{
    any::Any,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::Timestamp;

use super::bounded_map::FairMap;
use crate::domain::{Actor, Digest256};

/// How long answers are kept, in seconds. They hold secrets, so not for long, and only in memory.
const LIFETIME: i64 = 600;
/// Answers of one caller that are kept at once, at most; past it the caller is refused.
const MAX_OF_ONE: usize = 500;
/// Answers of all, at most; past it whoever has the most makes room: a call whose answer went so is carried out once more.
const MAX_ANSWERS: usize = 10_000;

struct StoredAnswer {
    /// Hash of what was asked for.
    asked: Digest256,
    /// None while the first call is under way.
    answer: Option<Box<dyn Any + Send>>,
}

/// Answers that may be asked for again.
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
    /// Who answers for the credential.
    pub whose: Actor,
}

/// What becomes of a call with a key.
pub(crate) enum CallStart<'a, T> {
    /// It was answered before.
    Answered(T),
    /// It is to be carried out.
    First(CallInProgress<'a>),
}

/// Why a call with a key is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdempotencyError {
    /// The key came with another body before.
    OtherBody,
    /// The first call has not been answered yet.
    UnderWay,
    /// The caller has too many answers kept.
    TooMany,
}

impl IdempotentAnswers {
    fn kept(&self) -> MutexGuard<'_, FairMap<Digest256, Actor, StoredAnswer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place of a call, or finds its answer.
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
                let until = now.plus_seconds(LIFETIME);
                kept.insert(call.place, call.whose, (true, until), first);
                Ok(CallStart::First(CallInProgress(Some((self, call.place)))))
            }
        }
    }
}

/// The place of a call that is under way. Dropped without an answer, it is free again.
pub(crate) struct CallInProgress<'a>(Option<(&'a IdempotentAnswers, Digest256)>);

impl CallInProgress<'_> {
    /// Keeps the answer of the call.
    pub(crate) fn keep<T: Send + 'static>(mut self, answer: T) {
        if let Some((answers, place)) = self.0.take()
            && let Some(kept) = answers.kept().settle(&place)
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
            Ok(CallStart::First(place)) => place.keep(1_u32),
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
        place.keep(7_u32);
        assert!(matches!(
            begin("a", "x", 599_999),
            Ok(CallStart::Answered(7))
        ));
        assert_eq!(begin("a", "y", 0).err(), Some(IdempotencyError::OtherBody));
        assert!(matches!(begin("a", "x", 600_000), Ok(CallStart::First(_))));
    }

    #[test]
    fn a_call_that_failed_gives_its_place_back_and_one_caller_has_no_more_than_its_own() {
        let answers = IdempotentAnswers::default();
        for number in 0..MAX_OF_ONE {
            let call = call(&number.to_string(), "x");
            let Ok(CallStart::First(place)) = answers.begin::<u32>(call, Timestamp(0)) else {
                panic!("there is a place");
            };
            place.keep(1_u32);
        }
        let more = || answers.begin::<u32>(call("more", "x"), Timestamp(0));
        assert_eq!(more().err(), Some(IdempotencyError::TooMany));
        answers.kept().remove(&call("0", "x").place);
        for _ in 0..2 {
            // Dropped at once.
            assert!(matches!(more(), Ok(CallStart::First(_))));
        }
    }
}
