//! `oxide-auth`, and nothing else in the crate names it: its state machines run the authorization request (RFC 6749 section 4.1.1) and the three
//! grants of the token endpoint.
//!
//! What the library decides: which parameters a flow needs and whether they are there once (sections 4.1.1 to 4.1.3,
//! 4.4.2 and 6), that a code or a refresh token is asked about by the client it is of, and PKCE: whether the verifier is
//! the preimage of the challenge (RFC 7636 section 4.6). What it does not decide, since its types cannot say it, is asked
//! of us while it runs: who the client is (`client_auth.rs`), what the person allows (`resource_owner.rs`), what a code or a
//! refresh token is worth and what is issued for it (`grants.rs`, and the rules of `domain/rules`). Its answers are not
//! sent; only how a flow ended is read from them, and what is answered is written by us.

mod authorization_request;
mod client;
mod token_request;
mod web;

pub(super) use self::{authorization_request::authorize, token_request::exchange};
