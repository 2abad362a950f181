//! A user's own API keys.

use doorward_shared::Timestamp;
use doorward_tests::{Person, Reply, Server, eventually, fields, is_id, is_time};
use serde_json::{Value, json};

const MINTED: &str = "createdAt environment expiresAt id key name scopes";
const SHOWN: &str = "allowedIps clientId createdAt enabled environment expiresAt hint id lastUsedAt lastUsedIp metadata mintedBy name quota rateLimit revokedAt scopes";

/// CRC-32 (IEEE), bit by bit: what the server's own table is held against.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

fn base62(mut number: u32) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = [b'0'; 6];
    for place in text.iter_mut().rev() {
        *place = digits[(number % 62) as usize];
        number /= 62;
    }
    String::from_utf8(text.to_vec()).unwrap()
}

fn sealed(body: &str) -> String {
    format!("{body}{}", base62(crc32(body.as_bytes())))
}

async fn mint(server: &Server, by: &str, body: Value) -> Reply {
    server.post("/apikey").bearer(by).json(body).send().await
}

fn key(minted: &Value) -> &str {
    minted["key"].as_str().expect("a key")
}

fn path(minted: &Value) -> String {
    format!("/apikey/{}", minted["id"].as_str().expect("an id"))
}

#[test]
fn the_checksum_of_these_tests_is_the_standards() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}

