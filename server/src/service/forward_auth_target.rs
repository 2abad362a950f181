//! The requested page behind a proxy: its URL, and whether browsers may be redirected back to it.

use url::Url;

use crate::crypto::secret::Secret;

/// The parameter with the return code.
pub(crate) const CODE: &str = "doorward_code";
/// Maximum length of a return address, in bytes: nginx accepts 4 KiB of response headers.
const MAX_PAGE: usize = 1500;

/// A requested page behind the proxy.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Without our code. The host's root, if the requested URL is malformed or too long.
    pub url: String,
    /// In lower case, without port.
    pub host: String,
    /// Set if it is not the scheme's default.
    pub port: Option<u16>,
    pub tls: bool,
    /// The return code in its URL.
    pub code: Option<Secret>,
}

/// The headers of a request that name its page.
#[derive(Debug, Default)]
pub(crate) struct NamedTarget<'r> {
    /// `X-Original-URL`.
    pub original: Option<&'r str>,
    /// `X-Forwarded-Proto`, `-Host` and `-Uri`.
    pub scheme: Option<&'r str>,
    pub host: Option<&'r str>,
    pub uri: Option<&'r str>,
}

impl NamedTarget<'_> {
    /// The URL that they name. `None` if the two ways name different hosts or ports: a proxy sets one of them and may
    /// pass on the other as the client sent it, so an attacker could have a cookie checked for a page that it is not
    /// valid for.
    pub(crate) fn url(&self) -> Option<String> {
        let forwarded = self.host.map(|hosts| {
            let mut hosts = hosts.split(',').map(str::trim);
            let first = hosts.next().unwrap_or_default();
            hosts.all(|host| host == first).then_some(first)
        });
        let Some(original) = self.original else {
            let host = forwarded??;
            let uri = self.uri.unwrap_or("/");
            // Otherwise the path could extend the host name.
            let plain = !host.contains(['/', '?', '#', '@', '\\']) && uri.starts_with('/');
            return plain.then(|| Some(format!("{}://{host}{uri}", self.scheme?)))?;
        };
        if let Some(forwarded) = forwarded {
            let named = origin(original)?;
            let forwarded = origin(&format!("{}://{}", named.scheme(), forwarded?))?;
            if named.origin() != forwarded.origin() {
                return None;
            }
        }
        Some(original.to_owned())
    }
}

/// Scheme, host and port of a URL, ignoring the rest.
fn origin(url: &str) -> Option<Url> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let clean = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if !clean(scheme) || !clean(authority) || authority.contains('@') {
        return None;
    }
    Url::parse(&format!("{scheme}://{authority}/")).ok()
}

impl Page {
    /// The page of a URL, if it is on one of the allowed hosts.
    pub(crate) fn read(url: &str, hosts: &[String], allow_http: bool) -> Option<Self> {
        let origin = origin(url)?;
        let tls = origin.scheme() == "https";
        if !(tls || (allow_http && origin.scheme() == "http")) {
            return None;
        }
        let (host, port) = (origin.host_str()?.to_owned(), origin.port());
        if !hosts.contains(&host) {
            return None;
        }
        let (url, code) = match exact(url, &origin) {
            Some((url, code)) if url.len() <= MAX_PAGE => (url, code),
            // A signed-in user passes all the same; others are sent to the root.
            found => (origin.into(), found.and_then(|(_, code)| code)),
        };
        Some(Self {
            url,
            host,
            port,
            tls,
            code,
        })
    }

