//! All about one thing.

use doorward_shared::{
    Timestamp,
    admin::{AdminKey, Client, Event, Role, Session, SigningKey, User},
    mfa::Factors,
};

use crate::{
    core::{
        State, audit,
        cells::full_name,
        format::{count, full, number},
        layer::Detail,
        layout::Areas,
        refusal,
        resource::Row,
    },
    view::{
        theme::Tone,
        widgets::{
            boxes::frame,
            paint::{Paint, wrapped},
        },
    },
};

type Fields = Vec<(&'static str, String)>;

pub fn draw(paint: &mut Paint<'_>, areas: &Areas, detail: &Detail) -> Option<(u16, u16)> {
    let state = paint.state;
    let area = areas.detail;
    paint.clear(area);
    let title = match &detail.item {
        Some(item) => format!("{} {} {}", noun(item), state.glyphs.dot(), item.name()),
        None => detail.id.clone(),
    };
    let inner = frame(paint, area, &title, detail.focused);
    let mut lines: Vec<(String, String, Tone)> = Vec::new();
    if let Some(problem) = &detail.problem {
        lines.push((String::new(), problem.message.clone(), Tone::Warn));
    }
    let label_room = 14.min(inner.width / 3);
    let room = usize::from(inner.width.saturating_sub(label_room + 2)).max(1);
    for (label, value) in detail
        .item
        .as_ref()
        .map(|item| fields(state, item))
        .unwrap_or_default()
    {
        let tone = match value.as_str() {
            "live" | "active" => Tone::Good,
            "disabled" | "revoked" | "expired" => Tone::Bad,
            _ => Tone::Base,
        };
        for (at, part) in wrapped(&value, room).into_iter().enumerate() {
            let label = if at == 0 {
                label.to_owned()
            } else {
                String::new()
            };
            lines.push((label, part, tone));
        }
    }
    let height = usize::from(inner.height);
    let scroll = detail.scroll.min(lines.len().saturating_sub(height));
    for (at, (label, value, tone)) in lines.iter().skip(scroll).take(height).enumerate() {
        let y = inner.y + u16::try_from(at).unwrap_or_default();
        paint.text(inner, inner.x + 1, y, label, Tone::Dim);
        paint.text(inner, inner.x + 1 + label_room, y, value, *tone);
    }
    detail.focused.then_some((inner.x, inner.y))
}

fn noun(item: &Row) -> &'static str {
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

fn or(value: Option<String>, otherwise: &str) -> String {
    value
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| otherwise.into())
}

/// An id with the name behind it.
fn named(state: &State, id: &str) -> String {
    let name = state.name_of(id);
    if name == id {
        name
    } else {
        format!("{name}  {id}")
    }
}

fn event(state: &State, event: &Event) -> Fields {
    let optional = |id: Option<String>| id.map_or_else(|| "-".into(), |id| named(state, &id));
    let mut fields = vec![
        ("Action", event.action.clone()),
        ("Time", full(event.time, state.now.wall)),
        ("By", named(state, &event.actor)),
    ];
    let through = event.client_id.map(|id| named(state, &id.to_string()));
    fields.extend(through.map(|client| ("Through", client)));
    fields.extend([
        ("Target", optional(event.target.clone())),
        ("User", optional(event.user_id.map(|id| id.to_string()))),
        ("Address", or(event.ip.clone(), "-")),
    ]);
    for (at, change) in audit::changes(event).iter().enumerate() {
        let label = if at == 0 { "Changed" } else { "" };
        fields.push((label, change.to_string()));
    }
    if let Some(cause) = &event.cause {
        let explained = refusal::explain(cause);
        let advice = explained.advice(event.target.as_deref());
        fields.extend([
            ("Cause", cause.clone()),
            ("In words", explained.what),
            ("What to do", advice),
        ]);
        fields.push(("Count", number(event.count.unwrap_or(1).into())));
    }
    fields.extend([
        ("Detail", or(event.detail.clone(), "-")),
        ("Request", or(event.request_id.clone(), "-")),
        ("Id", event.id.to_string()),
    ]);
    fields
}

/// How values of a row are told.
struct Told<'a> {
    state: &'a State,
}

impl Told<'_> {
    fn time(&self, at: Timestamp) -> String {
        full(at, self.state.now.wall)
    }

    fn maybe(&self, at: Option<Timestamp>, otherwise: &str) -> String {
        at.map_or_else(|| otherwise.into(), |at| self.time(at))
    }

    fn named(&self, id: &str) -> String {
        named(self.state, id)
    }
}

