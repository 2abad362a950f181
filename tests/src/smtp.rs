//! Test SMTP server: it records received mail, and can reject it, disconnect, or present a certificate.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicU32, Ordering},
};

use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::eventually;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SmtpBehaviour {
    Takes = 0,
    /// 451 to every recipient.
    Later = 1,
    /// 550 to every recipient.
    Never = 2,
    /// Takes the whole mail, and hangs up without an answer.
    BreaksOff = 3,
    /// 421 instead of a greeting.
    Closed = 4,
    /// 550 to every sender.
    NoSender = 5,
    /// 554 to every mail, with its link and whom it is for.
    Repeats = 6,
    /// Takes a mail, and says so a second later.
    Slow = 7,
    /// Somebody on the line says more than the server does before TLS.
    Ahead = 8,
    /// Offers TLS no more.
    Stripped = 9,
}

const MOODS: [SmtpBehaviour; 10] = [
    SmtpBehaviour::Takes,
    SmtpBehaviour::Later,
    SmtpBehaviour::Never,
    SmtpBehaviour::BreaksOff,
    SmtpBehaviour::Closed,
    SmtpBehaviour::NoSender,
    SmtpBehaviour::Repeats,
    SmtpBehaviour::Slow,
    SmtpBehaviour::Ahead,
    SmtpBehaviour::Stripped,
];

/// When it speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    Never,
    StartTls,
    Implicit,
}

/// A mail that was taken, or read whole.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    pub from: String,
    pub to: String,
    /// As it came, with `\r\n`.
    pub raw: String,
    pub is_encrypted: bool,
    /// Name and password that were shown before it.
    pub login: Option<String>,
}

impl ReceivedMail {
    /// A header.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ");
        let found = unfolded.lines().find_map(|line| {
            let (have, value) = line.split_once(':')?;
            have.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }

    /// All of its text, in both forms, decoded.
    pub fn text(&self) -> String {
        let joined = self.raw.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, more)) = rest.split_first() {
            let hex = (*first == b'=').then(|| more.get(..2)).flatten();
            let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
            match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &more[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = more;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The link it holds: the same in both forms.
    ///
    /// # Panics
    /// When there is none, or another in one of them.
    pub fn link(&self) -> String {
        let text = self.text();
        let found: Vec<_> = text
            .split(['"', '<', '>', '\r', '\n', ' '])
            .filter(|word| word.starts_with("http") && word.contains("token="))
            .collect();
        assert!(found.len() >= 2, "no link: {text}");
        assert!(found.iter().all(|link| *link == found[0]), "{found:?}");
        found[0].to_owned()
    }

    /// The token of its link.
    pub fn token(&self) -> String {
        let link = self.link();
        link.split_once("token=")
            .map_or("", |(_, token)| token)
            .to_owned()
    }
}

struct State {
    mails: Mutex<Vec<ReceivedMail>>,
    mood: AtomicU8,
    /// Connections that came.
    tries: AtomicU32,
    /// What was shown of passwords, by whatever line.
    logins: Mutex<Vec<String>>,
    tls: Tls,
    acceptor: TlsAcceptor,
}

/// Listens on a free port of this machine.
pub struct MailServer {
    port: u16,
    pem: String,
    state: Arc<State>,
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MailServer").field(&self.port).finish()
    }
}

impl MailServer {
    /// One without TLS, that takes everything.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        Self::with(Tls::Never).await
    }

