//! Conversions between database rows and domain types.

use std::net::{IpAddr, Ipv6Addr};

use doorward_shared::{
    ClientId, EventId, KeyId, ScopeSet, SessionId, Timestamp, UserId,
    apikey::{Environment, Metadata, Quota, QuotaPeriod, RateLimit},
};
use ulid::Ulid;

use super::{
    bulk_revocations::{ends_key, ends_session},
    sql::{self, Row, bad},
};
use crate::{
    crypto::{client_jwks, secret::Digest256},
    domain::{
        Account, AllowedIp, ApiKey, Client, ClientPolicy, ClientSecrets, Email, Event, GrantType,
        KeyOwner, KeyRestrictions, RequestedClaims, Session, SignInMethod, User,
    },
};

type Result<T> = sql::Result<T>;

pub(super) fn ulid(row: &Row<'_>, column: usize) -> Result<Ulid> {
    row.get(column).map(Ulid::from_bytes)
}

pub(super) fn maybe_ulid(row: &Row<'_>, column: usize) -> Result<Option<Ulid>> {
    Ok(row
        .get::<_, Option<[u8; 16]>>(column)?
        .map(Ulid::from_bytes))
}

fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    row.get(column).map(Timestamp)
}

pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

pub(super) fn scopes(row: &Row<'_>, column: usize) -> Result<ScopeSet> {
    ScopeSet::parse(row.get_ref(column)?.as_str()?).map_err(|_| bad(column, "not a list of scopes"))
}

fn digest(row: &Row<'_>, column: usize) -> Result<Option<Digest256>> {
    Ok(row.get::<_, Option<[u8; 32]>>(column)?.map(Digest256))
}

/// The smallest id of this time: ids begin with their time.
pub(super) fn first_id(at: Timestamp) -> [u8; 16] {
    Ulid::from_parts(u64::try_from(at.0).unwrap_or_default(), 0).to_bytes()
}

