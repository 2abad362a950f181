//! Networks that are blocked, as each sign-in asks for them. They are read once, at the start, and follow each commit.
//!
//! Not shared: another process learns of a block when it starts.

use std::{
    net::IpAddr,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use doorward_shared::{BlockId, Timestamp};

use crate::domain::{Block, is_unknown};

/// Blocks; those that are over count as none, whether they are still there or not.
#[derive(Debug, Default)]
pub(crate) struct BlockedNetworks(RwLock<Vec<Block>>);

impl BlockedNetworks {
    fn read(&self) -> RwLockReadGuard<'_, Vec<Block>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Block>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody at an address is kept out. Where the address is not known, every block may be meant.
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

    /// Blocks of networks that hold an address, whether or not they spare it.
    pub(crate) fn around(&self, ip: IpAddr) -> Vec<BlockId> {
        let ip = ip.to_canonical();
        let blocks = self.read();
        let around = blocks.iter().filter(|block| block.network.contains(&ip));
        around.map(|block| block.id).collect()
    }

    /// Puts these in the place of all.
    pub(crate) fn replace(&self, blocks: Vec<Block>) {
        *self.write() = blocks;
    }

    /// Adds one, and lets go of those that are over: they do not pile up.
    pub(crate) fn add(&self, block: Block, now: Timestamp) {
        let mut blocks = self.write();
        blocks.push(block);
        blocks.retain(|block| now < block.until);
    }

    pub(crate) fn lift(&self, id: BlockId) {
        self.write().retain(|block| block.id != id);
    }

    /// Lets go of those that are over.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.write().retain(|block| now < block.until);
    }
}
