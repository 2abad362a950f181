//! `clientDataJSON`: the browser's account of the request, section 5.8.1.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{CeremonyError, RelyingParty};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    token_binding: Option<TokenBinding>,
}

#[derive(Deserialize)]
struct TokenBinding {
    status: String,
}

/// The ceremony that client data belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ceremony {
    Create,
    Get,
}

fn parse(client_data: &[u8]) -> Result<ClientData, CeremonyError> {
    serde_json::from_slice(client_data).map_err(|_| CeremonyError::Malformed)
}

/// The challenge in client data, unverified: the key under which the server finds its request.
///
/// # Errors
/// [`CeremonyError::Malformed`].
pub fn challenge_of(client_data: &[u8]) -> Result<Vec<u8>, CeremonyError> {
    let text = parse(client_data)?.challenge;
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| CeremonyError::Malformed)
}

/// Section 7.1 steps 7 to 10, section 7.2 steps 11 to 14: type, challenge, origin, token binding. This server never
/// uses token binding, so a response bound to a connection belongs to another one.
pub(super) fn verify(
    client_data: &[u8],
    ceremony: Ceremony,
    challenge: &[u8],
    party: &RelyingParty,
) -> Result<(), CeremonyError> {
    let data = parse(client_data)?;
    let wanted = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.r#type != wanted {
        return Err(CeremonyError::OtherCeremony);
    }
    if data.challenge != BASE64_URL_SAFE_NO_PAD.encode(challenge) {
        return Err(CeremonyError::OtherChallenge);
    }
    let is_bound = data.token_binding.is_some_and(|it| it.status == "present");
    if data.origin != party.origin || data.cross_origin || is_bound {
        return Err(CeremonyError::OtherOrigin);
    }
    Ok(())
}
