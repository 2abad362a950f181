//! Cryptography: passwords, signatures, secrets, and encryption at rest.

pub mod access_token;
pub mod api_key;
pub mod assertion;
pub mod browser_mac;
pub mod jwks;
pub mod key_ring;
pub mod password;
mod public_key;
pub mod refresh_token;
pub mod seal;
pub mod secret;
mod signing_algorithm;
mod signing_key;
pub mod totp;
pub mod webauthn;
