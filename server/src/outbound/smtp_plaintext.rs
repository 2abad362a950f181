//! The connection to a mail server before TLS, protected against response injection: an attacker on the path can send
//! responses ahead of the handshake (RFC 3207 section 6), which the client would keep in its buffer and attribute to
//! the server inside TLS. So nothing may follow a response until the next command.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// A connection without TLS, or before it.
#[derive(Debug)]
pub(super) struct PlaintextConnection {
    stream: TcpStream,
    turn: Turn,
}

impl PlaintextConnection {
    /// Connects to the first address of a host that accepts, each within `patience`.
    ///
    /// # Errors
    /// The error of the last address tried.
    pub(super) async fn connect(host: &str, port: u16, patience: Duration) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host((host, port)).await? {
            let connected = timeout(patience, TcpStream::connect(address)).await;
            match connected.unwrap_or_else(|late| Err(late.into())) {
                Ok(stream) => {
                    let turn = Turn::default();
                    return Ok(Self { stream, turn });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// State of the command and response exchange.
#[derive(Debug, Default)]
struct Turn {
    /// Bytes of the current response line so far.
    column: usize,
    /// Whether the response continues on another line.
    goes_on: bool,
    /// Whether the response is complete.
    answered: bool,
    /// Whether the client has sent STARTTLS.
    starts_tls: bool,
}

impl Turn {
    fn is_tls(&self) -> bool {
        self.starts_tls && self.answered
    }

    /// Records that the client wrote data.
    fn asked(&mut self, command: &[u8]) {
        if !self.is_tls() {
            *self = Self {
                starts_tls: command.eq_ignore_ascii_case(b"STARTTLS\r\n"),
                ..Self::default()
            };
        }
    }

    /// Records that the server wrote data; returns whether it was the server's turn.
    fn said(&mut self, bytes: &[u8]) -> bool {
        self.is_tls()
            || bytes.iter().all(|byte| {
                if self.answered {
                    return false;
                }
                match byte {
                    b'\n' => {
                        self.answered = !self.goes_on;
                        (self.column, self.goes_on) = (0, false);
                    }
                    _ => {
                        // After the three digits of the status.
                        if self.column == 3 {
                            self.goes_on = *byte == b'-';
                        }
                        self.column += 1;
                    }
                }
                true
            })
    }
}

impl AsyncRead for PlaintextConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        let said = into.filled().get(before..).unwrap_or_default();
        Poll::Ready(if self.turn.said(said) {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the mail server answered before it was asked: the connection may be intercepted",
            ))
        })
    }
}

impl AsyncWrite for PlaintextConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.turn.asked(bytes);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for PlaintextConnection {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    /// Whether this exchange is accepted.
    fn spoken(exchange: &[(&str, &[&str])]) -> bool {
        let mut turn = Turn::default();
        exchange.iter().all(|(command, answers)| {
            if !command.is_empty() {
                turn.asked(command.as_bytes());
            }
            answers.iter().all(|answer| turn.said(answer.as_bytes()))
        })
    }

    #[test]
    fn a_server_speaks_when_it_is_asked() {
        let greeting: (&str, &[&str]) = ("", &["220 mx.example\r\n"]);
        let hello: (&str, &[&str]) = (
            "EHLO a\r\n",
            &["250-mx.exam", "ple\r\n250 STAR", "TTLS\r\n"],
        );
        let go: (&str, &[&str]) = ("STARTTLS\r\n", &["220 go on\r\n"]);
        assert!(spoken(&[
            greeting,
            hello,
            go,
            ("\u{16}\u{3}", &["\u{16}\n\n1\n"])
        ]));
        // A short line is a valid response too.
        assert!(spoken(&[("", &["220\r\n"]), ("QUIT\r\n", &["221\n"])]));
        for ahead in [
            "220 go on\r\n250 STARTTLS\r\n",
            "220-go\r\n220 on\r\n2",
            "220 go on\r\n\r\n",
        ] {
            assert!(
                !spoken(&[greeting, hello, ("STARTTLS\r\n", &[ahead])]),
                "{ahead}"
            );
        }
        // Sent before STARTTLS, with the response or after it.
        let early: (&str, &[&str]) = ("EHLO a\r\n", &["250 STARTTLS\r\n220 go on\r\n"]);
        assert!(!spoken(&[greeting, early]));
        assert!(!spoken(&[
            greeting,
            ("EHLO a\r\n", &["250 a\r\n", "220 go on\r\n"])
        ]));
    }
}
