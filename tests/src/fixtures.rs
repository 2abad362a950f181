//! Fixtures: keys, clients, administrators.

use serde_json::{Value, json};

use crate::{PASSWORD, Person, Server};

/// An OAuth client that was registered.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    /// Empty for a public client.
    pub secret: String,
}

impl Server {
    /// Mints a key of the operator's with these scopes: it has no owner whose permissions bound it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn key(&self, scopes: &[&str]) -> String {
        let body = json!({"name": "a test's", "scopes": scopes});
        let minted = self.admin("POST", "/admin/apikeys", Some(body)).await;
        text(&minted, "key")
    }

    /// Mints a key of somebody's own.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn key_of(&self, person: &Person, scopes: &[&str]) -> Value {
        let body = json!({"name": "a test's", "scopes": scopes});
        let call = self.post("/apikey").bearer(&person.access).json(body);
        call.send().await.expect(201).json()
    }

    /// Registers a confidential client that may use client credentials.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn client(&self, scopes: &[&str]) -> Client {
        let grants = ["client_credentials"];
        let body = json!({"name": "a test's", "grantTypes": grants, "scopes": scopes});
        let made = self.admin("POST", "/admin/clients", Some(body)).await;
        let (id, secret) = (text(&made, "clientId"), text(&made, "clientSecret"));
        Client { id, secret }
    }

    /// A token of a client's own.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn client_token(&self, client: &Client) -> String {
        let call = self.post("/oauth/token").basic(&client.id, &client.secret);
        let call = call.form(&[("grant_type", "client_credentials")]);
        call.send().await.expect(200).field("access_token")
    }

    /// Signs somebody up and in as an administrator.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn administrator(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD, "role": "admin"});
        self.admin("POST", "/admin/users", Some(body)).await;
        self.login(email).await
    }
}

fn text(body: &Value, name: &str) -> String {
    let text = body[name].as_str();
    text.unwrap_or_else(|| panic!("no {name} in {body}"))
        .to_owned()
}

/// The names of an object's fields, sorted and joined by spaces.
///
/// # Panics
/// When it is no object.
pub fn fields(object: &Value) -> String {
    let object = object.as_object().expect("an object");
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

/// Whether text is a time as the API writes them: RFC 3339, UTC, with `Z`.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.ends_with('Z') && doorward_shared::Timestamp::parse(text).is_some()
}

/// Whether a value is an id with this prefix: a ULID in lower case follows.
pub fn is_id(value: &Value, prefix: &str) -> bool {
    let text = value.as_str().unwrap_or_default();
    let ulid = text.strip_prefix(prefix).unwrap_or_default();
    let digit = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() && !b"ilou".contains(&b);
    ulid.len() == 26 && ulid.bytes().all(digit)
}
