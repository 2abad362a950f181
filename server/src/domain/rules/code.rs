//! What becomes of an authorization code when it is made, shown and used: RFC 6749 section 4.1.2, RFC 9700 section 2.1.1.

use doorward_shared::{ClientId, ScopeSet, Timestamp};

use crate::domain::AuthorizationCode;

/// What becomes of a code that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeDecision {
    /// It is kept, and the consent is from now on for `consent`, where that is more than before.
    Keep { consent: Option<ScopeSet> },
    /// The sign-in it rests on has ended since the request came.
    SignedOut,
    /// The consent it rests on was taken back since the request came.
    NotAllowed,
}

/// What a code to be made rests on.
#[derive(Debug, Clone, Copy)]
pub struct CodeGrounds<'a> {
    /// Whether the sign-in still stands.
    pub signed_in: bool,
    /// Whether the person has just allowed it.
    pub allowed: bool,
    /// Whether nobody is asked for consent to this client.
    pub skipped: bool,
    /// What they had allowed before.
    pub consent: Option<&'a ScopeSet>,
}

/// Decides about a code for `scope`.
pub fn create(scope: &ScopeSet, basis: CodeGrounds<'_>) -> CodeDecision {
    if !basis.signed_in {
        return CodeDecision::SignedOut;
    }
    let known = basis.consent.is_some_and(|before| before.covers_all(scope));
    if !basis.allowed {
        return if known || basis.skipped {
            CodeDecision::Keep { consent: None }
        } else {
            CodeDecision::NotAllowed
        };
    }
    let before = basis.consent.cloned().unwrap_or_default();
    let after = before.union(scope);
    // A first consent is remembered though it is for nothing.
    let is_new = after != before || before.is_empty();
    CodeDecision::Keep {
        consent: is_new.then_some(after),
    }
}

/// How a code is shown at the token endpoint.
#[derive(Debug, Clone, Copy)]
pub struct PresentedCode<'a> {
    pub client: ClientId,
    pub redirect_uri: &'a str,
    /// Whether a PKCE verifier came; whether it is the right one is checked after.
    pub verified: bool,
}

/// What a code is worth that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    Good,
    /// Another client's, or over.
    Nothing,
    /// For another redirect URI.
    OtherRedirect,
    /// It was used before: what it gave ends.
    Replay,
    /// The verifier of its challenge is missing.
    NoVerifier,
    /// A verifier came for a code that had no challenge.
    NoChallenge,
}

/// Decides about a code that is shown.
pub fn check(code: &AuthorizationCode, shown: PresentedCode<'_>, now: Timestamp) -> CodeCheck {
    if code.client_id != shown.client {
        return CodeCheck::Nothing;
    }
    if code.used_at.is_some() {
        return CodeCheck::Replay;
    }
    if code.expires_at <= now {
        return CodeCheck::Nothing;
    }
    if code.redirect_uri != shown.redirect_uri {
        return CodeCheck::OtherRedirect;
    }
    // RFC 9700 sections 2.1.1 and 4.8.2: neither half of PKCE without the other.
    match (&code.challenge, shown.verified) {
        (Some(_), false) => CodeCheck::NoVerifier,
        (None, true) => CodeCheck::NoChallenge,
        _ => CodeCheck::Good,
    }
}

/// What comes of the one use of a code, in the transaction that uses it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRedemption {
    /// Its session opens.
    Opens,
    /// It was used before: what it gave ends.
    Replay,
    /// The sign-in it rests on has ended.
    Nothing,
}

/// Decides about a use.
pub fn redeem(code: &AuthorizationCode, signed_in: bool) -> CodeRedemption {
    if code.used_at.is_some() {
        CodeRedemption::Replay
    } else if signed_in {
        CodeRedemption::Opens
    } else {
        CodeRedemption::Nothing
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{SessionId, UserId};
    use proptest::{prelude::*, sample::subsequence};
    use ulid::Ulid;

    use super::*;

    const URI: &str = "https://a.example/cb";

    fn scopes() -> impl Strategy<Value = ScopeSet> {
        subsequence(vec!["openid", "read", "write"], 0..=3)
            .prop_map(|some| ScopeSet::parse(&some.join(" ")).unwrap())
    }

    prop_compose! {
        fn code()(used in any::<bool>(), challenge in any::<bool>(), expires in 0_i64..4) -> AuthorizationCode {
            AuthorizationCode {
                client_id: ClientId(Ulid(1)),
                user_id: UserId(Ulid(1)),
                redirect_uri: URI.into(),
                scope: ScopeSet::default(),
                challenge: challenge.then(|| "c".into()),
                nonce: None,
                auth_time: Timestamp(0),
                resources: Vec::new(),
                ip: std::net::Ipv4Addr::LOCALHOST.into(),
                user_agent: None,
                expires_at: Timestamp(expires),
                signed_in_by: Some(SessionId(Ulid(1))),
                used_at: used.then_some(Timestamp(0)),
                session_id: None,
                claims: crate::domain::RequestedClaims::default(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_code_gives_a_session_once_and_only_while_its_sign_in_stands(
            code in code(), signed_in in any::<bool>()
        ) {
            let first = redeem(&code, signed_in);
            prop_assert_eq!(first == CodeRedemption::Opens, code.used_at.is_none() && signed_in);
            let used = AuthorizationCode { used_at: Some(Timestamp(1)), ..code };
            prop_assert_eq!(redeem(&used, signed_in), CodeRedemption::Replay);
        }

        #[test]
        fn a_code_is_good_for_its_client_and_address_alone_in_time_and_with_both_halves_of_pkce(
            code in code(), own in any::<bool>(), same_uri in any::<bool>(), verified in any::<bool>(), now in 0_i64..4
        ) {
            let shown = PresentedCode {
                client: ClientId(Ulid(if own { 1 } else { 2 })),
                redirect_uri: if same_uri { URI } else { "https://b.example/cb" },
                verified,
            };
            let worth = check(&code, shown, Timestamp(now));
            let in_time = now < code.expires_at.0;
            let good = own && same_uri && in_time && code.used_at.is_none()
                && code.challenge.is_some() == verified;
            prop_assert_eq!(worth == CodeCheck::Good, good);
            // Another client's code is nothing to it, used or not: it must not end what is not its own.
            prop_assert_eq!(worth == CodeCheck::Replay, own && code.used_at.is_some());
        }

        #[test]
        fn a_code_rests_on_a_sign_in_and_on_what_was_allowed_and_consent_only_grows(
            scope in scopes(), before in prop::option::of(scopes()), signed_in in any::<bool>(), allowed in any::<bool>(),
            skipped in any::<bool>()
        ) {
            let basis = CodeGrounds { signed_in, allowed, skipped, consent: before.as_ref() };
            match create(&scope, basis) {
                CodeDecision::Keep { consent } => {
                    prop_assert!(signed_in);
                    let known = before.clone().unwrap_or_default();
                    prop_assert!(allowed || skipped || known.covers_all(&scope));
                    prop_assert!(consent.is_none() || allowed);
                    // What nobody was asked for is not remembered as allowed.
                    let after = consent.unwrap_or_else(|| known.clone());
                    prop_assert!(after.covers_all(&known));
                    prop_assert!(after.covers_all(&scope) || !allowed);
                }
                CodeDecision::SignedOut => prop_assert!(!signed_in),
                CodeDecision::NotAllowed => {
                    prop_assert!(signed_in && !allowed && !skipped);
                    prop_assert!(!before.is_some_and(|before| before.covers_all(&scope)));
                }
            }
        }
    }
}
