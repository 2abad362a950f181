//! Applies a file of declared roles, clients and users in one transaction. Its items have the format of the
//! corresponding API calls.

use std::collections::HashSet;

use doorward_shared::{
    ErrorCode,
    admin::{ClientPatch, CreateUser, RegisterClient, UserPatch},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{client_policy, clients, roles, users};
use crate::{
    clock::random_bytes,
    crypto::secret::{Secret, client_secret},
    domain::{Act, ClientSecrets, Email, diff::quoted, rules::password::check_password},
    http::{ApiError, Services, body, path_ids},
    store::{Applied, ApplyError, Plan, PlanKind, PlannedClient, PlannedUser},
};

/// Minimum length of a secret given for a client, in characters: it is stored as a plain hash, and must not be
/// guessable.
const MIN_SECRET: usize = 32;
/// Maximum number of users whose passwords are hashed for one file: a hash takes a second on a small machine.
const MAX_PASSWORDS: usize = 100;
/// Maximum number of roles, clients and users in one file: they are written in one transaction.
const MAX_ITEMS: usize = 1000;

type Members = Map<String, Value>;

/// The declared roles and clients, identified by their `name`, and users, by their `email`. The members of each have
/// the names used in the calls that create and change them.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplyRequest {
    /// Dry run: only report what would change.
    pub dry_run: bool,
    /// Delete roles and clients that an earlier file declared and this one does not.
    pub prune: bool,
    pub roles: Vec<Members>,
    /// As for registration; `clientSecret` (at least 32 characters) sets the secret instead of generating one.
    pub clients: Vec<Members>,
    /// The password applies to a new account; an existing account keeps its own.
    pub users: Vec<Members>,
}

/// The result.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// One line per change, beginning with `+`, `~` or `-`.
    pub changes: Vec<String>,
    /// Name, id and secret of the new confidential clients that got a generated secret: shown once.
    pub secrets: Vec<(String, String, String)>,
}

/// A role of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleItem {
    name: String,
    permissions: Vec<String>,
}

/// Generated secrets, by their client's position in the file.
type Secrets = Vec<Option<Secret>>;

impl Services {
    /// Applies the declared roles, clients and users, all of it or nothing.
    ///
    /// # Errors
    /// The first mistake, with its position in the file; nothing has changed then.
    pub(crate) async fn apply(&self, wanted: &ApplyRequest) -> Result<Outcome, ApiError> {
        let (plan, secrets) = self.plan(wanted).await?;
        let act = Act::system(self.clock.now());
        let applied = self.store.apply(plan, act).await;
        let applied = applied.map_err(|error| refused(error, wanted))?;
        Ok(outcome(applied, secrets, wanted))
    }

    async fn plan(&self, wanted: &ApplyRequest) -> Result<(Plan, Secrets), ApiError> {
        let mut plan = Plan {
            prune: wanted.prune,
            dry_run: wanted.dry_run,
            issuer: self.issuer.clone(),
            ..Plan::default()
        };
        let items = wanted.roles.len() + wanted.clients.len() + wanted.users.len();
        if items > MAX_ITEMS {
            let message = format!("there are {items} items, and at most {MAX_ITEMS} in one file");
            return Err(ApiError::new(ErrorCode::ValidationFailed, message));
        }
        no_name_twice(PlanKind::Role, &wanted.roles)?;
        no_name_twice(PlanKind::Client, &wanted.clients)?;
        no_name_twice(PlanKind::User, &wanted.users)?;
        for (at, item) in wanted.roles.iter().enumerate() {
            let role = role(item);
            plan.roles
                .push(role.map_err(|error| placed(error, PlanKind::Role, at, item))?);
        }
        let mut secrets = Vec::new();
        for (at, item) in wanted.clients.iter().enumerate() {
            let client = client(self, item);
            let client = client.map_err(|error| placed(error, PlanKind::Client, at, item))?;
            plan.clients.push(client.0);
            secrets.push(client.1);
        }
        let mut hashed = 0;
        for (at, item) in wanted.users.iter().enumerate() {
            let user = user(self, item, &mut hashed, wanted.dry_run).await;
            plan.users
                .push(user.map_err(|error| placed(error, PlanKind::User, at, item))?);
        }
        Ok((plan, secrets))
    }
}

fn outcome(applied: Applied, mut secrets: Secrets, wanted: &ApplyRequest) -> Outcome {
    let mut outcome = Outcome {
        changes: applied.steps.iter().map(ToString::to_string).collect(),
        secrets: Vec::new(),
    };
    if wanted.dry_run {
        // They were never stored as the clients' secrets.
        return outcome;
    }
    for (at, id) in applied.made {
        let secret = secrets.get_mut(at).and_then(Option::take);
        let name = name_of(PlanKind::Client, &wanted.clients[at]).to_owned();
        outcome
            .secrets
            .extend(secret.map(|secret| (name, id.to_string(), secret.expose().to_owned())));
    }
    outcome
}

