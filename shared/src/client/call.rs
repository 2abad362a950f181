//! Sends requests and decodes responses.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::{Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Client, ClientError, Collection, EventStream, ListQuery, certificate};
use crate::{EventId, Page};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long a call may take that is about as much as the whole database.
const BULK_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Percent-encodes all but ASCII letters, digits and `plain`.
pub(super) fn percent_encoded(text: &str, plain: &[u8]) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A part of a path, so that nothing typed ends up as another part of it.
pub(super) fn segment(text: impl std::fmt::Display) -> String {
    let out = percent_encoded(&text.to_string(), b"-_.~@");
    // A path of dots would be taken for a way up.
    if out.chars().all(|c| c == '.') {
        out.replace('.', "%2E")
    } else {
        out
    }
}

impl Client {
    /// `GET`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&'static str, String)],
    ) -> Result<T, ClientError> {
        let request = self.request(Method::GET, path).query(query);
        self.read(request).await
    }

    /// A page of a list.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        collection: Collection,
        query: &ListQuery,
    ) -> Result<Page<T>, ClientError> {
        self.get(collection.path(), &query.parameters()).await
    }

    /// A call with a body that answers something.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientError> {
        self.read(self.request(method, path).json(body)).await
    }

    /// A `POST` without a body of its own, of work that may take hours.
    pub(super) async fn long<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let request = self
            .request(Method::POST, path)
            .json(&serde_json::json!({}));
        self.read(request.timeout(BULK_TIMEOUT)).await
    }

    /// A `POST` that mints something: sent again with the same key it gives the same answer.
    pub(super) async fn mint<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
        idempotency_key: &str,
    ) -> Result<T, ClientError> {
        let request = self
            .request(Method::POST, path)
            .header("idempotency-key", idempotency_key);
        self.read(request.json(body)).await
    }

    /// A call with a body that answers nothing.
    pub(super) async fn done(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<(), ClientError> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.answered(request).await.map(drop)
    }

    /// A request whose answer has no end: it may take as long as it likes.
    pub(super) async fn open(
        &self,
        path: &str,
        last_event: Option<EventId>,
    ) -> Result<EventStream, ClientError> {
        let mut request = self.http.get(format!("{}{path}", self.base));
        request = request.bearer_auth(&self.key);
        if let Some(id) = last_event {
            request = request.header("last-event-id", id.to_string());
        }
        let response = self.answered(request).await?;
        let mut stream = EventStream::new(response, last_event, &self.base, self.clean);
        stream.start().await?;
        Ok(stream)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .timeout(TIMEOUT);
        let request = match &self.reason {
            Some(reason) => request.header("x-reason", &**reason),
            None => request,
        };
        if self.key.is_empty() {
            request
        } else {
            request.bearer_auth(&self.key)
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ClientError> {
        let response = self.answered(request).await?;
        self.answers.fetch_add(1, Ordering::Relaxed);
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let read = match self.clean {
            None => serde_json::from_slice(&bytes),
            Some(clean) => serde_json::from_slice(&bytes).and_then(|mut value: Value| {
                clean(&mut value);
                serde_json::from_value(value)
            }),
        };
        read.map_err(|error| ClientError::Strange {
            url: self.base.clone(),
            reason: error.to_string(),
            status: None,
        })
    }

    async fn answered(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, ClientError> {
        if let Some(guard) = &self.guard {
            guard().map_err(ClientError::Untrusted)?;
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        self.note_certificate(&response);
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.bytes().await.unwrap_or_default();
        Err(self.refused(status, &body, retry_after))
    }

    fn note_certificate(&self, response: &reqwest::Response) {
        let shown = response.extensions().get::<reqwest::tls::TlsInfo>();
        let shown = shown.and_then(reqwest::tls::TlsInfo::peer_certificate);
        if let Some(end) = shown.and_then(certificate::ends) {
            self.certificate_ends.store(end.0, Ordering::Relaxed);
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8], retry_after: Option<u64>) -> ClientError {
        let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &said["error"];
        match error["message"].as_str() {
            Some(message) => ClientError::Refused {
                status: status.as_u16(),
                // A newer server may know more codes.
                code: serde_json::from_value(error["code"].clone()).ok(),
                message: message.to_owned(),
                field: error["field"].as_str().map(str::to_owned),
                retry_after,
            },
            None => ClientError::Strange {
                url: self.base.clone(),
                reason: format!("it says {status}"),
                status: Some(status.as_u16()),
            },
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        let mut reason: &dyn std::error::Error = error;
        // The innermost cause is what a person can do something about.
        while let Some(source) = reason.source() {
            reason = source;
        }
        let reason = if error.is_timeout() {
            "no answer in time".into()
        } else {
            reason.to_string()
        };
        ClientError::Unreachable {
            url: self.base.clone(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_stays_one_segment() {
        assert_eq!(segment("user_01"), "user_01");
        assert_eq!(segment("../x?y#z"), "..%2Fx%3Fy%23z");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
