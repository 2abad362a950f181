//! Converts a submitted form into a command, or into field errors.

use doorward_shared::{
    Timestamp, UserId,
    admin::{AdminKey, Client},
    apikey::Environment,
};

use super::{
    client_policy_form::edited_policy,
    confirm::Confirm,
    edit_commands::{edited_client, edited_key, edited_user, put_role},
    form::{Form, Purpose, Submission},
    forms::NOT_VERIFIED,
    key_limits_form::edited_limits,
    msg::PreviewTarget,
    one_time_link_form::link,
};
use crate::{
    command::{
        AddBlock, ApiKeys, Blocks, Clients, Command, Create, Mint, MintInitialAccessToken,
        Password, Register, Rotate, SecretArgs, Terms, Users,
        secret::Secret,
        time_arg::{TimeArg, TimeArgError},
    },
    core::incident_subject::IncidentSubject,
};

/// A field at fault, and why.
pub(super) type FieldError = (&'static str, String);

pub(super) fn optional(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn required(form: &Form, field: &'static str) -> Result<String, FieldError> {
    optional(form.get(field)).ok_or((field, "must not be empty".to_owned()))
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Whose key it is to be: an id, or an email that is looked up when it is minted; nobody said: the caller's.
fn owner(text: &str) -> Result<Option<String>, FieldError> {
    let text = text.trim();
    match text.parse::<UserId>() {
        _ if text.is_empty() => Ok(None),
        Err(_) if !text.contains('@') => {
            Err(("ownerId", "must be an email address or a user's id".into()))
        }
        _ => Ok(Some(text.to_owned())),
    }
}

fn grace(form: &Form) -> Result<u32, FieldError> {
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
    let span: TimeArg = text.parse().map_err(|_| wrong())?;
    let end = span.after(Timestamp(0));
    u32::try_from(end.seconds()).map_err(|_| wrong())
}

/// Reads a form.
///
/// # Errors
/// The field that is wrong, and why.
pub(super) fn submission(form: &Form, now: Timestamp) -> Result<Submission, FieldError> {
    match &form.purpose {
        Purpose::SignIn => sign_in(form),
        Purpose::Unlock(profile) if form.get("profile").trim() == profile => Ok(Submission::Unlock),
        Purpose::Unlock(profile) => Err(("profile", format!("type {profile} to go on"))),
        Purpose::NewUser => new_user(form),
        Purpose::EditUser(user) => {
            form.check_role().map_err(|why| ("role", why))?;
            Ok(edited_user(form, user))
        }
        Purpose::Password(id, email) => set_password(form, *id, email),
        Purpose::Link(id, email) => link(form, *id, email),
        Purpose::Mint(terms) => mint(form, terms, now),
        Purpose::EditKey(key) => Ok(edited_key(form, key)),
        Purpose::KeyLimits(key) => edited_limits(form, key),
        Purpose::RotateKey(key) => rotate_key(form, key),
        Purpose::NewClient => new_client(form),
        Purpose::EditClient(client) => Ok(edited_client(form, client)),
        Purpose::ClientPolicy(client) => edited_policy(form, client),
        Purpose::InviteClient => invite(form),
        Purpose::RotateSecret(client) => rotate_secret(form, client),
        Purpose::Incident => {
            let subjects = subjects(form)?.into_iter().map(|(_, subject)| subject);
            Ok(Submission::Incident(subjects.collect()))
        }
        Purpose::Note => required(form, "note").map(Submission::Note),
        Purpose::EndSessions => subject(form).map(Submission::EndSessions),
        Purpose::Block => block(form, now),
        Purpose::NewRole => Ok(put_role(&required(form, "name")?, form, None)),
        Purpose::EditRole(role) => Ok(put_role(&role.name, form, Some(role))),
    }
}

fn sign_in(form: &Form) -> Result<Submission, FieldError> {
    let email = required(form, "email")?;
    // Spaces around a password are its own.
    let password = required(form, "password").map(|_| form.get("password").to_owned())?;
    Ok(Submission::SignIn {
        email,
        password: Secret::new(password),
    })
}

fn new_user(form: &Form) -> Result<Submission, FieldError> {
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
        groups: words(form.get("groups")),
        unverified: form.get("emailVerified") == NOT_VERIFIED,
    }))))
}

