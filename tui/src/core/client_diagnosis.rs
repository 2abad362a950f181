//! Why an application does not work: the cause of a `client.refused` event in words, with what to do about it.

use std::{collections::BTreeMap, fmt};

use doorward_shared::admin::{Event, Sent};

/// A cause in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// What the application did wrong.
    pub what: String,
    /// What to do; `ID` stands for the client's id.
    advice: &'static str,
}

impl Diagnosis {
    /// What to do about it, for this client.
    pub(crate) fn advice(&self, client: Option<&str>) -> String {
        match client {
            Some(id) => self.advice.replace("ID", id),
            None => self.advice.to_owned(),
        }
    }
}

/// A part of the server's error description, its meaning, and the advice. The first match counts.
/// An end-to-end test checks that each of these parts stands in a string of the server.
pub(crate) struct KnownCause(pub &'static str, pub &'static str, pub &'static str);

pub(crate) const KNOWN: &[KnownCause] = &[
    KnownCause(
        "send a PKCE code_challenge",
        "sent no PKCE challenge",
        "switch it on in the program, or `doorward clients update ID --no-require-pkce` (public clients always need it)",
    ),
    KnownCause(
        "code_challenge_method without",
        "sent a PKCE method without a challenge",
        "send code_challenge too, or neither of the two",
    ),
    KnownCause(
        "code_challenge_method must be",
        "sent a PKCE challenge that is not S256",
        "set the program's PKCE method to S256; plain is not accepted",
    ),
    KnownCause(
        "code_verifier is missing",
        "sent a PKCE challenge, but no verifier for the code",
        "look at the program's PKCE settings: it must keep the verifier from the first step to the second",
    ),
    KnownCause(
        "code_verifier sent for",
        "sent a PKCE verifier for a code that had no challenge",
        "something between the browser and this server removes parameters, or the program mixes two sign-ins up",
    ),
    KnownCause(
        "code_challenge",
        "sent a malformed PKCE challenge",
        "the PKCE library is broken: code_challenge must be 43 base64url characters",
    ),
    KnownCause(
        "post_logout_redirect_uri",
        "asked to send people somewhere unregistered after sign-out",
        "correct it in the program, or, if the address is the program's own, \
         `doorward clients update ID --post-logout-redirect-uri URI …` with all of them",
    ),
    KnownCause(
        "redirect_uri is missing",
        "sent no redirect URI",
        "set the callback address in the program; with the code it sends the same one again",
    ),
    KnownCause(
        "redirect_uri",
        "sent a redirect URI that is not registered",
        "correct it in the program, or, if the address is the program's own, \
         `doorward clients update ID --redirect-uri URI …` with all of them",
    ),
    KnownCause(
        "client secret is wrong",
        "sent a wrong client secret",
        "copy the secret into the program again, or make a new one: `doorward clients secret ID`",
    ),
    KnownCause(
        "client secret is missing",
        "sent no client secret",
        "put the secret into the program; one that cannot keep a secret is registered with --public",
    ),
    KnownCause(
        "secret sent by a public client",
        "sent a secret, though it is registered as public",
        "take the secret out of the program, or register it again without --public",
    ),
    KnownCause(
        "different token_endpoint_auth_method",
        "authenticated in another way than it is registered for",
        "set the program's authentication method for the token endpoint, or `doorward clients update ID --auth-method METHOD`",
    ),
    KnownCause(
        "sent in two ways",
        "sent its credentials in two ways at once",
        "set one of them in the program: HTTP Basic, or in the body",
    ),
    KnownCause(
        "client has no keys",
        "signed an assertion, but its keys are not known",
        "`doorward clients update ID --jwks-uri URI`, and the server must be able to fetch it",
    ),
    KnownCause(
        "client assertion",
        "sent a client assertion that is not accepted",
        "iss and sub are the client's id, aud is the issuer, jti is new each time, and it ends within an hour",
    ),
    KnownCause(
        "missing client credentials",
        "sent no client id",
        "set client id and secret in the program",
    ),
    KnownCause(
        "no client has this",
        "sent a client id that is not registered",
        "correct the client id in the program, or register it: `doorward clients register`",
    ),
    KnownCause(
        "grant_type must be",
        "used a grant that is not known here",
        "set the program to the authorization code flow, or to client credentials",
    ),
    KnownCause(
        "not registered for this grant",
        "used a grant that it is not registered for",
        "`doorward clients update ID --grant GRANT …` with all it needs",
    ),
    KnownCause(
        "not registered for this scope",
        "asked for a scope that it is not registered for",
        "`doorward clients update ID --scope SCOPE …` with all it needs, or ask for fewer in the program",
    ),
    KnownCause(
        "none of the groups",
        "signed somebody in who is in none of its groups",
        "`doorward users update EMAIL --group GROUP …` with all of theirs, or `doorward clients update ID --no-allowed-groups` for everybody",
    ),
    KnownCause(
        "invalid_scope",
        "asked for a scope that it may not have",
        "compare its scopes (`doorward clients get ID`) and the person's permissions with what the program asks for",
    ),
    KnownCause(
        "invalid_target",
        "asked for a token for a resource that it is not registered for",
        "`doorward clients update ID --resource URI …` with all it needs",
    ),
    KnownCause(
        "response_mode must be",
        "asked for another response mode than query and form_post",
        "set one of the two in the program, or none",
    ),
    KnownCause(
        "unsupported_response_type",
        "asked for another response type than code",
        "set the program to the authorization code flow",
    ),
    KnownCause(
        "refresh token is not valid",
        "sent a refresh token that is over, or was used before",
        "the user must sign in again; if this recurs, two instances share one refresh token",
    ),
    KnownCause(
        "authorization code is not valid",
        "sent an authorization code that is over, was used before, or was made for another redirect URI",
        "the person signs in again; if it comes often, the program sends each code twice",
    ),
    KnownCause(
        "with resourceServer",
        "called /apikey/verify but is not registered as a resource server",
        "`doorward clients update ID --resource-server true`",
    ),
    KnownCause(
        "public client cannot introspect",
        "asked about a token, though it is registered as public",
        "register the API that asks with a secret: `doorward clients register --preset service --resource-server`",
    ),
    KnownCause(
        "invalid_token",
        "asked about tokens with a credential that is not valid",
        "give the program a client secret or a valid API key",
    ),
];

/// A cause of the audit log (`error: description`) in words. An unknown one is shown as it is.
pub(crate) fn explain(cause: &str) -> Diagnosis {
    match KNOWN.iter().find(|known| cause.contains(known.0)) {
        Some(KnownCause(_, what, advice)) => Diagnosis {
            what: (*what).to_owned(),
            advice,
        },
        None => Diagnosis {
            what: cause
                .split_once(": ")
                .map_or(cause, |(_, why)| why)
                .to_owned(),
            advice: "`doorward events list --action client.refused` tells when and from where",
        },
    }
}

/// The value that a client sent, with the expected ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComparedValues {
    pub parameter: String,
    /// Anybody can have written it, so it leads nowhere.
    pub value: String,
    /// Whether the expected values are those the client is registered for.
    pub is_of_client: bool,
    pub right: Vec<String>,
}

