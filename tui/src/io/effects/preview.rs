//! Previews: the objects that a change would affect.

use doorward_shared::{
    ClientId, KeyId, UserId,
    admin::RevokeSessions,
    client::{Client, ClientError, Filter, ListQuery},
};

use super::{last_administrator, read};
use crate::core::{
    cells::device,
    delete::stays,
    format::count as counted,
    msg::{Preview, PreviewTarget},
    problem::Problem,
    resource::{Resource, Row},
    sanitize::clean,
};
use crate::{command::Revoke, io::list_rows};

/// Things that are named one by one.
const SHOWN: usize = 6;
/// Why somebody stays.
const LAST: &str = "The last administrator";
/// Keys of one user that are revoked at once, at most.
const KEYS: usize = 1_000;

pub(super) async fn preview(client: &Client, at: PreviewTarget) -> Result<Preview, Problem> {
    match at {
        PreviewTarget::Sessions(asked) => sessions(client, &asked).await,
        PreviewTarget::User(id) => user(client, id).await,
        PreviewTarget::Reset(id) => sessions_of(client, id).await,
        PreviewTarget::Client(id) => oauth_client(client, id).await,
        PreviewTarget::Key(id) => key(client, id).await,
        PreviewTarget::KeysOf(id) => keys_of(client, id).await,
        PreviewTarget::Network(network) => network_of(client, &network).await,
        PreviewTarget::Each(kind, ids) => each(client, kind, ids).await,
    }
}

/// The server's own preview: what it counts is what it will end.
async fn sessions(client: &Client, asked: &RevokeSessions) -> Result<Preview, Problem> {
    let found = client
        .sessions()
        .revoke(asked)
        .await
        .map_err(Problem::from)?;
    let ids = found
        .sessions
        .iter()
        .take(SHOWN)
        .map(|session| session.user_id.to_string());
    let names = read::names(client, ids.collect()).await;
    let mut lines = vec![format!(
        "{} of {} {} at once, with all tokens.",
        counted(found.count, "session"),
        counted(found.users, "user"),
        if found.count == 1 { "ends" } else { "end" }
    )];
    for session in found.sessions.iter().take(SHOWN) {
        let id = session.user_id.to_string();
        let name = names.get(&id).cloned().unwrap_or(id);
        let device = device(session.user_agent.as_deref());
        lines.push(clean(&format!("  {name}  {}  {device}", session.ip)));
    }
    lines.extend(remaining(found.count, found.sessions.len()));
    Ok(Preview {
        lines,
        sessions: Some(Box::new((&found).into())),
        ids: None,
    })
}

/// How many of `total` are not named one by one, of those that are `known`.
fn remaining(total: u64, known: usize) -> Option<String> {
    let more = total.saturating_sub(known.min(SHOWN) as u64);
    (more > 0).then(|| format!("  and {more} more"))
}

/// How many live rows a list would have.
async fn count(client: &Client, kind: Resource, query: ListQuery) -> Result<u64, Problem> {
    let query = query.with(Filter::Active, true).limited(1);
    Ok(read::page(client, kind, &query).await?.pagination.total)
}

/// A count, or that it is not to be had: it must not keep anybody from acting.
fn said(count: Result<u64, Problem>, what: &str) -> String {
    match count {
        Ok(number) => format!("  {}", counted(number, what)),
        Err(problem) => format!("  {what}s: not known ({})", problem.message),
    }
}

async fn user(client: &Client, id: UserId) -> Result<Preview, Problem> {
    let sessions = count(
        client,
        Resource::Sessions,
        ListQuery::default().with(Filter::UserId, id),
    )
    .await;
    let keys = count(
        client,
        Resource::Keys,
        ListQuery::default().with(Filter::OwnerId, id),
    )
    .await;
    let mut lines = vec![
        "It hits".into(),
        said(sessions, "live session"),
        said(keys, "live API key"),
    ];
    if is_last(client, id).await {
        lines.push(format!("{LAST}: the server refuses this."));
    }
    Ok(Preview {
        lines,
        ..Preview::default()
    })
}

/// Whether the server keeps somebody as its last administrator; what is not known must not keep anybody from acting.
async fn is_last(client: &Client, id: UserId) -> bool {
    let Ok(user) = client.users().get(id).await else {
        return false;
    };
    let last = last_administrator::last_among(client, &[&user]).await;
    last.is_ok_and(|last| last.is_some())
}

