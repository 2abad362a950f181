//! Mail settings: server, sender, and trusted certificates.

use std::{fmt, fs, path::PathBuf};

use percent_encoding::percent_decode_str;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::{Settings, SettingsError, wrong};
use crate::{crypto::secret::Secret, domain::Email};

/// Maximum size of a password or certificate file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The setting `mail_url`. It may contain a password, which is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct MailUrl(String);

impl From<&str> for MailUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl MailUrl {
    /// Without user and password.
    fn shown(&self) -> String {
        let Ok(url) = Url::parse(&self.0) else {
            return "…".into();
        };
        let port = url.port().map(|port| format!(":{port}"));
        let host = url.host_str().unwrap_or_default();
        format!("{}://{host}{}", url.scheme(), port.unwrap_or_default())
    }
}

impl fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for MailUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

/// How TLS is used with a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// `smtps://`: TLS from the first byte.
    Implicit,
    /// `smtp://`: STARTTLS if the server offers it.
    StartTls,
    /// `smtp://` with `mail_require_tls`: no mail to a server that does not offer STARTTLS.
    StartTlsAlways,
}

/// The mail server and the sender.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Use of TLS.
    pub tls: MailTls,
    /// User and password.
    pub credentials: Option<(String, Secret)>,
    /// PEM certificates, trusted in addition to the system's.
    pub roots: Option<Vec<u8>>,
    /// The sender's address.
    pub from: Email,
}

impl Settings {
    /// The mail server; `None` if mail is not configured.
    ///
    /// # Errors
    /// The first invalid setting, or a file that cannot be used.
    #[doc(hidden)]
    pub fn mail_server(&self) -> Result<Option<MailServer>, SettingsError> {
        let server = self.mail_server_without_files()?;
        let file = self.mail_password_file.as_ref();
        let password = file.map(password_in).transpose()?;
        let roots = self.mail_ca_file.as_ref().map(roots_in).transpose()?;
        Ok(server.map(|server| MailServer {
            credentials: match (server.credentials, password) {
                (Some((user, _)), Some(password)) => Some((user, password)),
                (credentials, _) => credentials,
            },
            roots,
            ..server
        }))
    }

    /// As [`Settings::mail_server`], without reading files.
    ///
    /// # Errors
    /// The first invalid setting.
    pub(super) fn mail_server_without_files(&self) -> Result<Option<MailServer>, SettingsError> {
        let target = self.mail_url.as_ref().map(|url| parse_url(&url.0));
        let target = target.transpose()?;
        if let Some(target) = &target {
            self.check_password(target)?;
        }
        let from = self.mail_from.as_deref().map(Email::parse).transpose();
        let from = from.map_err(|why| wrong("mail_from", why))?;
        let Some(target) = target else {
            return if self.require_verified_email {
                let why = "needs mail_url: without mail no address can be verified";
                Err(wrong("require_verified_email", why))
            } else {
                Ok(None)
            };
        };
        Ok(Some(MailServer {
            host: target.host,
            port: target.port,
            tls: match target.tls {
                MailTls::StartTls if self.mail_require_tls => MailTls::StartTlsAlways,
                tls => tls,
            },
            credentials: target.credentials,
            roots: None,
            from: from.ok_or_else(|| wrong("mail_from", "is missing: mail needs a sender"))?,
        }))
    }

    /// Checks that there is exactly one password if there is a user, and none otherwise.
    fn check_password(&self, target: &Target) -> Result<(), SettingsError> {
        let credentials = target.credentials.as_ref();
        let has_password = credentials.map(|(_, password)| !password.expose().is_empty());
        match (has_password, &self.mail_password_file) {
            (Some(false), None) => {
                let why = "has a user but no password: add it to the URL or set mail_password_file";
                Err(wrong("mail_url", why))
            }
            (Some(true), Some(_)) => {
                Err(wrong("mail_password_file", "mail_url has a password too"))
            }
            (None, Some(_)) => {
                let why = "needs a user in mail_url, such as smtp://user@host";
                Err(wrong("mail_password_file", why))
            }
            _ => Ok(()),
        }
    }
}

/// The parts of `mail_url`.
struct Target {
    host: String,
    port: u16,
    tls: MailTls,
    credentials: Option<(String, Secret)>,
}

fn password_in(path: &PathBuf) -> Result<Secret, SettingsError> {
    let bad = |why: &str| wrong("mail_password_file", why);
    let text = String::from_utf8(read("mail_password_file", path)?);
    let text = text.map_err(|_| bad("is not UTF-8"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(bad("is empty")),
        password => Ok(password.to_owned().into()),
    }
}

fn roots_in(path: &PathBuf) -> Result<Vec<u8>, SettingsError> {
    let pem = read("mail_ca_file", path)?;
    check_roots(&pem).map_err(|why| wrong("mail_ca_file", why))?;
    Ok(pem)
}

fn parse_url(text: &str) -> Result<Target, SettingsError> {
    // Errors do not repeat the value, which may contain a password.
    let bad = |why: &str| wrong("mail_url", why);
    let form = "must be of the form smtp://host, smtps://host or smtp://user:password@host:587";
    let url = Url::parse(text).map_err(|_| bad(form))?;
    let tls = match url.scheme() {
        "smtp" => MailTls::StartTls,
        "smtps" => MailTls::Implicit,
        _ => return Err(bad(form)),
    };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| bad(form))?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(bad(form));
    }
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        let text = text.map_err(|_| bad("has a user or password that is not UTF-8"))?;
        Ok::<_, SettingsError>(text.into_owned())
    };
    let user = decoded(url.username())?;
    let password = url.password().map(decoded).transpose()?;
    let credentials = match (user.is_empty(), password) {
        (true, None) => None,
        (true, Some(_)) => return Err(bad("has a password without a user")),
        (false, password) => Some((user, Secret::from(password.unwrap_or_default()))),
    };
    let port = url.port().unwrap_or(match (tls, &credentials) {
        (MailTls::Implicit, _) => 465,
        // Submission, RFC 6409; a relay requires no authentication.
        (_, Some(_)) => 587,
        (_, None) => 25,
    });
    if port == 0 {
        return Err(bad("port 0 is not a port"));
    }
    Ok(Target {
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        tls,
        credentials,
    })
}

