//! The form for what a client may know and do, and what it comes to.

use doorward_shared::admin::Client;

use super::{
    confirm::Confirm,
    field::Field,
    form::{Form, Purpose, Submission},
    submission::words,
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

fn key_set(client: &Client) -> String {
    client
        .jwks
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

impl Form {
    pub(crate) fn client_policy(client: &Client) -> Self {
        let purpose = Purpose::ClientPolicy(Box::new(client.clone()));
        let list = |values: &[String]| values.join(" ");
        let uri = "https://…; empty: none";
        let mut fields = vec![
            choice(
                "unverifiedEmail",
                "New addresses",
                &["withhold", "send"],
                &client.unverified_email,
            ),
            Field::text(
                "allowedGroups",
                "Only groups",
                "whose members may sign in, spaces between; empty: everybody",
                &list(&client.allowed_groups),
            ),
            yes_no("skipConsent", "First party", client.skip_consent),
            yes_no("idTokenClaims", "ID token full", client.id_token_claims),
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
                &key_set(client),
            ),
            Field::text("logoUri", "Logo", uri, text(&client.logo_uri)),
            Field::text("clientUri", "Home page", uri, text(&client.client_uri)),
        ];
        for (name, hint) in [
            (
                "unverifiedEmail",
                "whether it is told addresses that are not verified",
            ),
            (
                "skipConsent",
                "a first-party application asks nobody for consent",
            ),
            (
                "idTokenClaims",
                "whether ID tokens hold claims, as userinfo does",
            ),
        ] {
            for field in fields.iter_mut().filter(|field| field.name == name) {
                field.hint = hint;
            }
        }
        if client.confidential {
            let mut field = yes_no("resourceServer", "Is an API", client.resource_server);
            field.hint = "it may ask about every access token and API key";
            fields.push(field);
        }
        Self::new(
            format!("What {} may know and do", client.name),
            purpose,
            "Review",
            fields,
        )
    }
}

/// A change and its way back, as they are found field by field.
struct Change<'a> {
    form: &'a Form,
    lines: Vec<String>,
}

impl Change<'_> {
    fn line(&mut self, name: &str, before: &str, after: &str) {
        let label = self.form.fields.iter().find(|field| field.name == name);
        let label = label.map_or(name, |field| field.label);
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

/// The change of a client's policy that a filled form asks for.
///
/// # Errors
/// The field that is wrong, and why.
pub(super) fn edited_policy(
    form: &Form,
    client: &Client,
) -> Result<Submission, (&'static str, String)> {
    let mut change = Change {
        form,
        lines: Vec::new(),
    };
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
    let method = client.token_endpoint_auth_method.clone();
    let cleared = |text: String| if text == ANY { String::new() } else { text };
    let (after, before) = change.text(
        "tokenEndpointAuthMethod",
        &Some(method.unwrap_or(ANY.into())),
    );
    (
        new.token_endpoint_auth_method,
        old.token_endpoint_auth_method,
    ) = (after.map(cleared), before.map(cleared));
    (new.jwks_uri, old.jwks_uri) = change.text("jwksUri", &client.jwks_uri);
    let (after, before) = change.text("jwks", &client.jwks.as_ref().map(ToString::to_string));
    let parsed = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(Some(serde_json::Value::Null)),
        Some(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| ("jwks", "must be a JWK set: {\"keys\": […]}".to_owned())),
    };
    (new.jwks, old.jwks) = (parsed(after)?, parsed(before)?);
    (new.logo_uri, old.logo_uri) = change.text("logoUri", &client.logo_uri);
    (new.client_uri, old.client_uri) = change.text("clientUri", &client.client_uri);
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
    let mut confirm = Confirm::new(title, "Change", update(new, api));
    confirm.lines = change.lines;
    Ok(Submission::Ask(Box::new(
        confirm.undone_by(update(old, was_api)),
    )))
}
