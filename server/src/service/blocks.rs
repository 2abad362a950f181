//! Blocking networks: nobody signs in or up from there, and nobody asks for a mail, for a while.

use std::{net::IpAddr, sync::Arc};

use doorward_shared::{BlockId, admin::CreateBlock};
use ipnet::{IpNet, Ipv6Net};
use tokio::sync::Mutex;

use super::Error;
use crate::{
    clock::Clock,
    domain::{Act, Block, block::canonical, household, text},
    state,
    store::{Store, StoreError},
};

/// How long a network is blocked where nobody says, and at most, in seconds: a day, and 30.
const DEFAULT_SECONDS: i64 = 86_400;
const MAX_SECONDS: i64 = 30 * 86_400;
/// Bits of IPv6 that one customer has at least.
const HOUSEHOLD_BITS: u8 = 64;

/// What blocks networks.
#[derive(Debug, Clone)]
pub struct Blocks {
    pub(crate) store: Store,
    pub(crate) held: state::Blocks,
    pub(crate) clock: Clock,
    /// One change at a time: what is on disk and what is in memory change in the same order.
    pub(crate) changing: Arc<Mutex<()>>,
}

impl Blocks {
    /// Checks what an operator wants blocked.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(crate) fn checked(&self, asked: &CreateBlock, from: IpAddr) -> Result<Block, Error> {
        let now = self.clock.now();
        let network = network(&asked.network).map_err(|why| Error::invalid("network", why))?;
        if is_within_household(network, from) {
            let why = "is where you call from yourself, which a block spares";
            return Err(Error::invalid("network", why));
        }
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
            spared: None,
        })
    }

    /// Blocks a network: in force when this answers, whatever becomes of the caller meanwhile.
    ///
    /// # Errors
    /// Storage, with what the rules refuse.
    pub(crate) async fn add(&self, block: Block, act: Act) -> Result<Block, Error> {
        let this = self.clone();
        let act = act.because(Arc::from(block.reason.as_str()));
        let added = tokio::spawn(async move {
            let _alone = this.changing.lock().await;
            let block = this.store.add_block(block, act).await?;
            this.held.add(block.clone(), block.created_at);
            Ok::<_, StoreError>(block)
        });
        Ok(added.await.map_err(lost)??)
    }

    /// Lifts a block: out of force when this answers.
    ///
    /// # Errors
    /// Storage, with what the rules refuse.
    pub(crate) async fn remove(&self, id: BlockId, act: Act) -> Result<(), Error> {
        let this = self.clone();
        let removed = tokio::spawn(async move {
            let _alone = this.changing.lock().await;
            this.store.remove_block(id, act).await?;
            this.held.remove(id);
            Ok::<_, StoreError>(())
        });
        Ok(removed.await.map_err(lost)??)
    }
}

fn lost(error: tokio::task::JoinError) -> Error {
    Error::Internal(error.to_string())
}

/// A network, or one address: of IPv6 that is its network of 64 bits, in which whoever has one address has all.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let network: Result<IpNet, _> = text.parse();
    let network = network.or_else(|_| text.parse().map(of_one));
    network
        .map(canonical)
        .map_err(|_| "must be an address or a network such as 203.0.113.0/24")
}

fn of_one(ip: IpAddr) -> IpNet {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, HOUSEHOLD_BITS).into(),
        v4 => v4.into(),
    }
}

/// Whether nobody but the household of an address is in a network.
fn is_within_household(network: IpNet, ip: IpAddr) -> bool {
    let bits = match network {
        IpNet::V4(_) => 32,
        IpNet::V6(_) => HOUSEHOLD_BITS,
    };
    network.prefix_len() >= bits && household(network.addr()) == household(ip)
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