/// Who is signed in from a network that is to be blocked: they stay so, and cannot come again.
async fn network_of(client: &Client, network: &str) -> Result<Preview, Problem> {
    let asked = Revoke::from_address(network).preview();
    let found = match client
        .sessions()
        .revoke(&asked)
        .await
        .map_err(Problem::from)
    {
        Ok(found) => found,
        // It must not keep anybody from acting.
        Err(problem) => {
            let line = format!(
                "Who is signed in from there is not known ({}).",
                problem.message
            );
            return Ok(Preview {
                lines: vec![line],
                ..Preview::default()
            });
        }
    };
    let ids = found.sessions.iter().take(SHOWN);
    let ids = ids.map(|session| session.user_id.to_string()).collect();
    let names = read::names(client, ids).await;
    let mut lines = vec![format!(
        "{} of {} active from there: they stay signed in but cannot sign in again.",
        counted(found.count, "live session"),
        counted(found.users, "user"),
    )];
    let people: std::collections::BTreeSet<_> = names.values().collect();
    lines.extend(people.into_iter().map(|name| clean(&format!("  {name}"))));
    Ok(Preview {
        lines,
        ..Preview::default()
    })
}

/// What ends where somebody has to set a new password.
async fn sessions_of(client: &Client, id: UserId) -> Result<Preview, Problem> {
    let query = ListQuery::default().with(Filter::UserId, id);
    let sessions = count(client, Resource::Sessions, query).await;
    Ok(Preview {
        lines: vec!["It ends".into(), said(sessions, "live session")],
        ..Preview::default()
    })
}

async fn oauth_client(client: &Client, id: ClientId) -> Result<Preview, Problem> {
    let sessions = count(
        client,
        Resource::Sessions,
        ListQuery::default().with(Filter::ClientId, id),
    )
    .await;
    Ok(Preview {
        lines: vec!["It hits".into(), said(sessions, "live session")],
        ..Preview::default()
    })
}

async fn key(client: &Client, id: KeyId) -> Result<Preview, Problem> {
    let key = client.api_keys().get(id).await.map_err(Problem::from)?;
    let owner = match key.owner_id {
        Some(owner) => {
            let owner = owner.to_string();
            let names = read::names(client, vec![owner.clone()]).await;
            names.get(&owner).cloned().unwrap_or(owner)
        }
        None => "the operator of this server".into(),
    };
    let used = match (key.last_used_at, &key.last_used_ip) {
        (Some(at), Some(ip)) => format!("{} from {ip}", crate::core::format::second(at)),
        (Some(at), None) => crate::core::format::second(at),
        _ => "never".into(),
    };
    let lines = vec![
        format!("  {}  {}", key.name, key.hint),
        format!("  owner {owner}"),
        format!("  scopes {}", key.scopes),
        format!("  last used {used}"),
    ];
    Ok(Preview {
        lines,
        ..Preview::default()
    })
}

async fn keys_of(client: &Client, id: UserId) -> Result<Preview, Problem> {
    let query = ListQuery::default().with(Filter::OwnerId, id);
    let query = query.with(Filter::Active, true);
    let pages = read::pages(client, Resource::Keys, query, KEYS / 100).await?;
    let mut lines = Vec::new();
    let mut keys = Vec::new();
    for item in pages.into_iter().flat_map(|page| page.data) {
        if let Row::Key(key) = item {
            if keys.len() < SHOWN {
                lines.push(format!("  {}  {}", key.name, key.hint));
            }
            keys.push(key.id.to_string());
        }
    }
    lines.insert(
        0,
        format!(
            "{} to be revoked, at once.",
            counted(keys.len() as u64, "API key")
        ),
    );
    lines.extend(remaining(keys.len() as u64, keys.len()));
    Ok(Preview {
        lines,
        sessions: None,
        ids: Some(keys),
    })
}

/// Which of these can be deleted or revoked.
async fn each(client: &Client, kind: Resource, ids: Vec<String>) -> Result<Preview, Problem> {
    let mut found = Vec::new();
    for id in ids {
        let item = match list_rows::one(client, kind, &id).await {
            Ok(item) => item,
            Err(ClientError::Refused { status: 404, .. }) => None,
            Err(error) => return Err(error.into()),
        };
        found.push((id, item));
    }
    let users = found.iter().filter_map(|(_, item)| match item {
        Some(Row::User(user)) => Some(user),
        _ => None,
    });
    let users: Vec<_> = users.collect();
    let last = last_administrator::last_among(client, &users).await;
    let last = last.map_err(Problem::from)?.map(|id| id.to_string());
    Ok(of_found(found, last.as_deref()))
}

