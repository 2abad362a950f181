//! A browser of the server's: its cookie, the pages it is shown, and their forms.

use std::cell::RefCell;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_server::crypto::secret::Digest256;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::test_app::{PASSWORD, Reply, TestApp, text};

pub(crate) const VERIFIER: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
pub(crate) const REDIRECT: &str = "https://app.example/cb";

pub(crate) struct Browser<'h> {
    server: &'h TestApp,
    cookie: RefCell<String>,
    language: &'static str,
}

/// What a browser is shown.
#[derive(Debug)]
pub(crate) struct Page {
    pub status: u16,
    /// Where it goes on by itself, by a redirect or a page that says so.
    pub onward: Option<String>,
    pub text: String,
}

/// A parameter of an address.
pub(crate) fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let pair = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
    Some(pair.to_owned())
}

impl Page {
    /// The hidden fields of the first form to `action`.
    pub(crate) fn form(&self, action: &str) -> Vec<(String, String)> {
        let start = format!("action=\"{action}\"");
        let form = self.text.split(&start).nth(1);
        let form = form.unwrap_or_else(|| panic!("no form to {action} in {}", self.text));
        let form = form.split("</form>").next().unwrap_or_default();
        let attribute = |tag: &str, name: &str| {
            let value = tag.split(&format!(" {name}=\"")).nth(1)?;
            Some(value.split('"').next()?.replace("&amp;", "&"))
        };
        let inputs = form.split("<input").skip(1);
        let hidden = inputs.filter(|tag| tag.contains("type=\"hidden\""));
        hidden
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect()
    }

    /// Whether it asks for email and password.
    pub(crate) fn asks_to_sign_in(&self) -> bool {
        self.text.contains("action=\"/sign-in\"")
    }
}

impl<'h> Browser<'h> {
    pub(crate) fn new(server: &'h TestApp) -> Self {
        Self::speaking(server, "en")
    }

    /// Of somebody who reads this language.
    pub(crate) fn speaking(server: &'h TestApp, language: &'static str) -> Self {
        Self {
            server,
            cookie: RefCell::default(),
            language,
        }
    }

    async fn go(&self, method: Method, path: &str, body: &str) -> Page {
        self.go_from(None, method, path, body).await
    }

    async fn go_from(
        &self,
        origin: Option<&'static str>,
        method: Method,
        path: &str,
        body: &str,
    ) -> Page {
        let cookie = self.cookie.borrow().clone();
        let mut headers = vec![
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept-language", self.language),
        ];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let (status, cookies, location, text) =
            self.server.show(method, path, &headers, body).await;
        if !cookies.is_empty() {
            *self.cookie.borrow_mut() = cookies;
        }
        let by_itself = text.split("content=\"0; url=").nth(1);
        let by_itself = by_itself.and_then(|rest| rest.split('"').next());
        let onward = location.or(by_itself.map(|to| to.replace("&amp;", "&")));
        Page {
            status,
            onward,
            text,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.go(Method::Get, path, "").await
    }

    /// Sends the first form to `action` of a page, with more fields.
    pub(crate) async fn send(&self, page: &Page, action: &str, more: &[(&str, &str)]) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(page.form(action));
        body.extend_pairs(more);
        self.go(Method::Post, action, &body.finish()).await
    }

    /// Sends a form of a page as another website would.
    pub(crate) async fn submit_from_elsewhere(&self, page: &Page, action: &str) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(page.form(action)).finish();
        let origin = Some("https://evil.example");
        self.go_from(origin, Method::Post, action, &body).await
    }

    /// Signs in on a page that asks for it.
    pub(crate) async fn sign_in(&self, page: &Page, email: &str) -> Page {
        let typed = [("email", email), ("password", PASSWORD)];
        self.send(page, "/sign-in", &typed).await
    }

    /// Signs in at the sign-in page itself.
    pub(crate) async fn enter(&self, email: &str) {
        let page = self.get("/sign-in").await;
        let entered = self.sign_in(&page, email).await;
        assert_eq!(entered.status, 303, "{}", entered.text);
    }

    pub(crate) async fn is_signed_in(&self) -> bool {
        self.get("/account").await.status == 200
    }

    /// A code for a client, from somebody who is signed in and allows what is asked for.
    pub(crate) async fn code(&self, client: &str, more: &str) -> String {
        let mut page = self.get(&authorize(client, more)).await;
        if page.status == 200 && page.onward.is_none() {
            page = self.send(&page, "/oauth/consent", &[]).await;
        }
        let to = page.onward.unwrap_or_else(|| panic!("{}", page.text));
        parameter(&to, "code").unwrap_or_else(|| panic!("no code in {to}"))
    }
}

/// The path of an authorization request.
pub(crate) fn authorize(client: &str, more: &str) -> String {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Digest256::of(VERIFIER.as_bytes()).0);
    format!(
        "/oauth/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read\
         &code_challenge={challenge}&code_challenge_method=S256{more}"
    )
}

/// Registers a public client; answers its id.
pub(crate) async fn app(server: &TestApp) -> String {
    let body = json!({"name": "app", "redirectUris": [REDIRECT], "scopes": ["read"],
        "grantTypes": ["authorization_code", "refresh_token"], "confidential": false});
    let made = server
        .post("/admin/clients", &server.operator(), body)
        .await;
    text(&made.expect(201), "id").to_owned()
}

pub(crate) async fn redeem(server: &TestApp, client: &str, code: &str) -> Reply {
    let body = json!({"grantType": "authorization_code", "clientId": client, "code": code,
        "redirectUri": REDIRECT, "codeVerifier": VERIFIER});
    server.post("/auth/token", "", body).await
}

/// A number that a list of the operators' counts.
pub(crate) async fn total(server: &TestApp, path: &str) -> u64 {
    let operator = server.operator();
    let list = server.call(Method::Get, path, &operator, Value::Null);
    list.await.expect(200)["pagination"]["total"]
        .as_u64()
        .unwrap()
}
