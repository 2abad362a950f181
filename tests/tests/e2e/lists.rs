//! Lists: pages, cursors, offsets, orders and searching, the same for all of them.

use doorward_tests::{Person, Reply, Server, fields, recount};
use serde_json::{Value, json};

/// Every list, whose it is, and the fields it can be ordered by.
const LISTS: [(&str, &str, &[&str]); 9] = [
    (
        "/admin/users",
        "id",
        &["id", "createdAt", "email", "role", "lastLoginAt"],
    ),
    (
        "/admin/sessions",
        "id",
        &["id", "createdAt", "lastSeenAt", "expiresAt", "userId"],
    ),
    ("/admin/apikeys", "id", &["id", "createdAt", "name"]),
    ("/admin/clients", "id", &["id", "createdAt", "name"]),
    ("/admin/roles", "name", &["name"]),
    ("/admin/events", "id", &["id", "time"]),
    ("/admin/keys", "id", &["createdAt"]),
    ("/apikey", "id", &["id", "createdAt", "name"]),
    (
        "/auth/sessions",
        "id",
        &["id", "createdAt", "lastSeenAt", "expiresAt"],
    ),
];

const AT_LEAST: usize = 7;

struct World {
    server: Server,
    ada: Person,
}

/// A server with [`AT_LEAST`] of everything.
async fn world() -> World {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let ada = server.register("ada@example.com").await;
    for at in 1..AT_LEAST {
        server.register(&format!("person{at}@example.com")).await;
        server.login("ada@example.com").await;
        server.admin("POST", "/admin/keys/rotate", None).await;
    }
    for at in 0..AT_LEAST {
        server.key_of(&ada, &["read"]).await;
        server.client(&["read"]).await;
        let role = format!("/admin/roles/role{at}");
        server
            .admin("PUT", &role, Some(json!({"permissions": ["read"]})))
            .await;
    }
    World { server, ada }
}

impl World {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Reply {
        let operator = self.server.operator_key();
        let token = if path.starts_with("/admin") {
            &operator
        } else {
            &self.ada.access
        };
        self.server
            .get(path)
            .bearer(token)
            .query(query)
            .send()
            .await
    }

    async fn page(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let reply = self.get(path, query).await;
        assert_eq!(reply.status, 200, "{path} {query:?}: {}", reply.text());
        reply.json()
    }
}