    /// One with a certificate of its own for `localhost`.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn with(tls: Tls) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]);
        let made = made.expect("a certificate");
        let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a configuration");
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = socket.local_addr().expect("an address").port();
        let state = Arc::new(State {
            mails: Mutex::default(),
            mood: AtomicU8::new(SmtpBehaviour::Takes as u8),
            tries: AtomicU32::new(0),
            logins: Mutex::default(),
            tls,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    state.tries.fetch_add(1, Ordering::Relaxed);
                    if state.tls == Tls::Implicit {
                        if let Ok(stream) = state.acceptor.accept(stream).await {
                            let _ = serve(&state, stream, true, true).await;
                        }
                        return;
                    }
                    // `Some` once STARTTLS was said.
                    if let Ok(Some(stream)) = serve(&state, stream, false, true).await
                        && let Ok(stream) = state.acceptor.accept(stream).await
                    {
                        let _ = serve(&state, stream, true, false).await;
                    }
                });
            }
        });
        Self {
            port,
            pem: made.cert.pem(),
            state,
        }
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// From now on it is like this.
    pub fn be(&self, mood: SmtpBehaviour) {
        self.state.mood.store(mood as u8, Ordering::Relaxed);
    }

    /// How many connections came.
    pub fn tries(&self) -> u32 {
        self.state.tries.load(Ordering::Relaxed)
    }

    /// Names and passwords that were shown to it.
    ///
    /// # Panics
    /// When a test that held them panicked.
    pub fn logins(&self) -> Vec<String> {
        self.state.logins.lock().expect("not poisoned").clone()
    }

    /// What came so far.
    ///
    /// # Panics
    /// When a test that held them panicked.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.state.mails.lock().expect("not poisoned").clone()
    }

    /// What came to an address so far.
    pub fn mails_to(&self, to: &str) -> Vec<ReceivedMail> {
        let mails = self.mails().into_iter();
        mails.filter(|mail| mail.to == to).collect()
    }

    /// Waits until so many mails have come to an address; answers the last.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for(&self, to: &str, count: usize) -> ReceivedMail {
        eventually(&format!("mail {count} to {to}"), async || {
            let mails = self.mails_to(to);
            (mails.len() >= count).then(|| mails[count - 1].clone())
        })
        .await
    }
}

/// Speaks SMTP; answers the stream where TLS is to begin.
async fn serve<S>(
    state: &State,
    stream: S,
    is_encrypted: bool,
    greets: bool,
) -> std::io::Result<Option<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    let mood = || MOODS[usize::from(state.mood.load(Ordering::Relaxed))];
    let offers_tls = state.tls == Tls::StartTls && !is_encrypted;
    let (mut from, mut to, mut login) = (String::new(), String::new(), None);
    if greets {
        if mood() == SmtpBehaviour::Closed {
            stream.write_all(b"421 come back later\r\n").await?;
            return Ok(None);
        }
        stream.write_all(b"220 localhost\r\n").await?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        let upper = line.to_ascii_uppercase();
        let address = || {
            let inner = line.split(['<', '>']).nth(1);
            inner.unwrap_or_default().to_owned()
        };
        let answer = match upper.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if offers_tls && mood() != SmtpBehaviour::Stripped => {
                "250-localhost\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
            }
            "EHLO" => "250-localhost\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n",
            "STARTTLS" => {
                let go: &[u8] = match mood() {
                    // An answer to what the client says inside TLS.
                    SmtpBehaviour::Ahead => b"220 go on\r\n250-localhost\r\n250 AUTH PLAIN\r\n",
                    _ => b"220 go on\r\n",
                };
                stream.write_all(go).await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" => {
                use base64::{Engine, prelude::BASE64_STANDARD};
                let sent = line.rsplit(' ').next().unwrap_or_default();
                let bytes = BASE64_STANDARD.decode(sent).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
                let shown = text.trim().to_owned();
                state
                    .logins
                    .lock()
                    .expect("not poisoned")
                    .push(shown.clone());
                login = Some(shown);
                "235 welcome\r\n"
            }
            "MAIL" if mood() == SmtpBehaviour::NoSender => "550 not you\r\n",
            "MAIL" => {
                from = address();
                "250 ok\r\n"
            }
            "RCPT" => match mood() {
                SmtpBehaviour::Later => "451 not now\r\n",
                SmtpBehaviour::Never => "550 nobody of this name\r\n",
                _ => {
                    to = address();
                    "250 ok\r\n"
                }
            },
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut raw = String::new();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(None);
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    // A dot at the start of a line was doubled.
                    let plain = line.strip_prefix("..").map(|rest| format!(".{rest}"));
                    raw.push_str(plain.as_deref().unwrap_or(&line));
                }
                let mail = ReceivedMail {
                    from: from.clone(),
                    to: to.clone(),
                    raw,
                    is_encrypted,
                    login: login.clone(),
                };
                let repeated = mail.clone();
                state.mails.lock().expect("not poisoned").push(mail);
                if mood() == SmtpBehaviour::BreaksOff {
                    return Ok(None);
                }
                if mood() == SmtpBehaviour::Slow {
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
                if mood() == SmtpBehaviour::Repeats {
                    let link = repeated.link();
                    let said = format!("554 <{to}> shall not get {link}\r\n");
                    stream.write_all(said.as_bytes()).await?;
                    continue;
                }
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(None);
            }
            "RSET" | "NOOP" => "250 ok\r\n",
            _ => "502 what?\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
