//! Input that is broken below or beyond what an application would send.

use doorward_tests::{PASSWORD, Reply, Server};
use serde_json::json;

async fn post(server: &Server, body: impl Into<Vec<u8>>) -> Reply {
    let call = server
        .post("/auth/register")
        .body("application/json", body.into());
    call.send().await
}

async fn alive(server: &Server) {
    server.get("/health/live").send().await.expect(200);
    server.get("/health/ready").send().await.expect(200);
}

/// The answer to a request whose sender hangs up when it has sent so much: its status.
async fn hung_up(server: &Server, request: String) -> u16 {
    use std::io::{Read, Write};
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    let talk = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = talk.await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.unwrap_or_default()
}

/// The answer to bytes sent as they are: its status, its body.
async fn raw(server: &Server, request: &[u8]) -> (u16, String) {
    let answer = server.raw(request).await;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    (status.unwrap_or_default(), body.unwrap_or_default())
}

fn padded(length: usize) -> String {
    let start = format!(r#"{{"email":"ada@example.com","password":"{PASSWORD}""#);
    format!("{start}{}}}", " ".repeat(length - start.len() - 1))
}

#[tokio::test]
async fn a_body_of_64_kib_is_taken_and_one_byte_more_is_not() {
    let server = Server::start();
    post(&server, padded(64 * 1024 + 1))
        .await
        .refused(413, "payload_too_large");
    post(&server, padded(64 * 1024)).await.expect(201);
    alive(&server).await;
}

#[tokio::test]
async fn a_client_that_talks_before_it_listens_still_hears_that_it_was_too_much() {
    use std::io::{Read, Write};
    let server = Server::start();
    let length = 5_000_000;
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    let talk = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b' '; length])?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    });
    let answer = talk.await.unwrap().expect("nobody hangs up");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payload_too_large"));
    alive(&server).await;
}

#[tokio::test]
async fn a_chunked_body_is_counted_too() {
    let server = Server::start();
    for (length, status) in [(64 * 1024 + 1, 413), (64 * 1024, 201)] {
        let body = padded(length);
        let mut request = b"POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for part in body.as_bytes().chunks(10_000) {
            request.extend(format!("{:x}\r\n", part.len()).bytes());
            request.extend(part);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        let (got, text) = raw(&server, &request).await;
        assert_eq!(got, status, "{text}");
        assert_eq!(text.contains("payload_too_large"), status == 413);
    }
    // And one that has no end.
    let mut request = b"POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    request.extend(b"11170\r\n");
    request.extend(vec![b' '; 70_000]);
    let (got, text) = raw(&server, &request).await;
    assert_eq!(got, 413, "{text}");
    alive(&server).await;
}

#[tokio::test]
async fn nesting_is_refused_long_before_the_stack_ends() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let deep = |open: &str, close: &str, times: usize| open.repeat(times) + &close.repeat(times);
    let bodies = [
        deep("[", "]", 10_000),
        "[".repeat(10_000),
        deep("{\"a\":", "}", 10_000),
        format!(r#"{{"email":{}}}"#, deep("[", "]", 10_000)),
        format!(
            r#"{{"email":"x@example.com","password":"y","x":{}}}"#,
            deep("[", "]", 10_000)
        ),
        format!(r#"{{"firstName":{}}}"#, deep("{\"a\":", "1}", 8_000)),
    ];
    for body in &bodies {
        post(&server, body.as_bytes())
            .await
            .refused(400, "invalid_request");
        let patch = server.patch("/auth/me").bearer(&ada.access);
        let patch = patch.body("application/json", body.clone());
        patch.send().await.refused(400, "invalid_request");
        let token = server
            .post("/auth/token")
            .body("application/json", body.clone());
        assert_eq!(
            token.send().await.expect(400).json()["error"],
            "invalid_request"
        );
    }
    alive(&server).await;
}

#[tokio::test]
async fn text_that_is_no_text_is_refused() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let patch = async |name: &[u8]| {
        let body = [b"{\"firstName\":\"", name, b"\"}"].concat();
        let call = server.patch("/auth/me").bearer(&ada.access);
        call.body("application/json", body).send().await
    };
    for broken in [
        &b"\xff"[..],
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\\ud800",
        b"\\udc00\\ud800",
        b"\\ud800x",
        b"\x00",
        b"\n",
        b"\\x41",
    ] {
        patch(broken).await.refused(400, "invalid_request");
    }
    for odd in [
        &b"\\u0000"[..],
        b"\\u001b[31m",
        b"\\u202e",
        b"\\ufeff",
        b"\\u200b",
    ] {
        patch(odd)
            .await
            .refused_at(422, "validation_failed", "firstName");
    }
    let fine = patch("\\ud83d\\ude00 \u{e9} \u{4e2d}".as_bytes())
        .await
        .expect(200);
    assert_eq!(fine.json()["firstName"], "\u{1f600} \u{e9} \u{4e2d}");
}

