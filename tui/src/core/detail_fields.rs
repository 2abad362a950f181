//! All that is known of one thing, as labelled values, and where each of them leads.

use std::iter;

use doorward_shared::{
    Timestamp,
    admin::{AdminKey, Block, Client, Event, Role, Sent, Session, SigningKey, User},
    client::Filter,
    mfa::Factors,
};

use super::{
    State,
    cells::{device, full_name},
    client_diagnosis, event_text,
    format::{count, full, number},
    list::ListFilter,
    page::{Subject, Target},
    resource::{Resource, Row},
};

/// A labelled value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub label: &'static str,
    pub value: String,
    /// Where it leads; none: nowhere.
    pub target: Option<Target>,
}

impl Fact {
    fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self {
            label,
            value: value.into(),
            target: None,
        }
    }

    fn to(self, target: Option<Target>) -> Self {
        Self { target, ..self }
    }
}

/// What a refused client sent, and under it what would have been right: so letters are compared.
fn sent_facts(cause: &str, sent: &Sent) -> Vec<Fact> {
    let beside = client_diagnosis::beside(cause, sent);
    let labels = iter::once(beside.label()).chain(iter::repeat(""));
    let right = labels.zip(&beside.right);
    let facts = [("Sent", &beside.value)].into_iter().chain(right);
    facts.map(|(label, one)| Fact::new(label, one)).collect()
}

fn or(value: Option<String>, otherwise: &str) -> String {
    value
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| otherwise.into())
}

/// What a thing is called in a title.
pub(crate) fn noun(item: &Row) -> &'static str {
    match item {
        Row::User(_) => "User",
        Row::Session(_) => "Session",
        Row::Key(_) => "API key",
        Row::Client(_) => "Client",
        Row::Event(_) => "Event",
        Row::Role(_) => "Role",
        Row::Signing(_) => "Signing key",
        Row::Block(_) => "Blocked network",
        Row::Profile(_) => "Profile",
    }
}

/// All of one thing.
pub(crate) fn facts(state: &State, item: &Row) -> Vec<Fact> {
    let told = DetailFields { state };
    match item {
        Row::User(user) => told.user(user),
        Row::Session(session) => told.session(session),
        Row::Key(key) => told.key(key),
        Row::Client(client) => told.client(client),
        Row::Event(event) => told.event(event),
        Row::Role(role) => role_facts(role),
        Row::Signing(key) => told.signing(key),
        Row::Block(block) => told.block(block),
        Row::Profile(profile) => vec![
            Fact::new("Name", &profile.name),
            Fact::new("URL", &profile.url),
        ],
    }
}

/// How values of a row are told.
struct DetailFields<'a> {
    state: &'a State,
}

