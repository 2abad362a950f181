//! A browser without JavaScript: cookies, forms, and what a client sends it to.

use std::{collections::BTreeMap, sync::Mutex};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{Client, PASSWORD, Reply, Server};

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of [`VERIFIER`].
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where [`Server::app`] is registered to be answered.
pub const CALLBACK: &str = "https://app.example/cb";

/// A browser, as one person uses it.
#[derive(Debug)]
pub struct Browser<'a> {
    server: &'a Server,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    /// Fields and the values they have.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// With a field filled in.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(have, _)| have != name);
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Without a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(have, _)| have != name);
        self
    }

    /// A field's value.
    pub fn value(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    Some(unescaped(tag[at..].split('"').next()?))
}

/// The forms of a page, in its order.
pub fn forms(page: &Reply) -> Vec<Form> {
    let text = page.text();
    let parts = text.split("<form ").skip(1);
    parts
        .map(|part| {
            let part = part.split("</form>").next().unwrap_or_default();
            let inputs = part.split("<input ").skip(1);
            let fields = inputs.filter_map(|input| {
                let tag = format!(" {}", input.split('>').next()?);
                if attribute(&tag, "type").as_deref() == Some("checkbox") {
                    return None;
                }
                let value = attribute(&tag, "value").unwrap_or_default();
                Some((attribute(&tag, "name")?, value))
            });
            Form {
                action: attribute(&format!(" {part}"), "action").unwrap_or_default(),
                fields: fields.collect(),
            }
        })
        .collect()
}

/// The form of a page that goes to `action`.
///
/// # Panics
/// When it has none.
#[track_caller]
pub fn form(page: &Reply, action: &str) -> Form {
    let found = forms(page).into_iter().find(|form| form.action == action);
    found.unwrap_or_else(|| panic!("no form to {action}: {}", page.text()))
}

/// Where an answer leads by itself: a redirect, or a page that goes on. Such a page has a link there too.
///
/// # Panics
/// For a page that goes on and has no link there.
pub fn onward(reply: &Reply) -> Option<String> {
    if reply.status == 303 {
        return Some(reply.header("location").to_owned());
    }
    let text = reply.text();
    let (_, rest) = text.split_once("<meta http-equiv=\"refresh\" content=\"0; url=")?;
    let to = rest.split('"').next()?;
    assert!(text.contains(&format!("<a href=\"{to}\">")), "{text}");
    Some(unescaped(to))
}

/// The parameters of the address that an answer leads to, and that address without them.
///
/// # Panics
/// When it leads nowhere.
#[track_caller]
pub fn landed(reply: &Reply) -> (String, BTreeMap<String, String>) {
    let to = onward(reply).unwrap_or_else(|| panic!("{} {}", reply.status, reply.text()));
    let url: reqwest::Url = to.parse().expect("an absolute URL");
    let pairs = url.query_pairs().into_owned().collect();
    let place = to.split('?').next();
    (place.unwrap_or_default().to_owned(), pairs)
}

impl Server {
    /// A browser that was never here.
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            server: self,
            cookies: Mutex::default(),
        }
    }

    /// Registers an application of people: confidential, with every grant and scope it may need.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn app(&self, changes: Value) -> Client {
        let mut body = json!({
            "name": "Wiki", "redirectUris": [CALLBACK], "confidential": true,
            "grantTypes": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", "email", "offline_access", "read", "write"],
            "postLogoutRedirectUris": [CALLBACK],
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let made = self.admin("POST", "/admin/clients", Some(body)).await;
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        Client {
            id: text("clientId"),
            secret: text("clientSecret"),
        }
    }

    /// Redeems a code as its client.
    pub async fn redeem(&self, app: &Client, code: &str) -> Reply {
        self.redeem_with(app, code, &[]).await
    }

    /// As [`Server::redeem`], with some parameters changed.
    pub async fn redeem_with(&self, app: &Client, code: &str, changes: &[(&str, &str)]) -> Reply {
        let mut pairs: BTreeMap<&str, &str> = BTreeMap::from([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ]);
        pairs.extend(changes.iter().copied());
        let pairs: Vec<_> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let call = self.post("/oauth/token").form(&pairs);
        call.basic(&app.id, &app.secret).send().await
    }

    /// What introspection says of a token to an operator.
    pub async fn introspect(&self, token: &str) -> Value {
        let call = self.post("/oauth/introspect").bearer(&self.operator_key());
        call.form(&[("token", token)])
            .send()
            .await
            .expect(200)
            .json()
    }
}