    /// Host and port. Browsers send a host's cookies to all its ports, but keep the pages of different ports apart: a
    /// cookie or code for one port is not valid at another.
    pub(crate) fn place(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// The URL to redirect a browser to, without our code, and the code.
fn exact(url: &str, origin: &Url) -> Option<(String, Option<Secret>)> {
    if !url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return None;
    }
    let mut parsed = Url::parse(url).ok()?;
    if parsed.origin() != origin.origin() {
        return None;
    }
    parsed.set_fragment(None);
    let pairs = parsed.query_pairs();
    let code = pairs.filter(|(name, _)| name == CODE).last();
    let code = code.map(|(_, value)| Secret::from(value.into_owned()));
    if code.is_some() {
        without_code(&mut parsed);
    }
    Some((parsed.into(), code))
}

/// Removes our parameter from a query; the rest stays as it is, character by character.
fn without_code(url: &mut Url) {
    let query = url.query().unwrap_or_default().to_owned();
    let ours = |part: &&str| !part.starts_with(&format!("{CODE}="));
    let rest: Vec<_> = query.split('&').filter(ours).collect();
    url.set_query(
        Some(rest.join("&"))
            .as_deref()
            .filter(|rest| !rest.is_empty()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Option<(String, bool)> {
        let hosts = ["app.lan".to_owned(), "10.0.0.7".into()];
        Page::read(url, &hosts, false).map(|page| (page.url, page.code.is_some()))
    }

    #[test]
    fn only_pages_of_the_hosts_are_led_back_to() {
        for (good, url) in [
            ("https://app.lan/a?b=c", "https://app.lan/a?b=c"),
            ("https://APP.lan:8443/", "https://app.lan:8443/"),
            ("https://10.0.0.7/x#y", "https://10.0.0.7/x"),
            ("https://app.lan?a", "https://app.lan/?a"),
        ] {
            assert_eq!(read(good), Some((url.into(), false)), "{good}");
        }
        for bad in [
            "http://app.lan/",
            "https://evil.example/",
            "https://app.lan.evil.example/",
            "https://evil.example/app.lan",
            "https://app.lan@evil.example/",
            "https://u@app.lan/",
            "https://app.lan\\@evil.example/",
            "//app.lan/",
            "/app.lan",
            "javascript:alert(1)//app.lan",
            "https://app.lan \r\nX: y/",
            "https://evil.example\\.app.lan/",
            "https:///app.lan/",
            "https://",
            "",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_page_that_cannot_be_kept_is_its_hosts_first_one() {
        let long = format!("https://app.lan:8443/{}", "x".repeat(1500));
        assert_eq!(read(&long), Some(("https://app.lan:8443/".into(), false)));
        let longest = format!("https://app.lan/{}", "x".repeat(1484));
        let with_code = format!("{longest}?doorward_code=x");
        assert_eq!(read(&with_code), Some((longest, true)));
        for odd in [
            "https://app.lan/a b",
            "https://app.lan/\r\nX: y",
            "https://app.lan/\u{e4}",
            "https://app.lan/\\evil.example/",
        ] {
            assert_eq!(read(odd), Some(("https://app.lan/".into(), false)), "{odd}");
        }
    }

    #[test]
    fn our_code_is_taken_out_and_the_rest_stays_as_it_is() {
        let with = |query: &str| read(&format!("https://app.lan/p{query}"));
        for (query, rest) in [
            ("?doorward_code=x", ""),
            ("?a=%20b&doorward_code=x&c", "?a=%20b&c"),
        ] {
            assert_eq!(
                with(query),
                Some((format!("https://app.lan/p{rest}"), true))
            );
        }
    }

    #[test]
    fn headers_that_name_two_hosts_or_ports_name_no_page() {
        let url = |original, host, uri| {
            let scheme = Some("https");
            let named = NamedTarget {
                original,
                scheme,
                host,
                uri,
            };
            named.url()
        };
        let page = Some("https://app.lan/a".to_owned());
        let original = Some("https://app.lan/a");
        for host in [
            None,
            Some("app.lan"),
            Some("APP.lan:443"),
            Some("app.lan, app.lan"),
        ] {
            assert_eq!(url(original, host, None), page, "{host:?}");
        }
        for host in [
            "other.lan",
            "app.lan, other.lan",
            "",
            "app.lan@other.lan",
            "app.lan:8443",
            "app.lan:80",
        ] {
            assert_eq!(url(original, Some(host), None), None, "{host}");
        }
        let other = "https://app.lan:8443/a";
        assert_eq!(url(Some(other), Some("app.lan"), None), None);
        let same = url(Some(other), Some("app.lan:8443"), None);
        assert_eq!(same.as_deref(), Some(other));
        assert_eq!(url(None, Some("app.lan"), Some("/a")), page);
        for (host, uri) in [
            ("other", ".lan/"),
            ("other", "@app.lan/"),
            ("app.lan/", "/"),
            ("app.lan?", "/"),
            ("app.lan, other.lan", "/"),
        ] {
            assert_eq!(url(None, Some(host), Some(uri)), None, "{host}{uri}");
        }
        assert_eq!(url(None, None, Some("/")), None);
    }
}