fn user(told: &Told<'_>, user: &User) -> Fields {
    vec![
        (
            "State",
            if user.disabled { "disabled" } else { "active" }.into(),
        ),
        ("Email", user.email.clone()),
        ("Name", or(Some(full_name(user)), "-")),
        ("Role", user.role.clone()),
        (
            "Permissions",
            or(Some(user.permissions.to_string()), "the role's only"),
        ),
        ("Groups", or(Some(user.groups.join(" ")), "none")),
        (
            "Address",
            if user.email_verified {
                "verified"
            } else {
                "not verified"
            }
            .into(),
        ),
        (
            "Factors",
            user.mfa.as_ref().map_or_else(|| "-".into(), factors),
        ),
        ("Last login", told.maybe(user.last_login_at, "never")),
        ("Created", told.time(user.created_at)),
        ("Id", user.id.to_string()),
    ]
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

fn session(told: &Told<'_>, session: &Session) -> Fields {
    vec![
        ("State", session.state.as_str().into()),
        ("User", told.named(&session.user_id.to_string())),
        (
            "Client",
            session.client_id.map_or_else(
                || "none: a sign-in here".into(),
                |id| told.named(&id.to_string()),
            ),
        ),
        ("Scope", session.scope.to_string()),
        ("Address", session.ip.clone()),
        ("User agent", or(session.user_agent.clone(), "-")),
        ("Last seen", told.time(session.last_seen_at)),
        ("Created", told.time(session.created_at)),
        ("Ends", told.time(session.ends_at)),
        ("At the latest", told.time(session.expires_at)),
        ("Revoked", told.maybe(session.revoked_at, "no")),
        ("Id", session.id.to_string()),
    ]
}

fn key(told: &Told<'_>, key: &AdminKey) -> Fields {
    vec![
        ("State", key.state.as_str().into()),
        ("Name", key.name.clone()),
        (
            "Owner",
            key.owner_id.map_or_else(
                || "the operator of this server".into(),
                |id| told.named(&id.to_string()),
            ),
        ),
        ("Scopes", key.scopes.to_string()),
        ("Environment", key.environment.as_str().into()),
        ("Hint", key.hint.clone()),
        ("Last used", told.maybe(key.last_used_at, "never")),
        ("From", or(key.last_used_ip.clone(), "-")),
        ("Ends", told.maybe(key.ends_at, "never")),
        ("Expires", told.maybe(key.expires_at, "never")),
        ("Created", told.time(key.created_at)),
        ("Revoked", told.maybe(key.revoked_at, "no")),
        ("Id", key.id.to_string()),
    ]
}

fn client(told: &Told<'_>, client: &Client) -> Fields {
    let mut fields = vec![
        ("Name", client.name.clone()),
        (
            "Kind",
            if client.confidential {
                "confidential"
            } else {
                "public"
            }
            .into(),
        ),
        ("Grants", client.grant_types.join(" ")),
        ("Scopes", client.scopes.to_string()),
        (
            "Redirect URIs",
            or(Some(client.redirect_uris.join(" ")), "-"),
        ),
        ("Resources", or(Some(client.resources.join(" ")), "-")),
        (
            "PKCE",
            if client.require_pkce || !client.confidential {
                "required"
            } else {
                "not required"
            }
            .into(),
        ),
    ];
    fields.extend(policy(client));
    fields.extend([
        ("Created", told.time(client.created_at)),
        ("Client id", client.id.to_string()),
    ]);
    fields
}

/// What differs from the policy that a client has by itself.
fn policy(client: &Client) -> Fields {
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
    told.filter_map(|(label, value)| Some((label, value?)))
        .collect()
}

fn role(role: &Role) -> Fields {
    vec![
        ("Name", role.name.clone()),
        (
            "Kind",
            if role.built_in { "built in" } else { "own" }.into(),
        ),
        ("Users", number(role.users)),
        (
            "Permissions",
            or(Some(role.permissions.to_string()), "none"),
        ),
    ]
}

fn signing(told: &Told<'_>, key: &SigningKey) -> Fields {
    vec![
        ("Key id", key.id.clone()),
        ("Algorithm", key.algorithm.clone()),
        (
            "State",
            if key.active {
                "signs new tokens"
            } else {
                "verifies old tokens"
            }
            .into(),
        ),
        ("Created", told.time(key.created_at)),
        ("Retires", told.maybe(key.retires_at, "not while it signs")),
    ]
}

fn fields(state: &State, item: &Row) -> Fields {
    let told = Told { state };
    match item {
        Row::User(user) => self::user(&told, user),
        Row::Session(session) => self::session(&told, session),
        Row::Key(key) => self::key(&told, key),
        Row::Client(client) => self::client(&told, client),
        Row::Event(event) => self::event(state, event),
        Row::Role(role) => self::role(role),
        Row::Signing(key) => self::signing(&told, key),
        Row::Block(block) => vec![
            ("Network", block.network.clone()),
            ("Reason", block.reason.clone()),
            ("Until", told.time(block.until)),
            ("Blocked", told.time(block.created_at)),
            ("By", told.named(&block.created_by)),
            ("Id", block.id.to_string()),
        ],
        Row::Profile(profile) => {
            vec![("Name", profile.name.clone()), ("URL", profile.url.clone())]
        }
    }
}
