//! Every route of the API description: the credentials it requires, and that lesser ones are refused.

use doorward_shared::scope::ADMIN_SCOPES;
use doorward_tests::{Call, PASSWORD, Server, eventually};
use serde_json::{Value, json};

/// An operation of `/openapi.json`.
#[derive(Debug)]
struct Route {
    method: String,
    /// With an id of nothing in each place.
    path: String,
    /// As it is described.
    name: String,
    /// The scope that its bearer needs.
    scope: Option<String>,
    description: String,
    /// Codes of its errors, by status.
    codes: Value,
}

impl Route {
    fn call(&self, server: &Server) -> Call {
        server.call(&self.method, &self.path)
    }

    fn is_change(&self) -> bool {
        self.method != "GET"
    }

    fn describes(&self, status: &str, code: &str) -> bool {
        let text = self.codes[status]["description"].as_str();
        text.unwrap_or_default()
            .split(", ")
            .any(|have| have == code)
    }
}

/// Every door, from the description alone.
async fn doors(server: &Server) -> Vec<Route> {
    let description = server.get("/openapi.json").send().await.expect(200).json();
    let mut doors = Vec::new();
    for (name, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(needs) = operation["security"][0].get("bearer") else {
                continue;
            };
            doors.push(Route {
                method: method.to_uppercase(),
                path: name
                    .replace("{id}", "none")
                    .replace("{name}", "none")
                    .replace("{kid}", "none"),
                name: format!("{} {name}", method.to_uppercase()),
                scope: needs[0].as_str().map(str::to_owned),
                description: operation["description"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                codes: operation["responses"].clone(),
            });
        }
    }
    assert!(doors.len() > 40, "{doors:?}");
    doors
}

fn is_operators(door: &Route) -> bool {
    door.name.contains(" /admin/") && door.scope.is_some()
}

/// What stands beside a scope: all others of Doorward's own, whole and by half, and one that only begins alike.
fn all_but(scope: &str) -> Vec<String> {
    let (whole, half) = (
        scope.strip_suffix(":read").unwrap_or(scope),
        scope.ends_with(":read"),
    );
    let mut others = vec!["read".into(), "write".into(), format!("{whole}x")];
    for other in ADMIN_SCOPES.iter().filter(|other| **other != whole) {
        others.push((*other).to_owned());
    }
    if !half {
        others.push(format!("{whole}:read"));
    }
    others
}

#[tokio::test]
async fn every_door_of_operators_asks_for_its_scope_and_every_door_for_a_credential() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let customer = server.register("ada@example.com").await;
    let app = server.client(&["read"]).await;
    let client = server.client_token(&app).await;
    let mut operators = 0;
    for door in doors(&server).await {
        let what = &door.name;
        let anonymous = door.call(&server).send().await;
        assert_eq!(anonymous.status, 401, "{what}: {}", anonymous.text());
        let nonsense = door.call(&server).bearer("nonsense").send().await;
        assert_eq!(nonsense.status, 401, "{what}: {}", nonsense.text());
        let Some(scope) = door.scope.as_deref().filter(|_| is_operators(&door)) else {
            continue;
        };
        operators += 1;
        let scopes = all_but(scope);
        let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
        let others = server.key(&scopes).await;
        for (token, whose) in [
            (&others, "all other scopes"),
            (&customer.access, "a customer's"),
            (&client, "a client's"),
        ] {
            let refused = door.call(&server).bearer(token).send().await;
            assert_eq!(
                refused.status,
                403,
                "{what} with {whose}: {}",
                refused.text()
            );
            refused.refused(403, "insufficient_scope");
            assert!(refused.text().contains(scope), "{what}: {}", refused.text());
        }
        if what.ends_with("/stream") {
            continue;
        }
        let held = server.key(&[scope]).await;
        let mut call = door.call(&server).bearer(&held);
        if door.is_change() {
            // Nothing that would pass: who may is judged before what is asked for.
            call = call.json(json!({"nonsense": 1}));
        }
        let reply = call.send().await;
        assert!(
            ![401, 403, 500].contains(&reply.status),
            "{what}: {}",
            reply.text()
        );
    }
    assert!(operators > 30, "{operators}");
}

