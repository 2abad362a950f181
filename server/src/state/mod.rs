//! What lives in this process's memory, and a second process would have to share.

mod arrivals;
mod key_meters;
mod mfa_tokens;
mod passkey_challenges;
mod refusals;
pub(crate) mod streams;
mod told;

pub(crate) use arrivals::Arrivals;
pub(crate) use key_meters::{KeyMeters, Uses};
pub(crate) use mfa_tokens::{MfaTokens, PendingSignIn, Try};
pub(crate) use passkey_challenges::{LIFETIME as CHALLENGE_SECONDS, PasskeyChallenges};
pub(crate) use refusals::{Refusal, Refusals};
pub(crate) use told::Told;