#[tokio::test]
async fn a_key_has_its_form_and_checksum() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    for environment in ["live", "test"] {
        let body = json!({"name": "CI", "scopes": ["read"], "environment": environment});
        let minted = mint(&server, &ada.access, body).await.expect(201);
        assert_eq!(minted.header("cache-control"), "no-store");
        let minted = minted.json();
        assert_eq!(fields(&minted), MINTED);
        assert!(is_id(&minted["id"], "key_"));
        assert!(is_time(&minted["createdAt"]));
        assert_eq!(minted["expiresAt"], Value::Null);
        assert_eq!(minted["environment"], environment);
        let text = key(&minted);
        let start = format!("sk_{environment}_");
        let rest = text.strip_prefix(&start).expect("the prefix");
        assert_eq!(rest.len(), 38);
        assert!(rest.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(text, sealed(&text[..text.len() - 6]));
        server.me(text).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_no_key_of_this_server_is_no_token() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let good = key(&minted).to_owned();
    let stranger = sealed(&format!("sk_live_{}", "a".repeat(32)));
    let mut swapped: Vec<char> = good.chars().collect();
    let (at, other) = (12, if swapped[12] == 'x' { 'y' } else { 'x' });
    swapped[at] = other;
    let bad = [
        stranger,
        swapped.into_iter().collect(),
        good.replace("sk_live_", "sk_test_"),
        good.replace("sk_live_", "pk_live_"),
        good[..good.len() - 1].to_owned(),
        format!("{good}0"),
        good.to_uppercase(),
        "sk_live_".to_owned(),
        good[..40].to_owned(),
    ];
    for text in &bad {
        let refused = server.me(text).await;
        refused.refused(401, "invalid_token");
        assert!(refused.header("www-authenticate").contains("invalid_token"));
    }
    server.me(&good).await.expect(200);
}

#[tokio::test]
async fn the_prefix_is_a_setting() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut keys: Vec<String> = Vec::new();
    for prefix in ["sk", "acme"] {
        let mut server = Server::with()
            .set("api_key_prefix", prefix)
            .data_dir(&data)
            .start();
        let ada = server.register(&format!("{prefix}@example.com")).await;
        let minted = server.key_of(&ada, &["read"]).await;
        assert!(key(&minted).starts_with(&format!("{prefix}_live_")));
        keys.push(key(&minted).to_owned());
        // A new prefix is for new keys: those before it stay good, the operators' too.
        for key in &keys {
            server.me(key).await.expect(200);
        }
        assert!(server.operator_key().starts_with("sk_live_"));
        server.admin("GET", "/admin/whoami", None).await;
        server.stop();
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_then_by_its_hint() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\"]")
        .start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let text = key(&minted);
    let get = server.get(&path(&minted)).bearer(&ada.access);
    let shown = get.send().await.expect(200).json();
    assert_eq!(fields(&shown), SHOWN);
    let hint = format!("{}…{}", &text[..10], &text[text.len() - 4..]);
    assert_eq!(shown["hint"], hint);
    for name in ["lastUsedAt", "lastUsedIp", "revokedAt", "expiresAt"] {
        assert_eq!(shown[name], Value::Null, "{name}");
    }
    let used = server
        .get("/auth/me")
        .bearer(text)
        .header("x-forwarded-for", "192.0.2.7");
    used.send().await.expect(200);
    let list = server.get("/apikey").bearer(&ada.access).send().await;
    let list = list.expect(200);
    assert!(!list.text().contains(text));
    let row = &list.json()["data"][0];
    assert_eq!(fields(row), SHOWN);
    assert!(is_time(&row["lastUsedAt"]), "{row}");
    assert_eq!(row["lastUsedIp"], "192.0.2.7");
    // Nor does it stand anywhere on disk.
    for file in std::fs::read_dir(server.data_dir()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && !path.ends_with("operator.key") {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn nobody_mints_a_scope_they_do_not_hold() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let chief = server.administrator("chief@example.com").await;
    for (by, scope) in [
        (&ada, "admin"),
        (&ada, "admin:users:read"),
        (&ada, "other"),
        (&chief, "other"),
    ] {
        let refused = mint(
            &server,
            &by.access,
            json!({"name": "x", "scopes": ["read", scope]}),
        )
        .await;
        refused.refused(403, "insufficient_scope");
        let message = refused.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(scope), "{message}");
        assert!(
            refused
                .header("www-authenticate")
                .contains("insufficient_scope")
        );
    }
    // What lies below something one holds is one's own.
    let below = mint(
        &server,
        &ada.access,
        json!({"name": "x", "scopes": ["read:orders"]}),
    )
    .await;
    assert_eq!(below.expect(201).json()["scopes"], json!(["read:orders"]));
    let below = mint(
        &server,
        &chief.access,
        json!({"name": "x", "scopes": ["admin:users:read"]}),
    )
    .await;
    below.expect(201);
}

#[tokio::test]
async fn a_key_mints_keys_only_with_admin_apikeys() {
    let server = Server::start();
    let chief = server.administrator("chief@example.com").await;
    let plain = server.key_of(&chief, &["read", "write"]).await;
    let body = json!({"name": "x", "scopes": ["read"]});
    let refused = mint(&server, key(&plain), body.clone()).await;
    refused.refused(403, "insufficient_scope");
    assert!(refused.text().contains("admin:apikeys"));
    let half = server.key_of(&chief, &["read", "admin:apikeys:read"]).await;
    mint(&server, key(&half), body.clone())
        .await
        .refused(403, "insufficient_scope");
    server
        .get("/apikey")
        .bearer(key(&half))
        .send()
        .await
        .expect(200);
    let minter = server.key_of(&chief, &["read", "admin:apikeys"]).await;
    let made = mint(&server, key(&minter), body).await.expect(201).json();
    server.me(key(&made)).await.expect(200);
    // Not what it does not hold itself, whatever its owner holds.
    let wide = mint(
        &server,
        key(&minter),
        json!({"name": "x", "scopes": ["write"]}),
    )
    .await;
    wide.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn what_is_asked_of_a_mint_is_checked() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let cases = [
        (json!({"scopes": ["read"]}), 400, "invalid_request", "name"),
        (json!({"name": "x"}), 400, "invalid_request", "scopes"),
        (
            json!({"name": 1, "scopes": ["read"]}),
            400,
            "invalid_request",
            "name",
        ),
        (
            json!({"name": "x", "scopes": "read"}),
            400,
            "invalid_request",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["read", 1]}),
            400,
            "invalid_request",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "key": "sk"}),
            400,
            "invalid_request",
            "key",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "ownerId": "x"}),
            400,
            "invalid_request",
            "ownerId",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "expiresAt": 5}),
            400,
            "invalid_request",
            "expiresAt",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "environment": 1}),
            400,
            "invalid_request",
            "environment",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "environment": {"live": null}}),
            400,
            "invalid_request",
            "environment",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "environment": "staging"}),
            422,
            "validation_failed",
            "environment",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "expiresAt": "9999-12-31T23:59:59-00:01"}),
            422,
            "validation_failed",
            "expiresAt",
        ),
        (
            json!({"name": "", "scopes": ["read"]}),
            422,
            "validation_failed",
            "name",
        ),
        (
            json!({"name": " ", "scopes": ["read"]}),
            422,
            "validation_failed",
            "name",
        ),
        (
            json!({"name": "a\u{0}b", "scopes": ["read"]}),
            422,
            "validation_failed",
            "name",
        ),
        (
            json!({"name": "x".repeat(201), "scopes": ["read"]}),
            422,
            "validation_failed",
            "name",
        ),
        (
            json!({"name": "x", "scopes": []}),
            422,
            "validation_failed",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["Read"]}),
            422,
            "validation_failed",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["read write"]}),
            422,
            "validation_failed",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["read:"]}),
            422,
            "validation_failed",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": [""]}),
            422,
            "validation_failed",
            "scopes",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "environment": "prod"}),
            422,
            "validation_failed",
            "environment",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "expiresAt": "tomorrow"}),
            422,
            "validation_failed",
            "expiresAt",
        ),
        (
            json!({"name": "x", "scopes": ["read"], "expiresAt": "2020-01-01T00:00:00Z"}),
            422,
            "validation_failed",
            "expiresAt",
        ),
    ];
    for (body, status, code, field) in cases {
        let refused = mint(&server, &ada.access, body.clone()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text());
        refused.refused_at(status, code, field);
    }
    let list = server.get("/apikey").bearer(&ada.access).send().await;
    assert_eq!(list.expect(200).json()["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_key_expires() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let now = server.admin("GET", "/admin/stats", None).await;
    let now = Timestamp::parse(now["time"].as_str().unwrap()).unwrap();
    let at = Timestamp(now.0 + 4000).to_string();
    let body = json!({"name": "x", "scopes": ["read"], "expiresAt": at});
    let minted = mint(&server, &ada.access, body).await.expect(201).json();
    assert_eq!(minted["expiresAt"], at);
    server.me(key(&minted)).await.expect(200);
    eventually("the key expires", async || {
        let reply = server.me(key(&minted)).await;
        (reply.status != 200).then(|| {
            reply.refused(401, "token_expired");
        })
    })
    .await;
    // Revoked wins over expired.
    server
        .delete(&path(&minted))
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    server.me(key(&minted)).await.refused(401, "token_revoked");
}

#[tokio::test]
async fn scopes_of_a_key_may_only_shrink() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read", "write:orders"]).await;
    let change = async |body: Value| {
        let call = server.patch(&path(&minted)).bearer(&ada.access).json(body);
        call.send().await
    };
    for grown in [
        json!(["write"]),
        json!(["read", "write:orders", "write:bills"]),
    ] {
        change(json!({"scopes": grown}))
            .await
            .refused(403, "insufficient_scope");
    }
    change(json!({"scopes": []}))
        .await
        .refused_at(422, "validation_failed", "scopes");
    change(json!({"scopes": ["READ"]}))
        .await
        .refused_at(422, "validation_failed", "scopes");
    change(json!({"key": "sk"}))
        .await
        .refused_at(400, "invalid_request", "key");
    change(json!({"expiresAt": null}))
        .await
        .refused_at(400, "invalid_request", "expiresAt");
    let named = change(json!({"name": "new"})).await.expect(200).json();
    assert_eq!(fields(&named), SHOWN);
    assert_eq!(
        (&named["name"], &named["scopes"]),
        (&json!("new"), &json!(["read", "write:orders"]))
    );
    let shrunk = change(json!({"scopes": ["read:orders"]}))
        .await
        .expect(200)
        .json();
    assert_eq!(shrunk["scopes"], json!(["read:orders"]));
    change(json!({"scopes": ["read"]}))
        .await
        .refused(403, "insufficient_scope");
    let whoami = server
        .get("/admin/whoami")
        .bearer(key(&minted))
        .send()
        .await;
    assert_eq!(whoami.expect(200).json()["scopes"], json!(["read:orders"]));
}

