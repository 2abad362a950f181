//! Rate limits: where they are counted, for whom, and who is not held up by them.

use doorward_tests::{Options, PASSWORD, Person, Reply, Server};
use serde_json::json;

const WRONG: &str = "not my password";

/// A server that believes this machine when it says from where a request comes.
fn behind_a_proxy() -> Options {
    Server::with().set("trusted_proxies", "[\"127.0.0.0/8\"]")
}

async fn sign_in_from(server: &Server, ip: &str, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    let call = server.post("/auth/login").header("x-forwarded-for", ip);
    call.json(body).send().await
}

async fn register_from(server: &Server, ip: &str, email: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD});
    let call = server.post("/auth/register").header("x-forwarded-for", ip);
    call.json(body).send().await
}

async fn change_from(server: &Server, ip: &str, by: &Person, current: &str) -> Reply {
    let body = json!({"currentPassword": current, "newPassword": "another good one"});
    let call = server.post("/auth/password").header("x-forwarded-for", ip);
    call.bearer(&by.access).json(body).send().await
}

#[track_caller]
fn limited(reply: &Reply, within: u64) {
    reply.refused(429, "rate_limited");
    let seconds: u64 = reply.header("retry-after").parse().expect("Retry-After");
    assert!((1..=within).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn ten_failures_for_an_account_from_an_address_are_enough() {
    let server = behind_a_proxy().start();
    server.register("ada@example.com").await;
    for _ in 0..10 {
        sign_in_from(&server, "192.0.2.1", "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    // Even with the right password, and in another spelling.
    let held = sign_in_from(&server, "192.0.2.1", "ADA@example.com", PASSWORD).await;
    limited(&held, 600);
    // Another account from there, and this one from elsewhere, are not held up.
    sign_in_from(&server, "192.0.2.1", "bob@example.com", WRONG)
        .await
        .refused(401, "invalid_credentials");
    sign_in_from(&server, "192.0.2.2", "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn unknown_emails_count_like_known_ones() {
    let server = behind_a_proxy()
        .set("password_failures_per_account_and_ip", 2)
        .set("password_failures_per_account", 3)
        .start();
    server.register("ada@example.com").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..2 {
            sign_in_from(&server, "192.0.2.1", email, WRONG)
                .await
                .refused(401, "invalid_credentials");
        }
        limited(&sign_in_from(&server, "192.0.2.1", email, WRONG).await, 600);
        sign_in_from(&server, "192.0.2.2", email, WRONG)
            .await
            .refused(401, "invalid_credentials");
        limited(
            &sign_in_from(&server, "192.0.2.3", email, WRONG).await,
            3600,
        );
    }
}

#[tokio::test]
async fn right_passwords_are_no_failures() {
    let server = behind_a_proxy()
        .set("password_failures_per_account_and_ip", 2)
        .set("password_failures_per_account", 2)
        .start();
    server.register("ada@example.com").await;
    for _ in 0..6 {
        sign_in_from(&server, "192.0.2.1", "ada@example.com", PASSWORD)
            .await
            .expect(200);
    }
}

/// Signs in so many times at once; answers the statuses.
async fn at_once(server: &std::sync::Arc<Server>, times: usize, password: &str) -> Vec<u16> {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..times {
        let (server, password) = (server.clone(), password.to_owned());
        calls.spawn(async move {
            let body = json!({"email": "ada@example.com", "password": password});
            server.post("/auth/login").json(body).send().await.status
        });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn attempts_at_the_same_time_count_once_they_have_failed_and_never_more_than_the_limit() {
    let server = behind_a_proxy()
        .set("password_failures_per_account_and_ip", 2)
        .start();
    server.register("ada@example.com").await;
    let server = std::sync::Arc::new(server);
    assert_eq!(at_once(&server, 8, PASSWORD).await, [200; 8]);
    let wrong = at_once(&server, 8, WRONG).await;
    assert_eq!(wrong, [401, 401, 429, 429, 429, 429, 429, 429]);
    assert_eq!(at_once(&server, 2, PASSWORD).await, [429; 2]);
}

#[tokio::test]
async fn an_address_that_signed_in_before_is_not_locked_out_by_others() {
    let server = behind_a_proxy()
        .set("password_failures_per_account", 4)
        .start();
    register_from(&server, "192.0.2.1", "ada@example.com")
        .await
        .expect(201);
    sign_in_from(&server, "192.0.2.2", "ada@example.com", PASSWORD)
        .await
        .expect(200);
    for attacker in 1..=4 {
        let ip = format!("198.51.100.{attacker}");
        sign_in_from(&server, &ip, "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    limited(
        &sign_in_from(&server, "198.51.100.9", "ada@example.com", PASSWORD).await,
        3600,
    );
    for known in ["192.0.2.1", "192.0.2.2"] {
        sign_in_from(&server, known, "ada@example.com", PASSWORD)
            .await
            .expect(200);
    }
    // A password that an operator sets does not make them strangers.
    let users = server.admin("GET", "/admin/users?q=ada", None).await;
    let id = users["data"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"password": "another good one"});
    server
        .admin("POST", &format!("/admin/users/{id}/password"), Some(body))
        .await;
    sign_in_from(&server, "192.0.2.1", "ada@example.com", "another good one")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_known_address_is_held_by_its_own_failures() {
    let server = behind_a_proxy()
        .set("password_failures_per_account_and_ip", 3)
        .start();
    register_from(&server, "192.0.2.1", "ada@example.com")
        .await
        .expect(201);
    for _ in 0..3 {
        sign_in_from(&server, "192.0.2.1", "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    limited(
        &sign_in_from(&server, "192.0.2.1", "ada@example.com", PASSWORD).await,
        600,
    );
}

#[tokio::test]
async fn login_and_password_change_share_their_counters() {
    let server = behind_a_proxy()
        .set("password_failures_per_account_and_ip", 4)
        .start();
    let ada = server.register("ada@example.com").await;
    for _ in 0..2 {
        sign_in_from(&server, "192.0.2.1", "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
        change_from(&server, "192.0.2.1", &ada, WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    limited(
        &change_from(&server, "192.0.2.1", &ada, PASSWORD).await,
        600,
    );
    limited(
        &sign_in_from(&server, "192.0.2.1", "ada@example.com", PASSWORD).await,
        600,
    );
    change_from(&server, "192.0.2.2", &ada, PASSWORD)
        .await
        .expect(204);
}

#[tokio::test]
async fn an_address_checks_so_many_passwords_a_minute_right_or_wrong() {
    let server = behind_a_proxy()
        .set("password_checks_per_minute_per_ip", 5)
        .start();
    register_from(&server, "203.0.113.1", "ada@example.com")
        .await
        .expect(201);
    for at in 0..5 {
        let email = if at == 0 {
            "ada@example.com".to_owned()
        } else {
            format!("{at}@example.com")
        };
        let reply = sign_in_from(&server, "192.0.2.1", &email, PASSWORD).await;
        assert_eq!(reply.status, if at == 0 { 200 } else { 401 });
    }
    limited(
        &sign_in_from(&server, "192.0.2.1", "ada@example.com", PASSWORD).await,
        60,
    );
    sign_in_from(&server, "192.0.2.2", "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_ipv6_household_is_one_address() {
    let server = behind_a_proxy()
        .set("password_checks_per_minute_per_ip", 2)
        .start();
    for ip in ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2"] {
        sign_in_from(&server, ip, "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    limited(
        &sign_in_from(&server, "2001:db8:0:1::3", "ada@example.com", WRONG).await,
        60,
    );
    sign_in_from(&server, "2001:db8:0:2::1", "ada@example.com", WRONG)
        .await
        .refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_household_that_signed_in_before_is_known_whichever_address_it_has_today() {
    let server = behind_a_proxy()
        .set("password_failures_per_account", 2)
        .start();
    register_from(&server, "2001:db8:0:1::1", "ada@example.com")
        .await
        .expect(201);
    for attacker in ["192.0.2.1", "192.0.2.2"] {
        sign_in_from(&server, attacker, "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    let stranger = sign_in_from(&server, "2001:db8:0:2::1", "ada@example.com", PASSWORD).await;
    limited(&stranger, 3600);
    sign_in_from(&server, "2001:db8:0:1::2", "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_address_makes_so_many_accounts_an_hour() {
    let server = behind_a_proxy()
        .set("registrations_per_hour_per_ip", 2)
        .start();
    // What is refused for its form uses nothing up.
    for _ in 0..5 {
        let body = json!({"email": "ada@example.com", "password": "short"});
        let call = server
            .post("/auth/register")
            .header("x-forwarded-for", "192.0.2.1");
        call.json(body)
            .send()
            .await
            .refused(422, "validation_failed");
    }
    for name in ["ada", "bob"] {
        register_from(&server, "192.0.2.1", &format!("{name}@example.com"))
            .await
            .expect(201);
    }
    limited(
        &register_from(&server, "192.0.2.1", "eve@example.com").await,
        3600,
    );
    register_from(&server, "192.0.2.2", "eve@example.com")
        .await
        .expect(201);
    // Signing in is not making accounts.
    sign_in_from(&server, "192.0.2.1", "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn zero_turns_each_limit_off() {
    let server = Server::with()
        .set("password_checks_per_minute_per_ip", 0)
        .set("password_failures_per_account_and_ip", 0)
        .set("password_failures_per_account", 0)
        .set("registrations_per_hour_per_ip", 0)
        .start();
    for at in 0..110 {
        let email = format!("person{at}@example.com");
        register_from(&server, "192.0.2.1", &email)
            .await
            .expect(201);
        sign_in_from(&server, "192.0.2.1", "person0@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn forwarding_headers_count_for_nothing_by_default() {
    let server = Server::with()
        .set("password_failures_per_account_and_ip", 2)
        .start();
    server.register("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": WRONG});
    let names = [
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "true-client-ip",
        "cf-connecting-ip",
    ];
    for (at, name) in names.into_iter().enumerate() {
        let value = if name == "forwarded" {
            "for=192.0.2.1"
        } else {
            "192.0.2.1"
        };
        let call = server.post("/auth/login").header(name, value);
        let reply = call.json(body.clone()).send().await;
        assert_eq!(reply.status, if at < 2 { 401 } else { 429 }, "{name}");
    }
    let sessions = server.admin("GET", "/admin/sessions", None).await;
    assert_eq!(sessions["data"][0]["ip"], "127.0.0.1");
}

#[tokio::test]
async fn the_nearest_untrusted_hop_is_the_client() {
    let server = Server::with()
        .set("trusted_proxies", "[\"127.0.0.1/32\", \"10.0.0.0/8\"]")
        .start();
    let cases = [
        ("192.0.2.1", "192.0.2.1"),
        ("203.0.113.66, 192.0.2.1", "192.0.2.1"),
        ("203.0.113.66, 192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("nonsense, 192.0.2.1", "192.0.2.1"),
        // The proxy's own word that cannot be read is no proof that it asks itself.
        ("192.0.2.1, nonsense", "0.0.0.0"),
        ("unix:", "0.0.0.0"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.8:5555", "192.0.2.8"),
        ("[2001:db8::2]:5555", "2001:db8::2"),
        ("[2001:db8::3]", "2001:db8::3"),
        ("", "127.0.0.1"),
        // Clients within the trusted networks are clients.
        ("127.0.0.1", "127.0.0.1"),
        ("10.1.2.3", "10.1.2.3"),
    ];
    for (at, (header, ip)) in cases.into_iter().enumerate() {
        let email = format!("person{at}@example.com");
        let reply = register_from(&server, header, &email).await.expect(201);
        let path = format!("/admin/sessions?userId={}", reply.field("userId"));
        let sessions = server.admin("GET", &path, None).await;
        assert_eq!(sessions["data"][0]["ip"], ip, "{header}");
    }
}

#[tokio::test]
async fn a_refused_attempt_holds_nobody_up_for_longer() {
    let server = behind_a_proxy()
        .set("password_failures_per_account_and_ip", 2)
        .set("password_failures_per_account", 3)
        .start();
    server.register("ada@example.com").await;
    for _ in 0..2 {
        sign_in_from(&server, "192.0.2.1", "ada@example.com", WRONG)
            .await
            .refused(401, "invalid_credentials");
    }
    for _ in 0..20 {
        limited(
            &sign_in_from(&server, "192.0.2.1", "ada@example.com", WRONG).await,
            600,
        );
    }
    // Twenty refusals took no place in the account's own count.
    sign_in_from(&server, "192.0.2.2", "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_its_bound_a_flood_of_logins_is_refused_at_once_and_counts_as_nothing() {
    // Hashes that take long, so that a queue builds up.
    let cores = std::thread::available_parallelism().unwrap().get();
    let calls_at_once = 12 * cores + 26;
    let server = Server::with_defaults()
        .set("argon2_memory_kib", 32_768)
        .set("argon2_iterations", 3)
        .set("password_failures_per_account_and_ip", calls_at_once - 1)
        .set("password_failures_per_account", 0)
        .set("password_checks_per_minute_per_ip", 0)
        .start();
    let server = std::sync::Arc::new(server);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..calls_at_once {
        let server = server.clone();
        calls.spawn(async move {
            let body = json!({"email": "nobody@example.com", "password": WRONG});
            server.post("/auth/login").json(body).send().await
        });
    }
    let replies = calls.join_all().await;
    let (checked, refused): (Vec<_>, Vec<_>) =
        replies.iter().partition(|reply| reply.status == 401);
    assert!(checked.len() >= 2 * cores, "{} were taken", checked.len());
    assert!(!refused.is_empty());
    for reply in &refused {
        reply.refused(503, "overloaded");
        let seconds: u64 = reply.header("retry-after").parse().expect("Retry-After");
        assert!(seconds >= 1);
    }
    // Had the refused ones counted too, this one would be past the limit.
    let metrics = server.get("/metrics").send().await.expect(200).text();
    assert!(metrics.contains("overloaded"), "{metrics}");
    let once_more = sign_in_from(&server, "127.0.0.1", "nobody@example.com", WRONG).await;
    once_more.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_customer_with_many_ipv6_networks_closes_no_account_for_others() {
    let server = behind_a_proxy().start();
    server.register("ada@example.com").await;
    let mut failures = 0;
    for net in 0..200 {
        let ip = format!("2001:db8:7:{net:x}::1");
        let reply = sign_in_from(&server, &ip, "ada@example.com", WRONG).await;
        failures += u32::from(reply.status == 401);
    }
    // More than one household has, less than closes the account.
    assert_eq!(failures, 70);
    sign_in_from(&server, "2001:db8:8::1", "ada@example.com", PASSWORD)
        .await
        .expect(200);
    sign_in_from(&server, "203.0.113.9", "ada@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_password_that_was_set_lets_its_owner_in_at_once() {
    let server = behind_a_proxy().start();
    let ada = server.register("Ada@b\u{fc}cher.example").await;
    let ip = "192.0.2.1";
    let fail = async || {
        for _ in 0..10 {
            let reply = sign_in_from(&server, ip, "ada@xn--bcher-kva.example", WRONG).await;
            reply.refused(401, "invalid_credentials");
        }
        limited(&sign_in_from(&server, ip, &ada.email, PASSWORD).await, 600);
    };
    fail().await;
    let path = format!("/admin/users/{}/password", ada.id);
    let new = "a new good passphrase";
    let set = server.post(&path).bearer(&server.operator_key());
    set.json(json!({"password": new})).send().await.expect(204);
    sign_in_from(&server, ip, &ada.email, new).await.expect(200);
    // A password that is refused sets nothing, and forgets nothing.
    fail().await;
    let set = server.post(&path).bearer(&server.operator_key());
    let refused = set.json(json!({"password": "short"})).send().await;
    refused.refused(422, "validation_failed");
    limited(&sign_in_from(&server, ip, &ada.email, new).await, 600);
    // Nor does another account's new password.
    let bob = server.register("bob@example.com").await;
    let set = server.post(&format!("/admin/users/{}/password", bob.id));
    let set = set.bearer(&server.operator_key());
    set.json(json!({"password": new})).send().await.expect(204);
    limited(&sign_in_from(&server, ip, &ada.email, new).await, 600);
}