fn ids(page: &Value, id: &str) -> Vec<String> {
    let rows = page["data"].as_array().unwrap();
    rows.iter()
        .map(|row| row[id].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_list_has_the_same_shape() {
    let world = world().await;
    for (path, _, _) in LISTS {
        let page = world.page(path, &[]).await;
        assert_eq!(fields(&page), "data pagination", "{path}");
        let pagination = &page["pagination"];
        assert_eq!(
            (&pagination["limit"], &pagination["offset"]),
            (&json!(20), &json!(0)),
            "{path}"
        );
        let rows = page["data"].as_array().unwrap().len();
        let total = pagination["total"].as_u64().unwrap() as usize;
        assert!(total >= AT_LEAST, "{path}: {total}");
        assert_eq!(rows, total.min(20), "{path}");
        assert_eq!(pagination["hasMore"], total > 20, "{path}");
        assert_eq!(pagination["nextCursor"].is_string(), total > 20, "{path}");
        let part = world.page(path, &[("limit", "3")]).await;
        assert_eq!(
            fields(&part["pagination"]),
            "hasMore limit nextCursor offset total",
            "{path}"
        );
        assert_eq!(part["data"].as_array().unwrap().len(), 3, "{path}");
        assert_eq!(part["pagination"]["hasMore"], true, "{path}");
        assert_eq!(part["pagination"]["limit"], 3, "{path}");
        let whole = world.page(path, &[("limit", "100")]).await;
        assert_eq!(whole["pagination"]["hasMore"], false, "{path}");
        assert!(
            whole["pagination"]
                .get("nextCursor")
                .is_none_or(Value::is_null),
            "{path}"
        );
    }
}

#[tokio::test]
async fn cursors_and_offsets_reach_every_row_once_in_every_order() {
    let world = world().await;
    for (path, id, sorts) in LISTS {
        let mut orders = vec![None];
        orders.extend(
            sorts
                .iter()
                .flat_map(|sort| [Some(format!("{sort}:asc")), Some(format!("{sort}:desc"))]),
        );
        for order in &orders {
            let sort: Vec<_> = order.iter().map(|order| ("sort", order.as_str())).collect();
            let with = |more: &[(&'static str, String)]| {
                let more: Vec<_> = more.to_vec();
                let mut query: Vec<(String, String)> = sort
                    .iter()
                    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                    .collect();
                query.extend(more.into_iter().map(|(n, v)| (n.to_owned(), v)));
                query
            };
            let fetch = async |query: Vec<(String, String)>| {
                let query: Vec<_> = query
                    .iter()
                    .map(|(n, v)| (n.as_str(), v.as_str()))
                    .collect();
                world.page(path, &query).await
            };
            let whole = fetch(with(&[("limit", "100".into())])).await;
            let all = ids(&whole, id);
            let what = format!("{path} {order:?}");
            if let Some(order) = order {
                in_order(&whole, order, &what);
            }
            let mut by_cursor = Vec::new();
            let mut cursor: Option<String> = None;
            loop {
                let mut more = vec![("limit", "3".to_owned())];
                more.extend(cursor.map(|cursor| ("cursor", cursor)));
                let page = fetch(with(&more)).await;
                assert_eq!(page["pagination"]["total"], all.len(), "{what}");
                by_cursor.extend(ids(&page, id));
                cursor = page["pagination"]["nextCursor"].as_str().map(str::to_owned);
                assert_eq!(page["pagination"]["hasMore"], cursor.is_some(), "{what}");
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(by_cursor, all, "{what}");
            let mut by_offset = Vec::new();
            for offset in (0..all.len() + 4).step_by(4) {
                let page = fetch(with(&[
                    ("limit", "4".into()),
                    ("offset", offset.to_string()),
                ]))
                .await;
                assert_eq!(page["pagination"]["offset"], offset, "{what}");
                assert_eq!(
                    page["pagination"]["hasMore"],
                    offset + 4 < all.len(),
                    "{what}"
                );
                by_offset.extend(ids(&page, id));
            }
            assert_eq!(by_offset, all, "{what}");
        }
    }
}

#[track_caller]
fn in_order(page: &Value, order: &str, what: &str) {
    let (field, direction) = order.split_once(':').unwrap();
    let rows = page["data"].as_array().unwrap();
    let mut values: Vec<_> = rows
        .iter()
        .map(|row| row[field].as_str().unwrap_or_default())
        .collect();
    if direction == "desc" {
        values.reverse();
    }
    assert!(values.is_sorted(), "{what}: {values:?}");
}

#[tokio::test]
async fn a_cursor_knows_its_order_and_takes_no_other() {
    let world = world().await;
    let first = world
        .page("/admin/users", &[("limit", "3"), ("sort", "email:asc")])
        .await;
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    let repeated = world
        .page(
            "/admin/users",
            &[("limit", "3"), ("sort", "email:asc"), ("cursor", cursor)],
        )
        .await;
    let alone = world
        .page("/admin/users", &[("limit", "3"), ("cursor", cursor)])
        .await;
    assert_eq!(repeated, alone);
    for other in ["email:desc", "createdAt:asc"] {
        let reply = world
            .get("/admin/users", &[("sort", other), ("cursor", cursor)])
            .await;
        reply.refused_at(400, "invalid_request", "cursor");
    }
}

#[tokio::test]
async fn rows_that_come_meanwhile_shift_no_cursor() {
    let world = world().await;
    let first = world.page("/admin/users", &[("limit", "4")]).await;
    world.server.register("late@example.com").await;
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    let second = world
        .page("/admin/users", &[("limit", "4"), ("cursor", cursor)])
        .await;
    let (mut seen, second) = (ids(&first, "id"), ids(&second, "id"));
    assert_eq!((seen.len(), second.len()), (4, 3));
    seen.extend(second);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), AT_LEAST, "none twice, none left out");
}

#[tokio::test]
async fn what_is_asked_of_a_list_is_checked() {
    let world = world().await;
    for (path, _, _) in LISTS {
        let cases = [
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "-1"),
            ("limit", "x"),
            ("limit", ""),
            ("limit", "99999999999999999999"),
            ("offset", "-1"),
            ("offset", "x"),
            ("offset", "+3"),
            ("offset", "18446744073709551616"),
            ("cursor", ""),
            ("cursor", "nonsense"),
            ("cursor", "%%%"),
            ("cursor", "W10"),
            // What a cursor is made of, without its digest: an order, a value, an id.
            ("cursor", "W251bGwsbnVsbCxbIkFBIl1d"),
            ("cursor", "W251bGwsMSwxXQ"),
            ("cursor", &"A".repeat(4000)),
            ("sort", "nonsense"),
            ("sort", "password:asc"),
            ("sort", "id:up"),
            ("sort", "id; DROP TABLE users:asc"),
            ("q", &"x".repeat(201)),
            ("q", "a\u{0}b"),
            ("nonsense", "1"),
            ("filter[x]", "1"),
        ];
        for (name, value) in cases {
            let reply = world.get(path, &[(name, value)]).await;
            assert_eq!(reply.status, 400, "{path} {name}={value}: {}", reply.text());
            reply.refused_at(400, "invalid_request", name);
        }
        let both = world.get(path, &[("limit", "3"), ("limit", "4")]).await;
        both.refused_at(400, "invalid_request", "limit");
        let page = world.page(path, &[("limit", "3")]).await;
        let cursor = page["pagination"]["nextCursor"].as_str().unwrap();
        let both = world
            .get(path, &[("cursor", cursor), ("offset", "3")])
            .await;
        both.refused(400, "invalid_request");
        let beyond = world
            .page(path, &[("offset", "18446744073709551615")])
            .await;
        assert_eq!(beyond["data"], json!([]), "{path}");
        assert_eq!(beyond["pagination"]["hasMore"], false, "{path}");
    }
}

#[tokio::test]
async fn q_finds_text_as_it_stands() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let people = [
        ("ada@example.com", "Ada", "Lovelace"),
        ("100%_sure@example.com", "Percy", "O'Neil"),
        ("jos\u{e9}@example.com", "Jos\u{e9}", "Quote\"d"),
        ("star*@example.com", "AND", "NEAR OR"),
    ];
    for (email, first, last) in people {
        let body = json!({"email": email, "firstName": first, "lastName": last});
        server.admin("POST", "/admin/users", Some(body)).await;
    }
    let find = async |q: &str| {
        let call = server.get("/admin/users").bearer(&server.operator_key());
        let reply = call.query(&[("q", q), ("sort", "email:asc")]).send().await;
        ids(&reply.expect(200).json(), "email")
    };
    let cases: [(&str, &[&str]); 16] = [
        ("ada", &["ada@example.com"]),
        ("ADA@", &["ada@example.com"]),
        ("ovel", &["ada@example.com"]),
        (
            "example.com",
            &[
                "100%_sure@example.com",
                "ada@example.com",
                "jos\u{e9}@example.com",
                "star*@example.com",
            ],
        ),
        ("%", &["100%_sure@example.com"]),
        ("%_s", &["100%_sure@example.com"]),
        ("_", &["100%_sure@example.com"]),
        ("O'N", &["100%_sure@example.com"]),
        ("e\"d", &["jos\u{e9}@example.com"]),
        ("jose\u{301}", &["jos\u{e9}@example.com"]),
        ("r*@", &["star*@example.com"]),
        ("*", &["star*@example.com"]),
        ("AND", &["star*@example.com"]),
        ("NEAR OR", &["star*@example.com"]),
        ("\\", &[]),
        ("\"", &["jos\u{e9}@example.com"]),
    ];
    for (q, found) in cases {
        assert_eq!(find(q).await, found, "{q}");
    }
    assert_eq!(find("").await.len(), 4);
    for odd in [
        "'; DROP TABLE users; --",
        "\" OR \"\" = \"",
        "(((",
        "a AND",
        "NOT",
        "^x",
        "{x}",
        "x:y",
        "\u{1f600}",
        "\u{fffd}\u{fffd}\u{fffd}",
    ] {
        assert!(find(odd).await.is_empty(), "{odd}");
    }
}