#[tokio::test]
async fn a_rotated_key_dies_after_its_grace() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let rotate = async |minted: &Value, body: Option<Value>| {
        let call = server
            .post(&format!("{}/rotate", path(minted)))
            .bearer(&ada.access);
        match body {
            Some(body) => call.json(body).send().await,
            None => call.send().await,
        }
    };
    let first = server.key_of(&ada, &["read"]).await;
    let second = rotate(&first, None).await.expect(201);
    assert_eq!(second.header("cache-control"), "no-store");
    let second = second.json();
    assert_eq!(fields(&second), MINTED);
    assert_eq!(
        (&second["name"], &second["scopes"]),
        (&first["name"], &first["scopes"])
    );
    assert_ne!(key(&second), key(&first));
    server.me(key(&first)).await.refused(401, "token_revoked");
    server.me(key(&second)).await.expect(200);

    let third = rotate(&second, Some(json!({"graceSeconds": 5})))
        .await
        .expect(201)
        .json();
    server.me(key(&third)).await.expect(200);
    server.me(key(&second)).await.expect(200);
    eventually("the grace ends", async || {
        let reply = server.me(key(&second)).await;
        (reply.status != 200).then(|| {
            reply.refused(401, "token_revoked");
        })
    })
    .await;
    rotate(&second, None).await.refused(409, "conflict");

    let fourth = rotate(&third, Some(json!({"graceSeconds": 600})))
        .await
        .expect(201)
        .json();
    server.me(key(&third)).await.expect(200);
    server
        .delete(&path(&third))
        .bearer(&ada.access)
        .send()
        .await
        .expect(204);
    server.me(key(&third)).await.refused(401, "token_revoked");
    for bad in [
        json!({"graceSeconds": -1}),
        json!({"graceSeconds": 1.5}),
        json!({"graceSeconds": 30 * 86_400 + 1}),
    ] {
        rotate(&fourth, Some(bad))
            .await
            .refused_at(422, "validation_failed", "graceSeconds");
    }
    for bad in [json!({"graceSeconds": "1"}), json!({"graceSeconds": null})] {
        rotate(&fourth, Some(bad))
            .await
            .refused_at(400, "invalid_request", "graceSeconds");
    }
    server.me(key(&fourth)).await.expect(200);
}

