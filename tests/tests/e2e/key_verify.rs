//! `POST /apikey/verify`: validity of a key for a call.

use std::sync::Arc;

use doorward_tests::{Client, Reply, Server, eventually, fields, is_time};
use serde_json::{Value, json};

async fn resource_server(server: &Server) -> Client {
    let body =
        json!({"name": "orders API", "grantTypes": ["client_credentials"], "resourceServer": true});
    let made = server.admin("POST", "/admin/clients", Some(body)).await;
    assert_eq!(made["resourceServer"], true);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Client {
        id: text("clientId"),
        secret: text("clientSecret"),
    }
}

struct Api {
    server: Server,
    client: Client,
}

impl Api {
    async fn start() -> Self {
        let server = Server::start();
        let client = resource_server(&server).await;
        Self { server, client }
    }

    async fn verify(&self, body: Value) -> Reply {
        let call = self.server.post("/apikey/verify");
        let call = call.basic(&self.client.id, &self.client.secret);
        call.json(body).send().await
    }

    async fn told(&self, body: Value) -> Value {
        let reply = self.verify(body).await.expect(200);
        assert_eq!(reply.header("cache-control"), "no-store");
        let told = reply.json();
        assert_eq!(told["valid"], told["code"] == "valid", "{told}");
        told
    }

    async fn code(&self, body: Value) -> String {
        self.told(body).await["code"].as_str().unwrap().to_owned()
    }

    /// A key of the machine's own.
    async fn mint(&self, mut body: Value) -> Value {
        body["name"] = json!("k");
        if body["scopes"].is_null() {
            body["scopes"] = json!(["read"]);
        }
        self.server
            .admin("POST", "/admin/apikeys", Some(body))
            .await
    }

    async fn patch(&self, key: &Value, body: Value) {
        let path = format!("/admin/apikeys/{}", text(key, "id"));
        self.server.admin("PATCH", &path, Some(body)).await;
    }
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {body}"))
}

#[tokio::test]
async fn a_valid_key_tells_all_and_an_unknown_one_nothing() {
    let api = Api::start().await;
    let ada = api.server.register("ada@example.com").await;
    let key = api
        .mint(json!({
            "ownerId": ada.id, "scopes": ["read:orders"], "environment": "test", "expiresAt": "2999-01-01T00:00:00.000Z",
            "metadata": {"plan": "pro"}, "rateLimit": {"limit": 10, "windowSeconds": 60},
            "quota": {"limit": 100, "period": "day"},
        }))
        .await;
    let told = api
        .told(json!({"key": key["key"], "scopes": ["read:orders:items"], "cost": 3}))
        .await;
    assert_eq!(
        fields(&told),
        "code environment expiresAt keyId metadata name ownerId quota rateLimit scopes valid"
    );
    assert_eq!(
        (told["code"].as_str(), &told["keyId"]),
        (Some("valid"), &key["id"])
    );
    assert_eq!(told["ownerId"], *ada.id);
    assert_eq!(
        (told["name"].as_str(), told["environment"].as_str()),
        (Some("k"), Some("test"))
    );
    assert_eq!(told["scopes"], json!(["read:orders"]));
    assert_eq!(told["metadata"], json!({"plan": "pro"}));
    assert_eq!(told["expiresAt"], "2999-01-01T00:00:00.000Z");
    assert_eq!(
        told["rateLimit"],
        json!({"limit": 10, "remaining": 7, "resetSeconds": 60})
    );
    assert_eq!(
        (&told["quota"]["limit"], &told["quota"]["remaining"]),
        (&json!(100), &json!(97))
    );
    assert!(
        is_time(&told["quota"]["resetsAt"])
            && text(&told["quota"], "resetsAt").ends_with("T00:00:00.000Z")
    );

    let plain = api.mint(json!({})).await;
    let told = api.told(json!({"key": plain["key"]})).await;
    assert_eq!(fields(&told), "code environment keyId name scopes valid");
    for unknown in ["", "sk_live_x", "x", &format!("{}x", text(&plain, "key"))] {
        let told = api.told(json!({"key": unknown})).await;
        assert_eq!(told, json!({"valid": false, "code": "not_found"}));
    }
}

