//! What lives in this process's memory, and a second process would have to share.

mod blocks;
mod bounded_map;
mod form_tokens;
mod idempotency;
mod key_meters;
pub mod limits;
mod log_dedup;
mod logout_queue;
mod mfa_tokens;
mod minute;
mod passkey_challenges;
mod refusals;
mod return_codes;
mod revocation_previews;
pub(crate) mod streams;
mod unclaimed_sign_ins;

pub(crate) use blocks::BlockedNetworks;
pub(crate) use form_tokens::{NONCE, UsedForms};
pub(crate) use idempotency::{Begun, IdempotentAnswers, KeyRefused, KeyedCall};
pub(crate) use key_meters::{KeyMeters, Uses};
pub(crate) use limits::{MailPlace, Mailed};
pub(crate) use log_dedup::Told;
pub(crate) use logout_queue::LogoutQueue;
pub(crate) use mfa_tokens::{ENROLMENT_SECONDS, FACTOR_SECONDS, MfaTokens, PendingSignIn, Try};
pub(crate) use minute::{Current, minute_of};
pub(crate) use passkey_challenges::{LIFETIME as CHALLENGE_SECONDS, PasskeyChallenges};
pub(crate) use refusals::{NamedClient, Refusals, Refused, RefusedRequest, Seen};
pub(crate) use return_codes::ReturnCodes;
pub(crate) use revocation_previews::{Caller as Previewing, Preview, Previews};
pub(crate) use unclaimed_sign_ins::Arrivals;
