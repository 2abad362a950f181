//! In-memory state of this process, which several processes would have to share.

mod bounded_map;
pub(crate) mod event_streams;
mod form_tokens;
mod forward_auth_codes;
mod idempotency;
mod key_usage;
pub mod limits;
mod log_dedup;
mod logout_queue;
mod mfa_tokens;
mod minute_counters;
mod network_blocks;
mod passkey_challenges;
mod rejected_requests;
mod revocation_previews;
mod unclaimed_sign_ins;

pub(crate) use form_tokens::{NONCE, UsedForms};
pub(crate) use forward_auth_codes::ReturnCodes;
pub(crate) use idempotency::{CallStart, IdempotencyError, IdempotentAnswers, KeyedCall};
pub(crate) use key_usage::{KeyMeters, Uses};
pub(crate) use limits::{MailSlot, Mailed};
pub(crate) use log_dedup::LogDedup;
pub(crate) use logout_queue::LogoutQueue;
pub(crate) use mfa_tokens::{ENROLMENT_SECONDS, FACTOR_SECONDS, MfaTokens, PendingSignIn, Try};
pub(crate) use minute_counters::{Current, minute_of};
pub(crate) use network_blocks::BlockedNetworks;
pub(crate) use passkey_challenges::{LIFETIME as CHALLENGE_SECONDS, PasskeyChallenges};
pub(crate) use rejected_requests::{
    NamedClient, RefusedRequest, RejectedCaller, RejectedRequests, Seen,
};
pub(crate) use revocation_previews::{Caller as Previewing, Preview, Previews};
pub(crate) use unclaimed_sign_ins::UnclaimedSignIns;
