//! The form for what a client may know and do, and what it comes to.

use doorward_shared::admin::Client;

use super::{
    confirm::Confirm,
    field::Field,
    form::{Form, Purpose, Submission},
    submission::{FieldError, words},
};
use crate::command::{ClientPolicyArgs, Clients, Command, UpdateClient};

const YES: &str = "yes";
const NO: &str = "no";
/// Any way of authentication that the client can do.
const ANY: &str = "any";
const METHODS: [&str; 5] = [
    ANY,
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
];

fn choice(name: &'static str, label: &'static str, options: &[&str], now: &str) -> Field {
    let at = options.iter().position(|option| *option == now);
    let options = options.iter().map(ToString::to_string).collect();
    Field::choice(name, label, options, at.unwrap_or_default())
}

fn yes_no(name: &'static str, label: &'static str, now: bool) -> Field {
    choice(name, label, &[YES, NO], if now { YES } else { NO })
}

fn text(now: &Option<String>) -> &str {
    now.as_deref().unwrap_or_default()
}

fn key_set(client: &Client) -> Option<String> {
    client.jwks.as_ref().map(ToString::to_string)
}

fn hinted(mut field: Field, hint: &'static str) -> Field {
    field.hint = hint;
    field
}

fn list(values: &[String]) -> String {
    values.join(" ")
}

/// Whom it may let in, and what it learns of them.
fn about_people(client: &Client) -> Vec<Field> {
    vec![
        hinted(
            choice(
                "unverifiedEmail",
                "New addresses",
                &["withhold", "send"],
                &client.unverified_email,
            ),
            "whether it is told addresses that are not verified",
        ),
        Field::text(
            "allowedGroups",
            "Only groups",
            "whose members may sign in, spaces between; empty: everybody",
            &list(&client.allowed_groups),
        ),
        hinted(
            yes_no("skipConsent", "First party", client.skip_consent),
            "a first-party application asks nobody for consent",
        ),
        hinted(
            yes_no("idTokenClaims", "ID token full", client.id_token_claims),
            "whether ID tokens hold claims, as userinfo does",
        ),
    ]
}

/// Where people go after signing out, whom its tokens are for, and how it is told of ended sessions.
fn about_sessions(client: &Client) -> Vec<Field> {
    vec![
        Field::text(
            "postLogoutRedirectUris",
            "After logout",
            "where sign-out may send people, spaces between",
            &list(&client.post_logout_redirect_uris),
        ),
        Field::text(
            "defaultResource",
            "Audience",
            "of tokens whose request names none",
            text(&client.default_resource),
        ),
        Field::text(
            "backchannelLogoutUri",
            "Logout URI",
            "told when a session ends: https://…",
            text(&client.backchannel_logout_uri),
        ),
        yes_no(
            "backchannelLogoutSessionRequired",
            "Logout sid",
            client.backchannel_logout_session_required,
        ),
    ]
}

/// How it authenticates, and what people see of it.
fn about_itself(client: &Client) -> Vec<Field> {
    let uri = "https://…; empty: none";
    let mut fields = vec![
        choice(
            "tokenEndpointAuthMethod",
            "Authenticates",
            &METHODS,
            client.token_endpoint_auth_method.as_deref().unwrap_or(ANY),
        ),
        Field::text("jwksUri", "Key set at", uri, text(&client.jwks_uri)),
        Field::text(
            "jwks",
            "Key set",
            "a JWK set; empty: none",
            &key_set(client).unwrap_or_default(),
        ),
        Field::text("logoUri", "Logo", uri, text(&client.logo_uri)),
        Field::text("clientUri", "Home page", uri, text(&client.client_uri)),
    ];
    if client.confidential {
        fields.push(hinted(
            yes_no("resourceServer", "Is an API", client.resource_server),
            "it may ask about every access token and API key",
        ));
    }
    fields
}

impl Form {
    pub(crate) fn client_policy(client: &Client) -> Self {
        let parts = [
            about_people(client),
            about_sessions(client),
            about_itself(client),
        ];
        Self::new(
            format!("What {} may know and do", client.name),
            Purpose::ClientPolicy(Box::new(client.clone())),
            "Review",
            parts.concat(),
        )
    }
}

/// A change and its way back, as they are found field by field.
struct Change<'a> {
    form: &'a Form,
    lines: Vec<String>,
}

