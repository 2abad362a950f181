//! PKCE in the flows.

use async_trait::async_trait;
use oxide_auth::{code_grant::extensions::Pkce, primitives::grant::Extensions};
use oxide_auth_async::{
    code_grant::{
        access_token::Extension as AccessTokenExtension,
        authorization::Extension as AuthorizationExtension,
    },
    endpoint::Extension,
};

/// PKCE, RFC 7636, with `S256` alone. Whether it is needed was judged before: a challenge or a verifier that came is
/// checked here.
pub(super) struct PkceCheck(pub Pkce);

#[async_trait]
impl AuthorizationExtension for PkceCheck {
    async fn extend(
        &mut self,
        request: &(dyn oxide_auth::code_grant::authorization::Request + Sync),
    ) -> Result<Extensions, ()> {
        let mut extensions = Extensions::new();
        if request.extension("code_challenge").is_none() {
            return Ok(extensions);
        }
        let challenge = self.0.challenge(
            request.extension("code_challenge_method"),
            request.extension("code_challenge"),
        )?;
        if let Some(challenge) = challenge {
            extensions.set(&self.0, challenge);
        }
        Ok(extensions)
    }
}

#[async_trait]
impl AccessTokenExtension for PkceCheck {
    async fn extend(
        &mut self,
        request: &(dyn oxide_auth::code_grant::accesstoken::Request + Sync),
        mut data: Extensions,
    ) -> Result<Extensions, ()> {
        let verifier = request.extension("code_verifier");
        match data.remove(&self.0) {
            None if verifier.is_none() => {}
            // Without a challenge it fails, as it must.
            challenge => self.0.verify(challenge, verifier)?,
        }
        Ok(Extensions::new())
    }
}

impl Extension for PkceCheck {
    fn authorization(&mut self) -> Option<&mut (dyn AuthorizationExtension + Send)> {
        Some(self)
    }

    fn access_token(&mut self) -> Option<&mut (dyn AccessTokenExtension + Send)> {
        Some(self)
    }
}