/// Parameters of a right authorization request, with changes; an empty value leaves a parameter out.
pub fn request(app: &Client, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: BTreeMap<&str, &str> = BTreeMap::from([
        ("response_type", "code"),
        ("client_id", app.id.as_str()),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email read"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    pairs.extend(changes.iter().copied());
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The claims of a token, not verified.
///
/// # Panics
/// When it is no token.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

impl Browser<'_> {
    fn dressed(&self, call: crate::Call) -> crate::Call {
        let cookies = self.cookies.lock().expect("not poisoned");
        let cookies: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if cookies.is_empty() {
            call
        } else {
            call.header("cookie", &cookies.join("; "))
        }
    }

    /// Makes a call with its cookies, and keeps those of the answer.
    ///
    /// # Panics
    /// When another thread has failed with them.
    pub async fn send(&self, call: crate::Call) -> Reply {
        let reply = self.dressed(call).send().await;
        let mut cookies = self.cookies.lock().expect("not poisoned");
        for header in reply.headers.get_all("set-cookie") {
            let text = header.to_str().unwrap_or_default();
            let pair = text.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                cookies.insert(name.into(), value.into());
            }
        }
        drop(cookies);
        reply
    }

    /// Its cookies as a header holds them.
    ///
    /// # Panics
    /// When a test that held them panicked.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().expect("not poisoned").clone()
    }

    /// Puts a cookie in its place.
    ///
    /// # Panics
    /// When a test that held them panicked.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().expect("not poisoned");
        cookies.insert(name.into(), value.into());
    }

    /// Opens an address of the server's.
    pub async fn open(&self, path: &str) -> Reply {
        self.send(self.server.get(path)).await
    }

    /// Sends a form as it is.
    pub async fn submit(&self, form: &Form) -> Reply {
        let fields: Vec<_> = form
            .fields
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        self.send(self.server.post(&form.action).form(&fields))
            .await
    }

    /// Goes on to where an answer leads within the server.
    ///
    /// # Panics
    /// When it leads nowhere.
    pub async fn follow(&self, reply: Reply) -> Reply {
        let to = onward(&reply).unwrap_or_else(|| panic!("{} {}", reply.status, reply.text()));
        self.open(&to).await
    }

    /// Comes with an authorization request.
    pub async fn authorize(&self, pairs: &[(String, String)]) -> Reply {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        self.send(self.server.get("/oauth/authorize").query(&pairs))
            .await
    }

    /// Signs somebody in, at the account's door.
    ///
    /// # Panics
    /// When it fails.
    pub async fn sign_in(&self, email: &str) {
        let page = self.open("/sign-in").await.expect(200);
        let reply = self.submit(&filled(&page, email)).await;
        assert_eq!(reply.header("location"), "/account", "{}", reply.text());
    }

    /// Comes with a request and says yes to everything: signs in where it must, and allows.
    ///
    /// # Panics
    /// When no code comes of it.
    pub async fn code(&self, email: &str, pairs: &[(String, String)]) -> String {
        let mut page = self.authorize(pairs).await;
        if page.status == 200 && page.text().contains("action=\"/sign-in\"") {
            let signed_in = self.submit(&filled(&page, email)).await;
            page = self.follow(signed_in).await;
        }
        if page.status == 200 {
            page = self.submit(&form(&page, "/oauth/consent")).await;
        }
        let (_, parameters) = landed(&page);
        let code = parameters.get("code");
        code.unwrap_or_else(|| panic!("no code: {parameters:?}"))
            .clone()
    }
}

/// The sign-in form of a page, filled in.
///
/// # Panics
/// When the page has none.
#[track_caller]
pub fn filled(page: &Reply, email: &str) -> Form {
    form(page, "/sign-in")
        .with("email", email)
        .with("password", PASSWORD)
}
