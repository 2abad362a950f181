//! Blocked networks, checked at each sign-in. Loaded once at the start and updated with each commit.
//!
//! Not shared between processes: another process sees a block when it starts.

use std::{
    net::IpAddr,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use doorward_shared::{BlockId, Timestamp};

use crate::domain::{Block, is_unknown};

/// The blocks; expired ones are ignored, even while they are still stored.
#[derive(Debug, Default)]
pub(crate) struct BlockedNetworks(RwLock<Vec<Block>>);

impl BlockedNetworks {
    fn read(&self) -> RwLockReadGuard<'_, Vec<Block>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Block>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an IP address is blocked. If the address is unknown, any block may apply.
    pub(crate) fn keep_out(&self, ip: IpAddr, now: Timestamp) -> bool {
        let holds = |block: &Block| {
            if is_unknown(ip) {
                now < block.until
            } else {
                block.holds(ip, now)
            }
        };
        self.read().iter().any(holds)
    }

    /// Blocks whose network contains an address, even if they exempt it.
    pub(crate) fn around(&self, ip: IpAddr) -> Vec<BlockId> {
        let ip = ip.to_canonical();
        let blocks = self.read();
        let around = blocks.iter().filter(|block| block.network.contains(&ip));
        around.map(|block| block.id).collect()
    }

    /// Replaces all blocks.
    pub(crate) fn replace(&self, blocks: Vec<Block>) {
        *self.write() = blocks;
    }

    /// Adds a block and removes expired ones, so that they do not accumulate.
    pub(crate) fn add(&self, block: Block, now: Timestamp) {
        let mut blocks = self.write();
        blocks.push(block);
        blocks.retain(|block| now < block.until);
    }

    pub(crate) fn lift(&self, id: BlockId) {
        self.write().retain(|block| block.id != id);
    }

    /// Removes expired blocks.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.write().retain(|block| now < block.until);
    }
}
