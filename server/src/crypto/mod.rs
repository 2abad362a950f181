//! Cryptography: passwords, signatures, secrets, and what is sealed at rest.

pub mod api_key;
pub mod assertion;
pub mod jwks;
pub mod password;
mod public_key;
pub mod refresh;
pub mod seal;
pub mod secret;
pub mod signing;
mod signing_algorithm;
mod signing_key;
pub mod stamp;
pub mod token;
pub mod totp;
pub mod webauthn;
