//! Performs the API calls of effects and returns replies.

use doorward_shared::{
    Timestamp,
    client::{Client, ListQuery},
};
use tokio::sync::mpsc::UnboundedSender;

use super::{change, page, preview, read, stream, undo};
use crate::{
    core::{
        Effect, Msg, chart::Window, msg::Reply, problem::Problem, resource::Resource,
        search::Search,
    },
    io::{execute::ChangeContext, incident, search::narrow},
};

/// Calls the server; what it says is the answer.
pub(super) async fn answer(client: Client, call: Effect, replies: UnboundedSender<Msg>) -> Reply {
    match call {
        Effect::Stats { window, since } => stats(&client, window, since).await,
        Effect::Watch(since) => {
            let stats = client.server().stats(Window::Hour.by(), Some(since)).await;
            Reply::Watched(stats.map(Box::new).map_err(Problem::from))
        }
        Effect::Recent => Reply::Recent(read::recent(&client).await),
        Effect::Ending(until) => Reply::Ending(read::ending(&client, until).await),
        Effect::Refusals(since) => Reply::Refusals(read::failing_clients(&client, since).await),
        Effect::Server => read::server(&client).await,
        Effect::Whoami => {
            let who = client.server().whoami().await;
            Reply::Whoami(who.map(Box::new).map_err(Problem::from))
        }
        Effect::Names(ids) => Reply::Names(read::names(&client, ids).await),
        Effect::Row(kind, id) => {
            let item = read::row(&client, kind, &id).await;
            Reply::Row { id, item }
        }
        Effect::Completions { kind, text } => {
            Reply::Names(read::completions(&client, kind, &text).await)
        }
        Effect::Stream(after) => stream::follow(&client, after, &replies).await,
        call @ Effect::Load { .. } => load(&client, call, &replies).await,
        call @ Effect::Change { .. } => changed(client, call).await,
        call => of_generation(&client, call, &replies).await,
    }
}

async fn stats(client: &Client, window: Window, since: Timestamp) -> Reply {
    let stats = client.server().stats(window.by(), Some(since)).await;
    Reply::Stats {
        window,
        since,
        stats: stats.map(Box::new).map_err(Problem::from),
    }
}

/// Questions whose answer counts only while what asked is still open: it carries the generation of that.
async fn of_generation(client: &Client, call: Effect, replies: &UnboundedSender<Msg>) -> Reply {
    match call {
        Effect::Preview { generation, at } => Reply::Preview {
            generation,
            preview: preview::preview(client, at).await,
        },
        Effect::Timeline {
            generation,
            subjects,
            since,
            whole,
        } => {
            let facts = incident::facts(client, &subjects, since, whole).await;
            Reply::Timeline {
                generation,
                timeline: facts.map(Box::new).map_err(Problem::from),
            }
        }
        Effect::Find {
            generation,
            kind,
            text,
            now,
        } => Reply::Found {
            generation,
            found: read::found(client, kind, &text, now).await,
        },
        call @ Effect::Page { .. } => whole_page(client, call, replies).await,
        Effect::Offers {
            generation,
            kind,
            text,
        } => Reply::Offers {
            generation,
            offers: read::offers(client, kind, &text).await,
        },
        _ => Reply::Broken,
    }
}

/// Reads all about one thing.
async fn whole_page(client: &Client, call: Effect, replies: &UnboundedSender<Msg>) -> Reply {
    let Effect::Page {
        generation,
        subject,
        since,
        known,
    } = call
    else {
        return Reply::Broken;
    };
    let reading = page::PageLoader {
        client,
        subject: &subject,
        since,
        known: &known,
        generation,
        replies,
    };
    reading.read().await
}

/// Makes a change, unless somebody else's is in the way of taking it back.
async fn changed(client: Client, call: Effect) -> Reply {
    let Effect::Change {
        ticket,
        idempotency_key,
        reason,
        change,
        expected,
        now,
    } = call
    else {
        return Reply::Broken;
    };
    let client = reason.map_or_else(|| client.clone(), |why| client.with_reason(&why));
    let done = match undo::check(&client, expected.as_deref()).await {
        Ok(()) => {
            let making = ChangeContext::quietly(&idempotency_key, now);
            change::change(&client, change, making).await
        }
        Err(problem) => Err(problem),
    };
    Reply::Changed { ticket, done }
}

/// Reads a list: the server's own pages, or what a search finds.
async fn load(client: &Client, call: Effect, replies: &UnboundedSender<Msg>) -> Reply {
    let Effect::Load {
        generation,
        kind,
        query,
        search,
        now,
        cursor,
        pages,
        want,
    } = call
    else {
        return Reply::Broken;
    };
    let searched = |search: &&Search| !search.is_the_servers(kind) || clash(search, kind, &query);
    let (pages, note) = if let Some(search) = search.as_deref().filter(searched) {
        match read::search(client, kind, query, search, now, replies).await {
            Ok((page, note)) => (Ok(vec![page]), note),
            Err(problem) => (Err(problem), None),
        }
    } else {
        let params = search.iter().flat_map(|search| search.params(kind));
        // What the list was narrowed down to before holds too.
        let mut query = params.fold(query, |query, (name, value)| narrow(query, name, value));
        query.cursor = cursor;
        (read::pages(client, kind, query, pages).await, None)
    };
    Reply::Page {
        generation,
        want,
        pages,
        note,
    }
}

/// Whether the list was narrowed down by a parameter that the search takes too: then both are judged here.
fn clash(search: &Search, kind: Resource, query: &ListQuery) -> bool {
    let mut params = search.params(kind).into_iter();
    params.any(|(name, _)| query.has(name))
}
