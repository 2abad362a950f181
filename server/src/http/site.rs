//! What the hosted pages look like: name, colour, logo and the one stylesheet, made once at start.

use std::{fmt::Write, fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    crypto::secret::Digest256,
    settings::{Colour, Settings, SettingsError, wrong},
};

const STYLE: &str = include_str!("pages/style.css");
const SCRIPT: &str = include_str!("pages/passkey.js");
/// Largest logo, in bytes.
const MAX_LOGO: u64 = 256 * 1024;

/// A file of the pages: its name holds a hash of it, so that it can be kept for ever.
#[derive(Debug)]
pub(crate) struct Asset {
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The first 8 bytes of a hash, in hexadecimal.
fn short_hash(bytes: &[u8]) -> String {
    let Digest256(hash) = Digest256::of(bytes);
    let mut text = String::with_capacity(16);
    for byte in &hash[..8] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, bytes: Vec<u8>) -> Self {
        let hash = short_hash(&bytes);
        Self {
            name: format!("{stem}-{hash}.{extension}"),
            content_type,
            bytes,
        }
    }
}

/// The pages' looks and addresses.
#[derive(Debug)]
pub(crate) struct Site {
    pub name: String,
    /// Path of the issuer, under which a proxy serves us; empty when there is none.
    pub base: String,
    /// Scheme and authority of the issuer.
    pub origin: String,
    /// Whether browsers reach us over TLS.
    pub tls: bool,
    /// Name of our cookie. Cookies know no port: it depends on the issuer, so that two servers on one host do not sign
    /// each other's people out. Under TLS with the prefix that makes it this host's own.
    pub cookie: String,
    pub style: Asset,
    /// Asks browsers for passkeys.
    pub script: Asset,
    /// The script's hash as pages and their policies name it.
    pub script_integrity: String,
    /// What a browser's tab shows.
    pub icon: Asset,
    pub logo: Option<Asset>,
}

impl Site {
    /// As the settings say.
    ///
    /// # Errors
    /// A logo that cannot be read, is too large, or is no picture.
    pub(crate) fn new(settings: &Settings, issuer: &str) -> Result<Self, SettingsError> {
        let colour = Colour::parse(&settings.site_colour)
            .ok_or_else(|| wrong("site_colour", "must be of the form #rrggbb"))?;
        let style = STYLE
            .replace("#1f5fbf", &colour.to_string())
            .replace("#fefefe", colour.text_on());
        let icon = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='{colour}'/>\
             <path d='M11 26V6h10v20z' fill='{on}'/><circle cx='18.5' cy='16.5' r='1.5' fill='{colour}'/></svg>",
            on = colour.text_on()
        );
        let logo = settings.site_logo.as_deref().map(logo).transpose()?;
        let after_scheme = issuer.find("://").map_or(0, |at| at + 3);
        let path_at = issuer[after_scheme..]
            .find('/')
            .map_or(issuer.len(), |at| after_scheme + at);
        let tls = issuer.starts_with("https://");
        let prefix = if tls { "__Host-" } else { "" };
        Ok(Self {
            name: settings.site_name.clone(),
            cookie: format!("{prefix}doorward-{}", short_hash(issuer.as_bytes())),
            base: issuer[path_at..].to_owned(),
            origin: issuer[..path_at].to_owned(),
            tls,
            style: Asset::new(
                "style",
                "css",
                "text/css; charset=utf-8",
                style.into_bytes(),
            ),
            script: Asset::new(
                "passkey",
                "js",
                "text/javascript; charset=utf-8",
                SCRIPT.into(),
            ),
            script_integrity: format!(
                "sha256-{}",
                BASE64_STANDARD.encode(Digest256::of(SCRIPT.as_bytes()).0)
            ),
            icon: Asset::new("icon", "svg", "image/svg+xml", icon.into_bytes()),
            logo,
        })
    }

    /// The asset of this name.
    pub(crate) fn asset(&self, name: &str) -> Option<&Asset> {
        [
            Some(&self.style),
            Some(&self.script),
            Some(&self.icon),
            self.logo.as_ref(),
        ]
        .into_iter()
        .flatten()
        .find(|asset| asset.name == name)
    }
}

fn logo(path: &Path) -> Result<Asset, SettingsError> {
    let bad = |reason: String| wrong("site_logo", format!("{}: {reason}", path.display()));
    let size = fs::metadata(path)
        .map_err(|error| bad(error.to_string()))?
        .len();
    if size > MAX_LOGO {
        return Err(bad("must be at most 256 KiB".into()));
    }
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let (extension, content_type) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("png", "image/png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        ("jpg", "image/jpeg")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        ("webp", "image/webp")
    } else if std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")) {
        ("svg", "image/svg+xml")
    } else {
        return Err(bad("must be a PNG, JPEG, WebP or SVG picture".into()));
    };
    Ok(Asset::new("logo", extension, content_type, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_has_the_colours_that_are_replaced() {
        assert!(STYLE.contains("#1f5fbf") && STYLE.contains("#fefefe"));
    }

    #[test]
    fn a_site_knows_where_its_issuer_is_served() {
        let site = |issuer| Site::new(&Settings::default(), issuer).unwrap();
        let at_path = site("https://a.example/auth/x");
        assert_eq!(
            (at_path.base.as_str(), at_path.origin.as_str()),
            ("/auth/x", "https://a.example")
        );
        assert!(at_path.tls && at_path.cookie.starts_with("__Host-doorward-"));
        let plain = site("http://127.0.0.1:8000");
        assert_eq!(
            (plain.base.as_str(), plain.origin.as_str()),
            ("", "http://127.0.0.1:8000")
        );
        assert!(plain.cookie.starts_with("doorward-"));
        assert_ne!(plain.cookie, site("http://127.0.0.1:8001").cookie);
    }

    #[test]
    fn a_logo_must_be_a_picture() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logo");
        fs::write(&path, "<html>").unwrap();
        assert_eq!(logo(&path).unwrap_err().key, "site_logo");
        fs::write(&path, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
        assert_eq!(logo(&path).unwrap().content_type, "image/svg+xml");
    }
}
