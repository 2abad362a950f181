//! On what terms a key may be used: at mint and by PATCH, on either door.

use doorward_tests::{Person, Reply, Server};
use serde_json::{Value, json};

fn terms() -> Value {
    json!({
        "rateLimit": {"limit": 100, "windowSeconds": 60},
        "quota": {"limit": 1000, "period": "month"},
        "allowedIps": ["10.0.0.0/8", "::ffff:192.0.2.1", "2001:db8::/32"],
        "metadata": {"plan": "pro", "seats": [1, 2.5, null]},
        "enabled": false,
    })
}

fn shown(row: &Value) -> Value {
    json!({
        "rateLimit": row["rateLimit"], "quota": row["quota"], "allowedIps": row["allowedIps"],
        "metadata": row["metadata"], "enabled": row["enabled"],
    })
}

fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn mint(server: &Server, person: &Person, more: &Value) -> Reply {
    let body = with(json!({"name": "k", "scopes": ["read"]}), more);
    let call = server.post("/apikey").bearer(&person.access).json(body);
    call.send().await
}

async fn patch(server: &Server, token: &str, key: &Value, body: Value) -> Reply {
    let path = format!("/apikey/{}", key["id"].as_str().unwrap());
    server.patch(&path).bearer(token).json(body).send().await
}

async fn row(server: &Server, person: &Person, key: &Value) -> Value {
    let path = format!("/apikey/{}", key["id"].as_str().unwrap());
    let call = server.get(&path).bearer(&person.access);
    call.send().await.expect(200).json()
}

#[tokio::test]
async fn terms_are_kept_shown_and_written_down_as_changes() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let plain = mint(&server, &ada, &json!({})).await.expect(201).json();
    let bare = json!({"rateLimit": null, "quota": null, "allowedIps": [], "metadata": null, "enabled": true});
    assert_eq!(shown(&row(&server, &ada, &plain).await), bare);

    let mut wanted = terms();
    let minted = mint(&server, &ada, &wanted).await.expect(201).json();
    wanted["allowedIps"] = json!(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]);
    assert_eq!(shown(&row(&server, &ada, &minted).await), wanted);
    let path = format!("/admin/apikeys/{}", minted["id"].as_str().unwrap());
    let admins = server.admin("GET", &path, None).await;
    assert_eq!(shown(&admins), wanted);
    assert_eq!(admins["state"], "disabled");

    // What is not named stays; null and [] take off.
    let less = json!({"rateLimit": null, "allowedIps": []});
    let changed = patch(&server, &ada.access, &minted, less)
        .await
        .expect(200)
        .json();
    assert_eq!(changed["rateLimit"], Value::Null);
    assert_eq!(changed["allowedIps"], json!([]));
    assert_eq!(changed["quota"], wanted["quota"]);
    assert_eq!(changed["metadata"], wanted["metadata"]);
    let rest = json!({"quota": null, "allowedIps": null, "metadata": null, "enabled": true});
    let changed = patch(&server, &ada.access, &minted, rest.clone())
        .await
        .expect(200);
    assert_eq!(shown(&changed.json()), bare);

    let path = format!(
        "/admin/events?action=apikey.updated&target={}",
        minted["id"].as_str().unwrap()
    );
    let events = server.admin("GET", &path, None).await;
    assert_eq!(events["pagination"]["total"], 2);
    let changes = &events["data"][1]["changes"];
    assert_eq!(changes["rateLimit"], json!(["100/60s", null]), "{events}");
    assert_eq!(changes["allowedIps"][1], json!([]));
    let changes = &events["data"][0]["changes"];
    assert_eq!(changes["quota"], json!(["1000/month", null]));
    assert_eq!(changes["enabled"], json!([false, true]));
    assert_eq!(
        changes["metadata"][0],
        r#"{"plan":"pro","seats":[1,2.5,null]}"#
    );
    // Nothing changes, nothing is written.
    patch(&server, &ada.access, &minted, rest).await.expect(200);
    let events = server.admin("GET", &path, None).await;
    assert_eq!(events["pagination"]["total"], 2);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_field_at_mint_and_at_patch() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let good = mint(&server, &ada, &json!({})).await.expect(201).json();
    let long = "x".repeat(4089);
    let many: Vec<_> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
    let refused = [
        (
            json!({"rateLimit": {"limit": 0, "windowSeconds": 60}}),
            "rateLimit",
        ),
        (
            json!({"rateLimit": {"limit": 1, "windowSeconds": 0}}),
            "rateLimit",
        ),
        (
            json!({"rateLimit": {"limit": -1, "windowSeconds": 60}}),
            "rateLimit",
        ),
        (
            json!({"rateLimit": {"limit": 1, "windowSeconds": 2_678_401}}),
            "rateLimit",
        ),
        (
            json!({"rateLimit": {"limit": 1_000_000_001, "windowSeconds": 1}}),
            "rateLimit",
        ),
        (
            json!({"rateLimit": {"limit": 1.5, "windowSeconds": 60}}),
            "rateLimit",
        ),
        (json!({"quota": {"limit": 0, "period": "day"}}), "quota"),
        (json!({"quota": {"limit": 1, "period": "week"}}), "quota"),
        (
            json!({"quota": {"limit": 1_u64 << 53, "period": "day"}}),
            "quota",
        ),
        (json!({"allowedIps": ["10.0.0.0/33"]}), "allowedIps"),
        (
            json!({"allowedIps": ["10.0.0.1", "example.com"]}),
            "allowedIps",
        ),
        (json!({"allowedIps": [""]}), "allowedIps"),
        (json!({"allowedIps": many}), "allowedIps"),
        (json!({"metadata": {"a": long}}), "metadata"),
    ];
    let malformed = [
        (json!({"rateLimit": 5}), "rateLimit"),
        (
            json!({"rateLimit": {"limit": "1", "windowSeconds": 60}}),
            "rateLimit",
        ),
        (json!({"rateLimit": [5, 60]}), "rateLimit"),
        (json!({"quota": [5, "day"]}), "quota"),
        (json!({"rateLimit": {"limit": 1}}), "windowSeconds"),
        (
            json!({"rateLimit": {"limit": 1, "windowSeconds": 1, "burst": 2}}),
            "burst",
        ),
        (json!({"quota": {"limit": 1, "period": 7}}), "quota"),
        (json!({"quota": {"limit": 1}}), "period"),
        (json!({"allowedIps": "10.0.0.1"}), "allowedIps"),
        (json!({"allowedIps": [1]}), "allowedIps"),
        (json!({"metadata": []}), "metadata"),
        (json!({"metadata": "{}"}), "metadata"),
        (json!({"enabled": "yes"}), "enabled"),
        (json!({"rate_limit": null}), "rate_limit"),
        (json!({"disabled": true}), "disabled"),
    ];
    let cases = refused.iter().map(|case| (case, 422, "validation_failed"));
    let cases = cases.chain(malformed.iter().map(|case| (case, 400, "invalid_request")));
    for ((body, field), status, code) in cases {
        mint(&server, &ada, body)
            .await
            .refused_at(status, code, field);
        let patched = patch(&server, &ada.access, &good, body.clone()).await;
        patched.refused_at(status, code, field);
        let mut admin = with(json!({"name": "k", "scopes": ["read"]}), body);
        admin["ownerId"] = json!(ada.id);
        let call = server.post("/admin/apikeys").bearer(&server.operator_key());
        call.json(admin)
            .send()
            .await
            .refused_at(status, code, field);
    }
    let twice = r#"{"name":"k","scopes":["read"],"metadata":{"a":{"b":1,"b":2}}}"#;
    let call = server.post("/apikey").bearer(&ada.access);
    let call = call.body("application/json", twice);
    call.send().await.refused_at(400, "invalid_request", "b");
    let list = server.get("/apikey").bearer(&ada.access).send().await;
    assert_eq!(list.json()["pagination"]["total"], 1);
}