#[tokio::test]
async fn a_field_given_twice_is_refused_and_nothing_is_done() {
    let server = Server::start();
    let body = format!(
        r#"{{"email":"ada@example.com","password":"{PASSWORD}","password":"another good one"}}"#
    );
    post(&server, body)
        .await
        .refused_at(400, "invalid_request", "password");
    let users = server.admin("GET", "/admin/users", None).await;
    assert_eq!(users["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_body_cut_short_does_nothing_and_harms_nobody() {
    let server = Server::start();
    let body = format!(r#"{{"email":"ada@example.com","password":"{PASSWORD}"}}"#);
    for (length, sent) in [
        (body.len(), body.len() - 1),
        (body.len() + 100, body.len()),
        (70_000, 10),
        (10, 0),
    ] {
        let head = format!(
            "POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        let address = server.url().strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        std::io::Write::write_all(&mut stream, &body.as_bytes()[..sent]).unwrap();
        drop(stream);
        // As it was, and whole JSON of a length that is too small.
        alive(&server).await;
    }
    let users = server.admin("GET", "/admin/users", None).await;
    assert_eq!(users["pagination"]["total"], 0);
    let short = format!(
        "POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() - 1
    );
    let (status, text) = raw(&server, short.as_bytes()).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("invalid_request"));
}

#[tokio::test]
async fn a_body_that_was_announced_and_did_not_come_is_not_no_body() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let minted = server.key_of(&ada, &["read"]).await;
    let path = format!("/apikey/{}/rotate", minted["id"].as_str().unwrap());
    let head = |how: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{how}",
            ada.access
        )
    };
    for how in [
        "content-length: 22\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nzz\r\n",
        "transfer-encoding: chunked\r\n\r\n",
    ] {
        let status = hung_up(&server, head(how)).await;
        assert!(status == 400 || status == 0, "{how}: {status}");
        server.me(minted["key"].as_str().unwrap()).await.expect(200);
    }
    let nothing = head("connection: close\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(raw(&server, nothing.as_bytes()).await.0, 201);
}

#[tokio::test]
async fn requests_that_are_hardly_http_leave_the_server_standing() {
    let server = Server::start();
    let many = format!(
        "GET /health/live HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(1_000_000)
    );
    let headers = "x: y\r\n".repeat(10_000);
    let headers = format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    let long = format!(
        "GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "a".repeat(200_000)
    );
    let requests: [&[u8]; 9] = [
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        many.as_bytes(),
        headers.as_bytes(),
        long.as_bytes(),
    ];
    for request in requests {
        let address = server.url().strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let _ = std::io::Write::write_all(&mut stream, request);
        drop(stream);
        alive(&server).await;
    }
}

#[tokio::test]
async fn odd_credentials_in_the_header_are_refused_plainly() {
    let server = Server::start();
    for value in [
        &b"Bearer \xff\xfe"[..],
        b"Bearer \xc3\xa9",
        b"Bearer",
        b"Bearer ",
        b"",
        b"Bearer a b",
        b"\xff",
    ] {
        let request = [
            &b"GET /auth/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: "[..],
            value,
            b"\r\n\r\n",
        ]
        .concat();
        let (status, text) = raw(&server, &request).await;
        assert_eq!(status, 401, "{value:?}: {text}");
        let code =
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["error"]["code"].clone();
        assert!(code == "missing_token" || code == "invalid_token", "{code}");
    }
}

#[tokio::test]
async fn a_password_beyond_all_measure_is_only_refused() {
    let server = Server::start();
    let ada = server.register("ada@example.com").await;
    let long = "x".repeat(60_000);
    let body = json!({"email": "ada@example.com", "password": long});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_credentials");
    let body = json!({"email": "bob@example.com", "password": long});
    server
        .post("/auth/register")
        .json(body)
        .send()
        .await
        .refused_at(422, "validation_failed", "password");
    let body = json!({"email": long, "password": PASSWORD});
    server
        .post("/auth/login")
        .json(body)
        .send()
        .await
        .refused(401, "invalid_credentials");
    let body = json!({"currentPassword": long, "newPassword": "another good one"});
    let call = server.post("/auth/password").bearer(&ada.access).json(body);
    call.send().await.refused(401, "invalid_credentials");
}
