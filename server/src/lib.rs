//! Doorward is a self-hosted OAuth2 authorization server over SQLite. The program `doorward-server` runs it alone; with
//! this library a [Rocket](https://rocket.rs) app is its own authorization server: people sign up and in at `/auth/…` and
//! on hosted pages, operators work at `/admin/…`, and the app's routes are guarded without a call over the network.
//!
//! # A guarded API in three steps
//!
//! **1. Dependencies.** The library brings its SQLite; `docs/embedding.md` says which other crates resolve beside it.
//!
//! ```toml
//! [dependencies]
//! doorward-server = { path = "doorward/server" }
//! rocket = "0.5.1"
//! ```
//!
//! **2. Open a data directory and attach the fairing.** [`Settings::load`] reads `Rocket.toml` and `DOORWARD_…` of the
//! environment, as the program does.
//!
//! **3. Guard routes.** [`Bearer`] takes any valid access token or API key, [`Allowed`] asks for a scope besides, and
//! [`SignedIn`] is for pages: it leads a browser to `/sign-in` and back.
//!
//! ```no_run
//! use doorward_server::{Allowed, Bearer, Doorward, Settings, SignedIn, scope};
//! use rocket::{get, routes};
//!
//! scope! { ReadOrders = "read:orders"; }
//!
//! #[get("/whoami")]
//! fn whoami(caller: Bearer) -> String {
//!     caller.actor().to_string()
//! }
//!
//! #[get("/orders")]
//! fn orders(caller: Allowed<ReadOrders>) -> String {
//!     format!("orders of {}", caller.actor())
//! }
//!
//! #[get("/home")]
//! fn home(person: SignedIn) -> String {
//!     let email = person.account().map_or("", |account| account.user.email.as_str());
//!     format!("hello {email}")
//! }
//!
//! #[rocket::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     let doorward = Doorward::open(Settings::load()?).await?;
//!     rocket::build()
//!         .attach(doorward.fairing())
//!         .mount("/", routes![whoami, orders, home])
//!         .launch()
//!         .await?;
//!     doorward.close();
//!     Ok(())
//! }
//! ```
//!
//! Try it: sign somebody up, and call the route with the `accessToken` of the answer.
//!
//! ```sh
//! curl -s http://127.0.0.1:8000/auth/register \
//!   -H 'Content-Type: application/json' -d '{"email":"ada@example.com","password":"correct horse battery"}'
//! curl -s http://127.0.0.1:8000/orders -H "Authorization: Bearer $TOKEN"
//! ```
//!
//! # What the guards promise
//!
//! A token or key is judged at each request, from memory: what was revoked is dead on the next one. A request without a
//! credential is 401 with a challenge (RFC 6750), one that lacks a scope is 403, both in the error shape of the REST API.
//! Paths that are not Doorward's stay the app's, their catchers included.
//!
//! # Stability
//!
//! What this page lists is the library. Modules that it does not list are reachable for the program, tests and benchmarks
//! beside it, and change without notice.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test that cannot go on should panic"
    )
)]

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc(hidden)]
pub mod app;
mod cache;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod crypto;
#[doc(hidden)]
pub mod domain;
mod files;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod metrics;
#[doc(hidden)]
pub mod oauth;
mod outbound;
#[doc(hidden)]
pub mod service;
pub mod settings;
#[doc(hidden)]
pub mod state;
#[doc(hidden)]
pub mod store;

#[doc(inline)]
pub use app::{Doorward, OpenError};
#[doc(inline)]
pub use domain::Actor;
#[doc(inline)]
pub use http::{Allowed, Bearer, DoorwardFairing, Needs, NoResource, ProtectedResource, SignedIn};
#[doc(inline)]
pub use service::Caller;
#[doc(inline)]
pub use settings::Settings;

/// The description of the REST API, OpenAPI 3.1 in JSON, as `/openapi.json` serves it but for the server's address.
///
/// ```
/// let description = doorward_server::openapi();
/// assert!(description.contains("\"openapi\": \"3.1.0\""));
/// ```
pub fn openapi() -> std::sync::Arc<str> {
    http::openapi::text()
}
