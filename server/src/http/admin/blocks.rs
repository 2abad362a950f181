//! `/admin/blocks`.

use std::net::IpAddr;

use doorward_shared::{
    Page,
    admin::{Block, CreateBlock},
};
use rocket::{Route, delete, get, post, routes};

use super::scopes::{Sessions, SessionsRead};
use crate::{
    domain::{self, Door, client_prefix::client_prefix_net},
    http::{
        Allowed, ApiError, Body, Filters, Listing, Recent, RequestInfo, Services,
        params::Params,
        reply::{Answer, Done, NoContent, created, ok},
        values,
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, block, unblock]
}

/// Which blocks a list holds.
#[derive(Debug, Default)]
struct BlockFilter {
    /// Those of networks that hold this address.
    ip: Option<IpAddr>,
}

impl Filters for BlockFilter {
    const NAMES: &'static [&'static str] = &["ip"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let ip = params.parse("ip", "an address")?;
        Ok(Self { ip })
    }
}

fn view(block: domain::Block) -> Block {
    Block {
        id: block.id,
        network: block.network.to_string(),
        reason: block.reason,
        until: block.until,
        created_at: block.created_at,
        created_by: block.created_by,
        spares: None,
    }
}

/// With whom it spares: for who asks about an address.
fn around(block: domain::Block) -> Block {
    let spares = block.spared.map(|ip| client_prefix_net(ip).to_string());
    Block {
        spares,
        ..view(block)
    }
}

#[get("/admin/blocks")]
async fn list(
    doorward: &Services,
    _by: Allowed<SessionsRead>,
    listing: Listing<BlockFilter>,
) -> Answer<Page<Block>> {
    let now = doorward.clock.now();
    let BlockFilter { ip } = listing.filter;
    let page = doorward.store.blocks(ip, listing.query, now).await?;
    ok(page.map(if ip.is_some() { around } else { view }))
}

#[post("/admin/blocks", data = "<body>")]
async fn block(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Sessions>,
    body: Body<CreateBlock>,
) -> Answer<Block> {
    let block = doorward.blocks.checked(&body.0)?;
    let act = doorward.act(&by, Door::Admin, info)?;
    created(view(doorward.blocks.add(block, act).await?))
}

#[delete("/admin/blocks/<id>")]
async fn unblock(doorward: &Services, info: &RequestInfo, by: Recent<Sessions>, id: &str) -> Done {
    let id = values::id(id, "block")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.remove_block(id, act).await?;
    Ok(NoContent)
}
