//! Redirect URIs, RFC 6749 section 3.1.2 and RFC 8252 section 7.3.

use crate::domain::{
    Client,
    client::{is_loopback, is_loopback_text},
};

/// Whether a client may be redirected to `uri`: it must be registered, character by character. Only the port of a
/// loopback address or of `localhost` is free, if it was registered without one.
pub fn allowed_redirect(client: &Client, uri: &str) -> bool {
    client
        .redirect_uris
        .iter()
        .any(|registered| registered == uri || differs_in_loopback_port(registered, uri))
}

/// Whether any program on the user's machine could receive the response: a loopback port, or a private-use scheme (RFC
/// 8252 section 8.6).
pub(super) fn is_claimed_by_any_program(uri: &str) -> bool {
    let loopback =
        || url::Url::parse(uri).is_ok_and(|url| url.host().is_some_and(|host| is_loopback(&host)));
    let is_web = uri.starts_with("https://") || uri.starts_with("http://");
    !is_web || loopback()
}

/// RFC 8252 section 7.3; it advises against `localhost`, but many programs send it.
fn differs_in_loopback_port(registered: &str, uri: &str) -> bool {
    let (Some((host, registered)), Some((asked_host, rest))) =
        (loopback(registered), loopback(uri))
    else {
        return false;
    };
    // Registered without a port: only the path, the query or nothing may follow the host.
    if host != asked_host || !(registered.is_empty() || registered.starts_with(['/', '?'])) {
        return false;
    }
    let Some(rest) = rest.strip_prefix(':') else {
        return false;
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (port, rest) = rest.split_at(end);
    let port_ok = port.parse::<u16>().is_ok_and(|number| number > 0) && !port.starts_with('0');
    port_ok && rest == registered
}

/// The loopback host of an address, in canonical spelling, and the rest.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = match rest.strip_prefix('[') {
        Some(inside) => inside.find(']')? + 2,
        None => rest.find([':', '/', '?']).unwrap_or(rest.len()),
    };
    let (host, rest) = rest.split_at(end);
    let bare = host
        .strip_prefix('[')
        .map_or(host, |host| host.trim_end_matches(']'));
    is_loopback_text(bare).then_some((host, rest))
}

/// `uri` with parameters added to its query.
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let joint = if !uri.contains('?') {
        "?"
    } else if uri.ends_with(['?', '&']) {
        ""
    } else {
        "&"
    };
    format!("{uri}{joint}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use doorward_shared::{ClientId, ScopeSet, Timestamp};

    use super::*;

    fn allowed(registered: &str, uri: &str) -> bool {
        let client = Client {
            id: ClientId(ulid::Ulid::nil()),
            name: "x".into(),
            redirect_uris: vec![registered.into()],
            grant_types: Vec::new(),
            scopes: ScopeSet::default(),
            resources: Vec::new(),
            secrets: None,
            require_pkce: false,
            resource_server: false,
            policy: crate::domain::ClientPolicy::default(),
            dynamic: false,
            document: None,
            client_tokens_valid_from: None,
            codes_valid_after: None,
            created_at: Timestamp(0),
        };
        allowed_redirect(&client, uri)
    }

    #[test]
    fn redirect_uris_match_character_by_character() {
        let registered = "https://app.example/cb";
        assert!(allowed(registered, registered));
        for trick in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb#f",
            "https://app.example/c",
            "https://app.example/cb/../evil",
            "https://app.example/%63b",
            "https://evil@app.example/cb",
            "https://app.example.evil/cb",
            "https://sub.app.example/cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https:/\\app.example/cb",
            "HTTPS://app.example/cb",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!allowed(registered, trick), "{trick}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_ip_is_free() {
        for host in ["127.0.0.1", "127.0.0.2", "[::1]", "localhost"] {
            let registered = format!("http://{host}/cb");
            assert!(allowed(&registered, &format!("http://{host}:51004/cb")));
            for trick in [
                format!("http://{host}:51004/cb2"),
                format!("http://{host}:@evil/cb"),
                format!("http://{host}:99999/cb"),
                format!("http://{host}:/cb"),
                format!("http://{host}:080/cb"),
                format!("https://{host}:51004/cb"),
                format!("http://{host}.evil:80/cb"),
            ] {
                assert!(!allowed(&registered, &trick), "{trick}");
            }
        }
        // Registered with a port: only that port matches.
        assert!(!allowed("http://127.0.0.1:80/cb", "http://127.0.0.1:81/cb"));
        assert!(!allowed(
            "http://app.example/cb",
            "http://app.example:81/cb"
        ));
    }

    #[test]
    fn an_address_on_this_machine_may_be_any_programs() {
        for any in [
            "com.example.app:/cb",
            "http://127.0.0.1:5000/cb",
            "http://localhost/cb",
            "https://localhost/cb",
            "http://[::1]/cb",
        ] {
            assert!(is_claimed_by_any_program(any), "{any}");
        }
        for one in ["https://app.example/cb", "http://127.example/cb"] {
            assert!(!is_claimed_by_any_program(one), "{one}");
        }
    }

    #[test]
    fn parameters_join_a_query_that_is_there() {
        assert_eq!(
            with_parameters("https://a/cb?x=1", &[("code", "a b"), ("iss", "http://i")]),
            "https://a/cb?x=1&code=a+b&iss=http%3A%2F%2Fi"
        );
        assert_eq!(
            with_parameters("app:/cb", &[("code", "c")]),
            "app:/cb?code=c"
        );
    }
}
