//! The line to a mail server before TLS. Whoever sits on it can send answers of their own ahead of the handshake (RFC 3207
//! section 6); the client would keep them in its buffer and take them for what the server says inside TLS. A server speaks
//! when it is asked, so here nothing may follow an answer until the next command.

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

/// A connection without TLS, or on the way to it.
#[derive(Debug)]
pub(super) struct Line {
    stream: TcpStream,
    turn: Turn,
}

impl Line {
    /// Connects to the first address of a host that answers, each within `patience`.
    ///
    /// # Errors
    /// Of the last address that was tried.
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

/// Whose turn it is.
#[derive(Debug, Default)]
struct Turn {
    /// Bytes of the answer's line so far.
    column: usize,
    /// Whether another line of the answer follows this one.
    goes_on: bool,
    /// Whether the server has answered.
    answered: bool,
    /// Whether the client has asked for TLS.
    starts_tls: bool,
}

impl Turn {
    fn is_tls(&self) -> bool {
        self.starts_tls && self.answered
    }

    /// The client wrote something.
    fn asked(&mut self, command: &[u8]) {
        if !self.is_tls() {
            *self = Self {
                starts_tls: command.eq_ignore_ascii_case(b"STARTTLS\r\n"),
                ..Self::default()
            };
        }
    }

    /// The server wrote something: whether it was its turn.
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
                        // After the three digits.
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

impl AsyncRead for Line {
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
                "the mail server answered before it was asked: somebody may sit on the line",
            ))
        })
    }
}

impl AsyncWrite for Line {
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

impl AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    /// Commands and answers in turn.
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
        // A short line is an answer too.
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
        // Before it was asked for TLS, with the answer or after it.
        let early: (&str, &[&str]) = ("EHLO a\r\n", &["250 STARTTLS\r\n220 go on\r\n"]);
        assert!(!spoken(&[greeting, early]));
        assert!(!spoken(&[
            greeting,
            ("EHLO a\r\n", &["250 a\r\n", "220 go on\r\n"])
        ]));
    }
}