/// Every filter of every list, and what is no value of it.
const MALFORMED: [(&str, &str, &[&str]); 19] = [
    ("/admin/users", "role", &["", "No Role", "a%00b", "%C3%BC"]),
    ("/admin/users", "disabled", &["", "yes", "1", "TRUE"]),
    (
        "/admin/sessions",
        "userId",
        &["", "x", "ses_00000000000000000000000000", "user_"],
    ),
    (
        "/admin/sessions",
        "clientId",
        &["", "user_00000000000000000000000000"],
    ),
    (
        "/admin/sessions",
        "ip",
        &[
            "",
            "10.0.0.0/33",
            "1.2.3",
            "::/129",
            "10.0.0.1%00",
            "localhost",
        ],
    ),
    ("/admin/sessions", "active", &["", "maybe", "true%00"]),
    (
        "/admin/apikeys",
        "ownerId",
        &["", "key_00000000000000000000000000", "%00"],
    ),
    (
        "/admin/apikeys",
        "scope",
        &["", "Read", "a::b", "%25", "read%00", "read%20write", "%FF"],
    ),
    (
        "/admin/apikeys",
        "unusedSince",
        &[
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "99999999999999999999",
        ],
    ),
    (
        "/admin/apikeys",
        "expiresBefore",
        &["", "1e99", "10000-01-01T00:00:00Z", "2026-01-01"],
    ),
    ("/admin/apikeys", "active", &["", "2"]),
    (
        "/admin/events",
        "actor",
        &["", "nobody", "ada@example.com", "user_x", "%00"],
    ),
    ("/admin/events", "action", &["", "a%00", "%E2%80%AE"]),
    (
        "/admin/events",
        "target",
        &["", "a%00b", "%E2%80%AE", "%80"],
    ),
    ("/admin/events", "userId", &["", "ada@example.com"]),
    ("/admin/events", "ip", &["", "10.0.0.0/8", "256.1.1.1"]),
    ("/admin/events", "since", &["", "now", "-1"]),
    ("/admin/events", "until", &["", "9999-12-31T23:59:59-00:01"]),
    ("/apikey", "active", &["", "nonsense"]),
];

