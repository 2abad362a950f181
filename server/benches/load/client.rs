//! As little of an HTTP/1.1 client as it takes, so that the server gets the machine.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::Result;

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, until the next request is sent.
pub(crate) struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// A string of the JSON body.
    pub(crate) fn text(&self, field: &str) -> Result<String> {
        let body: serde_json::Value = serde_json::from_slice(self.body)?;
        let text = body.get(field).and_then(serde_json::Value::as_str);
        Ok(text.ok_or(format!("no {field} in the answer"))?.to_owned())
    }

    /// The answer, if it has this status.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(self.body);
        Err(format!("{} instead of {status}: {body}", self.status).into())
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4096),
        })
    }

    /// Sends a whole request and reads a whole answer, whose length its `content-length` tells.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break (end + 4, content_length(&self.buffer[..end])?);
            }
        };
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        let status = self.buffer.get(9..12).ok_or("no status")?;
        Ok(Answer {
            status: std::str::from_utf8(status)?.parse()?,
            body: &self.buffer[head..head + length],
        })
    }
}

fn content_length(head: &[u8]) -> Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return Ok(std::str::from_utf8(&line[NAME.len()..])?.trim().parse()?);
        }
    }
    Ok(0)
}

/// A request without a body.
pub(crate) fn bare(method: &str, path: &str, bearer: Option<&str>) -> Vec<u8> {
    let credential = bearer.map_or(String::new(), |token| {
        format!("authorization: Bearer {token}\r\n")
    });
    format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{credential}\r\n").into_bytes()
}

/// A `POST` with a body.
pub(crate) fn with_body(path: &str, bearer: Option<&str>, kind: &str, body: &str) -> Vec<u8> {
    with_method("POST", path, bearer, kind, body)
}

/// A request with a body.
pub(crate) fn with_method(
    method: &str,
    path: &str,
    bearer: Option<&str>,
    kind: &str,
    body: &str,
) -> Vec<u8> {
    let credential = bearer.map_or(String::new(), |token| {
        format!("authorization: Bearer {token}\r\n")
    });
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{credential}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A request with a JSON body.
pub(crate) fn json(path: &str, bearer: Option<&str>, body: &str) -> Vec<u8> {
    with_body(path, bearer, "application/json", body)
}