impl ComparedValues {
    /// The label of the expected values.
    pub(crate) fn label(&self) -> &'static str {
        if self.is_of_client {
            "Registered"
        } else {
            "Right would be"
        }
    }
}

/// The value that led to a cause.
pub(crate) fn beside(cause: &str, sent: &Sent) -> ComparedValues {
    let is_of_client = cause.contains("registered");
    let value = match sent.value.as_str() {
        "" => "nothing".to_owned(),
        value => quoted(value),
    };
    ComparedValues {
        parameter: sent.parameter.clone(),
        value,
        is_of_client,
        right: match &*sent.allowed {
            [] if is_of_client => vec!["none".into()],
            allowed => allowed.iter().map(|one| quoted(one)).collect(),
        },
    }
}

/// `redirect_uri https://…; registered: https://…`
impl fmt::Display for ComparedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.parameter, self.value)?;
        if self.right.is_empty() {
            return Ok(());
        }
        let label = self.label().to_lowercase();
        write!(f, "; {label}: {}", self.right.join(", "))
    }
}

/// In quotes where a space, or a letter that looks like another one, would be overlooked.
fn quoted(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_graphic() || c == '…') {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}

/// Why, as one line: the cause, and what was sent.
pub(crate) fn in_one_line(cause: &str, sent: Option<&Sent>) -> String {
    match sent {
        Some(sent) => format!("{cause}: sent {}", beside(cause, sent)),
        None => cause.to_owned(),
    }
}

/// A client that was refused for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailingClient {
    /// Its id, where one was sent.
    pub client: Option<String>,
    pub cause: String,
    /// The last value it sent.
    pub sent: Option<Sent>,
    /// How often.
    pub count: u64,
}

impl FailingClient {
    /// What it sent, and what to do about it.
    pub(crate) fn advice(&self) -> String {
        let advice = explain(&self.cause).advice(self.client.as_deref());
        match self.sent.as_ref().map(|sent| beside(&self.cause, sent)) {
            Some(sent) if sent.is_of_client => {
                let ComparedValues { value, right, .. } = sent;
                let right = right.join(", ");
                format!("{value} is not registered; registered: {right}; {advice}")
            }
            Some(sent) => format!("sent {sent}; {advice}"),
            None => advice,
        }
    }
}