#[tokio::test]
async fn the_first_thing_that_is_wrong_is_told() {
    let api = Api::start().await;
    let ada = api.server.register("ada@example.com").await;
    let body = json!({
        "ownerId": ada.id, "allowedIps": ["192.0.2.0/24"],
        "rateLimit": {"limit": 1, "windowSeconds": 3600}, "quota": {"limit": 1, "period": "month"},
    });
    let key = api.mint(body).await;
    let ask = |more: Value| {
        let mut body = more;
        body["key"] = key["key"].clone();
        api.code(body)
    };
    let good = json!({"ip": "192.0.2.9", "scopes": ["read"]});
    // Each fault is beside all that come later in the order.
    let all_wrong = || json!({"ip": "198.51.100.1", "scopes": ["write"], "cost": 2});
    assert_eq!(ask(all_wrong()).await, "ip_not_allowed");
    assert_eq!(ask(json!({"scopes": ["read"]})).await, "ip_not_allowed");
    assert_eq!(
        ask(json!({"ip": "192.0.2.1", "scopes": ["read", "write"], "cost": 2})).await,
        "insufficient_scope"
    );
    assert_eq!(
        ask(json!({"ip": "192.0.2.1", "cost": 2})).await,
        "rate_limited"
    );
    api.patch(
        &key,
        json!({"rateLimit": {"limit": 2, "windowSeconds": 3600}}),
    )
    .await;
    assert_eq!(
        ask(json!({"ip": "192.0.2.1", "cost": 2})).await,
        "quota_exceeded"
    );
    // Nothing of all that has spent anything.
    assert_eq!(
        ask(json!({"ip": "::ffff:192.0.2.9", "scopes": ["read"]})).await,
        "valid"
    );
    assert_eq!(ask(good.clone()).await, "quota_exceeded");

    api.patch(&key, json!({"enabled": false})).await;
    assert_eq!(ask(all_wrong()).await, "disabled");
    api.patch(&key, json!({"enabled": true})).await;
    let account = format!("/admin/users/{}", ada.id);
    api.server
        .admin("PATCH", &account, Some(json!({"disabled": true})))
        .await;
    assert_eq!(ask(all_wrong()).await, "disabled");
    api.server
        .admin("PATCH", &account, Some(json!({"disabled": false})))
        .await;
    assert_eq!(ask(all_wrong()).await, "ip_not_allowed");
    let path = format!("/admin/apikeys/{}", text(&key, "id"));
    api.server.admin("DELETE", &path, None).await;
    assert_eq!(ask(all_wrong()).await, "revoked");
    let told = api.told(json!({"key": key["key"]})).await;
    assert_eq!(
        (&told["keyId"], &told["ownerId"]),
        (&key["id"], &json!(ada.id))
    );

    // A deleted owner's key is revoked, and what its owner lost it has lost.
    let eve = api.server.register("eve@example.com").await;
    let hers = api
        .mint(json!({"ownerId": eve.id, "scopes": ["read", "admin:users"]}))
        .await;
    let told = api
        .told(json!({"key": hers["key"], "scopes": ["admin:users:read"]}))
        .await;
    assert_eq!(
        (told["code"].as_str(), &told["scopes"]),
        (Some("insufficient_scope"), &json!(["read"]))
    );
    api.server
        .admin("DELETE", &format!("/admin/users/{}", eve.id), None)
        .await;
    assert_eq!(api.code(json!({"key": hers["key"]})).await, "revoked");
}

