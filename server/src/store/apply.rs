//! Applies declared roles, clients and users in one transaction.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use doorward_shared::{ClientId, ScopeSet};

use super::{
    Store, StoreError, accounts,
    apply_plan::{Applied, ApplyError, Kind, Plan, PlannedClient, PlannedUser, Step},
    clients,
    email_addresses::{has_signed_up, of_address},
    roles,
    row_mapping::{self, CLIENT},
    sql::{Connection, params},
    write_tx::WriteTx,
};
use crate::domain::{
    Act, Client, Diff, DiffValue, DomainError, Email, Role, User, UserChange,
    rules::{account, authority, client as client_rule},
};

impl Store {
    /// Executes a plan, all of it or nothing. An object that already matches stays untouched and gets no event.
    ///
    /// # Errors
    /// [`ApplyError`], as the calls that make and change each of them.
    pub async fn apply(&self, plan: Plan, act: Act) -> Result<Applied, ApplyError> {
        // A failed transaction is rolled back. So is a dry run, which still has to return its result.
        let told = Arc::new(Mutex::new(None));
        let tell = told.clone();
        let dry_run = plan.dry_run;
        let ran = self.write(move |tx| {
            let outcome = carry_out(tx, &plan, &act);
            let keep = !plan.dry_run && outcome.is_ok();
            *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            if keep {
                Ok(())
            } else {
                Err(DomainError::Conflict("nothing of it was done".into()).into())
            }
        });
        let ran = ran.await;
        let outcome = told.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (outcome, ran) {
            (Some(Err(refused)), _) => Err(refused),
            (Some(Ok(applied)), Ok(())) => Ok(applied),
            (Some(Ok(applied)), Err(StoreError::Refused(_))) if dry_run => Ok(applied),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Ok(Applied::default()),
        }
    }

    /// Whether an account with this address exists.
    pub async fn is_known(&self, email: &Email) -> Result<bool, StoreError> {
        let email = email.clone();
        self.read(move |conn| Ok(of_address(conn, email.as_str())?.is_some()))
            .await
    }
}

fn carry_out(tx: &mut WriteTx<'_>, plan: &Plan, act: &Act) -> Result<Applied, ApplyError> {
    let mut done = Applied::default();
    for (at, (name, permissions)) in plan.roles.iter().enumerate() {
        let step = role(tx, name, permissions, act);
        let step = step.map_err(|error| placed(Kind::Role, at, error))?;
        done.steps.extend(step);
    }
    for (at, wanted) in plan.clients.iter().enumerate() {
        let failed = |error| placed(Kind::Client, at, error);
        match client_named(tx.conn, &wanted.new.name).map_err(failed)? {
            None => {
                let made = clients::create(tx, wanted.new.clone(), wanted.sees_all, act);
                let made = made.map_err(failed)?;
                note_made(tx, Kind::Client, &made.id.to_string())?;
                let diff = client_rule::diff(None, &made);
                done.steps.push(Step::Made(Kind::Client, made.name, diff));
                done.made.push((at, made.id));
            }
            Some(known) => {
                let steps = known_client(tx, &known, wanted, plan, act);
                done.steps.extend(steps.map_err(failed)?);
            }
        }
    }
    for (at, wanted) in plan.users.iter().enumerate() {
        let step = user(tx, wanted, act);
        let step = step.map_err(|error| placed(Kind::User, at, error))?;
        done.steps.extend(step);
    }
    if plan.prune {
        done.steps.extend(prune(tx, plan, act)?);
    }
    Ok(done)
}

fn placed(kind: Kind, at: usize, error: StoreError) -> ApplyError {
    ApplyError::At { kind, at, error }
}

fn role(
    tx: &mut WriteTx<'_>,
    name: &str,
    permissions: &ScopeSet,
    act: &Act,
) -> Result<Option<Step>, StoreError> {
    let before = roles::find(tx.conn, name)?;
    if before.as_ref() == Some(permissions) {
        return Ok(None);
    }
    roles::put(tx, name, permissions, act)?;
    let mut diff = Diff::default();
    let old = before.as_ref().map_or(DiffValue::Nothing, DiffValue::list);
    diff.note("permissions", old, DiffValue::list(permissions));
    Ok(Some(if before.is_some() {
        Step::Changed(Kind::Role, name.to_owned(), diff)
    } else {
        note_made(tx, Kind::Role, name)?;
        Step::Made(Kind::Role, name.to_owned(), diff)
    }))
}

