//! `/admin/blocks`.

use doorward_shared::{
    Page,
    admin::{Block, CreateBlock},
};
use rocket::{Route, delete, get, post, routes};

use super::scopes::{Sessions, SessionsRead};
use crate::{
    domain::{self, Door},
    http::{
        Allowed, Body, Listing, Recent, RequestInfo, Services,
        reply::{Answer, Done, NoContent, created, ok},
        values,
    },
};

pub(super) fn all() -> Vec<Route> {
    routes![list, block, unblock]
}

fn view(block: domain::Block) -> Block {
    Block {
        id: block.id,
        network: block.network.to_string(),
        reason: block.reason,
        until: block.until,
        created_at: block.created_at,
        created_by: block.created_by,
    }
}

#[get("/admin/blocks")]
async fn list(
    doorward: &Services,
    _by: Allowed<SessionsRead>,
    listing: Listing<()>,
) -> Answer<Page<Block>> {
    let now = doorward.clock.now();
    ok(doorward.store.blocks(listing.query, now).await?.map(view))
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
