//! The `refresh_token` grant: scopes and resources of the new access token.

use doorward_shared::ScopeSet;

use super::{OAuthError, TokenAnswer, token_issuance::Exchange};
use crate::{
    crypto::secret::Secret,
    domain::{RefreshOwner, RejectedParameter},
    service::{RefreshError, RefreshRequest, Renewed},
};

impl Exchange {
    /// Uses up a refresh token, for the granted scopes or a subset.
    pub(super) async fn of_refresh(
        &self,
        used: &Secret,
        wanted: Option<&ScopeSet>,
    ) -> Result<TokenAnswer, OAuthError> {
        let asked = RefreshRequest {
            scope: wanted.cloned(),
            resources: self.resources.clone(),
        };
        let lineage = RefreshOwner::Client(self.client.id);
        let renewed = self
            .endpoint
            .refresh
            .renew(used, lineage, asked, self.context.clone());
        let Renewed {
            session,
            scope: may,
            resources,
            refresh_token,
            ..
        } = renewed.await.map_err(|why| match why {
            RefreshError::Unknown
            | RefreshError::Expired
            | RefreshError::NoFactor
            | RefreshError::Revoked => OAuthError::grant("the refresh token is not valid"),
            RefreshError::ScopeTooWide => {
                let asked = wanted.map(ToString::to_string).unwrap_or_default();
                let sent = RejectedParameter::new("scope", &asked, [""; 0]);
                OAuthError::scope("the scope was not granted").about(sent)
            }
            RefreshError::OtherResource => OAuthError::new(
                "invalid_target",
                "the resource was not granted, or is not the client's any more",
            ),
            RefreshError::Failed(error) => error.into(),
        })?;
        let scope = match wanted {
            Some(wanted) => wanted.intersect(&may),
            None => may,
        };
        let scope = scope.intersect(&self.client.scopes);
        Ok(TokenAnswer {
            access_token: self.access_token(&session, &scope, resources)?,
            expires_in: self.endpoint.tokens.settings.access_token_seconds,
            scope: scope.to_string(),
            refresh_token: Some(refresh_token.expose().to_owned()),
            id_token: None,
        })
    }
}
