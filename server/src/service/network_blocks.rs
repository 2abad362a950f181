//! Network blocks: while one is active, clients from the network cannot sign in, sign up or request mails.

use std::sync::Arc;

use doorward_shared::{BlockId, admin::CreateBlock};
use ipnet::IpNet;

use super::Error;
use crate::{
    clock::Clock,
    domain::{Act, Block, ip_prefix::client_prefix_net, network_block::canonical, text},
    store::Store,
};

/// Default and maximum duration of a block, in seconds: one day, and 30.
const DEFAULT_SECONDS: i64 = 86_400;
const MAX_SECONDS: i64 = 30 * 86_400;

/// Blocks networks.
#[derive(Debug, Clone)]
pub struct Blocks {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Trusted proxies: blocking one would block all clients behind it.
    pub(crate) proxies: Arc<[IpNet]>,
}

impl Blocks {
    /// Validates an operator's request for a block.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(crate) fn checked(&self, asked: &CreateBlock) -> Result<Block, Error> {
        let now = self.clock.now();
        let network = network(&asked.network).map_err(|why| Error::invalid("network", why))?;
        let reason = text::required_name(&asked.reason);
        let until = asked.until.unwrap_or(now.plus_seconds(DEFAULT_SECONDS));
        if until <= now || until > now.plus_seconds(MAX_SECONDS) {
            let why = "must be after now, and at most 30 days from now";
            return Err(Error::invalid("until", why));
        }
        Ok(Block {
            id: BlockId(ulid::Ulid::nil()),
            network,
            reason: reason.map_err(|why| Error::invalid("reason", why))?,
            until,
            created_at: now,
            created_by: String::new(),
            exempt: None,
        })
    }

    /// Blocks a network; the block is in force when this returns.
    ///
    /// # Errors
    /// Storage, including rejections by the domain's rules.
    pub(crate) async fn add(&self, block: Block, act: Act) -> Result<Block, Error> {
        let act = act.because(Arc::from(block.reason.as_str()));
        let proxies = Arc::clone(&self.proxies);
        Ok(self.store.add_block(block, proxies, act).await?)
    }
}

/// Parses a network, or one address: for IPv6 its client prefix.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let network: Result<IpNet, _> = text.parse();
    let network = network.or_else(|_| text.parse().map(client_prefix_net));
    network
        .map(canonical)
        .map_err(|_| "must be an address or a network such as 203.0.113.0/24")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_kept_in_one_spelling() {
        for (text, expected) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("203.0.113.7/24", "203.0.113.0/24"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::/64"),
            ("2001:db8::1/128", "2001:db8::1/128"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ] {
            assert_eq!(network(text).unwrap().to_string(), expected);
        }
        for text in [
            "",
            "203.0.113.0/33",
            "example.com",
            "203.0.113",
            " 203.0.113.7",
        ] {
            assert!(network(text).is_err(), "{text}");
        }
    }
}
