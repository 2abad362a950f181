//! Blocked networks.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use doorward_shared::{BlockId, Page, Timestamp};
use ipnet::IpNet;

use super::{
    Store, StoreError, authority,
    cache_invalidation::BlockChange,
    list::{Filter, List, ListQuery},
    row_mapping,
    sql::{self, Connection, OptionalExtension, Row, Value, bad, params},
};
use crate::domain::{Act, Block, DomainError, network_block, rules::authority as rule};

/// Maximum number of active blocks: each sign-in checks all of them.
const MAX_BLOCKS: u32 = 1000;

const LIST: List<Block> = List {
    from: "blocks AS b",
    columns: "b.id, b.network, b.reason, b.until, b.created_at, b.created_by, b.spared",
    id: "b.id",
    kept: None,
    sorts: &[
        ("createdAt", "b.created_at"),
        ("network", "b.network"),
        ("until", "b.until"),
    ],
    row: read_block,
};

fn read_block(row: &Row<'_>) -> sql::Result<Block> {
    let spared: Option<String> = row.get(6)?;
    let spared = spared.map(|ip| ip.parse()).transpose();
    Ok(Block {
        id: BlockId(row_mapping::ulid(row, 0)?),
        network: IpNet::from_str(row.get_ref(1)?.as_str()?).map_err(|_| bad(1, "not a network"))?,
        reason: row.get(2)?,
        until: Timestamp(row.get(3)?),
        created_at: Timestamp(row.get(4)?),
        created_by: row.get(5)?,
        exempt: spared.map_err(|_| bad(6, "not an address"))?,
    })
}

/// Inserts a block.
fn insert(conn: &Connection, block: &Block) -> Result<(), StoreError> {
    let count: u32 = conn
        .prepare_cached("SELECT count(*) FROM blocks")?
        .query_row([], |row| row.get(0))?;
    if count >= MAX_BLOCKS {
        let why = format!("{MAX_BLOCKS} networks are blocked already");
        return Err(DomainError::Conflict(why).into());
    }
    let sql =
        "INSERT INTO blocks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (network) DO NOTHING";
    let added = conn.prepare_cached(sql)?.execute(params![
        block.id.0.to_bytes(),
        block.network.to_string(),
        block.reason,
        block.until.0,
        block.created_at.0,
        block.created_by,
        block.exempt.map(|ip| ip.to_string())
    ])?;
    if added == 0 {
        return Err(DomainError::Conflict("the network is blocked already".into()).into());
    }
    Ok(())
}

impl Store {
    /// A page of the active blocks, newest first by default; with an address, only those whose network contains it. `q`
    /// searches networks and reasons.
    pub(crate) async fn blocks(
        &self,
        ip: Option<IpAddr>,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<Block>, StoreError> {
        let order = LIST.order(&query)?;
        let holding = ip.map(|ip| self.memory().blocks.around(ip));
        self.read(move |conn| {
            let mut conditions = Filter::default();
            conditions.and("b.until > ?", [Value::Integer(now.0)]);
            if let Some(ids) = holding {
                conditions.any_of("b.id", ids.iter().map(|id| id.0));
            }
            if let Some(q) = &query.q {
                let text = super::list::folded(q);
                conditions.and(
                    "(instr(fold(b.network), ?) > 0 OR instr(fold(b.reason), ?) > 0)",
                    [text.clone(), text],
                );
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }

    /// Whether an IP address is currently blocked from signing in, signing up and requesting mails.
    pub(crate) fn keeps_out(&self, ip: IpAddr) -> bool {
        self.memory().keeps_out(ip)
    }

    /// Loads the active blocks into memory. Called once, at the start.
    pub(crate) async fn load_blocks(&self, now: Timestamp) -> Result<(), StoreError> {
        let read = self.read(move |conn| {
            let sql = format!(
                "SELECT {} FROM {} WHERE b.until > ?1",
                LIST.columns, LIST.from
            );
            let mut select = conn.prepare(&sql)?;
            let rows = select.query_map([now.0], read_block)?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        self.memory().blocks.replace(read.await?);
        Ok(())
    }

    /// Blocks a network; actor and time come from the act. Deletes expired blocks.
    ///
    /// # Errors
    /// [`DomainError::Conflict`] if it is already blocked or there are too many blocks; [`DomainError::Invalid`] for a
    /// trusted proxy; as [`rule::block_network`].
    pub(crate) async fn add_block(
        &self,
        mut block: Block,
        proxies: Arc<[IpNet]>,
        act: Act,
    ) -> Result<Block, StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::block_network(&by, block.network)?;
            if let Some(proxy) = network_block::proxy_in(block.network, &proxies) {
                return Err(DomainError::Invalid {
                    field: "network",
                    reason: format!(
                        "includes the trusted proxy {proxy}; blocking it would block every client behind the proxy"
                    ),
                }
                .into());
            }
            let context = act.context(&by);
            tx.conn
                .prepare_cached("DELETE FROM blocks WHERE until <= ?1")?
                .execute([context.at.0])?;
            block.id = BlockId(tx.id(context.at));
            block.created_at = context.at;
            block.created_by = context.actor.to_string();
            block.exempt = context.ip;
            insert(tx.conn, &block)?;
            let network = block.network.to_string();
            let spared = block.exempt.map(|ip| format!(", but for {ip}"));
            let detail = format!("until {}{}", block.until, spared.unwrap_or_default());
            tx.event(
                context,
                "network.blocked",
                Some(&network),
                None,
                Some(&detail),
            )?;
            tx.changes.blocks.push(BlockChange::Added(block.clone()));
            Ok(block)
        })
        .await
    }

    /// Removes a block.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as [`rule::end_many_sessions`].
    pub(crate) async fn remove_block(&self, id: BlockId, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::end_many_sessions(&by)?;
            let context = act.context(&by);
            let network: Option<String> = tx
                .conn
                .prepare_cached(
                    "DELETE FROM blocks WHERE id = ?1 AND until > ?2 RETURNING network",
                )?
                .query_row(params![id.0.to_bytes(), context.at.0], |row| row.get(0))
                .optional()?;
            let network = network.ok_or(DomainError::NotFound("block"))?;
            tx.event(context, "network.unblocked", Some(&network), None, None)?;
            tx.changes.blocks.push(BlockChange::Lifted(id));
            Ok(())
        })
        .await
    }
}
