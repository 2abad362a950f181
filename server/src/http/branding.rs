//! Branding of the hosted pages: name, colour, logo and the stylesheet, built once at start.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::site_asset::{Asset, logo, short_hash};
use crate::{
    crypto::secret::Digest256,
    settings::{Colour, Settings, SettingsError, wrong},
};

const STYLE: &str = include_str!("pages/style.css");
const SCRIPT: &str = include_str!("pages/passkey.js");

/// The pages' branding and base paths.
#[derive(Debug)]
pub(crate) struct Site {
    pub name: String,
    /// Path of the issuer, under which a proxy serves us; empty if it has none.
    pub base: String,
    /// Scheme and authority of the issuer.
    pub origin: String,
    /// Whether browsers reach us over TLS.
    pub tls: bool,
    /// Name of our cookie. Cookies ignore the port, so the name depends on the issuer: two servers on one host do not
    /// sign each other's users out. Under TLS it has the prefix that binds it to this host.
    pub cookie: String,
    pub style: Asset,
    /// The script that performs passkey ceremonies.
    pub script: Asset,
    /// The script's hash, as used in pages and their policies.
    pub script_integrity: String,
    /// The title in a browser's tab.
    pub icon: Asset,
    pub logo: Option<Asset>,
}

impl Site {
    /// Branding from the settings.
    ///
    /// # Errors
    /// A logo that cannot be read, is too large, or is not an image.
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

    /// The asset with this name.
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
}
