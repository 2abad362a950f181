//! `GET /apikey/{id}/usage`.

use doorward_shared::Timestamp;
use doorward_tests::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn use_is_counted_by_hour_and_day_at_verify_and_as_bearer() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let limits =
        json!({"name": "k", "scopes": ["read"], "rateLimit": {"limit": 3, "windowSeconds": 86400}});
    let call = server.post("/apikey").bearer(&ada.access).json(limits);
    let key = call.send().await.expect(201).json();
    let secret = key["key"].as_str().unwrap();
    let path = format!("/apikey/{}/usage", key["id"].as_str().unwrap());
    let usage = async |by: &str| {
        let call = server.get(&path).bearer(&ada.access).query(&[("by", by)]);
        call.send().await.expect(200).json()
    };
    assert_eq!(usage("hour").await, json!({"data": []}));

    let operator = server.operator_key();
    for cost in [2, 5] {
        let call = server.post("/apikey/verify").bearer(&operator);
        call.json(json!({"key": secret, "cost": cost}))
            .send()
            .await
            .expect(200);
    }
    server.me(secret).await.expect(200);
    server.me(secret).await.expect(429);
    server.delete(&format!("/apikey/{}", key["id"].as_str().unwrap()));
    // A test may run over the turn of an hour.
    let totals = |series: &Value| {
        let sum = |name: &str| {
            let points = series["data"].as_array().unwrap().iter();
            points
                .map(|point| point[name].as_u64().unwrap())
                .sum::<u64>()
        };
        (sum("valid"), sum("refused"))
    };
    for (by, step) in [("hour", 3_600_000), ("day", 86_400_000)] {
        let series = usage(by).await;
        assert_eq!(totals(&series), (2, 2), "{series}");
        let times: Vec<_> = series["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| Timestamp::parse(point["time"].as_str().unwrap()).unwrap())
            .collect();
        assert!(
            times.is_sorted() && times.iter().all(|time| time.0 % step == 0),
            "{series}"
        );
    }
    // Operators see it of every key.
    let admins = format!("/admin{path}?by=day").replace("/apikey/", "/apikeys/");
    assert_eq!(totals(&server.admin("GET", &admins, None).await), (2, 2));
    // What lies outside is not told.
    let of = async |query: &[(&str, &str)]| {
        let call = server.get(&path).bearer(&ada.access).query(query);
        totals(&call.send().await.expect(200).json())
    };
    let (old, far) = ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    assert_eq!(
        of(&[("by", "day"), ("from", old), ("to", far)]).await,
        (2, 2)
    );
    assert_eq!(of(&[("by", "day"), ("to", old)]).await, (0, 0));
    assert_eq!(of(&[("by", "hour"), ("from", far)]).await, (0, 0));
}

#[tokio::test]
async fn what_is_asked_of_usage_is_checked() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let bob = server.register("bob@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let id = key["id"].as_str().unwrap();
    for path in [
        format!("/apikey/{id}/usage"),
        format!("/admin/apikeys/{id}/usage"),
    ] {
        let token = if path.starts_with("/admin") {
            server.operator_key()
        } else {
            ada.access.clone()
        };
        for (query, field) in [
            ("", "by"),
            ("by=week", "by"),
            ("by=", "by"),
            ("by=day&by=hour", "by"),
            ("by=day&from=yesterday", "from"),
            ("by=day&to=1", "to"),
            (
                "by=day&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
                "to",
            ),
            ("by=day&limit=5", "limit"),
            ("by=day&x=1", "x"),
        ] {
            let call = server.get(&format!("{path}?{query}")).bearer(&token);
            call.send().await.refused_at(400, "invalid_request", field);
        }
    }
    let path = format!("/apikey/{id}/usage?by=day");
    server.get(&path).send().await.refused(401, "missing_token");
    server
        .get(&path)
        .bearer(&bob.access)
        .send()
        .await
        .refused(404, "not_found");
    let admins = format!("/admin/apikeys/{id}/usage?by=day");
    server
        .get(&admins)
        .bearer(&ada.access)
        .send()
        .await
        .refused(403, "insufficient_scope");
    let missing = "/admin/apikeys/key_01arz3ndektsv4rrffq69g5fav/usage?by=day";
    server
        .get(missing)
        .bearer(&server.operator_key())
        .send()
        .await
        .refused(404, "not_found");
}