/// The clients in events, newest first, per cause; the most often refused first.
pub(crate) fn failing_clients(events: &[Event]) -> Vec<FailingClient> {
    let mut found: BTreeMap<(Option<&str>, &str), FailingClient> = BTreeMap::new();
    for event in events {
        let Some(cause) = &event.cause else { continue };
        let client = event.target.as_deref();
        let failing = found
            .entry((client, cause))
            .or_insert_with(|| FailingClient {
                client: client.map(str::to_owned),
                cause: cause.clone(),
                sent: None,
                count: 0,
            });
        failing.count += event.times();
        failing.sent = failing.sent.take().or_else(|| event.sent.clone());
    }
    let mut failing: Vec<_> = found.into_values().collect();
    failing.sort_by_key(|one| std::cmp::Reverse(one.count));
    failing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{event, refused_redirect};

    #[test]
    fn a_cause_is_told_in_words_with_what_to_do() {
        let pkce = explain("invalid_request: send a PKCE code_challenge (S256)");
        assert_eq!(pkce.what, "sent no PKCE challenge");
        assert!(
            pkce.advice(Some("client_1"))
                .contains("`doorward clients update client_1 --no-require-pkce`")
        );
        assert!(
            explain("invalid_client: the client secret is wrong")
                .advice(None)
                .contains("doorward clients secret ID")
        );
        let target = "invalid_request: post_logout_redirect_uri is not one";
        assert!(explain(target).what.contains("after sign-out"));
        let sent = explain(target).advice(Some("client_1"));
        assert!(
            sent.contains("`doorward clients update client_1 --post-logout-redirect-uri URI …`")
        );
        assert_eq!(explain("odd: quite new").what, "quite new");
        assert_eq!(explain("odd").what, "odd");
    }

    fn sent(parameter: &str, value: &str, allowed: &[&str]) -> Sent {
        Sent {
            parameter: parameter.into(),
            value: value.into(),
            allowed: allowed.iter().map(|one| (*one).into()).collect(),
        }
    }

    #[test]
    fn what_was_sent_is_told_beside_what_is_right() {
        let (cause, bad) = refused_redirect();
        let told = |cause: &str, sent: &Sent| in_one_line(cause, Some(sent));
        assert_eq!(
            told(cause, &bad),
            "invalid_request: redirect_uri is not registered for this client: \
             sent redirect_uri https://app.example/callbak; registered: https://app.example/callback"
        );
        let failing = FailingClient {
            client: Some("client_1".into()),
            cause: cause.into(),
            sent: Some(bad),
            count: 1,
        };
        assert_eq!(
            failing.advice(),
            "https://app.example/callbak is not registered; registered: https://app.example/callback; correct it in the \
             program, or, if the address is the program's own, `doorward clients update client_1 --redirect-uri URI …` \
             with all of them"
        );
        let mode = sent("response_mode", "fragment", &["query", "form_post"]);
        assert_eq!(
            told("x: response_mode must be query or form_post", &mode),
            "x: response_mode must be query or form_post: sent response_mode fragment; right would be: query, form_post"
        );
        let odd = sent("redirect_uri", "https://app.example/cb ", &[]);
        assert_eq!(
            told("x: not registered", &odd),
            "x: not registered: sent redirect_uri \"https://app.example/cb \"; registered: none"
        );
        let none = sent("scope", "", &[]);
        assert_eq!(told("x: y", &none), "x: y: sent scope nothing");
    }

    #[test]
    fn refusals_are_counted_for_each_client_and_cause() {
        let refused = |n, client: &str, cause: &str, count| {
            let mut event = event(n, "client.refused");
            event.target = Some(client.into()).filter(|id: &String| !id.is_empty());
            event.cause = Some(cause.into());
            event.count = count;
            event
        };
        let events = [
            refused(1, "client_a", "x: one", Some(1)),
            refused(2, "client_b", "x: one", Some(20)),
            refused(3, "client_a", "x: one", Some(4)),
            refused(4, "client_a", "x: two", None),
            refused(5, "", "x: two", Some(2)),
            event(6, "login.failed"),
        ];
        let told: Vec<_> = failing_clients(&events)
            .into_iter()
            .map(|one| (one.client.unwrap_or_default(), one.cause, one.count))
            .collect();
        let row = |client: &str, cause: &str, count| (client.to_owned(), cause.to_owned(), count);
        assert_eq!(
            told,
            [
                row("client_b", "x: one", 20),
                row("client_a", "x: one", 5),
                row("", "x: two", 2),
                row("client_a", "x: two", 1)
            ]
        );
    }
}
