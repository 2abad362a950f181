//! DNS guard against SSRF: a name is resolved once, and the connection goes to the addresses that were validated then,
//! so that DNS rebinding has no effect.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::public_ip::is_public;

/// Permitted destinations of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowedDestinations {
    /// For URLs that an operator has registered.
    Anywhere,
    /// For URLs from unauthenticated or dynamically registered clients.
    Public,
}

/// A resolver that returns only public addresses.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses = validated(found.collect())?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// All addresses of a name, if all of them are public.
fn validated(
    found: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    match found.iter().find(|address| !is_public(address.ip())) {
        Some(_) => Err("the name resolves to an address that is not public".into()),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_one_inside_address_is_refused_whole() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        assert!(validated(vec![address("1.1.1.1"), address("2606:4700::1")]).is_ok());
        assert!(validated(vec![address("1.1.1.1"), address("10.0.0.1")]).is_err());
        assert!(validated(vec![address("::1")]).is_err());
    }

    #[tokio::test]
    async fn the_resolver_itself_refuses_what_a_name_stands_for() {
        let name: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(name).await.is_err());
    }
}
