//! The end-to-end tests, one file for each family of rules. One binary: each one more would be linked again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

mod accounts;
mod admin_apikeys;
mod admin_clients;
mod admin_events;
mod admin_roles;
mod admin_server;
mod admin_sessions;
mod admin_users;
mod apikeys;
mod authority;
mod backchannel;
mod bad_input;
mod behind_proxies;
mod breached;
mod caps;
mod check;
mod client_credentials;
mod client_keys;
mod client_policy;
mod client_rules;
mod commands;
mod console_terminal;
mod cors;
mod doors;
mod durability;
mod embedded;
mod endings;
mod errors;
mod faults;
mod files;
mod first_start;
mod forged_tokens;
mod home;
mod imports;
mod key_terms;
mod key_usage;
mod key_verify;
mod lifetimes;
mod limits;
mod lineage;
mod links;
mod lists;
mod logs;
mod mail;
mod meanwhile;
mod memory;
mod mfa;
mod oauth_account;
mod oauth_authorize;
mod oauth_codes;
mod oauth_going_on;
mod oauth_oidc;
mod oauth_pages;
mod oauth_tokens;
mod passwords;
mod races;
mod readme;
mod recovery;
mod refused_clients;
mod registration;
mod scopes_and_roles;
mod sessions;
mod settings;
mod signals;
mod step_up;
mod stopping;
mod sweeping;
mod tokens;
mod twin;
mod twin_keys;
mod twin_terms;