#[tokio::test]
async fn a_filter_that_is_malformed_is_the_clients_fault_whatever_the_list() {
    let world = world().await;
    let colons = "a:".repeat(999) + "a";
    let long = "a".repeat(50_000);
    let operator = world.server.operator_key();
    for (path, name, values) in MALFORMED {
        // Nothing that somebody sends is the storage's fault.
        let large = [colons.as_str(), long.as_str()];
        for value in values.iter().copied().chain(large) {
            let token = if path.starts_with("/admin") {
                &operator
            } else {
                &world.ada.access
            };
            let call = world.server.get(&format!("{path}?{name}={value}"));
            let reply = call.bearer(token).send().await;
            assert_eq!(reply.status, 400, "{path} {name}={value:.40}");
            reply.refused_at(400, "invalid_request", name);
        }
    }
    // Text that is no UTF-8, in a name or in a value.
    for (query, field) in [("q=%FF", "q"), ("limit=%C3", "limit"), ("%FF=1", "query")] {
        let call = world.server.get(&format!("/admin/users?{query}"));
        let reply = call.bearer(&operator).send().await;
        reply.refused_at(400, "invalid_request", field);
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_none_of_this() {
    let world = world().await;
    let page = world.page("/admin/users", &[("limit", "3")]).await;
    let cursor = page["pagination"]["nextCursor"].as_str().unwrap();
    for path in [
        "/admin/sessions",
        "/admin/apikeys",
        "/admin/events",
        "/admin/keys",
    ] {
        let reply = world.get(path, &[("cursor", cursor)]).await;
        reply.refused_at(400, "invalid_request", "cursor");
    }
    // Nor is one of which a letter was changed.
    for at in [0, 5, 15, cursor.len() - 3] {
        let mut changed = cursor.to_owned();
        let other = if cursor.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        changed.replace_range(at..=at, other);
        let reply = world.get("/admin/users", &[("cursor", &changed)]).await;
        reply.refused_at(400, "invalid_request", "cursor");
    }
}

#[tokio::test]
async fn q_knows_no_case_beyond_ascii_either() {
    let server = Server::with().set("signing_algorithm", "EdDSA").start();
    let operator = server.operator_key();
    let user =
        json!({"email": "o@example.com", "firstName": "\u{d6}zg\u{fc}r", "lastName": "\u{141}y"});
    server.admin("POST", "/admin/users", Some(user)).await;
    let client = json!({"name": "B\u{dc}CHEREI \u{396}\u{3a9}", "redirectUris": [], "grantTypes": ["client_credentials"],
        "scopes": ["read"], "confidential": true});
    server.admin("POST", "/admin/clients", Some(client)).await;
    let key = json!({"name": "\u{c9}cole 100%", "scopes": ["read"]});
    server.admin("POST", "/admin/apikeys", Some(key)).await;
    let found = async |path: &str, q: &str| {
        let call = server.get(path).bearer(&operator).query(&[("q", q)]);
        let page = call.send().await.expect(200).json();
        page["data"].as_array().unwrap().len()
    };
    for (path, yes, no) in [
        // Two letters, and one, are not in the index of three.
        (
            "/admin/users",
            &[
                "\u{f6}z",
                "\u{d6}Z",
                "o\u{308}z",
                "\u{142}y",
                "\u{142}",
                "\u{f6}ZG\u{dc}R",
            ][..],
            &["oz", "ly", "_"][..],
        ),
        (
            "/admin/clients",
            &["b\u{fc}cher", "\u{fc}", "\u{3b6}\u{3c9}", "B\u{dc}"],
            &["bucher", "b_ch", "%"],
        ),
        (
            "/admin/apikeys",
            &["\u{e9}COLE", "\u{e9}c", "0%", "e\u{301}c"],
            &["ecole", "0_"],
        ),
    ] {
        for q in yes {
            assert_eq!(found(path, q).await, 1, "{path} {q}");
        }
        for q in no {
            assert_eq!(found(path, q).await, 0, "{path} {q}");
        }
    }
    assert!(found("/admin/keys", "eddsa").await > 0);
}

#[tokio::test]
async fn a_search_finds_what_an_event_was_about_however_old_it_is() {
    let server = Server::with().start();
    let ada = server.register("ada@example.com").await;
    {
        let path = server.data_dir().join("doorward.db");
        let mut database = rusqlite::Connection::open(path).unwrap();
        let unit = database.transaction().unwrap();
        let sql = "INSERT INTO events (id, time, actor, action, target) VALUES (?1, 4102444800000, 'user:x', 'test.noise', 'noise')";
        // After every id that the server gives today.
        let mut insert = unit.prepare(sql).unwrap();
        for number in 0..5001_u128 {
            let id = (0xF0_u128 << 120) + number;
            insert.execute([id.to_be_bytes()]).unwrap();
        }
        drop(insert);
        recount(&unit);
        unit.commit().unwrap();
    }
    let found = async |q: &str, more: &[(&str, &str)]| {
        let query = [&[("q", q)], more].concat();
        let operator = server.operator_key();
        let request = server.get("/admin/events").bearer(&operator);
        let events = request.query(&query).send().await.json()["data"].clone();
        let events = events.as_array().unwrap().iter();
        let actions = events.map(|event| event["action"].as_str().unwrap().to_owned());
        actions.collect::<Vec<_>>()
    };
    assert_eq!(found(&ada.id, &[]).await.last().unwrap(), "user.registered");
    let narrowed = found(&ada.id, &[("action", "session.")]).await;
    assert!(narrowed.is_empty(), "{narrowed:?}");
    assert_eq!(found("noise", &[("limit", "2")]).await.len(), 2);
    // Only a part of it: nothing knows that but a look at each.
    let part = &ada.id[..ada.id.len() - 1];
    assert!(found(part, &[]).await.is_empty());
}
