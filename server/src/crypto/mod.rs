//! Cryptography: passwords, signatures, secrets, and encryption at rest.

pub mod access_token;
pub mod api_key;
pub mod browser_mac;
pub mod client_assertion;
pub mod client_jwks;
pub mod key_ring;
pub mod password;
pub mod refresh_token;
pub mod seal;
pub mod secret;
mod signing_algorithm;
mod signing_jwk;
mod signing_key;
pub mod totp;
pub mod webauthn;
