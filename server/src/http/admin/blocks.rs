//! `/admin/blocks`: network blocks.

use std::net::IpAddr;

use doorward_shared::{
    Page,
    admin::{Block, CreateBlock},
};
use rocket::{Route, delete, get, post, routes};

use super::scopes::{Sessions, SessionsRead};
use crate::{
    domain::{self, EntryPoint, ip_prefix::client_prefix_net},
    http::{
        Allowed, ApiError, Body, Filters, Listing, Recent, RequestInfo, Services, path_ids,
        query_params::Params,
        response::{ApiResult, EmptyResult, NoContent, created, ok},
    },
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, block, unblock]
}

/// Filters of the list of blocks.
#[derive(Debug, Default)]
struct BlockFilter {
    /// Blocks whose network contains this address.
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

/// Includes the exempt address, for queries about one IP.
fn around(block: domain::Block) -> Block {
    let spares = block.exempt.map(|ip| client_prefix_net(ip).to_string());
    Block {
        spares,
        ..view(block)
    }
}

#[get("/admin/blocks")]
async fn list(
    services: &Services,
    _by: Allowed<SessionsRead>,
    listing: Listing<BlockFilter>,
) -> ApiResult<Page<Block>> {
    let now = services.clock.now();
    let BlockFilter { ip } = listing.filter;
    let page = services.store.blocks(ip, listing.query, now).await?;
    ok(page.map(if ip.is_some() { around } else { view }))
}

#[post("/admin/blocks", data = "<body>")]
async fn block(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Sessions>,
    body: Body<CreateBlock>,
) -> ApiResult<Block> {
    let block = services.blocks.checked(&body.0)?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    created(view(services.blocks.add(block, act).await?))
}

#[delete("/admin/blocks/<id>")]
async fn unblock(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Sessions>,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "block")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.remove_block(id, act).await?;
    Ok(NoContent)
}
