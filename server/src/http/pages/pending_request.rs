//! The authorization request that a page is shown for, and the application that makes it.

use maud::Markup;

use super::{
    components::{shown_logo, unverified_client_notice},
    page_context::PageContext,
    page_response::PageResponse,
};
use crate::oauth::{AuthorizationRequest, OAuthError};

/// A request that is under way, and the application that makes it.
#[derive(Debug)]
pub(super) struct Asking {
    pub request: AuthorizationRequest,
    pub name: String,
    pub logo: Option<String>,
    /// Its own, where an operator has registered it.
    pub website: Option<String>,
    /// What is said of one that registered itself.
    pub stranger: Markup,
}

/// Whose request is under way.
///
/// # Errors
/// A page, for a client that is not known any more.
pub(super) async fn asking(
    page_context: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
) -> Result<Option<Asking>, PageResponse> {
    let Some(request) = request else {
        return Ok(None);
    };
    let client = page_context
        .services
        .store
        .client(request.client_id)
        .await?;
    let client = client.ok_or_else(|| page_context.failed(&OAuthError::client(false)))?;
    let name = client.name.clone();
    Ok(Some(Asking {
        request,
        name,
        logo: shown_logo(&client),
        website: client.policy.client_uri.clone().filter(|_| !client.dynamic),
        stranger: unverified_client_notice(page_context.texts, &client),
    }))
}