fn known_client(
    tx: &mut WriteTx<'_>,
    before: &Client,
    wanted: &PlannedClient,
    plan: &Plan,
    act: &Act,
) -> Result<Vec<Step>, StoreError> {
    let is_confidential = before.is_confidential();
    if wanted
        .confidential
        .is_some_and(|named| named != is_confidential)
    {
        return Err(DomainError::Invalid {
            field: "confidential",
            reason: "cannot be changed: register another client".into(),
        }
        .into());
    }
    let change = wanted.change.clone();
    let (_, after) = clients::change_one(tx, before.id, change, act)?;
    demand_made(tx.conn, before, &after, &plan.issuer)?;
    let diff = client_rule::diff(Some(before), &after);
    let mut steps = Vec::new();
    if !diff.is_empty() {
        steps.push(Step::Changed(Kind::Client, after.name.clone(), diff));
    }
    if let Some(secret) = wanted.secret {
        let current = before.secrets.as_ref().map(|secrets| &secrets.current);
        if !current.is_some_and(|current| current.matches(&secret)) {
            // The previous secret stops working at once: a secret named in the file has been changed everywhere.
            let secret = clients::NewSecret {
                hash: secret,
                old_until: act.at(),
            };
            clients::rotate_secret(tx, before.id, secret, &plan.issuer, act)?;
            steps.push(Step::Secret(after.name));
        }
    }
    Ok(steps)
}

/// Demands that a client which gains rights of an operator was made by `apply`: whoever else made it may hold a secret, keys or
/// an address of it that the file does not name, and so would come to what they may not give.
fn demand_made(
    conn: &Connection,
    before: &Client,
    after: &Client,
    issuer: &str,
) -> Result<(), StoreError> {
    let runs = |client: &Client| authority::administration(&client.scopes);
    let sees = |client: &Client| client.resource_server || client.sees_all(issuer);
    let gains = !runs(before).covers_all(&runs(after)) || sees(after) && !sees(before);
    if gains && !made(conn, Kind::Client)?.contains(&before.id.to_string()) {
        let reason = "is that of a client which apply has not made, and of which somebody else may hold a secret or a key: \
                      delete it, or give it these rights with PATCH /admin/clients/{id} first";
        return Err(DomainError::Invalid {
            field: "name",
            reason: reason.into(),
        }
        .into());
    }
    Ok(())
}

fn user(tx: &mut WriteTx<'_>, wanted: &PlannedUser, act: &Act) -> Result<Option<Step>, StoreError> {
    let Some(known) = of_address(tx.conn, wanted.new.email.as_str())? else {
        let new = wanted.new.clone();
        let made = accounts::create(tx, new, wanted.role_given, act)?;
        if wanted.change.disabled == Some(true) {
            let change = UserChange {
                disabled: Some(true),
                ..UserChange::default()
            };
            accounts::change_one(tx, made.id, change, act)?;
        }
        let diff = granted(&made, wanted.change.disabled == Some(true));
        let email = made.email.as_str().to_owned();
        return Ok(Some(Step::Made(Kind::User, email, diff)));
    };
    let change = wanted.change.clone();
    let (before, after) = accounts::change_one(tx, known.id, change, act)?;
    demand_holder(tx, &before, &after)?;
    let mut diff = account::diff(&before, &after);
    diff.note("disabled", !before.is_enabled(), !after.is_enabled());
    let email = after.email.as_str().to_owned();
    Ok((!diff.is_empty()).then_some(Step::Changed(Kind::User, email, diff)))
}

/// Requires an account that gains permissions to have a verified address: anyone can sign up with any address, and the
/// file means the owner of the address.
fn demand_holder(tx: &WriteTx<'_>, before: &User, after: &User) -> Result<(), StoreError> {
    let may = |user: &User| roles::held(tx.conn, &user.role, &user.permissions);
    let joins = after.groups.iter().any(|one| !before.groups.contains(one));
    let gains = joins || !may(before)?.covers_all(&may(after)?);
    if gains && !after.email_verified && has_signed_up(tx.conn, after.id)? {
        let reason = "belongs to an account created by sign-up whose address was never verified: delete \
                      that account, or set emailVerified = true if you know that it is theirs";
        return Err(DomainError::Invalid {
            field: "email",
            reason: reason.into(),
        }
        .into());
    }
    Ok(())
}