#[tokio::test]
async fn every_change_by_an_operator_and_no_reading_asks_for_a_recent_sign_in() {
    let server = Server::with()
        .set("step_up_seconds", 1)
        .set("signing_algorithm", "EdDSA")
        .start();
    let chief = server.administrator("chief@example.com").await;
    eventually("the sign-in becomes old", async || {
        let call = server.delete("/admin/roles/none").bearer(&chief.access);
        (call.send().await.status == 401).then_some(())
    })
    .await;
    let mut changes = 0;
    for door in doors(&server).await {
        if !is_operators(&door) || door.name.ends_with("/stream") {
            continue;
        }
        let reply = door.call(&server).bearer(&chief.access).send().await;
        if door.is_change() {
            changes += 1;
            assert_eq!(reply.status, 401, "{}: {}", door.name, reply.text());
            reply.refused(401, "step_up_required");
        } else {
            assert_ne!(reply.status, 401, "{}: {}", door.name, reply.text());
        }
        let described = door.describes("401", "step_up_required");
        assert_eq!(described, door.is_change(), "{}", door.name);
    }
    assert!(changes > 15, "{changes}");
    // Of people's own doors those where a key is made that may run the server.
    let body = json!({"name": "x", "scopes": ["admin:users:read"]});
    let mint = server.post("/apikey").bearer(&chief.access).json(body);
    mint.send().await.refused(401, "step_up_required");
    let fresh = server.login("chief@example.com").await;
    let body = json!({"name": "x", "scopes": ["admin:users:read"]});
    let made = server.post("/apikey").bearer(&fresh.access).json(body);
    let made = made.send().await.expect(201).field("id");
    let path = format!("/apikey/{made}/rotate");
    let rotate = server.post(&path).bearer(&chief.access).send().await;
    rotate.refused(401, "step_up_required");
    // And those where second factors, the password, or the address that a reset is mailed to, are changed, or the account is
    // deleted, without a factor being shown.
    let own = [
        "DELETE /auth/me",
        "POST /apikey",
        "POST /apikey/{id}/rotate",
        "POST /auth/email",
        "POST /auth/mfa/totp",
        "POST /auth/mfa/totp/confirm",
        "POST /auth/mfa/recovery-codes",
        "POST /auth/password",
        "POST /auth/passkeys",
        "POST /auth/passkeys/options",
        "DELETE /auth/passkeys/{id}",
    ];
    for door in doors(&server).await {
        if !is_operators(&door) {
            let described = door.describes("401", "step_up_required");
            let own = own.contains(&door.name.as_str());
            assert_eq!(described, own, "{}", door.name);
        }
    }
}

/// Whatever its scope: routes of people themselves take no token that an application obtained.
#[tokio::test]
async fn peoples_own_doors_take_no_clients_token() {
    let server = Server::start();
    let app = json!({"grantTypes": ["authorization_code"], "scopes": ["openid", "email", "read", "admin"]});
    let app = server.app(app).await;
    server.administrator("chief@example.com").await;
    let pairs = doorward_tests::browser::request(&app, &[("scope", "openid email read admin")]);
    let code = server.browser().code("chief@example.com", &pairs).await;
    let granted = server.redeem(&app, &code).await.expect(200);
    let granted = granted.field("access_token");
    let strong = server.client(&["admin"]).await;
    let client = server.client_token(&strong).await;
    let mut own = 0;
    for door in doors(&server).await {
        if !door
            .description
            .contains("token from login or registration")
        {
            continue;
        }
        own += 1;
        for token in [&granted, &client] {
            let call = door.call(&server).bearer(token);
            let refused = if door.is_change() {
                call.json(json!({"newPassword": PASSWORD})).send().await
            } else {
                call.send().await
            };
            assert_eq!(refused.status, 403, "{}: {}", door.name, refused.text());
            refused.refused(403, "insufficient_scope");
        }
    }
    assert!(own >= 10, "{own}");
}
