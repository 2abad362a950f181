//! Mail delivery by SMTP (RFC 5321), with TLS from the first byte or by STARTTLS. Certificates are always verified, and
//! no password is sent over an unencrypted connection.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use lettre::{
    address::Envelope,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::time::timeout;

use super::smtp_plaintext::PlaintextConnection;
use crate::domain::client::is_loopback_text;
use crate::settings::{MailServer, MailTls, SettingsError, wrong};

/// Time limit for delivering one mail.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(15);

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SmtpError {
    /// A temporary failure.
    #[error("{0}")]
    Later(String),
    /// The server rejects this mail permanently.
    #[error("{0}")]
    Never(String),
}

/// A mail server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Smtp(Arc<Inner>);

struct Inner {
    server: MailServer,
    tls: TlsParameters,
    ehlo_name: ClientId,
    /// Whether mail was sent unencrypted: [`NEVER`], [`SEEN`], [`TOLD`].
    clear: AtomicU8,
    /// Whether the server has offered STARTTLS.
    offered: AtomicBool,
}

const NEVER: u8 = 0;
const SEEN: u8 = 1;
const TOLD: u8 = 2;

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Smtp").field(&self.0.server.host).finish()
    }
}

impl Smtp {
    /// A client for this server.
    ///
    /// # Errors
    /// Certificates that cannot be used.
    pub(crate) fn new(server: MailServer) -> Result<Self, SettingsError> {
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.roots {
            // A file may contain several.
            for certificate in certificates(pem)? {
                tls = tls.add_root_certificate(certificate);
            }
        }
        let tls = tls
            .build()
            .map_err(|error| wrong("mail_ca_file", said(&error)))?;
        let domain = server.from.domain_ascii();
        let hello = ClientId::Domain(domain);
        Ok(Self(Arc::new(Inner {
            server,
            tls,
            ehlo_name: hello,
            clear: AtomicU8::new(NEVER),
            offered: AtomicBool::new(false),
        })))
    }

    /// The server's name.
    pub(crate) fn host(&self) -> &str {
        &self.0.server.host
    }

    /// The sender's address.
    pub(crate) fn from(&self) -> &crate::domain::Email {
        &self.0.server.from
    }

    /// Delivers one mail. After [`SmtpError::Later`] it may, in rare cases, have been accepted: a connection can break
    /// between the last byte and the response.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub(crate) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SmtpError> {
        let late = || SmtpError::Later("it took too long".into());
        timeout(DELIVERY_TIMEOUT, self.hand_over(envelope, mail))
            .await
            .map_err(|_| late())?
    }

    async fn hand_over(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SmtpError> {
        let mut connection = self.connect().await?;
        let sent = transact(&mut connection, envelope, mail).await;
        // The result is final: closing the connection does not change it.
        let _ = timeout(Duration::from_secs(2), connection.quit()).await;
        sent
    }

    /// Whether mail was sent unencrypted, reported once.
    pub(crate) fn is_first_in_the_clear(&self) -> bool {
        let clear = &self.0.clear;
        let told = clear.compare_exchange(SEEN, TOLD, Ordering::Relaxed, Ordering::Relaxed);
        told.is_ok()
    }

    /// Opens a connection that is ready for mail. Errors before a mail is named are temporary: they may be repaired.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Inner {
            server,
            tls,
            ehlo_name: hello,
            clear,
            ..
        } = &*self.0;
        let mut connection = match server.tls {
            MailTls::StartTls | MailTls::StartTlsAlways => self.start_tls().await?,
            MailTls::Implicit => {
                let (host, tls) = ((server.host.as_str(), server.port), Some(tls.clone()));
                AsyncSmtpConnection::connect_tokio1(host, Some(CONNECT), hello, tls, None)
                    .await
                    .map_err(|error| later(&error))?
            }
        };
        let is_clear = !connection.is_encrypted() && !is_loopback_text(&server.host);
        if is_clear && server.credentials.is_none() {
            let _ = clear.compare_exchange(NEVER, SEEN, Ordering::Relaxed, Ordering::Relaxed);
        }
        if let Some((user, password)) = &server.credentials {
            if is_clear {
                let why = "the server offers no TLS: the password is not handed over in the clear";
                return Err(SmtpError::Later(why.into()));
            }
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            signed_in.map_err(|error| later(&error))?;
        }
        Ok(connection)
    }

    /// A connection with TLS if the server offers it, or always if the settings require it. A server that offered it
    /// before must still do so: an attacker on the path could remove the offer.
    async fn start_tls(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Inner {
            server,
            tls,
            ehlo_name: hello,
            offered,
            ..
        } = &*self.0;
        let line = PlaintextConnection::connect(&server.host, server.port, CONNECT).await;
        let line = line.map_err(|error| SmtpError::Later(format!("connection error: {error}")))?;
        let connected = AsyncSmtpConnection::connect_with_transport(Box::new(line), hello).await;
        let mut connection = connected.map_err(|error| later(&error))?;
        if connection.can_starttls() {
            offered.store(true, Ordering::Relaxed);
            let upgraded = connection.starttls(tls.clone(), hello).await;
            upgraded.map_err(|error| later(&error))?;
        } else if server.tls == MailTls::StartTlsAlways {
            let why = "the server offers no TLS, which mail_require_tls demands";
            return Err(SmtpError::Later(why.into()));
        } else if offered.load(Ordering::Relaxed) {
            let why = "the server offers no TLS, which it did before: nothing goes out in the clear until a restart";
            return Err(SmtpError::Later(why.into()));
        }
        Ok(connection)
    }
}