fn set_password(form: &Form, id: UserId, email: &str) -> Result<Submission, FieldError> {
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

fn rotate_key(form: &Form, key: &AdminKey) -> Result<Submission, FieldError> {
    let grace = grace(form)?;
    let rotate = Rotate::after(&key.id.to_string(), grace);
    let change = Command::Apikeys(ApiKeys::Rotate(rotate));
    let confirm = Confirm::new(format!("Rotate {}?", key.name), "Rotate", change)
        .line(format!("{} gets a new secret, shown once.", key.hint))
        .line(old_secret(grace));
    Ok(Submission::Ask(Box::new(confirm)))
}

fn rotate_secret(form: &Form, client: &Client) -> Result<Submission, FieldError> {
    let grace = grace(form)?;
    let rotate = Rotate::after(&client.id.to_string(), grace);
    let change = Command::Clients(Clients::Secret(rotate));
    let title = format!("A new secret for {}?", client.name);
    let confirm = Confirm::new(title, "Rotate", change)
        .line("The new secret is shown once.")
        .line(old_secret(grace));
    Ok(Submission::Ask(Box::new(confirm)))
}

/// One address of IPv6 stands for its household's network, as the server takes it.
pub(super) fn household(network: &str) -> String {
    match network
        .parse::<std::net::IpAddr>()
        .map(|ip| ip.to_canonical())
    {
        Ok(std::net::IpAddr::V6(ip)) => ipnet::Ipv6Net::new(ip, 64)
            .map_or_else(|_| network.to_owned(), |net| net.trunc().to_string()),
        Ok(ip) => ip.to_string(),
        Err(_) => network.to_owned(),
    }
}

/// A network that is blocked, asked once more: it is people who are kept out.
fn block(form: &Form, now: Timestamp) -> Result<Submission, FieldError> {
    let network = household(&required(form, "network")?);
    let is_one = network.parse::<ipnet::IpNet>().is_ok();
    if !is_one && network.parse::<std::net::IpAddr>().is_err() {
        let why = "must be an address, or a network such as 203.0.113.0/24";
        return Err(("network", why.into()));
    }
    let until: TimeArg = required(form, "until")?
        .parse()
        .map_err(|why: TimeArgError| ("until", why.to_string()))?;
    let add = AddBlock {
        network: network.clone(),
        reason: required(form, "reason")?,
        until: Some(until),
    };
    let ends = crate::core::format::second(until.after(now));
    let change = Command::Blocks(Blocks::Add(add));
    let confirm = Confirm::new(format!("Block {network}?"), "Block", change)
        .line("Blocks sign-in, sign-up and password resets from there.")
        .line("Existing sessions, keys and tokens keep working. Your own address is exempt.")
        .line(format!("Expires: {ends}"));
    let at = PreviewTarget::Network(network);
    Ok(Submission::AskAfter(Box::new(confirm), at))
}

/// The users, clients, keys, addresses and networks that were named.
fn subjects(form: &Form) -> Result<Vec<(&'static str, IncidentSubject)>, FieldError> {
    let mut named = Vec::new();
    let mut picked = |field, of: fn(String) -> IncidentSubject| {
        let id = form.picked(field).map_err(|why| (field, why))?;
        named.extend(id.map(|id| (field, of(id))));
        Ok(())
    };
    picked("userId", IncidentSubject::User)?;
    picked("clientId", IncidentSubject::Client)?;
    picked("keyId", IncidentSubject::Key)?;
    if let Some(text) = optional(form.get("ip")) {
        let subject = IncidentSubject::parse(&text).ok().filter(|subject| {
            matches!(
                subject,
                IncidentSubject::Address(_) | IncidentSubject::Network(_)
            )
        });
        let wrong = || {
            (
                "ip",
                "must be an IPv4 or IPv6 address, or a network such as 203.0.113.0/24".into(),
            )
        };
        named.push(("ip", subject.ok_or_else(wrong)?));
    }
    if named.is_empty() {
        return Err(("userId", "name a user, or one of the others".into()));
    }
    Ok(named)
}

/// The one user, client, address or network that was named.
fn subject(form: &Form) -> Result<IncidentSubject, FieldError> {
    match <[_; 1]>::try_from(subjects(form)?) {
        Ok([(_, subject)]) => Ok(subject),
        Err(named) => {
            let field = named.get(1).map_or("userId", |(field, _)| *field);
            Err((field, "one is enough: leave the others empty".into()))
        }
    }
}

fn old_secret(grace: u32) -> String {
    match grace {
        0 => "The old secret is revoked immediately; clients still using it will fail.".into(),
        seconds => format!(
            "The old secret keeps working for {} more.",
            crate::core::format::span(u64::from(seconds))
        ),
    }
}

fn mint(form: &Form, terms: &Terms, now: Timestamp) -> Result<Submission, FieldError> {
    let name = required(form, "name")?;
    let scopes = form.chosen("scopes").to_vec();
    if scopes.is_empty() {
        return Err((
            "scopes",
            "pick at least one: type to search, space picks".into(),
        ));
    }
    let expires = optional(form.get("expiresAt"));
    let expires = expires.map(|text| text.parse::<TimeArg>()).transpose();
    let expires = expires.map_err(|why| ("expiresAt", why.to_string()))?;
    let mint = Mint {
        name,
        scopes,
        owner: owner(form.get("ownerId"))?,
        // What counts is when the form was filled, not when the call goes out.
        expires: expires.map(|at| TimeArg::At(at.after(now))),
        environment: match form.get("environment") {
            "test" => Environment::Test,
            _ => Environment::Live,
        },
        secret: SecretArgs::default(),
        terms: terms.clone(),
    };
    Ok(Submission::Send(Command::Apikeys(ApiKeys::Mint(mint))))
}

fn invite(form: &Form) -> Result<Submission, FieldError> {
    let expires_in = optional(form.get("expiresInSeconds"))
        .map(|text| text.parse::<TimeArg>())
        .transpose()
        .map_err(|why| ("expiresInSeconds", why.to_string()))?;
    let max_uses = optional(form.get("maxUses"))
        .map(|text| text.parse::<u32>())
        .transpose()
        .map_err(|_| ("maxUses", "must be a number from 1 to 1000".to_owned()))?;
    let change = Command::Clients(Clients::RegistrationToken(MintInitialAccessToken {
        expires_in,
        max_uses,
        secret: SecretArgs::default(),
    }));
    // Both fields may be empty: the form alone shows no intent.
    let title = "Mint an initial access token for client registration?";
    let confirm = Confirm::new(title, "Mint", change)
        .line("It is shown once. Whoever has it registers a client on this server.");
    Ok(Submission::Ask(Box::new(confirm)))
}

fn new_client(form: &Form) -> Result<Submission, FieldError> {
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
            "a redirect URI is required for sign-in".into(),
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
        preset: None,
        policy: Box::default(),
        secret: SecretArgs::default(),
    };
    Ok(Submission::Send(Command::Clients(Clients::Register(
        register,
    ))))
}