/// One form for both address families, so that a network is one range.
pub(super) fn ip_bytes(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

pub(super) fn ip_text(ip: IpAddr) -> String {
    ip.to_canonical().to_string()
}

pub(super) fn ip(row: &Row<'_>, column: usize) -> Result<IpAddr> {
    row.get::<_, [u8; 16]>(column)
        .map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
}

/// Columns of [`user`].
pub(super) const USER: &str = "u.id, u.email, u.email_key, u.first_name, u.last_name, u.role, u.permissions, u.disabled_at, \
                        u.created_at, u.last_login_at, u.group_names, u.email_verified, coalesce(u.updated_at, u.created_at)";

pub(super) fn user(row: &Row<'_>) -> Result<User> {
    user_from(row, 0)
}

/// A user whose columns begin at `first`.
fn user_from(row: &Row<'_>, first: usize) -> Result<User> {
    Ok(User {
        id: UserId(ulid(row, first)?),
        email: Email::stored(row.get(first + 1)?, row.get(first + 2)?),
        first_name: row.get(first + 3)?,
        last_name: row.get(first + 4)?,
        role: row.get(first + 5)?,
        permissions: scopes(row, first + 6)?,
        disabled_at: maybe_time(row, first + 7)?,
        created_at: time(row, first + 8)?,
        last_login_at: maybe_time(row, first + 9)?,
        groups: words(row, first + 10)?,
        email_verified: row.get(first + 11)?,
        updated_at: time(row, first + 12)?,
    })
}

/// The permissions of a user's role, as the column after those of [`user`].
pub(super) const ROLE_MAY: &str =
    "coalesce((SELECT r.permissions FROM roles AS r WHERE r.name = u.role), '')";
/// Numbers of columns of [`USER`] and [`SESSION`].
const USER_COLUMNS: usize = 13;
const SESSION_COLUMNS: usize = 14;

/// An account from [`USER`] and [`ROLE_MAY`].
pub(super) fn account(row: &Row<'_>) -> Result<Account> {
    account_from(row, 0)
}

fn account_from(row: &Row<'_>, first: usize) -> Result<Account> {
    let user = user_from(row, first)?;
    let may = scopes(row, first + USER_COLUMNS)?.union(&user.permissions);
    Ok(Account { user, may })
}

/// A session and its owner, if they still exist, from [`SESSION`], [`USER`] and [`ROLE_MAY`].
pub(super) fn session_and_account(row: &Row<'_>) -> Result<(Session, Option<Account>)> {
    let account = match maybe_ulid(row, SESSION_COLUMNS)? {
        Some(_) => Some(account_from(row, SESSION_COLUMNS)?),
        None => None,
    };
    Ok((session(row)?, account))
}

/// Columns of [`session`]. A session that a pending bulk revocation matches counts as revoked, whatever its row says.
pub(super) const SESSION: &str = concat!(
    "s.id, s.user_id, s.client_id, s.scope, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, \
     s.idle_until, coalesce(s.revoked_at, (SELECT min(e.at) FROM endings e WHERE ",
    ends_session!("e"),
    ")), s.auth_time, s.amr, s.claims"
);

pub(super) fn session(row: &Row<'_>) -> Result<Session> {
    Ok(Session {
        id: SessionId(ulid(row, 0)?),
        user_id: UserId(ulid(row, 1)?),
        client_id: maybe_ulid(row, 2)?.map(ClientId),
        scope: scopes(row, 3)?,
        ip: ip(row, 4)?,
        user_agent: row.get(5)?,
        created_at: time(row, 6)?,
        last_seen_at: time(row, 7)?,
        expires_at: time(row, 8)?,
        idle_until: time(row, 9)?,
        revoked_at: maybe_time(row, 10)?,
        auth_time: maybe_time(row, 11)?,
        method: SignInMethod::from_stored(row.get_ref(12)?.as_str()?)
            .ok_or_else(|| bad(12, "not a way to sign in"))?,
        claims: RequestedClaims::from_stored(row.get_ref(13)?.as_str_or_null()?),
    })
}

/// Columns of [`api_key`]. A key that a pending bulk revocation matches counts as revoked, even within its grace
/// period.
pub(super) const API_KEY: &str = concat!(
    "k.id, k.owner_id, k.name, k.hint, k.scopes, k.environment, k.created_at, k.expires_at, k.last_used_at, \
     k.last_used_ip, (SELECT min(at) FROM (SELECT k.revoked_at AS at UNION ALL SELECT e.at FROM endings e WHERE ",
    ends_key!("e"),
    ") AS ended), k.minted_by, k.minter_id, k.client_id, k.rate_limit, k.rate_seconds, k.quota, k.quota_period, k.allowed_ips, \
     k.metadata, k.disabled, k.meter_id"
);

pub(super) fn api_key(row: &Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: KeyId(ulid(row, 0)?),
        owner: maybe_ulid(row, 1)?.map_or(KeyOwner::Operator, |id| KeyOwner::User(UserId(id))),
        name: row.get(2)?,
        hint: row.get(3)?,
        scopes: scopes(row, 4)?,
        environment: match row.get_ref(5)?.as_str()? {
            "live" => Environment::Live,
            "test" => Environment::Test,
            _ => return Err(bad(5, "not an environment")),
        },
        created_at: time(row, 6)?,
        expires_at: maybe_time(row, 7)?,
        last_used_at: maybe_time(row, 8)?,
        last_used_ip: row.get(9)?,
        revoked_at: maybe_time(row, 10)?,
        minted_by: row.get(11)?,
        minter: maybe_ulid(row, 12)?.map(UserId),
        client: maybe_ulid(row, 13)?.map(ClientId),
        terms: key_terms(row)?,
        meter: maybe_ulid(row, 21)?.map(KeyId),
    })
}

fn key_terms(row: &Row<'_>) -> Result<KeyRestrictions> {
    let rate: Option<u64> = row.get(14)?;
    let seconds: Option<u32> = row.get(15)?;
    let quota: Option<u64> = row.get(16)?;
    let period: Option<String> = row.get(17)?;
    let period = period
        .map(|text| text.parse::<QuotaPeriod>().map_err(|why| bad(17, why)))
        .transpose()?;
    let allowed = row.get_ref(18)?.as_str()?.lines();
    let metadata: Option<String> = row.get(19)?;
    let metadata = metadata
        .map(|text| Metadata::parse(&text).map_err(|_| bad(19, "not a JSON object")))
        .transpose()?;
    let disabled: bool = row.get(20)?;
    Ok(KeyRestrictions {
        rate_limit: rate.zip(seconds).map(|(limit, window_seconds)| RateLimit {
            limit,
            window_seconds,
        }),
        quota: quota
            .zip(period)
            .map(|(limit, period)| Quota { limit, period }),
        allowed_ips: allowed
            .map(|line| AllowedIp::parse(line).ok_or_else(|| bad(18, "not a network")))
            .collect::<Result<_>>()?,
        metadata,
        enabled: !disabled,
    })
}