/// Delivers a mail on a connection. Only rejections of the recipient or of the mail itself are permanent; anything
/// else, such as a rejected sender, may be repaired.
async fn transact(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    mail: &[u8],
) -> Result<(), SmtpError> {
    let refused = |error: lettre::transport::smtp::Error| {
        if error.is_permanent() {
            SmtpError::Never(said(&error))
        } else {
            later(&error)
        }
    };
    let mut options = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    let needed = [
        (
            !addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii()),
            Extension::SmtpUtfEight,
            MailParameter::SmtpUtfEight,
        ),
        (
            !mail.is_ascii(),
            Extension::EightBitMime,
            MailParameter::Body(MailBodyParameter::EightBitMime),
        ),
    ];
    for (is_needed, extension, option) in needed {
        if !is_needed {
            continue;
        }
        if !connection.server_info().supports_feature(extension) {
            let why = format!("the server does not support {extension}");
            return Err(SmtpError::Later(why));
        }
        options.push(option);
    }
    let from = Mail::new(envelope.from().cloned(), options);
    let begun = connection.command(from).await;
    begun.map_err(|error| later(&error))?;
    for to in envelope.to() {
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        connection.command(rcpt).await.map_err(refused)?;
    }
    let data = connection.command(Data).await;
    data.map_err(|error| later(&error))?;
    connection.message(mail).await.map_err(refused)?;
    Ok(())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, SettingsError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let bad = |error: &dyn std::fmt::Display| wrong("mail_ca_file", error.to_string());
    CertificateDer::pem_slice_iter(pem)
        .map(|found| {
            let found = found.map_err(|error| bad(&error))?;
            Certificate::from_der(found.to_vec()).map_err(|error| bad(&error))
        })
        .collect()
}

fn later(error: &lettre::transport::smtp::Error) -> SmtpError {
    SmtpError::Later(said(error))
}

/// Maximum length of an error text, in characters.
const SAID: usize = 300;

/// Length from which a run of letters may be a token, in any encoding.
const TOKEN: usize = 24;

/// Redacts a server's text: it may repeat the mail with its link, and addresses.
fn redacted(text: &str) -> String {
    let is_secret = |word: &str| {
        let mut run = 0;
        let is_long = word.chars().any(|c| {
            let goes_on = c.is_ascii_alphanumeric() || "_-+/=%".contains(c);
            run = if goes_on { run + 1 } else { 0 };
            run >= TOKEN
        });
        is_long || word.contains('@') || word.contains("link_")
    };
    let kept = |word| if is_secret(word) { "…" } else { word };
    text.split(' ').map(kept).collect::<Vec<_>>().join(" ")
}

/// An error with its causes, on one line. The server's text may be anything.
fn said(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut context = std::error::Error::source(error);
    while let Some(error) = context {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        context = error.source();
    }
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().map(clean).collect();
    redacted(&line).chars().take(SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn no_token_and_no_address_of_a_servers_words_is_kept() {
        let said = "550 5.7.1 <ada@example.com>: refused: https://id.example/reset-password?token=link_0123456789 \
                    (https%3A%2F%2Fid.example%2Freset%3Dlink=5F01234567) by mx1.mail.example.com";
        let kept = redacted(said);
        assert_eq!(kept, "550 5.7.1 … refused: … … by mx1.mail.example.com");
        let plain = "451 4.7.1 Greylisted, try again in 300 seconds";
        assert_eq!(redacted(plain), plain);
    }
}