/// What cannot die is named with the reason, and neither counted nor sent: of the administrators one stays.
fn of_found(found: Vec<(String, Option<Row>)>, last: Option<&str>) -> Preview {
    let (mut lines, mut living, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (id, item) in found {
        let Some(item) = item else {
            left_out.push(format!("{id}: gone already"));
            continue;
        };
        let is_last = last == Some(id.as_str());
        if let Some(why) = stays(&item).or_else(|| is_last.then(|| LAST.to_lowercase())) {
            left_out.push(format!("{}: {why}", item.name()));
            continue;
        }
        if living.len() < SHOWN {
            lines.push(clean(&format!("  {}", item.name())));
        }
        living.push(id);
    }
    lines.extend(remaining(living.len() as u64, living.len()));
    lines.extend(told_left_out(&left_out));
    Preview {
        lines,
        sessions: None,
        ids: Some(living),
    }
}

/// Which of the marked stay, and why.
fn told_left_out(left_out: &[String]) -> Vec<String> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("{} of the marked left out:", left_out.len())];
    let shown = left_out.iter().take(SHOWN);
    lines.extend(shown.map(|one| clean(&format!("  {one}"))));
    lines.extend(remaining(left_out.len() as u64, left_out.len()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::{Command, RevokeKeys, SigningKeys},
        tests::test_console::{key, rows},
    };

    fn found(rows: Vec<Row>) -> Preview {
        let found = rows.into_iter().map(|row| (row.id(), Some(row)));
        of_found(found.collect(), None)
    }

    #[test]
    fn of_marked_roles_the_built_in_and_those_in_use_are_left_out_with_the_reason() {
        let mut roles = rows(Resource::Roles);
        if let Some(Row::Role(role)) = roles.get_mut(1) {
            (role.built_in, role.users) = (false, 3);
        }
        let preview = found(roles);
        assert_eq!(preview.ids, Some(vec!["support".into()]));
        let lines = [
            "  support",
            "2 of the marked left out:",
            "  admin: built in: it cannot be deleted",
            "  customer: 3 users have it: give them another first",
        ];
        assert_eq!(preview.lines, lines);
    }

    #[test]
    fn the_key_that_signs_is_left_out_of_the_command_too() {
        let mut keys = rows(Resource::Signing);
        let Some(Row::Signing(mut old)) = keys.first().cloned() else {
            panic!("no key");
        };
        (old.id, old.active) = ("k0".into(), false);
        keys.push(Row::Signing(old));
        let kids = keys.iter().map(Row::id).collect();
        let revoke = |kids| Command::Keys(SigningKeys::Revoke(RevokeKeys::all(kids).unwrap()));
        let mut command = revoke(kids);
        let preview = found(keys);
        assert_eq!(preview.ids, Some(vec!["k0".into()]));
        assert!(
            preview.lines[2].contains("rotate it first"),
            "{:?}",
            preview.lines
        );
        command.narrow_to(&preview.ids.unwrap());
        assert_eq!(command, revoke(vec!["k0".into()]));
    }

    #[test]
    fn the_last_administrator_among_the_marked_is_named_and_left_out() {
        let users = rows(Resource::Users);
        let last = users[0].id();
        let found = users.into_iter().map(|row| (row.id(), Some(row)));
        let preview = of_found(found.collect(), Some(&last));
        assert_eq!(preview.ids.map(|ids| ids.len()), Some(2));
        let told = [
            "1 of the marked left out:",
            "  ada@example.org: the last administrator",
        ];
        assert_eq!(preview.lines[2..], told);
    }

    #[test]
    fn what_is_dead_or_gone_is_left_out_by_name() {
        let mut dead = key(1, "old");
        dead.state = doorward_shared::admin::KeyState::Revoked;
        let mut marked = vec![("key_gone".to_owned(), None)];
        for row in [Row::Key(dead), Row::Key(key(2, "billing"))] {
            marked.push((row.id(), Some(row)));
        }
        let preview = of_found(marked, None);
        assert_eq!(preview.ids.map(|ids| ids.len()), Some(1));
        let told = ["  key_gone: gone already", "  old: revoked already"];
        assert_eq!(preview.lines[2..], told);
    }
}
