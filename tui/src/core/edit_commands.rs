//! Commands from edit forms: their description and their undo.

use doorward_shared::admin::{AdminKey, Client, Role, User};

use super::{
    confirm::Confirm,
    form::{Form, Submission},
    forms::{REQUIRED, VERIFIED, names},
    submission::{optional, words},
};
use crate::command::{
    ApiKeys, Clients, Command, PutArgs, Roles, Update, UpdateClient, UpdateKey, Users,
};

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

/// What was typed over another text, with a line that says so.
fn retyped(form: &Form, field: &str, before: &str, lines: &mut Vec<String>) -> Option<String> {
    let after = form.get(field).trim();
    (after != before).then(|| {
        lines.push(format!("{field}  {before} -> {after}"));
        after.to_owned()
    })
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

pub(super) fn edited_user(form: &Form, user: &User) -> Submission {
    let mut patch = Update {
        user: user.id.to_string(),
        ..Update::default()
    };
    let mut lines = Vec::new();
    patch.email = retyped(form, "email", &user.email, &mut lines);
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
    let groups = words(form.get("groups"));
    let changed = difference("groups:", &user.groups, &groups);
    if !changed.is_empty() {
        lines.extend(changed);
        patch = patch.in_groups(Some(groups));
    }
    let verified = form.get("emailVerified");
    if (verified == VERIFIED) != user.email_verified {
        lines.push(format!("address  {verified}"));
        patch.email_verified = Some(verified == VERIFIED);
    }
    let back = user_as_before(&patch, user);
    ask(
        format!("Change {}?", user.email),
        Command::Users(Users::Update(patch)),
        lines,
        Some(Command::Users(Users::Update(back))),
    )
}

/// The change that takes another one of a user back.
fn user_as_before(patch: &Update, user: &User) -> Update {
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let back = Update {
        user: patch.user.clone(),
        email_verified: patch.email_verified.map(|_| user.email_verified),
        email: patch.email.as_ref().map(|_| user.email.clone()),
        first_name: patch.first_name.as_ref().map(|_| name(&user.first_name)),
        last_name: patch.last_name.as_ref().map(|_| name(&user.last_name)),
        role: patch.role.as_ref().map(|_| user.role.clone()),
        ..Update::default()
    };
    let touched = patch.permissions.is_some() || patch.no_permissions;
    let back = back.permitting(touched.then(|| names(&user.permissions)));
    let regrouped = patch.groups.is_some() || patch.no_groups;
    back.in_groups(regrouped.then(|| user.groups.clone()))
}

pub(super) fn edited_key(form: &Form, key: &AdminKey) -> Submission {
    let id = key.id.to_string();
    let mut patch = UpdateKey {
        id: id.clone(),
        ..UpdateKey::default()
    };
    let mut lines = Vec::new();
    patch.name = retyped(form, "name", &key.name, &mut lines);
    let scopes = form.chosen("scopes").to_vec();
    let changed = difference("the key", &names(&key.scopes), &scopes);
    if !changed.is_empty() {
        lines.extend(changed);
        lines.push("A removed scope cannot be added to this key again.".into());
        patch.scopes = Some(scopes);
    }
    // A name can be given back; scopes that are gone cannot.
    let back = UpdateKey {
        id,
        name: Some(key.name.clone()),
        ..UpdateKey::default()
    };
    let undo = patch.scopes.is_none().then_some(back);
    ask(
        format!("Change the key {}?", key.name),
        Command::Apikeys(ApiKeys::Update(patch)),
        lines,
        undo.map(|back| Command::Apikeys(ApiKeys::Update(back))),
    )
}

pub(super) fn edited_client(form: &Form, client: &Client) -> Submission {
    let mut patch = UpdateClient {
        id: client.id.to_string(),
        ..UpdateClient::default()
    };
    let mut lines = Vec::new();
    patch.name = retyped(form, "name", &client.name, &mut lines);
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
    let back = client_as_before(&patch, client);
    ask(
        format!("Change the client {}?", client.name),
        Command::Clients(Clients::Update(patch)),
        lines,
        Some(Command::Clients(Clients::Update(back))),
    )
}

/// The change that takes another one of a client back.
fn client_as_before(patch: &UpdateClient, client: &Client) -> UpdateClient {
    let list = |new: &Option<Vec<String>>, before: &[String]| new.as_ref().map(|_| before.to_vec());
    let back = UpdateClient {
        id: patch.id.clone(),
        name: patch.name.as_ref().map(|_| client.name.clone()),
        redirect_uris: list(&patch.redirect_uris, &client.redirect_uris),
        grant_types: list(&patch.grant_types, &client.grant_types),
        scopes: patch.scopes.as_ref().map(|_| names(&client.scopes)),
        resources: list(&patch.resources, &client.resources),
        ..UpdateClient::default()
    };
    if patch.require_pkce.is_some() || patch.no_require_pkce {
        back.requiring_pkce(client.require_pkce)
    } else {
        back
    }
}

pub(super) fn put_role(name: &str, form: &Form, before: Option<&Role>) -> Submission {
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
        Some(_) => Command::Roles(Roles::Put(PutArgs {
            name: name.to_owned(),
            permissions: had,
        })),
        None => Command::Roles(Roles::Delete {
            names: vec![name.to_owned()],
        }),
    };
    let change = Command::Roles(Roles::Put(PutArgs {
        name: name.to_owned(),
        permissions,
    }));
    ask(title, change, lines, Some(undo))
}