fn read(key: &str, path: &PathBuf) -> Result<Vec<u8>, SettingsError> {
    let bad = |reason: String| wrong(key, format!("{}: {reason}", path.display()));
    let size = fs::metadata(path).map_err(|error| bad(error.to_string()))?;
    if size.len() > MAX_FILE || size.is_dir() {
        return Err(bad("must be a file of at most 1 MiB".into()));
    }
    fs::read(path).map_err(|error| bad(error.to_string()))
}

/// Checks that a PEM file contains certificates that can all be used as roots.
fn check_roots(pem: &[u8]) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_slice_iter(pem) {
        let found = found.map_err(|error| format!("cannot be read: {error}"))?;
        let added = roots.add(found);
        added.map_err(|error| format!("holds a certificate that cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        Err("holds no certificate in PEM".into())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<MailServer, SettingsError> {
        let settings = Settings {
            mail_url: Some(url.into()),
            mail_from: Some("id@example.com".into()),
            ..Settings::default()
        };
        settings.mail_server().map(Option::unwrap)
    }

    #[test]
    fn an_address_says_where_and_as_whom() {
        let of = |url| {
            let server = server(url).unwrap();
            let user = server.credentials.as_ref().map(|(user, password)| {
                let password = password.expose();
                format!("{user} {password}")
            });
            (
                server.host,
                server.port,
                server.tls,
                user.unwrap_or_default(),
            )
        };
        let host =
            |host: &str, port, tls, user: &str| (host.to_owned(), port, tls, user.to_owned());
        let (plain, tls) = (MailTls::StartTls, MailTls::Implicit);
        assert_eq!(
            of("smtp://mail.example"),
            host("mail.example", 25, plain, "")
        );
        assert_eq!(
            of("smtps://mail.example/"),
            host("mail.example", 465, tls, "")
        );
        assert_eq!(of("smtp://[::1]:2525"), host("::1", 2525, plain, ""));
        assert_eq!(
            of("smtp://a%40b.example:p%3Aw@mail.example"),
            host("mail.example", 587, plain, "a@b.example p:w")
        );
    }

    #[test]
    fn a_wrong_address_is_refused_without_its_password() {
        for url in [
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail.example/path",
            "smtp://mail.example?tls=off",
            "smtp://ada@mail.example",
            "smtp://:hunter2@mail.example",
            "smtp://ada:hunter2@mail.example:0",
            "smtp://ada:hunter2@mail.example:99999",
        ] {
            let error = server(url).unwrap_err();
            assert_eq!(error.key, "mail_url", "{url}");
            assert!(!error.reason.contains("hunter2"), "{error}");
        }
        let url = MailUrl::from("smtp://ada:hunter2@mail.example:26");
        assert_eq!(format!("{url:?}"), "smtp://mail.example:26");
        let shown = serde_json::to_string(&url).unwrap();
        assert_eq!(shown, "\"smtp://mail.example:26\"");
    }

    #[test]
    fn files_that_cannot_be_used_are_refused_by_the_name_of_their_setting() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let with = |change: &dyn Fn(&mut Settings)| {
            let mut settings = Settings {
                mail_url: Some("smtp://ada@mail.example".into()),
                mail_from: Some("id@example.com".into()),
                mail_password_file: Some(path.clone()),
                ..Settings::default()
            };
            change(&mut settings);
            settings.mail_server()
        };
        assert_eq!(with(&|_| ()).unwrap_err().key, "mail_password_file");
        fs::write(&path, "\n").unwrap();
        assert_eq!(with(&|_| ()).unwrap_err().key, "mail_password_file");
        fs::write(&path, "hunter2\n").unwrap();
        let (_, password) = with(&|_| ()).unwrap().unwrap().credentials.unwrap();
        assert_eq!(password.expose(), "hunter2");
        let ca = |settings: &mut Settings| settings.mail_ca_file = Some(path.clone());
        assert_eq!(with(&ca).unwrap_err().key, "mail_ca_file");
        let nobody = |settings: &mut Settings| settings.mail_url = Some("smtp://host".into());
        assert_eq!(with(&nobody).unwrap_err().key, "mail_password_file");
        let from = |settings: &mut Settings| settings.mail_from = Some("Ada".into());
        assert_eq!(with(&from).unwrap_err().key, "mail_from");
        let none = |settings: &mut Settings| settings.mail_from = None;
        assert_eq!(with(&none).unwrap_err().key, "mail_from");
    }
}
