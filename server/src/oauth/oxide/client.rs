//! The client of a request, as a flow asks a registrar for it.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use async_trait::async_trait;
use doorward_shared::ScopeSet;
use oxide_auth::primitives::{
    registrar::{BoundClient, ClientUrl, PreGrant, RegisteredUrl, RegistrarError},
    scope::Scope,
};
use oxide_auth_async::primitives::Registrar;
use url::Url;

use crate::{domain::Client, oauth::grants::own_scopes};

/// The client of a request, which is known, or has been authenticated, before the flow starts.
pub(super) struct OneClient {
    pub client: Arc<Client>,
    /// The only one there is to this request, where it has one.
    pub redirect_uri: Option<String>,
    /// Whether it asks for itself, with client credentials.
    pub alone: bool,
}

/// A URL for flows that must have one; the browser is sent to the one that came, character by character.
pub(super) fn some_url(text: &str) -> Result<Url, RegistrarError> {
    static SOME: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("http://localhost/").ok());
    let given = (!text.is_empty()).then(|| Url::parse(text).ok());
    let url = given.flatten().or_else(|| SOME.clone());
    url.ok_or(RegistrarError::PrimitiveError)
}

pub(super) fn scope(scopes: &ScopeSet) -> Result<Scope, RegistrarError> {
    let scopes = scopes.to_string().parse();
    scopes.map_err(|_| RegistrarError::Unspecified)
}

#[async_trait]
impl Registrar for OneClient {
    async fn bound_redirect<'a>(
        &self,
        bound: ClientUrl<'a>,
    ) -> Result<BoundClient<'a>, RegistrarError> {
        let asked = bound.redirect_uri.as_ref().map(|uri| uri.as_str());
        let other = self.redirect_uri.is_some() && asked != self.redirect_uri.as_deref();
        if bound.client_id != self.client.id.to_string() || other {
            return Err(RegistrarError::Unspecified);
        }
        let url = match &self.redirect_uri {
            Some(uri) => uri.parse().map_err(|_| RegistrarError::PrimitiveError)?,
            None => some_url(asked.unwrap_or_default())?,
        };
        Ok(BoundClient {
            client_id: bound.client_id,
            redirect_uri: Cow::Owned(RegisteredUrl::Semantic(url)),
        })
    }

    async fn negotiate<'a>(
        &self,
        client: BoundClient<'a>,
        wanted: Option<Scope>,
    ) -> Result<PreGrant, RegistrarError> {
        let unknown = |_| RegistrarError::Unspecified;
        let asked = match wanted {
            Some(wanted) => ScopeSet::parse(&wanted.to_string()).map_err(unknown)?,
            // A client that may do nothing by itself is given nothing.
            None if self.alone => own_scopes(&self.client),
            None => self.client.scopes.clone(),
        };
        if !self.client.scopes.covers_all(&asked) {
            return Err(RegistrarError::Unspecified);
        }
        Ok(PreGrant {
            client_id: client.client_id.into_owned(),
            redirect_uri: client.redirect_uri.into_owned(),
            scope: scope(&asked)?,
        })
    }

    async fn check(&self, client_id: &str, _: Option<&[u8]>) -> Result<(), RegistrarError> {
        // Its secret was compared before the flow started; the flow must speak of the same client.
        if client_id == self.client.id.to_string() {
            Ok(())
        } else {
            Err(RegistrarError::Unspecified)
        }
    }
}
