//! `/admin/server`, `/admin/stats` and `/admin/whoami`.

use std::collections::BTreeMap;

use doorward_shared::{
    Timestamp,
    admin::{
        BackupMade, CallerKind, Forwarder, MailInfo, SeriesBy, ServerInfo, Setup, Stats,
        StorageInfo, Whoami,
    },
};
use rocket::{Route, get, post, routes, tokio::fs};

use super::scopes::{Server, ServerRead};
use crate::{
    domain::Door,
    http::{
        Allowed, ApiError, Bearer, Filters, Recent, RequestInfo, Services,
        listing::Params,
        query::Query,
        reply::{Answer, created, ok},
    },
    service::{Caller, Credential},
    settings::Settings,
    store::{DATABASE, SCHEMA_VERSION},
};

pub(super) fn all() -> Vec<Route> {
    routes![server, stats, backup, whoami]
}

/// Settings that operators ask for; there are no secret ones.
fn settings(settings: &Settings) -> BTreeMap<String, String> {
    let Ok(serde_json::Value::Object(all)) = serde_json::to_value(settings) else {
        return BTreeMap::new();
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    all.into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key, text(value)))
        .collect()
}

/// Whether an issuer is one that only this machine can reach.
fn is_local(issuer: &str) -> bool {
    let Some(host) = url::Url::parse(issuer)
        .ok()
        .and_then(|url| url.host().map(|host| host.to_owned()))
    else {
        return true;
    };
    match host {
        url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(ip) => ip.is_loopback() || ip.is_unspecified(),
        url::Host::Ipv6(ip) => ip.is_loopback() || ip.is_unspecified(),
    }
}

/// Who sends forwarding headers without being trusted.
fn untrusted_proxies(doorward: &Services) -> Vec<Forwarder> {
    let senders = doorward.told.untrusted_proxies().into_iter();
    let view = |(ip, times): (std::net::IpAddr, u64)| Forwarder {
        ip: ip.to_string(),
        times,
    };
    senders.map(view).collect()
}

#[get("/admin/server")]
async fn server(doorward: &Services, _by: Allowed<ServerRead>) -> Answer<ServerInfo> {
    let size = async |name: String| {
        let path = doorward.store.directory().join(name);
        fs::metadata(path).await.map_or(0, |found| found.len())
    };
    let mail = if doorward.links.mail {
        let waiting = doorward.store.mails_waiting().await?;
        Some(MailInfo {
            waiting: waiting.count,
            oldest_at: waiting.oldest,
            last_error: waiting.error,
        })
    } else {
        None
    };
    let begun = doorward.store.beginnings().await?;
    let uptime = doorward.clock.now().0 - doorward.started_at.0;
    ok(ServerInfo {
        version: env!("CARGO_PKG_VERSION").into(),
        issuer: doorward.issuer.clone(),
        started_at: doorward.started_at,
        uptime_seconds: u64::try_from(uptime / 1000).unwrap_or_default(),
        storage: StorageInfo {
            schema_version: SCHEMA_VERSION,
            database_bytes: size(DATABASE.into()).await,
            wal_bytes: size(format!("{DATABASE}-wal")).await,
        },
        mail,
        setup: Setup {
            issuer_set: !is_local(&doorward.issuer),
            administrator: begun.administrator,
            backed_up_at: begun.backed_up_at,
            untrusted_proxy: doorward.told.has_untrusted_proxy(),
            forwarded_by: untrusted_proxies(doorward),
            mail_sent: begun.mail_sent,
            client_connected: begun.client_connected,
        },
        backup: doorward.store.backup_progress(),
        settings: settings(&doorward.settings),
    })
}

#[get("/admin/stats")]
async fn stats(
    doorward: &Services,
    _by: Allowed<ServerRead>,
    of: Query<SeriesOf>,
) -> Answer<Stats> {
    ok(doorward.statistics.stats(of.0.by, of.0.since).await?)
}

/// Which series is asked for.
#[derive(Debug)]
struct SeriesOf {
    by: SeriesBy,
    since: Option<Timestamp>,
}

impl Filters for SeriesOf {
    const NAMES: &'static [&'static str] = &["by", "since"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let by = params.parse("by", "minute or hour")?.unwrap_or_default();
        let since = params.time("since")?;
        Ok(Self { by, since })
    }
}

#[post("/admin/server/backup")]
async fn backup(doorward: &Services, info: &RequestInfo, by: Recent<Server>) -> Answer<BackupMade> {
    let act = doorward.act(&by, Door::Admin, info)?;
    let made = doorward.backups.make(act).await?;
    created(BackupMade {
        file: made.file.to_string_lossy().into_owned(),
        bytes: made.bytes,
        created_at: made.at,
    })
}

/// An address is told a credential that was given it: the scope `email`, the person's own token, or the right to read
/// every account.
fn shows_email(by: &Caller) -> bool {
    by.first_party().is_some()
        || ["email", "admin:users:read"]
            .iter()
            .any(|scope| by.scopes.covers(scope))
}

#[get("/admin/whoami")]
fn whoami(by: Bearer) -> Answer<Whoami> {
    let (kind, id) = match &by.credential {
        Credential::Session { account, .. } => (CallerKind::User, account.user.id.to_string()),
        Credential::Key { key, .. } => (CallerKind::Apikey, key.id.to_string()),
        Credential::Client { client } => (CallerKind::Client, client.id.to_string()),
    };
    ok(Whoami {
        kind,
        id,
        user_id: by.user_id(),
        email: by
            .account()
            .filter(|_| shows_email(&by))
            .map(|account| account.user.email.as_str().to_owned()),
        session_id: by.session_id(),
        scopes: by.scopes.clone(),
    })
}
