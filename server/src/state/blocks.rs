//! The blocks in force, so that a sign-in costs no SQL.
//!
//! Not shared: another process learns of a block when it starts.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
};

use doorward_shared::{BlockId, Timestamp};

use crate::domain::Block;

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks(Arc<RwLock<Vec<Block>>>);

impl Blocks {
    pub fn new(blocks: Vec<Block>) -> Self {
        Self(Arc::new(RwLock::new(blocks)))
    }

    /// Whether somebody at an address is kept out now.
    pub fn hold(&self, ip: IpAddr, now: Timestamp) -> bool {
        let blocks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        blocks.iter().any(|block| block.holds(ip, now))
    }

    /// Holds from now on; lets go of those that are over.
    pub fn add(&self, block: Block, now: Timestamp) {
        let mut blocks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        blocks.retain(|block| now < block.until);
        blocks.push(block);
    }

    pub fn remove(&self, id: BlockId) {
        let mut blocks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        blocks.retain(|block| block.id != id);
    }
}