/// Someone whose key holds more than they may give now, so that they may change it but not mint it.
async fn outgrown(server: &Server, terms: &Value) -> (Person, Value) {
    let chief = server.administrator("chief@example.com").await;
    let body = json!({"name": "k", "scopes": ["read", "admin:users:read"]});
    let call = server.post("/apikey").bearer(&chief.access);
    let minted = call.json(with(body, terms)).send().await.expect(201).json();
    let path = format!("/admin/users/{}", chief.id);
    server.administrator("other@example.com").await;
    let less = json!({"role": "customer"});
    server.admin("PATCH", &path, Some(less)).await;
    (server.login("chief@example.com").await, minted)
}

#[tokio::test]
async fn growth_needs_what_minting_needs() {
    let server = Server::start();
    let terms = json!({
        "rateLimit": {"limit": 100, "windowSeconds": 60}, "quota": {"limit": 10, "period": "month"},
        "allowedIps": ["10.0.0.0/8"], "enabled": false,
    });
    let (chief, minted) = outgrown(&server, &terms).await;
    for growth in [
        json!({"rateLimit": null}),
        json!({"rateLimit": {"limit": 101, "windowSeconds": 60}}),
        json!({"rateLimit": {"limit": 100, "windowSeconds": 59}}),
        json!({"quota": null}),
        json!({"quota": {"limit": 11, "period": "month"}}),
        json!({"quota": {"limit": 10, "period": "day"}}),
        json!({"allowedIps": []}),
        json!({"allowedIps": null}),
        json!({"allowedIps": ["10.0.0.0/7"]}),
        json!({"allowedIps": ["10.0.0.0/8", "192.0.2.1"]}),
        json!({"enabled": true}),
        // What takes does not carry what gives.
        json!({"rateLimit": {"limit": 1, "windowSeconds": 60}, "quota": null}),
    ] {
        let refused = patch(&server, &chief.access, &minted, growth.clone()).await;
        refused.refused(403, "insufficient_scope");
        assert!(refused.text().contains("admin:users:read"), "{growth}");
    }
    assert_eq!(
        row(&server, &chief, &minted).await["rateLimit"],
        terms["rateLimit"]
    );
    let less = json!({
        "rateLimit": {"limit": 99, "windowSeconds": 61}, "quota": {"limit": 9, "period": "month"},
        "allowedIps": ["10.1.0.0/16"], "metadata": {"a": 1}, "name": "n",
    });
    patch(&server, &chief.access, &minted, less)
        .await
        .expect(200);
    // Judged by the scopes that it has afterwards.
    let shrunk = json!({"scopes": ["read"], "rateLimit": null});
    let changed = patch(&server, &chief.access, &minted, shrunk)
        .await
        .expect(200);
    assert_eq!(changed.json()["rateLimit"], Value::Null);

    // The operators' door asks the same: whoever may not give the scopes may not loosen.
    let minted = server.admin("POST", "/admin/apikeys", Some(json!({
        "name": "k", "scopes": ["admin:users"], "rateLimit": {"limit": 1, "windowSeconds": 1},
    }))).await;
    let weak = server.key(&["admin:apikeys"]).await;
    let path = format!("/admin/apikeys/{}", minted["id"].as_str().unwrap());
    let call = |body: Value| server.patch(&path).bearer(&weak).json(body).send();
    call(json!({"rateLimit": null}))
        .await
        .refused(403, "insufficient_scope");
    call(json!({"enabled": false})).await.expect(200);
    call(json!({"enabled": true}))
        .await
        .refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_rotated_key_keeps_its_terms() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let mut wanted = terms();
    wanted["allowedIps"] = json!(["10.0.0.0/8"]);
    let minted = mint(&server, &ada, &wanted).await.expect(201).json();
    let path = format!("/apikey/{}/rotate", minted["id"].as_str().unwrap());
    let rotated = server.post(&path).bearer(&ada.access).send().await;
    let rotated = rotated.expect(201).json();
    assert_eq!(shown(&row(&server, &ada, &rotated).await), wanted);
}