impl DetailFields<'_> {
    fn time(&self, at: Timestamp) -> String {
        full(at, self.state.now.wall)
    }

    fn maybe(&self, at: Option<Timestamp>, otherwise: &str) -> String {
        at.map_or_else(|| otherwise.into(), |at| self.time(at))
    }

    /// An id with the name behind it, and its page.
    fn id(&self, label: &'static str, id: &str) -> Fact {
        let name = self.state.name_of(id);
        let value = if name == id {
            name
        } else {
            format!("{name}  {id}")
        };
        Fact::new(label, value).to(Subject::of_id(id).map(Target::Page))
    }

    fn address(label: &'static str, ip: Option<&str>) -> Fact {
        let subject = ip.and_then(Subject::of_id);
        Fact::new(label, ip.unwrap_or("-")).to(subject.map(Target::Page))
    }

    fn event(&self, event: &Event) -> Vec<Fact> {
        let maybe = |label, id: Option<String>| match id {
            Some(id) => self.id(label, &id),
            None => Fact::new(label, "-"),
        };
        let mut facts = vec![
            Fact::new("Action", &event.action),
            Fact::new("Time", self.time(event.time)),
            self.id("By", &event.actor),
        ];
        if let Some(client) = event.client_id {
            facts.push(self.id("Through", &client.to_string()));
        }
        facts.extend([
            maybe("Target", event.target.clone()),
            maybe("User", event.user_id.map(|id| id.to_string())),
            Self::address("Address", event.ip.as_deref()),
        ]);
        for change in event_text::changes(event) {
            facts.push(Fact::new("Changed", change.field));
            facts.push(Fact::new("  before", event_text::text(change.before)));
            facts.push(Fact::new("  after", event_text::text(change.after)));
        }
        if let Some(cause) = &event.cause {
            let explained = client_diagnosis::explain(cause);
            let advice = explained.advice(event.target.as_deref());
            facts.extend([
                Fact::new("Cause", cause),
                Fact::new("In words", explained.what),
            ]);
            facts.extend(event.sent.iter().flat_map(|sent| sent_facts(cause, sent)));
            facts.extend([
                Fact::new("What to do", advice),
                Fact::new("Count", number(event.count.unwrap_or(1).into())),
            ]);
        }
        facts.extend([
            Fact::new("Detail", or(event.detail.clone(), "-")),
            Fact::new("Request", or(event.request_id.clone(), "-")),
            Fact::new("Id", event.id.to_string()),
        ]);
        facts
    }

    fn user(&self, user: &User) -> Vec<Fact> {
        let state = if user.disabled { "disabled" } else { "active" };
        let verified = if user.email_verified {
            "verified"
        } else {
            "not verified"
        };
        let role = ListFilter::new(Filter::Role, &user.role, format!("role {}", user.role));
        let factors = user.mfa.as_ref().map_or_else(|| "-".into(), factors);
        vec![
            Fact::new("State", state),
            Fact::new("Email", &user.email),
            Fact::new("Name", or(Some(full_name(user)), "-")),
            Fact::new("Role", &user.role).to(Some(Target::List(Resource::Users, vec![role]))),
            Fact::new(
                "Permissions",
                or(Some(user.permissions.to_string()), "the role's only"),
            ),
            Fact::new("Groups", or(Some(user.groups.join(" ")), "none")),
            Fact::new("Address", verified),
            Fact::new("Factors", factors),
            Fact::new("Last login", self.maybe(user.last_login_at, "never")),
            Fact::new("Created", self.time(user.created_at)),
            Fact::new("Id", user.id.to_string()),
        ]
    }

    fn session(&self, session: &Session) -> Vec<Fact> {
        let client = match session.client_id {
            Some(id) => self.id("Client", &id.to_string()),
            None => Fact::new("Client", "none: a sign-in here"),
        };
        let agent = session.user_agent.as_deref();
        vec![
            Fact::new("State", session.state.as_str()),
            self.id("User", &session.user_id.to_string()),
            client,
            Fact::new("Scope", session.scope.to_string()),
            Self::address("Address", Some(&session.ip)),
            Fact::new("Device", device(agent)),
            Fact::new("User agent", agent.unwrap_or("-")),
            Fact::new("Last seen", self.time(session.last_seen_at)),
            Fact::new("Created", self.time(session.created_at)),
            Fact::new("Ends", self.time(session.ends_at)),
            Fact::new("At the latest", self.time(session.expires_at)),
            Fact::new("Revoked", self.maybe(session.revoked_at, "no")),
            Fact::new("Id", session.id.to_string()),
        ]
    }

    fn key(&self, key: &AdminKey) -> Vec<Fact> {
        let owner = match key.owner_id {
            Some(id) => self.id("Owner", &id.to_string()),
            None => Fact::new("Owner", "the operator of this server"),
        };
        let mut facts = vec![
            Fact::new("State", key.state.as_str()),
            Fact::new("Name", &key.name),
            owner,
            Fact::new("Scopes", key.scopes.to_string()),
            Fact::new("Environment", key.environment.as_str()),
            Fact::new("Hint", &key.hint),
            Fact::new("Last used", self.maybe(key.last_used_at, "never")),
            Self::address("From", key.last_used_ip.as_deref()),
        ];
        facts.extend(limits(key));
        facts.extend([
            Fact::new("Ends", self.maybe(key.ends_at, "never")),
            Fact::new("Expires", self.maybe(key.expires_at, "never")),
            Fact::new("Created", self.time(key.created_at)),
            Fact::new("Revoked", self.maybe(key.revoked_at, "no")),
            Fact::new("Id", key.id.to_string()),
        ]);
        facts
    }

    fn client(&self, client: &Client) -> Vec<Fact> {
        let kind = if client.confidential {
            "confidential"
        } else {
            "public"
        };
        let pkce = if client.require_pkce || !client.confidential {
            "required"
        } else {
            "not required"
        };
        let joined = |values: &[String]| or(Some(values.join(" ")), "-");
        let mut facts = vec![
            Fact::new("Name", &client.name),
            Fact::new("Kind", kind),
            Fact::new("Grants", client.grant_types.join(" ")),
            Fact::new("Scopes", client.scopes.to_string()),
            Fact::new("Redirect URIs", joined(&client.redirect_uris)),
            Fact::new("Resources", joined(&client.resources)),
            Fact::new("PKCE", pkce),
        ];
        facts.extend(policy(client));
        facts.extend([
            Fact::new("Created", self.time(client.created_at)),
            Fact::new("Client id", client.id.to_string()),
        ]);
        facts
    }

    fn signing(&self, key: &SigningKey) -> Vec<Fact> {
        let state = if key.active {
            "signs new tokens"
        } else {
            "verifies old tokens"
        };
        vec![
            Fact::new("Key id", &key.id),
            Fact::new("Algorithm", &key.algorithm),
            Fact::new("State", state),
            Fact::new("Created", self.time(key.created_at)),
            Fact::new("Retires", self.maybe(key.retires_at, "not while it signs")),
        ]
    }

    fn block(&self, block: &Block) -> Vec<Fact> {
        vec![
            Fact::new("Network", &block.network),
            Fact::new("Reason", &block.reason),
            Fact::new("Until", self.time(block.until)),
            Fact::new("Blocked", self.time(block.created_at)),
            self.id("By", &block.created_by),
            Fact::new("Id", block.id.to_string()),
        ]
    }
}

