//! Token revocation, RFC 7009: revokes a token and all tokens of the same grant.

use doorward_shared::{SessionId, Timestamp};
use ulid::Ulid;

use super::{OAuthError, client_auth::Authenticated, introspection::Introspection};
use crate::{
    crypto::key_ring::TokenError,
    domain::{AuditContext, Client, DomainError, SessionCore},
    store::StoreError,
};

impl Introspection {
    /// Revokes a token of this client, and all tokens of the same grant (RFC 7009 section 2.1). An unknown token or one
    /// of another client is ignored, with the same response.
    ///
    /// # Errors
    /// `invalid_client` when the client has lost its credentials since; 503.
    pub(crate) async fn revoke(
        &self,
        by: &Authenticated,
        token: &str,
        cause: AuditContext,
    ) -> Result<(), OAuthError> {
        let (meant, act) = (
            self.target_of(&by.client, token, cause.at).await?,
            by.act(cause),
        );
        let ended = match meant {
            Some(RevocationTarget::Session(id)) => {
                self.authenticator.store.give_back_session(id, act).await
            }
            Some(RevocationTarget::Token(jti, until)) => {
                let (store, of) = (&self.authenticator.store, by.client.id);
                store.give_back_token(jti, of, until, act).await
            }
            None => Ok(()),
        };
        match ended {
            // The row was deleted since.
            Err(StoreError::Refused(DomainError::NotFound(_))) => Ok(()),
            Err(StoreError::Refused(_)) => Err(OAuthError::client(by.basic)),
            ended => Ok(ended?),
        }
    }

    /// The client's own token, if it is one; `None` for another client's or an invalid one.
    async fn target_of(
        &self,
        client: &Client,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<RevocationTarget>, StoreError> {
        let own = |session: &SessionCore| {
            (session.client_id == Some(client.id)).then_some(RevocationTarget::Session(session.id))
        };
        if token.starts_with("rt_") {
            let Some(shown) = self.master.refresh().read(token) else {
                return Ok(None);
            };
            let found = self.authenticator.store.refresh_token(shown).await?;
            return Ok(found.and_then(|(session, _)| own(&session.core())));
        }
        let claims = match self.authenticator.keys.verify_any_audience(token, now) {
            Ok(claims) | Err(TokenError::Expired(claims)) => claims,
            Err(TokenError::Invalid | TokenError::Withdrawn) => return Ok(None),
        };
        if claims.client_id() != client.public_id() {
            return Ok(None);
        }
        Ok(match claims.session() {
            Some((id, _)) => {
                let session = self.authenticator.store.session(id).await?;
                session.as_ref().and_then(own)
            }
            None => {
                let until = Timestamp::from_seconds(claims.exp());
                Some(RevocationTarget::Token(claims.jti(), until))
            }
        })
    }
}
/// The object that a revoked token belongs to.
enum RevocationTarget {
    Session(SessionId),
    /// A client-credentials token: its id, and its expiry.
    Token(Ulid, Timestamp),
}