impl Change<'_> {
    fn line(&mut self, name: &'static str, before: &str, after: &str) {
        let label = self.form.label(name);
        let shown = |text: &str| if text.is_empty() { "(none)" } else { text }.to_owned();
        self.lines
            .push(format!("{label}  {} -> {}", shown(before), shown(after)));
    }

    /// A text that has changed, and what it was. Empty clears it.
    fn text(
        &mut self,
        name: &'static str,
        before: &Option<String>,
    ) -> (Option<String>, Option<String>) {
        let (before, after) = (text(before), self.form.get(name).trim());
        if before == after {
            return (None, None);
        }
        self.line(name, before, after);
        (Some(after.to_owned()), Some(before.to_owned()))
    }

    fn list(
        &mut self,
        name: &'static str,
        before: &[String],
    ) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let after = words(self.form.get(name));
        if before == after {
            return (None, None);
        }
        self.line(name, &before.join(" "), &after.join(" "));
        (Some(after), Some(before.to_vec()))
    }

    fn flag(&mut self, name: &'static str, before: bool) -> (Option<bool>, Option<bool>) {
        let given = self.form.get(name);
        let after = given == YES;
        if given.is_empty() || after == before {
            return (None, None);
        }
        let word = |yes| if yes { YES } else { NO };
        self.line(name, word(before), word(after));
        (Some(after), Some(before))
    }

    /// How it authenticates: any way, where it names none.
    fn method(&mut self, client: &Client) -> (Option<String>, Option<String>) {
        let method = client.token_endpoint_auth_method.clone();
        let (after, before) = self.text(
            "tokenEndpointAuthMethod",
            &Some(method.unwrap_or(ANY.into())),
        );
        let cleared = |text: String| if text == ANY { String::new() } else { text };
        (after.map(cleared), before.map(cleared))
    }
}

/// A policy as it is to be, and as it was, where the two differ.
struct PolicyChange {
    new: ClientPolicyArgs,
    old: ClientPolicyArgs,
}

/// An empty list is a flag of its own on the command line.
fn lists(mut policy: ClientPolicyArgs) -> ClientPolicyArgs {
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
    if is_empty(&policy.allowed_groups) {
        (policy.allowed_groups, policy.no_allowed_groups) = (None, true);
    }
    if is_empty(&policy.post_logout_redirect_uris) {
        policy.post_logout_redirect_uris = None;
        policy.no_post_logout_redirect_uris = true;
    }
    policy
}

/// What a key set in JSON is; an empty one is taken away.
fn parsed_key_set(text: Option<String>) -> Result<Option<serde_json::Value>, FieldError> {
    match text.as_deref() {
        None => Ok(None),
        Some("") => Ok(Some(serde_json::Value::Null)),
        Some(text) => serde_json::from_str(text)
            .map(Some)
            .map_err(|_| ("jwks", "must be a JWK set: {\"keys\": […]}".to_owned())),
    }
}

/// What changes of a policy, and what it was; the lines about it are kept in `change`.
fn changed_policy(change: &mut Change<'_>, client: &Client) -> Result<PolicyChange, FieldError> {
    let (mut new, mut old) = (ClientPolicyArgs::default(), ClientPolicyArgs::default());
    let sends = Some(client.unverified_email.clone());
    (new.unverified_email, old.unverified_email) = change.text("unverifiedEmail", &sends);
    (new.allowed_groups, old.allowed_groups) = change.list("allowedGroups", &client.allowed_groups);
    (new.skip_consent, old.skip_consent) = change.flag("skipConsent", client.skip_consent);
    (new.id_token_claims, old.id_token_claims) =
        change.flag("idTokenClaims", client.id_token_claims);
    (new.post_logout_redirect_uris, old.post_logout_redirect_uris) =
        change.list("postLogoutRedirectUris", &client.post_logout_redirect_uris);
    (new.default_resource, old.default_resource) =
        change.text("defaultResource", &client.default_resource);
    (new.backchannel_logout_uri, old.backchannel_logout_uri) =
        change.text("backchannelLogoutUri", &client.backchannel_logout_uri);
    (
        new.backchannel_logout_session_required,
        old.backchannel_logout_session_required,
    ) = change.flag(
        "backchannelLogoutSessionRequired",
        client.backchannel_logout_session_required,
    );
    (
        new.token_endpoint_auth_method,
        old.token_endpoint_auth_method,
    ) = change.method(client);
    (new.jwks_uri, old.jwks_uri) = change.text("jwksUri", &client.jwks_uri);
    let (after, before) = change.text("jwks", &key_set(client));
    (new.jwks, old.jwks) = (parsed_key_set(after)?, parsed_key_set(before)?);
    (new.logo_uri, old.logo_uri) = change.text("logoUri", &client.logo_uri);
    (new.client_uri, old.client_uri) = change.text("clientUri", &client.client_uri);
    Ok(PolicyChange { new, old })
}

/// The change of a client's policy that a filled form asks for.
///
/// # Errors
/// The field that is wrong, and why.
pub(super) fn edited_policy(form: &Form, client: &Client) -> Result<Submission, FieldError> {
    let mut change = Change {
        form,
        lines: Vec::new(),
    };
    let policy = changed_policy(&mut change, client)?;
    let (api, was_api) = change.flag("resourceServer", client.resource_server);
    if change.lines.is_empty() {
        return Ok(Submission::Nothing);
    }
    let update = |policy, resource_server| {
        Command::Clients(Clients::Update(UpdateClient {
            id: client.id.to_string(),
            resource_server,
            policy: Box::new(lists(policy)),
            ..UpdateClient::default()
        }))
    };
    let title = format!("Change what {} may know and do?", client.name);
    let mut confirm = Confirm::new(title, "Change", update(policy.new, api));
    confirm.lines = change.lines;
    Ok(Submission::Ask(Box::new(
        confirm.undone_by(update(policy.old, was_api)),
    )))
}
