//! Blocking networks: nobody signs in or up from there, and nobody asks for a mail, for a while.

use std::sync::Arc;

use doorward_shared::{BlockId, admin::CreateBlock};
use ipnet::IpNet;

use super::Error;
use crate::{
    clock::Clock,
    domain::{Act, Block, block::canonical, client_prefix::client_prefix_net, text},
    store::Store,
};

/// How long a network is blocked where nobody says, and at most, in seconds: a day, and 30.
const DEFAULT_SECONDS: i64 = 86_400;
const MAX_SECONDS: i64 = 30 * 86_400;

/// What blocks networks.
#[derive(Debug, Clone)]
pub struct Blocks {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Through which people come: to block one is to block them all.
    pub(crate) proxies: Arc<[IpNet]>,
}

impl Blocks {
    /// Checks what an operator wants blocked.
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

    /// Blocks a network: in force when this answers.
    ///
    /// # Errors
    /// Storage, with what the rules refuse.
    pub(crate) async fn add(&self, block: Block, act: Act) -> Result<Block, Error> {
        let act = act.because(Arc::from(block.reason.as_str()));
        let proxies = Arc::clone(&self.proxies);
        Ok(self.store.add_block(block, proxies, act).await?)
    }
}

/// A network, or one address: of IPv6 that is its household's.
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