/// "authenticator app, 2 passkeys; 8 recovery codes left", or "none".
fn factors(mfa: &Factors) -> String {
    let mut set = Vec::new();
    if mfa.totp {
        set.push("authenticator app".to_owned());
    }
    match mfa.passkeys.len() {
        0 => {}
        several => set.push(count(several as u64, "passkey")),
    }
    if set.is_empty() {
        return "none".into();
    }
    let left = mfa.recovery_codes;
    format!("{}; {left} recovery codes left", set.join(", "))
}

/// What a key is bound to, where it is.
fn limits(key: &AdminKey) -> Vec<Fact> {
    let ips = (!key.allowed_ips.is_empty()).then(|| key.allowed_ips.join(" "));
    let facts = [
        (
            "Accepted",
            (!key.enabled).then(|| "no: it is disabled".to_owned()),
        ),
        ("Rate limit", key.rate_limit.map(|rate| rate.to_string())),
        ("Quota", key.quota.map(|quota| quota.to_string())),
        ("Only from", ips),
        ("Metadata", key.metadata.as_ref().map(ToString::to_string)),
    ];
    let set = facts.into_iter();
    set.filter_map(|(name, value)| Some(Fact::new(name, value?)))
        .collect()
}

/// What differs from the policy that a client has by itself.
fn policy(client: &Client) -> Vec<Fact> {
    let yes = |is: bool| is.then(|| "yes".to_owned());
    let list = |values: &[String]| Some(values.join(" ")).filter(|text| !text.is_empty());
    let told = [
        ("Self-made", yes(client.dynamic)),
        ("First party", yes(client.skip_consent)),
        ("Is an API", yes(client.resource_server)),
        ("Only groups", list(&client.allowed_groups)),
        (
            "New addresses",
            (client.unverified_email == "send").then(|| "told".to_owned()),
        ),
        (
            "ID token",
            (!client.id_token_claims).then(|| "without claims".to_owned()),
        ),
        ("After logout", list(&client.post_logout_redirect_uris)),
        ("Audience", client.default_resource.clone()),
        ("Logout URI", client.backchannel_logout_uri.clone()),
        ("Authenticates", client.token_endpoint_auth_method.clone()),
        ("Key set at", client.jwks_uri.clone()),
        (
            "Key set",
            client.jwks.as_ref().map(|_| "registered".to_owned()),
        ),
        ("Logo", client.logo_uri.clone()),
        ("Home page", client.client_uri.clone()),
    ];
    let told = told.into_iter();
    told.filter_map(|(label, value)| Some(Fact::new(label, value?)))
        .collect()
}

fn role_facts(role: &Role) -> Vec<Fact> {
    let kind = if role.built_in { "built in" } else { "own" };
    let users = ListFilter::new(Filter::Role, &role.name, format!("role {}", role.name));
    vec![
        Fact::new("Name", &role.name),
        Fact::new("Kind", kind),
        Fact::new("Users", number(role.users)).to(Some(Target::List(Resource::Users, vec![users]))),
        Fact::new(
            "Permissions",
            or(Some(role.permissions.to_string()), "none"),
        ),
    ]
}
