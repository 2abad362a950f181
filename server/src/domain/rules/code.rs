//! Rules for issuing, presenting and using an authorization code: RFC 6749 section 4.1.2, RFC 9700 section 2.1.1.

use doorward_shared::{ClientId, ScopeSet, Timestamp};

use crate::domain::AuthorizationCode;

/// Outcome of a request to issue a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeDecision {
    /// It is stored, and the consent becomes `consent` if that is wider than before.
    Keep { consent: Option<ScopeSet> },
    /// The sign-in it depends on has ended since the request arrived.
    SignedOut,
    /// The consent it depends on was withdrawn since the request arrived.
    NotAllowed,
}

/// Facts that issuing a code depends on.
#[derive(Debug, Clone, Copy)]
pub struct CodeGrounds<'a> {
    /// Whether the sign-in is still active.
    pub signed_in: bool,
    /// Whether the user has just consented.
    pub allowed: bool,
    /// Whether this client needs no consent.
    pub skipped: bool,
    /// The user's earlier consent.
    pub consent: Option<&'a ScopeSet>,
}

/// Decides whether a code for `scope` is issued.
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
    // A first consent is stored even if it covers no scope.
    let is_new = after != before || before.is_empty();
    CodeDecision::Keep {
        consent: is_new.then_some(after),
    }
}

/// The parameters that come with a code at the token endpoint.
#[derive(Debug, Clone, Copy)]
pub struct PresentedCode<'a> {
    pub client: ClientId,
    pub redirect_uri: &'a str,
    /// Whether a PKCE verifier was sent; its value is checked later.
    pub verified: bool,
}

/// Outcome of validating a presented code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    Good,
    /// Another client's code, or expired.
    Nothing,
    /// For another redirect URI.
    OtherRedirect,
    /// Already used: the session it was exchanged for ends.
    Replay,
    /// The verifier of its challenge is missing.
    NoVerifier,
    /// A verifier was sent for a code without a challenge.
    NoChallenge,
}

/// Validates a presented code.
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

/// Outcome of using a code, in the transaction that uses it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRedemption {
    /// A session is created.
    Opens,
    /// Already used: the session it was exchanged for ends.
    Replay,
    /// The sign-in it depends on has ended.
    Nothing,
}

/// Decides the outcome of using a code.
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
            // Another client's code, used or not, must not let a client end what is not its own.
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
                    // Scopes for which no consent was asked are not stored as consented.
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
