//! Passwords of breaches: every door that sets one asks, and a list that does not answer stops nobody.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use doorward_tests::{PASSWORD, Reply, Server, browser::form, doorward, eventually, run};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Known from a breach, by the lists here, and its SHA-1.
const BREACHED: &str = "tr0ub4dor and 3";
const HASH: &str = "DC021AA3488121537C39965C99F9AA10AEB0B5EE";

/// A range service that answers `body` to every question, or nothing for a long while; and what it was asked.
async fn service(body: Option<String>) -> (String, Arc<Mutex<Vec<String>>>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range/", socket.local_addr().unwrap());
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let kept = asked.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = socket.accept().await {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
            kept.lock()
                .unwrap()
                .push(request.lines().next().unwrap_or_default().to_owned());
            if let Some(body) = &body {
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            open.push(stream);
        }
    });
    (url, asked)
}

fn suffix(count: u32) -> String {
    format!(
        "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{}:{count}\r\n",
        &HASH[5..]
    )
}

async fn register(server: &Server, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    server.post("/auth/register").json(body).send().await
}

// The service answers while the CLI is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn every_door_that_sets_a_password_asks() {
    let (url, asked) = service(Some(suffix(7))).await;
    let server = Server::with().set("breached_passwords", &url).start();
    let key = server.operator_key();
    let ada = server.register("ada@example.com").await;

    let signed_up = register(&server, "bob@example.com", BREACHED).await;
    signed_up.refused_at(422, "validation_failed", "password");
    let body = json!({"currentPassword": PASSWORD, "newPassword": BREACHED});
    let changed = server.post("/auth/password").bearer(&ada.access).json(body);
    changed
        .send()
        .await
        .refused_at(422, "validation_failed", "newPassword");
    let body = json!({"email": "bob@example.com", "password": BREACHED});
    let created = server.post("/admin/users").bearer(&key).json(body.clone());
    created
        .send()
        .await
        .refused_at(422, "validation_failed", "password");
    // A rehearsal tells nobody else of a password.
    let before = asked.lock().unwrap().len();
    let checked = server.post("/admin/users/check").bearer(&key).json(body);
    checked.send().await.expect(204);
    assert_eq!(asked.lock().unwrap().len(), before);
    let path = format!("/admin/users/{}/password", ada.id);
    let set = server
        .post(&path)
        .bearer(&key)
        .json(json!({"password": BREACHED}));
    set.send()
        .await
        .refused_at(422, "validation_failed", "password");
    let file = server.directory().join("u.jsonl");
    fs::write(
        &file,
        json!({"email": "bob@example.com", "password": BREACHED}).to_string(),
    )
    .unwrap();
    let imported = doorward(&server, &["users", "import", file.to_str().unwrap()]);
    assert_eq!(imported.code, Some(1), "{imported:?}");
    assert!(imported.stderr.contains("bob@example.com"), "{imported:?}");

    let browser = server.browser();
    let page = browser.open("/sign-up").await;
    let form = form(&page, "/sign-up")
        .with("email", "bob@example.com")
        .with("password", BREACHED);
    let refused = browser.submit(&form).await;
    assert_eq!(refused.status, 422, "{}", refused.text());

    let asked = asked.lock().unwrap().clone();
    assert!(
        asked
            .iter()
            .any(|line| *line == format!("GET /range/{} HTTP/1.1", &HASH[..5])),
        "{asked:?}"
    );
    assert!(
        asked
            .iter()
            .all(|line| line.len() == "GET /range/12345 HTTP/1.1".len()),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_count_of_zero_is_no_hit_and_signing_in_asks_nobody() {
    let (url, asked) = service(Some(suffix(0))).await;
    let server = Server::with().set("breached_passwords", &url).start();
    register(&server, "ada@example.com", BREACHED)
        .await
        .expect(201);
    let before = asked.lock().unwrap().len();
    assert_eq!(before, 1);
    let body = json!({"email": "ada@example.com", "password": BREACHED});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .expect(200);
    assert_eq!(asked.lock().unwrap().len(), before);
}

#[tokio::test]
async fn a_service_that_does_not_answer_or_is_gone_stops_nobody_and_there_is_an_event() {
    let (silent, _) = service(None).await;
    for url in [silent.as_str(), "http://127.0.0.1:9/range/"] {
        let server = Server::with().set("breached_passwords", url).start();
        let begun = Instant::now();
        register(&server, "ada@example.com", BREACHED)
            .await
            .expect(201);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        eventually("the event", async || {
            server.events("password.breach_unchecked").await.pop()
        })
        .await;
        let begun = Instant::now();
        let body = json!({"email": "ada@example.com", "password": BREACHED});
        server
            .post("/auth/login")
            .json(body)
            .send()
            .await
            .expect(200);
        assert!(
            begun.elapsed() < Duration::from_millis(900),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn a_file_is_a_list_too() {
    let directory = tempfile::TempDir::new().unwrap();
    let list = directory.path().join("breached.txt");
    fs::write(
        &list,
        format!("{}\n{}\n", "0".repeat(40), HASH.to_lowercase()),
    )
    .unwrap();
    let server = Server::with()
        .set("breached_passwords", list.display())
        .start();
    let refused = register(&server, "ada@example.com", BREACHED).await;
    refused.refused_at(422, "validation_failed", "password");
    let body = json!({"email": "ada@example.com", "password": BREACHED});
    let check = server.post("/admin/users/check");
    let checked = check.bearer(&server.operator_key()).json(body).send().await;
    checked.refused_at(422, "validation_failed", "password");
    register(&server, "ada@example.com", PASSWORD)
        .await
        .expect(201);
    assert!(server.events("password.breach_unchecked").await.is_empty());
}

#[test]
fn a_file_that_is_missing_or_holds_no_hashes_stops_the_start() {
    let directory = tempfile::TempDir::new().unwrap();
    let empty = directory.path().join("empty.txt");
    fs::write(&empty, "no hashes here\n").unwrap();
    let missing = directory.path().join("missing.txt");
    for value in [
        empty.to_str().unwrap(),
        missing.to_str().unwrap(),
        "https://x y/",
        "http://x/?a=",
    ] {
        let env = [("DOORWARD_BREACHED_PASSWORDS", value)];
        let data = directory.path().join("data");
        let args = ["--data-dir", data.to_str().unwrap(), "--port", "0"];
        let refused = run("doorward-server", directory.path(), &args, &env);
        assert!(
            refused.failed(1).contains("breached_passwords"),
            "{value}: {refused:?}"
        );
    }
}
