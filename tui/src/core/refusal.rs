//! Why an application does not work: the cause of a `client.refused` event in words, with what to do about it.

use std::collections::BTreeMap;

use doorward_shared::admin::Event;

/// A cause in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explained {
    /// What the application did.
    pub what: String,
    /// What to do; `ID` stands for the client's id.
    advice: &'static str,
}

impl Explained {
    /// What to do about it, for this client.
    pub(crate) fn advice(&self, client: Option<&str>) -> String {
        match client {
            Some(id) => self.advice.replace("ID", id),
            None => self.advice.to_owned(),
        }
    }
}

/// A part of a cause, what it means, and what to do. The first that fits counts.
struct Known(&'static str, &'static str, &'static str);

const KNOWN: [Known; 22] = [
    Known(
        "send a PKCE code_challenge",
        "sent no PKCE challenge",
        "switch it on in the program, or `doorward clients update ID --no-require-pkce` (public clients always need it)",
    ),
    Known(
        "code_challenge_method came without",
        "sent a PKCE method without a challenge",
        "send code_challenge too, or neither of the two",
    ),
    Known(
        "code_challenge_method must be",
        "sent a PKCE challenge that is not S256",
        "set the program's PKCE method to S256; plain is not accepted",
    ),
    Known(
        "code_verifier is missing",
        "sent a PKCE challenge, but no verifier for the code",
        "look at the program's PKCE settings: it must keep the verifier from the first step to the second",
    ),
    Known(
        "code_verifier came for",
        "sent a PKCE verifier for a code that had no challenge",
        "something between the browser and this server removes parameters, or the program mixes two sign-ins up",
    ),
    Known(
        "code_challenge",
        "sent a malformed PKCE challenge",
        "the program's library is at fault: a challenge is 43 characters of base64url",
    ),
    Known(
        "post_logout_redirect_uri",
        "asked to send people somewhere unregistered after sign-out",
        "`doorward clients update ID --redirect-uri URI …` with the address, or correct it in the program",
    ),
    Known(
        "redirect_uri",
        "sent a redirect URI that is not registered",
        "compare the program's callback address letter by letter, and `doorward clients update ID --redirect-uri URI …` with all of them",
    ),
    Known(
        "client secret is wrong",
        "sent a wrong client secret",
        "copy the secret into the program again, or make a new one: `doorward clients secret ID`",
    ),
    Known(
        "client secret is missing",
        "sent no client secret",
        "put the secret into the program; one that cannot keep a secret is registered with --public",
    ),
    Known(
        "secret came for a public client",
        "sent a secret, though it is registered as public",
        "take the secret out of the program, or register it again without --public",
    ),
    Known(
        "no client credentials",
        "sent no client id",
        "set client id and secret in the program",
    ),
    Known(
        "there is no client",
        "sent a client id that is not registered",
        "correct the client id in the program, or register it: `doorward clients register`",
    ),
    Known(
        "client_id is malformed",
        "sent something that is no client id",
        "correct the client id in the program: it begins with client_",
    ),
    Known(
        "not registered for this grant",
        "used a grant that it is not registered for",
        "`doorward clients update ID --grant GRANT …` with all it needs",
    ),
    Known(
        "not registered for this scope",
        "asked for a scope that it is not registered for",
        "`doorward clients update ID --scope SCOPE …` with all it needs, or ask for fewer in the program",
    ),
    Known(
        "invalid_scope",
        "asked for a scope that it may not have",
        "compare its scopes (`doorward clients get ID`) and the person's permissions with what the program asks for",
    ),
    Known(
        "invalid_target",
        "asked for a token for a resource that it is not registered for",
        "`doorward clients update ID --resource URI …` with all it needs",
    ),
    Known(
        "unsupported_response_type",
        "asked for another response type than code",
        "set the program to the authorization code flow",
    ),
    Known(
        "refresh token is not valid",
        "sent a refresh token that is over, or was used before",
        "the person signs in again; if it comes often, two copies of the program share one token",
    ),
    Known(
        "authorization code is not valid",
        "sent an authorization code that is over, was used before, or was made for another redirect URI",
        "the person signs in again; if it comes often, the program sends each code twice",
    ),
    Known(
        "invalid_token",
        "asked about tokens with a credential that is not valid",
        "give the program a client secret or an API key that is live",
    ),
];

/// A cause of the audit log (`error: description`) in words. One that is not known is told as it is.
pub(crate) fn explain(cause: &str) -> Explained {
    match KNOWN.iter().find(|known| cause.contains(known.0)) {
        Some(Known(_, what, advice)) => Explained {
            what: (*what).to_owned(),
            advice,
        },
        None => Explained {
            what: cause
                .split_once(": ")
                .map_or(cause, |(_, why)| why)
                .to_owned(),
            advice: "`doorward events --action client.refused` tells when and from where",
        },
    }
}

/// A client that was refused for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailingClient {
    /// Its id, where one was sent.
    pub client: Option<String>,
    pub cause: String,
    /// How often.
    pub count: u64,
}

/// The clients that events tell of, for each cause; most often refused first.
pub(crate) fn failing_clients(events: &[Event]) -> Vec<FailingClient> {
    let mut counts: BTreeMap<(Option<&str>, &str), u64> = BTreeMap::new();
    for event in events {
        if let Some(cause) = &event.cause {
            let count = u64::from(event.count.unwrap_or(1));
            *counts.entry((event.target.as_deref(), cause)).or_default() += count;
        }
    }
    let failing = |((client, cause), count): ((Option<&str>, &str), u64)| FailingClient {
        client: client.map(str::to_owned),
        cause: cause.to_owned(),
        count,
    };
    let mut failing: Vec<_> = counts.into_iter().map(failing).collect();
    failing.sort_by_key(|one| std::cmp::Reverse(one.count));
    failing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bench::event;

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
        assert_eq!(explain("odd: quite new").what, "quite new");
        assert_eq!(explain("odd").what, "odd");
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