/// The permissions and attributes of a new account, as a diff.
fn granted(made: &User, is_disabled: bool) -> Diff {
    let mut diff = Diff::default();
    let text = |text: &Option<String>| DiffValue::from(text.as_deref());
    diff.note("firstName", DiffValue::Nothing, text(&made.first_name));
    diff.note("lastName", DiffValue::Nothing, text(&made.last_name));
    diff.note("role", DiffValue::Nothing, made.role.as_str());
    let no_list = || DiffValue::List(Vec::new());
    diff.note("permissions", no_list(), DiffValue::list(&made.permissions));
    diff.note("groups", no_list(), DiffValue::list(&made.groups));
    diff.note("emailVerified", DiffValue::Nothing, made.email_verified);
    diff.note("disabled", false, is_disabled);
    diff
}

/// Deletes applied objects that the plan no longer names: clients first, then roles without users.
fn prune(tx: &mut WriteTx<'_>, plan: &Plan, act: &Act) -> Result<Vec<Step>, ApplyError> {
    let mut steps = Vec::new();
    let names = plan.clients.iter().map(|client| client.new.name.as_str());
    let named: HashSet<_> = names.collect();
    for id in made(tx.conn, Kind::Client)? {
        let Ok(id) = id.parse::<ClientId>() else {
            continue;
        };
        let found = clients::find(tx.conn, id)?;
        let Some(client) = found.filter(|client| !named.contains(&*client.name)) else {
            continue;
        };
        clients::delete(tx, id, act)?;
        steps.push(Step::Deleted(Kind::Client, client.name));
    }
    let named: HashSet<_> = plan.roles.iter().map(|(name, _)| name.as_str()).collect();
    for name in made(tx.conn, Kind::Role)? {
        if !named.contains(&*name) && !Role::is_built_in(&name) {
            roles::delete(tx, &name, act)?;
            steps.push(Step::Deleted(Kind::Role, name));
        }
    }
    Ok(steps)
}

/// An operator's client: dynamically registered clients can take any name.
///
/// # Errors
/// [`DomainError::Conflict`] if several clients have the name.
fn client_named(conn: &Connection, name: &str) -> Result<Option<Client>, StoreError> {
    let sql =
        format!("SELECT {CLIENT} FROM clients AS c WHERE c.name = ?1 AND c.dynamic = 0 LIMIT 2");
    let mut select = conn.prepare_cached(&sql)?;
    let mut found = select.query_map([name], row_mapping::client)?;
    let first = found.next().transpose()?;
    if found.next().is_some() {
        let why = "there are several clients of this name";
        return Err(DomainError::Conflict(why.into()).into());
    }
    Ok(first)
}

/// The key in `meta` that marks an object as applied.
fn mark(kind: Kind, id: &str) -> String {
    format!("applied:{kind}:{id}")
}

fn note_made(tx: &WriteTx<'_>, kind: Kind, id: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, '1') ON CONFLICT (key) DO NOTHING";
    tx.conn.prepare_cached(sql)?.execute([mark(kind, id)])?;
    Ok(())
}

fn made(conn: &Connection, kind: Kind) -> Result<Vec<String>, StoreError> {
    let start = mark(kind, "");
    let sql = "SELECT substr(key, ?2) FROM meta WHERE substr(key, 1, ?2 - 1) = ?1 ORDER BY key";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![start, start.len() + 1], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn forget(tx: &WriteTx<'_>, key: String) -> Result<(), StoreError> {
    let sql = "DELETE FROM meta WHERE key = ?1";
    tx.conn.prepare_cached(sql)?.execute([key])?;
    Ok(())
}

/// Removes the mark of a deleted role: a role recreated by hand was not applied.
pub(super) fn forget_role(tx: &WriteTx<'_>, name: &str) -> Result<(), StoreError> {
    forget(tx, mark(Kind::Role, name))
}

pub(super) fn forget_client(tx: &WriteTx<'_>, id: ClientId) -> Result<(), StoreError> {
    forget(tx, mark(Kind::Client, &id.to_string()))
}