#[tokio::test]
async fn a_deleted_key_is_dead_at_once_and_stays_to_be_seen() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    server.me(key(&minted)).await.expect(200);
    let delete = async || {
        server
            .delete(&path(&minted))
            .bearer(&ada.access)
            .send()
            .await
    };
    delete().await.expect(204);
    server.me(key(&minted)).await.refused(401, "token_revoked");
    delete().await.expect(204);
    let shown = server.get(&path(&minted)).bearer(&ada.access).send().await;
    assert!(is_time(&shown.expect(200).json()["revokedAt"]));
}

#[tokio::test]
async fn anothers_key_is_as_good_as_missing() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let eve = server.administrator("eve@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let missing = json!({"id": "key_00000000000000000000000000"});
    let odd = json!({"id": "nonsense"});
    let attempt = async |minted: &Value, by: &Person| {
        let rotate = format!("{}/rotate", path(minted));
        let calls = [
            server.get(&path(minted)),
            server.patch(&path(minted)).json(json!({"name": "mine"})),
            server.post(&rotate),
            server.delete(&path(minted)),
        ];
        let mut answers = Vec::new();
        for call in calls {
            let reply = call.bearer(&by.access).send().await;
            reply.refused(404, "not_found");
            answers.push(reply.json());
        }
        answers
    };
    let others = attempt(&minted, &eve).await;
    assert_eq!(others, attempt(&missing, &eve).await);
    assert_eq!(others, attempt(&odd, &eve).await);
    server.me(key(&minted)).await.expect(200);
    let list = server.get("/apikey").bearer(&eve.access).send().await;
    assert_eq!(list.expect(200).json()["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_key_dies_with_its_owner() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    server.me(key(&minted)).await.expect(200);
    let user = format!("/admin/users/{}", ada.id);
    server
        .admin("PATCH", &user, Some(json!({"disabled": true})))
        .await;
    server.me(key(&minted)).await.refused(401, "token_revoked");
    server
        .admin("PATCH", &user, Some(json!({"disabled": false})))
        .await;
    server.me(key(&minted)).await.expect(200);
    server.admin("DELETE", &user, None).await;
    server.me(key(&minted)).await.refused(401, "token_revoked");
}

#[tokio::test]
async fn a_mint_sent_again_with_its_idempotency_key_answers_the_same() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let mint = async |name: &str, idempotency: &str| {
        let body = json!({"name": name, "scopes": ["read"]});
        let call = server.post("/apikey").bearer(&ada.access).json(body);
        call.header("idempotency-key", idempotency).send().await
    };
    let first = mint("x", "one").await.expect(201).json();
    let again = mint("x", "one").await.expect(201).json();
    assert_eq!(first, again);
    mint("y", "one").await.refused(409, "conflict");
    assert_ne!(mint("x", "two").await.expect(201).json()["id"], first["id"]);
    let list = server.get("/apikey").bearer(&ada.access).send().await;
    assert_eq!(list.expect(200).json()["pagination"]["total"], 2);

    // Whoever uses up their own places keeps nobody else from theirs.
    for number in 2..500 {
        mint("x", &format!("key {number}")).await.expect(201);
    }
    mint("x", "one more").await.refused(503, "overloaded");
    let bob = server.register("bob@example.com").await;
    for token in [&bob.access, &server.operator_key()] {
        let body = json!({"name": "x", "scopes": ["read"]});
        let call = server.post("/apikey").bearer(token).json(body);
        call.header("idempotency-key", "one")
            .send()
            .await
            .expect(201);
    }
}
