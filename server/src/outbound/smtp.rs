//! Handing mail over to a server: SMTP (RFC 5321), TLS from the first byte or by STARTTLS. A certificate that does not
//! verify is never ignored, and no password goes over a line that others can read.

use std::{net::IpAddr, sync::Arc, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use crate::settings::{MailServer, MailTls, SettingsError, wrong};

/// How long handing over one mail may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(15);

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// It may be taken later.
    #[error("{0}")]
    Later(String),
    /// The server does not want this mail, now or later.
    #[error("{0}")]
    Never(String),
}

/// A mail server. Cheap to clone.
#[derive(Clone)]
pub struct Smtp(Arc<Inner>);

struct Inner {
    server: MailServer,
    tls: TlsParameters,
    hello: ClientId,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Smtp").field(&self.0.server.host).finish()
    }
}

impl Smtp {
    /// What speaks to this server.
    ///
    /// # Errors
    /// Certificates that cannot be used.
    pub fn new(server: MailServer) -> Result<Self, SettingsError> {
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.roots {
            // One file may hold several.
            for certificate in certificates(pem)? {
                tls = tls.add_root_certificate(certificate);
            }
        }
        let tls = tls
            .build()
            .map_err(|error| wrong("mail_ca_file", said(&error)))?;
        let domain = server.from.domain_ascii();
        let hello = ClientId::Domain(domain);
        Ok(Self(Arc::new(Inner { server, tls, hello })))
    }

    /// The server's name.
    pub fn host(&self) -> &str {
        &self.0.server.host
    }

    /// The sender's address.
    pub fn from(&self) -> &crate::domain::Email {
        &self.0.server.from
    }

    /// Hands one mail over. After [`SmtpError::Later`] nobody knows, in rare cases, whether it was taken: a connection may
    /// break between the last byte and the answer.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SmtpError> {
        let late = || SmtpError::Later("it took too long".into());
        timeout(PATIENCE, self.hand_over(envelope, mail))
            .await
            .map_err(|_| late())?
    }

    async fn hand_over(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SmtpError> {
        let mut connection = self.connect().await?;
        let sent = connection.send(envelope, mail).await;
        let sent = sent.map_err(|error| match error.is_permanent() {
            true => SmtpError::Never(said(&error)),
            false => later(&error),
        });
        // It was taken, or not: how the connection ends changes nothing about it.
        let _ = timeout(Duration::from_secs(2), connection.quit()).await;
        sent.map(drop)
    }

    /// A connection over which mail may go: whatever is wrong before a mail is named, may be mended.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Inner { server, tls, hello } = &*self.0;
        let implicit = (server.tls == MailTls::Implicit).then(|| tls.clone());
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (server.host.as_str(), server.port),
            Some(CONNECT),
            hello,
            implicit,
            None,
        )
        .await
        .map_err(|error| later(&error))?;
        if server.tls == MailTls::StartTls && connection.can_starttls() {
            let upgraded = connection.starttls(tls.clone(), hello).await;
            upgraded.map_err(|error| later(&error))?;
        }
        if let Some((user, password)) = &server.credentials {
            if !connection.is_encrypted() && !is_loopback(&server.host) {
                let why = "the server offers no TLS: the password is not handed over in the clear";
                return Err(SmtpError::Later(why.into()));
            }
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            let signed_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            signed_in.map_err(|error| later(&error))?;
        }
        Ok(connection)
    }
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

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn later(error: &lettre::transport::smtp::Error) -> SmtpError {
    SmtpError::Later(said(error))
}

/// Longest text of an error that is kept, in characters.
const SAID: usize = 300;

/// An error with what caused it, on one line. What a server says may be anything.
fn said(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(clean).take(SAID).collect()
}