#[tokio::test]
async fn limits_hold_where_a_key_is_used_at_doorward_itself() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .start();
    let ada = server.register("ada@example.com").await;
    let me = |key: Value, ip: &'static str| {
        let call = server.get("/auth/me").bearer(key["key"].as_str().unwrap());
        call.header("x-forwarded-for", ip).send()
    };
    let limits = json!({"rateLimit": {"limit": 2, "windowSeconds": 3600}});
    let rated = mint(&server, &ada, &limits).await.expect(201).json();
    // What its scopes do not reach is not paid for, nor does it wait for a limit.
    let beyond = || {
        let call = server.get("/admin/users");
        call.bearer(rated["key"].as_str().unwrap()).send()
    };
    let refused = beyond().await;
    refused.refused(403, "insufficient_scope");
    let told = refused.json()["error"]["message"].to_string();
    assert!(told.contains("admin:users:read"), "{told}");
    let secret = rated["key"].as_str().unwrap();
    let asking = json!({"key": "sk_live_x"});
    for call in [
        server.get("/auth/check?scope=admin:users"),
        server.get("/auth/check?scope=read+admin:users"),
        server.get("/apikey"),
        server.get("/oauth/userinfo"),
        server.post("/apikey/verify").json(asking),
        server.post("/oauth/introspect").form(&[("token", "x")]),
    ] {
        call.bearer(secret).send().await.expect(403);
    }
    for _ in 0..2 {
        me(rated.clone(), "192.0.2.1").await.expect(200);
    }
    beyond().await.refused(403, "insufficient_scope");
    let refused = me(rated.clone(), "192.0.2.1").await;
    refused.refused(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");

    let limits = json!({"quota": {"limit": 1, "period": "month"}});
    let counted = mint(&server, &ada, &limits).await.expect(201).json();
    me(counted.clone(), "192.0.2.1").await.expect(200);
    let refused = me(counted.clone(), "192.0.2.1").await;
    refused.refused(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=31 * 86_400).contains(&wait), "{wait}");

    let limits = json!({"allowedIps": ["192.0.2.0/24"]});
    let bound = mint(&server, &ada, &limits).await.expect(201).json();
    me(bound.clone(), "192.0.2.200").await.expect(200);
    me(bound.clone(), "::ffff:192.0.2.200").await.expect(200);
    let refused = me(bound.clone(), "192.0.3.1").await;
    refused.refused(403, "insufficient_scope");
    assert!(refused.text().contains("address"), "{}", refused.text());

    let off = json!({"enabled": false});
    patch(&server, &ada.access, &bound, off).await.expect(200);
    me(bound.clone(), "192.0.2.200")
        .await
        .refused(401, "token_revoked");
    let on = json!({"enabled": true});
    patch(&server, &ada.access, &bound, on).await.expect(200);
    me(bound, "192.0.2.200").await.expect(200);
}
