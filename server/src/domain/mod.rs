//! The domain: plain types and pure rules, without Rocket, SQLite or JSON.

pub mod account;
pub mod api_key;
pub mod authority;
pub mod authorization_code;
pub mod claims;
pub mod client;
pub mod client_auth_method;
pub mod client_policy;
pub mod client_policy_change;
pub mod client_uris;
pub mod device;
pub mod diff;
pub mod digest;
pub mod email;
pub mod error;
pub mod event;
pub mod event_summary;
pub mod factor;
pub mod groups;
pub mod idna;
pub mod ip_prefix;
pub mod key_restrictions;
pub mod latency;
pub mod mail;
pub mod network_block;
pub mod one_time_link;
pub mod public_ip;
pub mod rejected_parameter;
pub mod role;
pub mod rules;
pub mod session;
pub mod text;
pub mod unverified_email_policy;

pub use account::{Account, NewUser, User, UserChange};
pub use api_key::{ApiKey, KeyOwner, Minter};
pub use authority::{Act, Authority, EntryPoint, Principal};
pub use authorization_code::{AuthorizationCode, CODE_SECONDS};
pub use claims::{ClaimSet, PersonClaims, RequestedClaims};
pub use client::{Client, ClientSecrets, GrantType};
pub use client_auth_method::{AuthMethod, ClientKind};
pub use client_policy::ClientPolicy;
pub use client_policy_change::PolicyChange;
pub use diff::{Diff, DiffValue};
pub use digest::Digest256;
pub use email::Email;
pub use error::DomainError;
pub use event::{Actor, AuditContext, Event};
pub use factor::{
    ACR_VALUES, Factors, Passkey, PasskeyKind, PublicKey, ShownFactor, SignInMethod,
    counter_goes_on, wants_factor,
};
pub use ip_prefix::{client_prefix, is_unknown, networks};
pub use key_restrictions::{AllowedIp, KeyRestrictions, KeyTermsChange};
pub use latency::Latencies;
pub use network_block::Block;
pub use rejected_parameter::RejectedParameter;
pub use role::Role;
pub use session::{RefreshOwner, Session, SessionCore};
pub use unverified_email_policy::UnverifiedEmail;
