//! Cryptography: passwords, signatures, secrets, and what is sealed at rest.

pub mod assertion;
pub mod jwks;
pub mod password;
pub mod refresh;
pub mod seal;
pub mod secret;
pub mod signing;
mod signing_key;
pub mod stamp;
pub mod token;
pub mod totp;
pub mod webauthn;