/// Columns of [`client`].
pub(super) const CLIENT: &str = "c.id, c.name, c.redirect_uris, c.grant_types, c.scopes, c.resources, c.secret, c.old_secret, \
                          c.old_secret_until, c.created_at, c.unmarked_secrets, c.require_pkce, c.dynamic, \
                          c.id_token_claims, c.unverified_email, c.allowed_groups, c.post_logout_redirect_uris, \
                          c.default_resource, c.resource_server, c.backchannel_logout_uri, \
                          c.backchannel_logout_session, c.auth_method, c.jwks, c.jwks_uri, c.logo_uri, \
                          c.client_uri, c.skip_consent, c.document_url, c.own_tokens_from, c.codes_after";

/// Reads a column of space-separated names.
pub(super) fn words(row: &Row<'_>, column: usize) -> Result<Vec<String>> {
    let text = row.get_ref(column)?.as_str()?;
    let names = text.split(' ').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

/// Encodes a list of URIs, one per line: a URI contains no line break.
pub(super) fn lines(items: &[String]) -> String {
    items.join("\n")
}

pub(super) fn split_lines(row: &Row<'_>, column: usize) -> Result<Vec<String>> {
    Ok(row
        .get_ref(column)?
        .as_str()?
        .lines()
        .map(str::to_owned)
        .collect())
}

pub(super) fn grants(row: &Row<'_>, column: usize) -> Result<Vec<GrantType>> {
    let names = row.get_ref(column)?.as_str()?.lines();
    let parse = |name: &str| name.parse().map_err(|_| bad(column, "not a grant"));
    names.map(parse).collect()
}

pub(super) fn client(row: &Row<'_>) -> Result<Client> {
    let previous = digest(row, 7)?.zip(maybe_time(row, 8)?);
    let unmarked = row.get(10)?;
    Ok(Client {
        id: ClientId(ulid(row, 0)?),
        name: row.get(1)?,
        redirect_uris: split_lines(row, 2)?,
        grant_types: grants(row, 3)?,
        scopes: scopes(row, 4)?,
        resources: split_lines(row, 5)?,
        secrets: digest(row, 6)?.map(|current| ClientSecrets {
            current,
            previous,
            unmarked,
        }),
        created_at: time(row, 9)?,
        require_pkce: row.get(11)?,
        resource_server: row.get(18)?,
        dynamic: row.get(12)?,
        document: row.get(27)?,
        client_tokens_valid_from: maybe_time(row, 28)?,
        codes_valid_after: maybe_time(row, 29)?,
        policy: policy(row)?,
    })
}

fn policy(row: &Row<'_>) -> Result<ClientPolicy> {
    let method: Option<String> = row.get(21)?;
    let (jwks, jwks_uri): (Option<String>, Option<String>) = (row.get(22)?, row.get(23)?);
    Ok(ClientPolicy {
        id_token_claims: row.get(13)?,
        unverified_email: row
            .get_ref(14)?
            .as_str()?
            .parse()
            .map_err(|_| bad(14, "not withhold or send"))?,
        allowed_groups: words(row, 15)?,
        post_logout_redirect_uris: split_lines(row, 16)?,
        default_resource: row.get(17)?,
        backchannel_logout_uri: row.get(19)?,
        backchannel_logout_session_required: row.get(20)?,
        auth_method: method
            .map(|method| method.parse())
            .transpose()
            .map_err(|_| bad(21, "not a way to authenticate"))?,
        key_thumbprints: client_jwks::marks(jwks.as_deref(), jwks_uri.as_deref()),
        jwks,
        jwks_uri,
        logo_uri: row.get(24)?,
        client_uri: row.get(25)?,
        skip_consent: row.get(26)?,
    })
}

/// Columns of [`event`].
pub(super) const EVENT: &str = "e.id, e.time, e.actor, e.action, e.target, e.user_id, e.ip, e.request_id, e.detail, \
                         e.cause, e.count, e.client_id, e.changes, e.sent";

pub(super) fn event(row: &Row<'_>) -> Result<Event> {
    Ok(Event {
        id: EventId(ulid(row, 0)?),
        time: time(row, 1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        user_id: maybe_ulid(row, 5)?.map(UserId),
        ip: row.get(6)?,
        request_id: row.get(7)?,
        detail: row.get(8)?,
        cause: row.get(9)?,
        count: row.get(10)?,
        client_id: maybe_ulid(row, 11)?.map(ClientId),
        changes: row.get(12)?,
        sent: row.get(13)?,
    })
}
