//! What people, applications and operators are shown, word for word: pages in both languages, errors, documents.
//! How a snapshot is reviewed stands in CONTRIBUTING.md.

mod account;
mod documents;
mod errors;
mod links;
mod mask;
mod oauth;
mod pages;

use doorward_server::Settings;
use rocket::http::Method;
use serde_json::Value;

use crate::{
    browser::{Browser, Page},
    test_app::TestApp,
};

/// Compares a page in each language there are texts in; `walk` goes there in a browser of that language.
async fn in_each_language(
    name: &str,
    settings: impl Fn() -> Settings,
    walk: impl AsyncFn(&TestApp, &Browser<'_>) -> Page,
) {
    for language in ["en", "de"] {
        let server = TestApp::open(settings()).await;
        let browser = Browser::speaking(&server, language);
        let page = walk(&server, &browser).await;
        let text = format!("{}\n\n{}", page.status, mask::page(&page.text));
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(format!("{name}.{language}"), text);
        });
    }
}

/// Calls and their answers, as a reader of the documentation would see them.
struct Transcript<'h> {
    server: &'h TestApp,
    text: String,
}

impl<'h> Transcript<'h> {
    fn of(server: &'h TestApp) -> Self {
        Self {
            server,
            text: String::new(),
        }
    }

    /// Makes a call and writes down its answer: the status, headers that a client acts on, the body.
    async fn call(&mut self, method: Method, path: &str, token: &str, body: &str) -> &mut Self {
        let bearer = format!("Bearer {token}");
        let kind = if body.starts_with(['{', '[']) || body.is_empty() {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let mut headers = vec![("content-type", kind)];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        self.send(method, path, &headers, body).await
    }

    /// As [`Transcript::call`], with headers of one's own.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> &mut Self {
        let answer = self.server.answer(method, path, headers, body).await;
        self.text.push_str(&format!("{method} {path}\n"));
        if !body.is_empty() {
            let shown: String = body.chars().take(200).collect();
            self.text.push_str(&format!("{shown}\n"));
        }
        self.text.push_str(&format!("\n{}\n", answer.status));
        for name in ["www-authenticate", "retry-after", "allow", "location"] {
            for value in answer.headers.get(name) {
                let mut parts: Vec<_> = value.split(", ").collect();
                // Methods come in any order.
                if name == "allow" {
                    parts.sort_unstable();
                }
                self.text
                    .push_str(&format!("{name}: {}\n", parts.join(", ")));
            }
        }
        self.text
            .push_str(&format!("{}\n----\n", readable(&answer.text)));
        self
    }

    /// Compares what was written down.
    fn is(&self, name: &str) {
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(name, mask::text(&self.text));
        });
    }
}

/// JSON over several lines, anything else as it is.
fn readable(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => text.to_owned(),
    }
}