/// The table of a kind, and the member that identifies its items.
fn table(kind: PlanKind) -> (&'static str, &'static str) {
    match kind {
        PlanKind::Role => ("roles", "name"),
        PlanKind::Client => ("clients", "name"),
        PlanKind::User => ("users", "email"),
    }
}

fn name_of(kind: PlanKind, item: &Members) -> &str {
    let name = item.get(table(kind).1).and_then(Value::as_str);
    name.unwrap_or_default()
}

/// Adds the item to an error.
fn placed(error: ApiError, kind: PlanKind, at: usize, item: &Members) -> ApiError {
    let (table, name) = (table(kind).0, quoted(name_of(kind, item)));
    let message = format!("{table}[{at}] {name}: {}", error.message());
    ApiError::new(error.code(), message)
}

fn refused(error: ApplyError, wanted: &ApplyRequest) -> ApiError {
    match error {
        ApplyError::At { kind, at, error } => {
            let items = match kind {
                PlanKind::Role => &wanted.roles,
                PlanKind::Client => &wanted.clients,
                PlanKind::User => &wanted.users,
            };
            placed(error.into(), kind, at, &items[at])
        }
        ApplyError::Store(error) => error.into(),
    }
}

fn no_name_twice(kind: PlanKind, items: &[Members]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for (at, item) in items.iter().enumerate() {
        let name = name_of(kind, item);
        let key = match kind {
            PlanKind::User => Email::keys_of(name).concat(),
            _ => name.to_owned(),
        };
        if !name.is_empty() && !seen.insert(key) {
            let error = ApiError::validation(table(kind).1, "is named twice");
            return Err(placed(error, kind, at, item));
        }
    }
    Ok(())
}

/// Parses an item as the body of a call.
fn read<T: DeserializeOwned>(members: &Members) -> Result<T, ApiError> {
    body::parse(Value::Object(members.clone()).to_string().as_bytes())
}

fn role(item: &Members) -> Result<(String, doorward_shared::ScopeSet), ApiError> {
    let RoleItem { name, permissions } = read(item)?;
    roles::check_name(&name)?;
    Ok((name, path_ids::scopes("permissions", &permissions)?))
}

/// A client, and the secret generated for it.
fn client(
    services: &Services,
    item: &Members,
) -> Result<(PlannedClient, Option<Secret>), ApiError> {
    let mut item = item.clone();
    let given = given_secret(item.remove("clientSecret"))?;
    let form: RegisterClient = read(&item)?;
    let mut new = clients::checked(services, &form)?;
    let needs_one = client_policy::needs_secret(&new, form.confidential);
    if given.is_some() && !needs_one {
        let reason = "is for a confidential client that uses one";
        return Err(ApiError::validation("clientSecret", reason));
    }
    let made = (needs_one && given.is_none()).then(|| client_secret(random_bytes()));
    let secret = made.as_ref().or(given.as_ref()).map(Secret::digest);
    new.secrets = secret.map(|current| ClientSecrets {
        current,
        previous: None,
        unmarked: 0,
    });
    item.remove("name");
    let confidential = item.remove("confidential");
    let patch: ClientPatch = read(&item)?;
    let planned = PlannedClient {
        sees_all: clients::for_this_server(services, Some(&new.resources)),
        change: clients::change_of(services, &patch, false)?,
        confidential: confidential.and_then(|named| named.as_bool()),
        secret: given.map(|secret| secret.digest()),
        new,
    };
    Ok((planned, made))
}

fn given_secret(given: Option<Value>) -> Result<Option<Secret>, ApiError> {
    match given {
        None => Ok(None),
        Some(Value::String(text)) if text.chars().count() >= MIN_SECRET => {
            Ok(Some(Secret::from(text)))
        }
        Some(Value::String(_)) => {
            let reason = format!("must be at least {MIN_SECRET} characters");
            Err(ApiError::validation("clientSecret", reason))
        }
        Some(_) => Err(ApiError::request("clientSecret", "must be a string")),
    }
}

async fn user(
    services: &Services,
    item: &Members,
    hashed: &mut usize,
    dry_run: bool,
) -> Result<PlannedUser, ApiError> {
    let mut members = item.clone();
    members.remove("disabled");
    let mut form: CreateUser = read(&members)?;
    let email = Email::parse(&form.email).map_err(|why| ApiError::validation("email", why))?;
    if form.password.is_some() {
        if services.store.is_known(&email).await? {
            form.password = None;
        } else {
            if dry_run && let Some(password) = form.password.take() {
                // No hashing, and no breached-password lookup.
                check_password(&password, email.as_str())
                    .map_err(|why| ApiError::validation("password", why))?;
            }
            *hashed += 1;
            if *hashed > MAX_PASSWORDS {
                let reason = "at most 100 new people in one file may have one";
                return Err(ApiError::validation("password", reason));
            }
        }
    }
    let mut members = item.clone();
    for given_once in ["email", "password", "passwordHash"] {
        members.remove(given_once);
    }
    let patch: UserPatch = read(&members)?;
    Ok(PlannedUser {
        new: services.accounts.checked(&form).await?,
        role_given: form.role.is_some(),
        change: users::change_of(patch)?,
    })
}
