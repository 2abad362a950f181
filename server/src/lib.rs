//! Doorward is a self-hosted OAuth2 authorization server backed by SQLite. The program `doorward-server` runs it
//! standalone. With this library, a [Rocket](https://rocket.rs) app is its own authorization server: users sign up and in
//! at `/auth/…` and on hosted pages, operators use `/admin/…`, and the app's routes are guarded without a network call.
//!
//! # A guarded API in three steps
//!
//! **1. Dependencies.** The library includes its SQLite. `docs/embedding.md` lists the database crates that resolve with it.
//!
//! ```toml
//! [dependencies]
//! doorward-server = { path = "doorward/server" }
//! rocket = "0.5.1"
//! ```
//!
//! **2. Open a data directory and attach the fairing.** [`Settings::load`] reads `Rocket.toml` and the environment variables
//! `DOORWARD_…`, as the program does.
//!
//! **3. Guard routes.** [`Bearer`] accepts any valid access token or API key, [`Allowed`] also requires a scope, and
//! [`SignedIn`] is for pages: it redirects a browser to `/sign-in` and back.
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
//! Try it: register a user, and call the route with the `accessToken` of the response.
//!
//! ```sh
//! curl -s http://127.0.0.1:8000/auth/register \
//!   -H 'Content-Type: application/json' -d '{"email":"ada@example.com","password":"correct horse battery"}'
//! curl -s http://127.0.0.1:8000/orders -H "Authorization: Bearer $TOKEN"
//! ```
//!
//! # Guarantees of the guards
//!
//! A token or key is checked on every request, in memory: a revoked one is rejected from the next request on. A request
//! without a credential gets 401 with a challenge (RFC 6750), one that lacks a scope gets 403, both in the error format of
//! the REST API. All other paths, and their catchers, belong to the app.
//!
//! # Stability
//!
//! The items on this page are the library's API. Modules that are not listed are public only for the program, tests and
//! benchmarks of this repository, and change without notice.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test that cannot go on should panic"
    )
)]

/// Compiles the README's example.
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

/// The description of the REST API, OpenAPI 3.1 in JSON, as served at `/openapi.json`, except for the server's address.
///
/// ```
/// let description = doorward_server::openapi();
/// assert!(description.contains("\"openapi\": \"3.1.0\""));
/// ```
pub fn openapi() -> std::sync::Arc<str> {
    http::openapi::text()
}
