//! `/admin/server`: version, storage, settings, set-up checks, and backups.

use std::collections::BTreeMap;

use doorward_shared::admin::{BackupMade, Forwarder, MailInfo, ServerInfo, Setup, StorageInfo};
use rocket::{Route, get, post, routes, tokio::fs};

use super::scopes::{Server, ServerRead};
use crate::{
    domain::EntryPoint,
    http::{
        Allowed, Recent, RequestInfo, Services,
        response::{ApiResult, created, ok},
    },
    settings::Settings,
    store::{DATABASE, SCHEMA_VERSION},
};

pub(super) fn routes() -> Vec<Route> {
    routes![server, backup]
}

/// Settings that operators can read; none is secret.
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

/// Whether an issuer can be reached from this machine only.
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

/// Peers that send forwarding headers without being trusted proxies.
fn untrusted_proxies(services: &Services) -> Vec<Forwarder> {
    let senders = services.log_dedup.untrusted_proxies().into_iter();
    let view = |(ip, times): (std::net::IpAddr, u64)| Forwarder {
        ip: ip.to_string(),
        times,
    };
    senders.map(view).collect()
}

#[get("/admin/server")]
async fn server(services: &Services, _by: Allowed<ServerRead>) -> ApiResult<ServerInfo> {
    let size = async |name: String| {
        let path = services.store.directory().join(name);
        fs::metadata(path).await.map_or(0, |found| found.len())
    };
    let mail = if services.links.mail {
        let waiting = services.store.mails_waiting().await?;
        Some(MailInfo {
            waiting: waiting.count,
            oldest_at: waiting.oldest,
            last_error: waiting.error,
        })
    } else {
        None
    };
    let begun = services.store.beginnings().await?;
    let uptime = services.clock.now().0 - services.started_at.0;
    ok(ServerInfo {
        version: env!("CARGO_PKG_VERSION").into(),
        issuer: services.issuer.clone(),
        started_at: services.started_at,
        uptime_seconds: u64::try_from(uptime / 1000).unwrap_or_default(),
        storage: StorageInfo {
            schema_version: SCHEMA_VERSION,
            database_bytes: size(DATABASE.into()).await,
            wal_bytes: size(format!("{DATABASE}-wal")).await,
        },
        mail,
        setup: Setup {
            issuer_set: !is_local(&services.issuer),
            administrator: begun.administrator,
            backed_up_at: begun.backed_up_at,
            untrusted_proxy: services.log_dedup.has_untrusted_proxy(),
            forwarded_by: untrusted_proxies(services),
            mail_sent: begun.mail_sent,
            client_connected: begun.client_connected,
        },
        backup: services.store.backup_progress(),
        settings: settings(&services.settings),
    })
}

#[post("/admin/server/backup")]
async fn backup(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Server>,
) -> ApiResult<BackupMade> {
    let act = services.act(&by, EntryPoint::Admin, info)?;
    let made = services.backups.make(act).await?;
    created(BackupMade {
        file: made.file.to_string_lossy().into_owned(),
        bytes: made.bytes,
        created_at: made.at,
    })
}
