//! Validation of client-supplied URIs.

use url::{Host, Url};

use super::client::{absolute, is_loopback};

fn web(uri: &str) -> Result<Url, String> {
    absolute(uri)?;
    if uri.contains('*') {
        return Err("must not hold a wildcard".into());
    }
    Url::parse(uri).map_err(|error| format!("is not a URL: {error}"))
}

/// A URI that pages show or link: https, or http on loopback.
///
/// # Errors
/// A sentence about the mistake.
pub fn check_shown_uri(uri: &str) -> Result<(), String> {
    let url = web(uri)?;
    let loopback = url.host().is_some_and(|host| is_loopback(&host));
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err("must be https, or http at a loopback address".into()),
    }
}

/// Where logout tokens are posted. For a dynamically registered client it must not point into the server's own network.
///
/// # Errors
/// A sentence about the mistake.
pub fn check_backchannel_uri(uri: &str, is_dynamic: bool) -> Result<(), String> {
    check_shown_uri(uri)?;
    if is_dynamic && web(uri)?.host().is_none_or(|host| is_inside(&host)) {
        return Err("must be https at a public address".into());
    }
    Ok(())
}

/// Whether a host name alone shows that it is not public. The addresses it resolves to are checked at connection time.
pub fn is_inside(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let local = ["localhost", "local", "internal", "lan", "home.arpa", "test"];
            let below = |zone: &&str| {
                let rest = name.strip_suffix(*zone);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            !name.contains('.') || local.iter().any(below)
        }
        Host::Ipv4(ip) => !super::public_ip::is_public((*ip).into()),
        Host::Ipv6(ip) => !super::public_ip::is_public((*ip).into()),
    }
}

/// Where a client's keys are fetched: https, without a custom port or user information.
///
/// # Errors
/// A sentence about the mistake.
pub fn check_jwks_uri(uri: &str) -> Result<(), String> {
    match web(uri)?.scheme() {
        "https" => Ok(()),
        _ => Err("must be https".into()),
    }
}

/// Largest JWK set, in bytes.
pub const MAX_JWKS: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_addresses_are_harmless() {
        for good in [
            "https://app.example/logo.png",
            "http://127.0.0.1:9/x",
            "http://localhost/",
        ] {
            assert_eq!(check_shown_uri(good), Ok(()), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "http://app.example/x",
            "ftp://app.example/x",
            "/logo.png",
            "https://u:p@app.example/",
            "https://app.example/\"><script>",
        ] {
            assert!(check_shown_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_that_registered_itself_names_no_inside_address() {
        for inside in [
            "http://127.0.0.1/x",
            "https://localhost/x",
            "https://10.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://printer/x",
            "https://x.internal/",
            "https://169.254.169.254/latest",
            "https://2130706433/",
            "https://0x7f.1/",
        ] {
            assert!(check_backchannel_uri(inside, true).is_err(), "{inside}");
        }
        assert_eq!(
            check_backchannel_uri("https://app.example/out", true),
            Ok(())
        );
        assert_eq!(check_backchannel_uri("https://10.0.0.1/out", false), Ok(()));
    }
}