#[tokio::test]
async fn only_resource_servers_and_readers_of_keys_may_ask() {
    let api = Api::start().await;
    let server = &api.server;
    let key = api.mint(json!({})).await;
    let other = server.client(&["read"]).await;
    let ada = server.register("ada@example.com").await;
    let chief = server.administrator("chief@example.com").await;
    let reader = server.key(&["admin:apikeys:read"]).await;
    let sessions = server.key(&["admin:sessions:read"]).await;
    let token = server.client_token(&api.client).await;
    let unknown = format!("{}x", text(&key, "key"));
    let mut answers = Vec::new();
    // The same for every key, and for a body that is none: who asks is judged first.
    for secret in [text(&key, "key"), &unknown] {
        for body in [json!({"key": secret}), json!({"kez": 1})] {
            let call = || server.post("/apikey/verify").json(body.clone());
            call().send().await.refused(401, "missing_token");
            call()
                .bearer("x")
                .send()
                .await
                .refused(401, "invalid_token");
            let basic = call().basic(&api.client.id, "wrong");
            basic.send().await.refused(401, "invalid_credentials");
            let basic = call().basic("client_x", "wrong");
            basic.send().await.refused(401, "invalid_credentials");
            let basic = call().basic(&other.id, &other.secret).send().await;
            basic.refused(403, "insufficient_scope");
            answers.push(basic.text());
            for bearer in [&ada.access, &sessions, &token] {
                let refused = call().bearer(bearer).send().await;
                refused.refused(403, "insufficient_scope");
                assert!(refused.text().contains("admin:apikeys:read"));
            }
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    for bearer in [&chief.access, &reader] {
        let call = server.post("/apikey/verify").bearer(bearer);
        let told = call.json(json!({"key": key["key"]})).send().await;
        assert_eq!(told.expect(200).json()["valid"], true);
    }
    // Taken away, it is gone at once.
    let path = format!("/admin/clients/{}", api.client.id);
    server
        .admin("PATCH", &path, Some(json!({"resourceServer": false})))
        .await;
    api.verify(json!({"key": key["key"]}))
        .await
        .refused(403, "insufficient_scope");
}

#[tokio::test]
async fn what_is_asked_is_checked() {
    let api = Api::start().await;
    let limits = json!({"rateLimit": {"limit": 1, "windowSeconds": 3600}});
    let key = api.mint(limits).await;
    let ask = |more: Value| {
        let mut body = more;
        body["key"] = key["key"].clone();
        api.verify(body)
    };
    for (body, status, code, field) in [
        (json!({"cost": 0}), 422, "validation_failed", "cost"),
        (json!({"cost": -1}), 422, "validation_failed", "cost"),
        (json!({"cost": 1.5}), 422, "validation_failed", "cost"),
        (json!({"cost": 1.0}), 422, "validation_failed", "cost"),
        (json!({"cost": "1"}), 400, "invalid_request", "cost"),
        (json!({"ip": "10.0.0"}), 422, "validation_failed", "ip"),
        (json!({"ip": "10.0.0.0/8"}), 422, "validation_failed", "ip"),
        (json!({"ip": 1}), 400, "invalid_request", "ip"),
        (
            json!({"scopes": ["Read"]}),
            422,
            "validation_failed",
            "scopes",
        ),
        (json!({"scopes": "read"}), 400, "invalid_request", "scopes"),
        (json!({"scope": "read"}), 400, "invalid_request", "scope"),
    ] {
        ask(body).await.refused_at(status, code, field);
    }
    api.verify(json!({}))
        .await
        .refused_at(400, "invalid_request", "key");
    api.verify(json!({"key": 1}))
        .await
        .refused_at(400, "invalid_request", "key");
    let told = ask(json!({"cost": 9_007_199_254_740_991_u64}))
        .await
        .expect(200);
    assert_eq!(told.json()["code"], "rate_limited");
    assert_eq!(ask(json!({})).await.json()["code"], "valid");
}

#[tokio::test]
async fn sixty_four_callers_at_once_spend_a_limit_exactly() {
    let api = Arc::new(Api::start().await);
    for limits in [
        json!({"rateLimit": {"limit": 1000, "windowSeconds": 3600}}),
        json!({"quota": {"limit": 1000, "period": "month"}}),
    ] {
        let key = api.mint(limits).await;
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (api, key) = (api.clone(), key["key"].clone());
            callers.spawn(async move {
                let mut valid = 0;
                for _ in 0..20 {
                    let told = api.told(json!({"key": key})).await;
                    valid += usize::from(told["valid"] == true);
                }
                valid
            });
        }
        let spent: usize = callers.join_all().await.iter().sum();
        assert_eq!(spent, 1000);
    }
}

#[tokio::test]
async fn a_rotated_key_goes_on_spending_the_same_limits() {
    let api = Api::start().await;
    let limits = json!({
        "rateLimit": {"limit": 5, "windowSeconds": 3600}, "quota": {"limit": 50, "period": "month"},
    });
    let key = api.mint(limits).await;
    api.told(json!({"key": key["key"], "cost": 3})).await;
    let path = format!("/admin/apikeys/{}/rotate", text(&key, "id"));
    let grace = Some(json!({"graceSeconds": 600}));
    let next = api.server.admin("POST", &path, grace).await;
    let told = api.told(json!({"key": next["key"]})).await;
    assert_eq!(
        (&told["rateLimit"]["remaining"], &told["quota"]["remaining"]),
        (&json!(1), &json!(46))
    );
    // In its grace the old one spends from the same.
    assert_eq!(api.code(json!({"key": key["key"]})).await, "valid");
    assert_eq!(api.code(json!({"key": next["key"]})).await, "rate_limited");
    let path = format!("/admin/apikeys/{}/rotate", text(&next, "id"));
    let third = api.server.admin("POST", &path, None).await;
    assert_eq!(api.code(json!({"key": third["key"]})).await, "rate_limited");
}

#[tokio::test]
async fn what_was_spent_outlives_a_stop_and_a_kill() {
    let mut api = Api::start().await;
    let limits = json!({
        "rateLimit": {"limit": 100, "windowSeconds": 86400}, "quota": {"limit": 1000, "period": "month"},
    });
    let key = api.mint(limits).await;
    let left = |told: Value| {
        let of = |name: &str| told[name]["remaining"].as_u64().unwrap();
        (of("rateLimit"), of("quota"))
    };
    api.told(json!({"key": key["key"], "cost": 40})).await;
    api.server.stop();
    api.server.start_again();
    let told = api.told(json!({"key": key["key"]})).await;
    assert_eq!(left(told), (59, 959));
    // It is on disk within five seconds.
    let reads = "SELECT month_spent FROM key_meters";
    let database = api.server.data_dir().join("doorward.db");
    eventually("what was spent is written", async || {
        let conn = rusqlite::Connection::open(&database).unwrap();
        let spent = conn.query_row(reads, [], |row| row.get::<_, u64>(0));
        spent.is_ok_and(|spent| spent == 41).then_some(())
    })
    .await;
    api.server.kill();
    api.server.start_again();
    let told = api.told(json!({"key": key["key"]})).await;
    assert_eq!(left(told), (58, 958));
}

#[tokio::test]
async fn introspection_and_verify_agree() {
    let api = Api::start().await;
    let ada = api.server.register("ada@example.com").await;
    let active = async |key: &Value| {
        let call = api.server.post("/oauth/introspect");
        let call = call.basic(&api.client.id, &api.client.secret);
        let form = [("token", text(key, "key"))];
        call.form(&form).send().await.expect(200).json()
    };
    let live = api
        .mint(json!({"ownerId": ada.id, "scopes": ["read", "admin"]}))
        .await;
    let off = api.mint(json!({"enabled": false})).await;
    let bound = api.mint(json!({"allowedIps": ["127.0.0.1"]})).await;
    let spent = api
        .mint(json!({"rateLimit": {"limit": 1, "windowSeconds": 3600}}))
        .await;
    api.told(json!({"key": spent["key"]})).await;
    let revoked = api.mint(json!({})).await;
    let path = format!("/admin/apikeys/{}", text(&revoked, "id"));
    api.server.admin("DELETE", &path, None).await;
    let used_up = api
        .mint(json!({"quota": {"limit": 1, "period": "month"}}))
        .await;
    api.told(json!({"key": used_up["key"]})).await;
    // Whose owner is disabled, and whose is gone.
    let mut of = Vec::new();
    for email in ["bob@example.com", "eve@example.com"] {
        let owner = api.server.register(email).await;
        let key = api
            .mint(json!({"ownerId": owner.id, "scopes": ["read"]}))
            .await;
        assert_eq!(active(&key).await["active"], true);
        of.push((key, format!("/admin/users/{}", owner.id)));
    }
    let [(disabled, bob), (gone, eve)] = &of[..] else {
        panic!("two owners");
    };
    api.server
        .admin("PATCH", bob, Some(json!({"disabled": true})))
        .await;
    api.server.admin("DELETE", eve, None).await;
    let unknown = json!({"key": "sk_live_unknown"});
    let dead = [
        &off, &bound, &spent, &revoked, &used_up, disabled, gone, &unknown,
    ];
    let mut codes = Vec::new();
    for key in [&live].into_iter().chain(dead) {
        let about = active(key).await;
        let told = api.told(json!({"key": key["key"]})).await;
        assert_eq!(about["active"], told["valid"], "{told}");
        if told["valid"] == true {
            assert_eq!(about["scope"], "read");
            assert_eq!(told["scopes"], json!(["read"]));
        } else {
            assert_eq!(about, json!({"active": false}));
        }
        codes.push(told["code"].clone());
    }
    assert_eq!(
        json!(codes),
        json!([
            "valid",
            "disabled",
            "ip_not_allowed",
            "rate_limited",
            "revoked",
            "quota_exceeded",
            "disabled",
            "revoked",
            "not_found"
        ])
    );
    // Asking is not using: introspection has spent nothing.
    let fresh = api
        .mint(json!({"rateLimit": {"limit": 1, "windowSeconds": 3600}}))
        .await;
    for _ in 0..3 {
        assert_eq!(active(&fresh).await["active"], true);
    }
    assert_eq!(api.code(json!({"key": fresh["key"]})).await, "valid");
    assert_eq!(active(&fresh).await, json!({"active": false}));
    // A resource server sees people's tokens too, another client not.
    let token = json!({"key": ada.access});
    assert_eq!(active(&token).await["active"], true);
    let path = format!("/admin/clients/{}", api.client.id);
    api.server
        .admin("PATCH", &path, Some(json!({"resourceServer": false})))
        .await;
    assert_eq!(active(&token).await, json!({"active": false}));
    assert_eq!(active(&live).await, json!({"active": false}));
}

#[tokio::test]
async fn verifying_asks_the_database_nothing() {
    let api = Api::start().await;
    let ada = api.server.register("ada@example.com").await;
    let limits = json!({
        "ownerId": ada.id, "rateLimit": {"limit": 100_000, "windowSeconds": 60},
        "quota": {"limit": 100_000, "period": "day"}, "allowedIps": ["127.0.0.0/8"],
    });
    let key = api.mint(limits).await;
    let reads = async || {
        let text = api.server.get("/metrics").send().await.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("doorward_store_reads_total "));
        line.expect("a counter").parse::<u64>().unwrap()
    };
    let body = json!({"key": key["key"], "ip": "127.0.0.1"});
    let me = || api.server.get("/auth/me").bearer(text(&key, "key")).send();
    assert_eq!(api.code(body.clone()).await, "valid");
    me().await.expect(200);
    let before = reads().await;
    for _ in 0..200 {
        assert_eq!(api.code(body.clone()).await, "valid");
        me().await.expect(200);
    }
    // Jobs of the server's own, and `/metrics`, ask now and then: far less than once for 400 calls.
    let after = reads().await;
    assert!(after - before < 20, "{before} to {after}");
    let metrics = api.server.get("/metrics").send().await.text();
    let counted = "doorward_apikey_verifications_total{outcome=\"valid\"} 201\n";
    assert!(metrics.contains(counted), "{metrics}");
    let counted = "doorward_apikey_verifications_total{outcome=\"quota_exceeded\"} 0\n";
    assert!(metrics.contains(counted));
}

#[tokio::test]
async fn a_key_that_is_verified_was_used() {
    let api = Api::start().await;
    let key = api.mint(json!({})).await;
    let path = format!("/admin/apikeys/{}", text(&key, "id"));
    api.told(json!({"key": key["key"], "scopes": ["write"], "ip": "192.0.2.1"}))
        .await;
    let row = api.server.admin("GET", &path, None).await;
    assert_eq!(row["lastUsedAt"], Value::Null);
    api.told(json!({"key": key["key"], "ip": "::ffff:192.0.2.1"}))
        .await;
    let row = api.server.admin("GET", &path, None).await;
    assert!(is_time(&row["lastUsedAt"]));
    assert_eq!(row["lastUsedIp"], "192.0.2.1");
    // Where it came from is not told: the caller's address does not stand in for it.
    api.told(json!({"key": key["key"]})).await;
    assert_eq!(
        api.server.admin("GET", &path, None).await["lastUsedIp"],
        Value::Null
    );
}
