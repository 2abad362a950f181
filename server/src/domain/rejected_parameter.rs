//! Rejected parameters of a client, with the values that would have been accepted. For operators; bounded, since anyone
//! can send them.

use super::text::is_invisible;

/// Maximum length of a value, in characters.
const MAX_CHARS: usize = 200;
/// Maximum number of accepted values listed.
const MAX_ALLOWED: usize = 8;
/// Marks an omission.
const CUT: &str = "…";

/// A rejected parameter of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedParameter {
    /// The parameter's name in the protocol: `redirect_uri`.
    pub parameter: &'static str,
    /// The values sent; empty if there was none.
    pub value: String,
    /// The values that the client is registered for, or that the protocol allows.
    pub allowed: Vec<String>,
}

impl RejectedParameter {
    pub fn new<T: AsRef<str>>(
        parameter: &'static str,
        value: &str,
        allowed: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut allowed: Vec<_> = allowed
            .into_iter()
            .take(MAX_ALLOWED + 1)
            .map(|one| bounded(one.as_ref()))
            .collect();
        if allowed.len() > MAX_ALLOWED {
            allowed[MAX_ALLOWED] = CUT.into();
        }
        Self {
            parameter,
            value: bounded(value),
            allowed,
        }
    }

    /// As [`Sent::new`], for a URI: user information, query and fragment are redacted.
    pub fn uri<T: AsRef<str>>(
        parameter: &'static str,
        value: &str,
        allowed: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new(parameter, &without_secrets(value), allowed)
    }
}

/// For the log: text from an unauthenticated client is quoted.
impl std::fmt::Display for RejectedParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            parameter,
            value,
            allowed,
        } = self;
        write!(f, "{parameter} {value:?}, allowed {allowed:?}")
    }
}

/// Shortened text, with invisible characters replaced by a visible mark.
fn bounded(text: &str) -> String {
    let seen = |c| if is_invisible(c) { '\u{FFFD}' } else { c };
    let mut chars = text.chars().map(seen);
    let mut bounded: String = chars.by_ref().take(MAX_CHARS).collect();
    if chars.next().is_some() {
        bounded.push_str(CUT);
    }
    bounded
}

/// A URI without user information, query and fragment. Need not be valid.
fn without_secrets(uri: &str) -> String {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let (rest, cut) = uri.split_at(end);
    let cut = cut.get(..1).unwrap_or_default();
    let left_out = if cut.is_empty() { "" } else { CUT };
    // Browsers accept any number of slashes of either kind in place of `//`, and none after `https:`.
    let slash = ['/', '\\'];
    let is_web =
        |scheme: &str| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let after_scheme = match rest.split_once(':') {
        Some((scheme, after)) if after.starts_with(slash) || is_web(scheme) => after,
        // Without a scheme: `ada:password@host`.
        _ => rest,
    };
    let host = rest.len() - after_scheme.trim_start_matches(slash).len();
    let (scheme, after) = rest.split_at(host);
    let authority = after.find(slash).unwrap_or(after.len());
    match after[..authority].rfind('@') {
        Some(at) => format!("{scheme}{CUT}{}{cut}{left_out}", &after[at..]),
        None => format!("{rest}{cut}{left_out}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_uri(uri: &str) -> String {
        RejectedParameter::uri("redirect_uri", uri, [""; 0]).value
    }

    #[test]
    fn a_uri_is_told_without_user_query_and_fragment() {
        for (uri, told) in [
            ("https://app.example/callbak", "https://app.example/callbak"),
            (
                "https://app.example/cb?code=s#t",
                "https://app.example/cb?…",
            ),
            ("https://app.example/cb#t?u", "https://app.example/cb#…"),
            ("https://ada:pw@app.example/cb", "https://…@app.example/cb"),
            ("https://a@b:pw@app.example", "https://…@app.example"),
            ("https:ada:pw@app.example/cb", "https:…@app.example/cb"),
            (
                "HTTP:\\\\ada:pw@app.example\\cb",
                "HTTP:\\\\…@app.example\\cb",
            ),
            ("ada:pw@app.example/cb", "…@app.example/cb"),
            ("//ada:pw@app.example/cb", "//…@app.example/cb"),
            ("https://app.example/@ada", "https://app.example/@ada"),
            ("com.example.app:/cb", "com.example.app:/cb"),
            ("app.example/cb", "app.example/cb"),
            (
                "https://app.example/cb \n",
                "https://app.example/cb \u{FFFD}",
            ),
            ("", ""),
        ] {
            assert_eq!(of_uri(uri), told, "{uri}");
        }
    }

    #[test]
    fn what_is_told_is_bounded() {
        let long = "x".repeat(10_000);
        let sent = RejectedParameter::new("scope", &long, vec![long.clone(); 100]);
        assert_eq!(sent.value, format!("{}…", "x".repeat(MAX_CHARS)));
        assert_eq!(sent.allowed.len(), MAX_ALLOWED + 1);
        assert_eq!(sent.allowed[MAX_ALLOWED], "…");
        let all = RejectedParameter::new("scope", "", ["read"; MAX_ALLOWED]);
        assert_eq!(all.allowed, ["read"; MAX_ALLOWED]);
        let forged = RejectedParameter::new("scope", "x\", allowed []\u{202e}\n", ["read"]);
        assert_eq!(
            forged.to_string(),
            "scope \"x\\\", allowed []\u{FFFD}\u{FFFD}\", allowed [\"read\"]"
        );
    }

    proptest! {
        #[test]
        fn nothing_of_a_users_name_and_password_is_told(
            scheme in "(https?://|https?:|[a-z]{2,5}://|)",
            host in "[a-z.]{1,9}", path in "(/[a-z@]{0,5})?",
        ) {
            let told = of_uri(&format!("{scheme}ada:SECRET@{host}{path}"));
            prop_assert!(!told.contains("SECRET"), "{}", told);
            let told = of_uri(&format!("{scheme}{host}{path}?q=SECRET@{host}"));
            prop_assert!(!told.contains("SECRET"), "{}", told);
        }
    }
}
