//! What forms come to when they are filled.

use doorward_shared::{
    ScopeSet, Timestamp, UserId,
    admin::{AdminKey, Client, Role, User},
    apikey::Environment,
};

use super::{
    confirm::Confirm,
    form::{Form, Purpose, Submission},
    forms::REQUIRED,
};
use crate::{
    command::{
        ApiKeys, Bounds, Clients, Command, Create, Mint, Password, Put, Register, Roles, Rotate,
        SecretArgs, Update, UpdateClient, UpdateKey, Users, secret::Secret, when::Moment,
    },
    core::subject::IncidentSubject,
};

/// A field at fault, and why.
type Wrong = (&'static str, String);

fn names(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn optional(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn required(form: &Form, field: &'static str) -> Result<String, Wrong> {
    optional(form.get(field)).ok_or((field, "must not be empty".to_owned()))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Whose key it is to be: an id, or an email that is looked up when it is minted; nobody said: the caller's.
fn owner(text: &str) -> Result<Option<String>, Wrong> {
    let text = text.trim();
    match text.parse::<UserId>() {
        _ if text.is_empty() => Ok(None),
        Err(_) if !text.contains('@') => {
            Err(("ownerId", "must be an email address or a user's id".into()))
        }
        _ => Ok(Some(text.to_owned())),
    }
}

fn grace(form: &Form) -> Result<u32, Wrong> {
    let text = form.get("graceSeconds").trim();
    let wrong = || {
        (
            "graceSeconds",
            "must be seconds, or 90s, 15m, 24h, 7d".to_owned(),
        )
    };
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let span: Moment = text.parse().map_err(|_| wrong())?;
    let end = span.after(Timestamp(0));
    u32::try_from(end.seconds()).map_err(|_| wrong())
}

/// Reads a form.
///
/// # Errors
/// The field that is wrong, and why.
pub fn submission(form: &Form, now: Timestamp) -> Result<Submission, Wrong> {
    match &form.purpose {
        Purpose::SignIn => Ok(Submission::SignIn {
            email: required(form, "email")?,
            password: Secret::new(
                required(form, "password").map(|_| form.get("password").to_owned())?,
            ),
        }),
        Purpose::Unlock(profile) if form.get("profile").trim() == profile => Ok(Submission::Unlock),
        Purpose::Unlock(profile) => Err(("profile", format!("type {profile} to go on"))),
        Purpose::NewUser => {
            form.check_role().map_err(|why| ("role", why))?;
            let password = Some(form.get("password")).filter(|text| !text.is_empty());
            Ok(Submission::Send(Command::Users(Users::Create(Create {
                email: required(form, "email")?,
                password_stdin: password.is_some(),
                password: password.map(|text| Secret::new(text.to_owned())),
                first_name: optional(form.get("firstName")),
                last_name: optional(form.get("lastName")),
                role: optional(form.get("role")).filter(|role| role != "customer"),
                permissions: form.chosen("permissions").to_vec(),
            }))))
        }
        Purpose::EditUser(user) => {
            form.check_role().map_err(|why| ("role", why))?;
            Ok(edited_user(form, user))
        }
        Purpose::Password(id, email) => {
            let password = form.get("password");
            if password.is_empty() {
                return Err(("password", "must not be empty".into()));
            }
            if password != form.get("again") {
                return Err(("again", "the two are not the same".into()));
            }
            let change = Command::Users(Users::Password(Password {
                user: id.to_string(),
                api_keys: false,
                password: Some(Secret::new(password.to_owned())),
            }));
            let confirm = Confirm::new(format!("Set the password of {email}?"), "Set it", change)
                .line("All their sessions end at once.");
            Ok(Submission::Ask(Box::new(confirm)))
        }
        Purpose::Mint => mint(form, now),
        Purpose::EditKey(key) => Ok(edited_key(form, key)),
        Purpose::RotateKey(key) => {
            let grace = grace(form)?;
            let confirm = Confirm::new(
                format!("Rotate {}?", key.name),
                "Rotate",
                Command::Apikeys(ApiKeys::Rotate(Rotate::after(&key.id.to_string(), grace))),
            )
            .line(format!("{} gets a new secret, shown once.", key.hint))
            .line(old_secret(grace));
            Ok(Submission::Ask(Box::new(confirm)))
        }
        Purpose::NewClient => new_client(form),
        Purpose::EditClient(client) => Ok(edited_client(form, client)),
        Purpose::RotateSecret(client) => {
            let grace = grace(form)?;
            let change = Command::Clients(Clients::Secret(Rotate::after(
                &client.id.to_string(),
                grace,
            )));
            let confirm = Confirm::new(
                format!("A new secret for {}?", client.name),
                "Rotate",
                change,
            )
            .line("The new secret is shown once.")
            .line(old_secret(grace));
            Ok(Submission::Ask(Box::new(confirm)))
        }
        Purpose::Incident => subject(form).map(Submission::Incident),
        Purpose::EndSessions => subject(form).map(Submission::EndSessions),
        Purpose::NewRole => Ok(put_role(&required(form, "name")?, form, None)),
        Purpose::EditRole(role) => Ok(put_role(&role.name, form, Some(role))),
    }
}

/// The one user, client, key or address that was named.
fn subject(form: &Form) -> Result<IncidentSubject, Wrong> {
    let mut named = Vec::new();
    let kinds: [(&'static str, fn(String) -> IncidentSubject); 3] = [
        ("userId", IncidentSubject::User),
        ("clientId", IncidentSubject::Client),
        ("keyId", IncidentSubject::Key),
    ];
    for (field, of) in kinds {
        let picked = form.picked(field).map_err(|why| (field, why))?;
        named.extend(picked.map(|id| (field, of(id))));
    }
    if let Some(text) = optional(form.get("ip")) {
        let ip: std::net::IpAddr = text
            .parse()
            .map_err(|_| ("ip", "must be an IPv4 or IPv6 address".to_owned()))?;
        named.push((
            "ip",
            IncidentSubject::Address(ip.to_canonical().to_string()),
        ));
    }
    match <[_; 1]>::try_from(named) {
        Ok([(_, subject)]) => Ok(subject),
        Err(named) => match named.get(1) {
            Some((field, _)) => Err((field, "one is enough: leave the others empty".into())),
            None => Err(("userId", "name a user, or one of the others".into())),
        },
    }
}

fn old_secret(grace: u32) -> String {
    match grace {
        0 => "The old one dies at once: whatever still uses it fails.".into(),
        seconds => format!(
            "The old one stays good for {} more.",
            crate::core::format::span(u64::from(seconds))
        ),
    }
}

fn mint(form: &Form, now: Timestamp) -> Result<Submission, Wrong> {
    let name = required(form, "name")?;
    let scopes = form.chosen("scopes").to_vec();
    if scopes.is_empty() {
        return Err((
            "scopes",
            "pick at least one: type to search, space picks".into(),
        ));
    }
    let expires = optional(form.get("expiresAt"));
    let expires = expires.map(|text| text.parse::<Moment>()).transpose();
    let expires = expires.map_err(|why| ("expiresAt", why.to_string()))?;
    let mint = Mint {
        name,
        scopes,
        owner: owner(form.get("ownerId"))?,
        // What counts is when the form was filled, not when the call goes out.
        expires: expires.map(|at| Moment::At(at.after(now))),
        environment: match form.get("environment") {
            "test" => Environment::Test,
            _ => Environment::Live,
        },
        secret: SecretArgs::default(),
        bounds: Bounds::default(),
    };
    Ok(Submission::Send(Command::Apikeys(ApiKeys::Mint(mint))))
}

/// What a set loses and gains, in words.
fn difference(label: &str, before: &[String], after: &[String]) -> Vec<String> {
    let gone: Vec<_> = before
        .iter()
        .filter(|one| !after.contains(one))
        .cloned()
        .collect();
    let new: Vec<_> = after
        .iter()
        .filter(|one| !before.contains(one))
        .cloned()
        .collect();
    let mut lines = Vec::new();
    if !gone.is_empty() {
        lines.push(format!("{label} loses  {}", gone.join(" ")));
    }
    if !new.is_empty() {
        lines.push(format!("{label} gains  {}", new.join(" ")));
    }
    lines
}

fn ask(title: String, change: Command, lines: Vec<String>, undo: Option<Command>) -> Submission {
    if lines.is_empty() {
        return Submission::Nothing;
    }
    let mut confirm = Confirm::new(title, "Change", change);
    confirm.lines = lines;
    Submission::Ask(Box::new(match undo {
        Some(undo) => confirm.undone_by(undo),
        None => confirm,
    }))
}

fn edited_user(form: &Form, user: &User) -> Submission {
    let mut patch = Update {
        user: user.id.to_string(),
        ..Update::default()
    };
    let mut lines = Vec::new();
    let email = form.get("email").trim();
    if email != user.email {
        lines.push(format!("email  {} -> {email}", user.email));
        patch.email = Some(email.to_owned());
    }
    let mut name = |field: &str, before: &Option<String>| {
        let after = optional(form.get(field));
        (after != *before).then(|| {
            let show = |name: &Option<String>| name.clone().unwrap_or_else(|| "(none)".into());
            lines.push(format!("{field}  {} -> {}", show(before), show(&after)));
            // An empty one is cleared.
            after.unwrap_or_default()
        })
    };
    patch.first_name = name("firstName", &user.first_name);
    patch.last_name = name("lastName", &user.last_name);
    let role = form.get("role").trim();
    if role != user.role {
        lines.push(format!("role  {} -> {role}: in force at once", user.role));
        patch.role = Some(role.to_owned());
    }
    let permissions = form.chosen("permissions").to_vec();
    let changed = difference("permissions:", &names(&user.permissions), &permissions);
    if !changed.is_empty() {
        lines.extend(changed);
        patch = patch.permitting(Some(permissions));
    }
    let back = Update {
        user: patch.user.clone(),
        email: patch.email.as_ref().map(|_| user.email.clone()),
        first_name: patch
            .first_name
            .as_ref()
            .map(|_| user.first_name.clone().unwrap_or_default()),
        last_name: patch
            .last_name
            .as_ref()
            .map(|_| user.last_name.clone().unwrap_or_default()),
        role: patch.role.as_ref().map(|_| user.role.clone()),
        ..Update::default()
    };
    let touched = patch.permissions.is_some() || patch.no_permissions;
    let back = back.permitting(touched.then(|| names(&user.permissions)));
    ask(
        format!("Change {}?", user.email),
        Command::Users(Users::Update(patch)),
        lines,
        Some(Command::Users(Users::Update(back))),
    )
}

fn edited_key(form: &Form, key: &AdminKey) -> Submission {
    let id = key.id.to_string();
    let mut patch = UpdateKey {
        id: id.clone(),
        ..UpdateKey::default()
    };
    let mut lines = Vec::new();
    let name = form.get("name").trim();
    if name != key.name {
        lines.push(format!("name  {} -> {name}", key.name));
        patch.name = Some(name.to_owned());
    }
    let scopes = form.chosen("scopes").to_vec();
    let changed = difference("the key", &names(&key.scopes), &scopes);
    if !changed.is_empty() {
        lines.extend(changed);
        lines.push("It cannot be given back to this key.".into());
        patch.scopes = Some(scopes);
    }
    // A name can be given back; scopes that are gone cannot.
    let back = UpdateKey {
        id,
        name: Some(key.name.clone()),
        scopes: None,
    };
    let undo = patch.scopes.is_none().then_some(back);
    ask(
        format!("Change the key {}?", key.name),
        Command::Apikeys(ApiKeys::Update(patch)),
        lines,
        undo.map(|back| Command::Apikeys(ApiKeys::Update(back))),
    )
}

fn new_client(form: &Form) -> Result<Submission, Wrong> {
    let preset = form.preset();
    let grant_types = form.chosen("grantTypes").to_vec();
    let redirect_uris = words(form.get("redirectUris"));
    let name = required(form, "name")?;
    if grant_types.is_empty() {
        return Err(("grantTypes", "pick at least one".into()));
    }
    let signs_in = grant_types
        .iter()
        .any(|grant| grant == "authorization_code");
    if signs_in && redirect_uris.is_empty() {
        return Err((
            "redirectUris",
            "people who sign in have to be sent back somewhere".into(),
        ));
    }
    let register = Register {
        name,
        redirect_uris,
        grant_types,
        scopes: form.chosen("scopes").to_vec(),
        public: !preset.is_confidential(),
        resources: words(form.get("resources")),
        require_pkce: false,
        resource_server: false,
        secret: SecretArgs::default(),
    };
    Ok(Submission::Send(Command::Clients(Clients::Register(
        register,
    ))))
}

fn edited_client(form: &Form, client: &Client) -> Submission {
    let mut patch = UpdateClient {
        id: client.id.to_string(),
        ..UpdateClient::default()
    };
    let mut lines = Vec::new();
    let name = form.get("name").trim();
    if name != client.name {
        lines.push(format!("name  {} -> {name}", client.name));
        patch.name = Some(name.to_owned());
    }
    let mut set = |label: &str, before: &[String], after: Vec<String>| {
        let changed = difference(label, before, &after);
        (!changed.is_empty()).then(|| {
            lines.extend(changed);
            after
        })
    };
    patch.grant_types = set(
        "grants:",
        &client.grant_types,
        form.chosen("grantTypes").to_vec(),
    );
    patch.redirect_uris = set(
        "redirects:",
        &client.redirect_uris,
        words(form.get("redirectUris")),
    );
    patch.resources = set(
        "resources:",
        &client.resources,
        words(form.get("resources")),
    );
    patch.scopes = set(
        "scopes:",
        &names(&client.scopes),
        form.chosen("scopes").to_vec(),
    );
    let needed = form.get("requirePkce");
    if !needed.is_empty() && (needed == REQUIRED) != client.require_pkce {
        lines.push(format!("PKCE  {needed}"));
        patch = patch.requiring_pkce(needed == REQUIRED);
    }
    let back = UpdateClient {
        id: patch.id.clone(),
        name: patch.name.as_ref().map(|_| client.name.clone()),
        redirect_uris: patch
            .redirect_uris
            .as_ref()
            .map(|_| client.redirect_uris.clone()),
        grant_types: patch
            .grant_types
            .as_ref()
            .map(|_| client.grant_types.clone()),
        scopes: patch.scopes.as_ref().map(|_| names(&client.scopes)),
        resources: patch.resources.as_ref().map(|_| client.resources.clone()),
        ..UpdateClient::default()
    };
    let back = if patch.require_pkce.is_some() || patch.no_require_pkce {
        back.requiring_pkce(client.require_pkce)
    } else {
        back
    };
    ask(
        format!("Change the client {}?", client.name),
        Command::Clients(Clients::Update(patch)),
        lines,
        Some(Command::Clients(Clients::Update(back))),
    )
}

fn put_role(name: &str, form: &Form, before: Option<&Role>) -> Submission {
    let permissions = form.chosen("permissions").to_vec();
    let had = before
        .map(|role| names(&role.permissions))
        .unwrap_or_default();
    let mut lines = difference(&format!("role {name}:"), &had, &permissions);
    match before {
        Some(role) if !lines.is_empty() => {
            lines.push(format!("{} users have it: in force at once.", role.users));
        }
        None if lines.is_empty() => lines.push(format!("role {name}: no permissions")),
        _ => {}
    }
    let title = match before {
        Some(_) => format!("Change the role {name}?"),
        None => format!("Make the role {name}?"),
    };
    let undo = match before {
        Some(_) => Command::Roles(Roles::Put(Put {
            name: name.to_owned(),
            permissions: had,
        })),
        None => Command::Roles(Roles::Delete {
            names: vec![name.to_owned()],
        }),
    };
    let change = Command::Roles(Roles::Put(Put {
        name: name.to_owned(),
        permissions,
    }));
    ask(title, change, lines, Some(undo))
}
