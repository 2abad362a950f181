//! The stream of events (server-sent events).

use std::time::Duration;

use serde_json::Value;

use super::{Clean, ClientError};
use crate::{EventId, admin::Event};

/// Silence after which an event stream counts as lost; the server says something every 10 seconds.
const QUIET: Duration = Duration::from_secs(30);

/// Events as they happen.
#[derive(Debug)]
pub struct EventStream {
    response: reqwest::Response,
    buffer: Vec<u8>,
    url: String,
    last: Option<EventId>,
    clean: Option<Clean>,
}

impl EventStream {
    pub(super) fn new(
        response: reqwest::Response,
        last: Option<EventId>,
        url: &str,
        clean: Option<Clean>,
    ) -> Self {
        Self {
            response,
            buffer: Vec::new(),
            url: url.to_owned(),
            last,
            clean,
        }
    }

    /// The event after which a lost stream goes on: the last one that came, or the one before the stream's first.
    pub fn last(&self) -> Option<EventId> {
        self.last
    }

    /// The next event; `None` once the server has ended the stream. Cancel-safe.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection is lost or silent.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            while let Some(block) = self.take() {
                if let Some(event) = self.read(&block) {
                    return Ok(Some(event));
                }
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Waits for the first block, which the server sends at once: it says where the stream starts.
    pub(super) async fn start(&mut self) -> Result<(), ClientError> {
        while self.end().is_none() {
            if !self.more().await? {
                return Ok(());
            }
        }
        let end = self.end().unwrap_or_default();
        let first = self.buffer.get(..end).unwrap_or_default();
        // An event is read later, by whoever asks for it.
        let text = String::from_utf8_lossy(first);
        if !text.lines().any(|line| line.starts_with("data:")) {
            let first: Vec<u8> = self.buffer.drain(..end).collect();
            self.read(&first);
        }
        Ok(())
    }

    /// Whether more came.
    async fn more(&mut self) -> Result<bool, ClientError> {
        let lost = |reason: String| ClientError::Unreachable {
            url: self.url.clone(),
            reason,
        };
        match tokio::time::timeout(QUIET, self.response.chunk()).await {
            Err(_) => Err(lost("the event stream fell silent".into())),
            Ok(Err(error)) => Err(lost(error.to_string())),
            Ok(Ok(None)) => Ok(false),
            Ok(Ok(Some(bytes))) => {
                self.buffer.extend_from_slice(&bytes);
                Ok(true)
            }
        }
    }

    /// Where the buffer's first block ends, behind its empty line.
    fn end(&self) -> Option<usize> {
        let end = self.buffer.windows(2).position(|two| two == b"\n\n")?;
        Some(end + 2)
    }

    /// The next whole block of the buffer.
    fn take(&mut self) -> Option<Vec<u8>> {
        let end = self.end()?;
        Some(self.buffer.drain(..end).collect())
    }

    /// A block's event, if it is one. Its id is kept, with and without an event: WHATWG HTML, section 9.2.6.
    fn read(&mut self, block: &[u8]) -> Option<Event> {
        let text = String::from_utf8_lossy(block);
        let field = |name: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(name));
            lines.map(str::trim_start).collect::<String>()
        };
        if let Ok(id) = field("id:").parse() {
            self.last = Some(id);
        }
        let mut value: Value = serde_json::from_str(&field("data:")).ok()?;
        if let Some(clean) = self.clean {
            clean(&mut value);
        }
        serde_json::from_value(value).ok()
    }
}
