//! A stop is graceful: what is under way is finished, what only waits is let go, and it is over within 5 seconds.

use std::time::{Duration, Instant};

use doorward_tests::{PASSWORD, Server, eventually};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const LIMIT: Duration = Duration::from_secs(5);

async fn connect(server: &Server) -> TcpStream {
    let address = server.url().strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Reads until `end` has come.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(end) {
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "closed after {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

fn ask_to_stop(server: &Server, signal: Signal) {
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), signal).unwrap();
}

#[tokio::test]
async fn idle_streaming_and_slow_clients_do_not_hold_it_up() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start();
        let mut idle = connect(&server).await;
        idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        read_until(&mut idle, "\"ok\"").await;
        let mut events = connect(&server).await;
        let ask = format!(
            "GET /admin/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
            server.operator_key()
        );
        events.write_all(ask.as_bytes()).await.unwrap();
        read_until(&mut events, "text/event-stream").await;
        let _silent = connect(&server).await;
        let mut half_a_head = connect(&server).await;
        half_a_head
            .write_all(b"GET /auth/me HTTP/1.1\r\nHost: x\r\nAutho")
            .await
            .unwrap();
        let mut half_a_body = connect(&server).await;
        let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
        half_a_body.write_all(head.as_bytes()).await.unwrap();

        let started = Instant::now();
        let ended = if signal == Signal::TERM {
            server.stop()
        } else {
            server.interrupt()
        };
        assert_eq!(ended.code(), Some(0), "{}", server.log());
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
        let mut rest = Vec::new();
        // The stream of events has ended in order.
        events.read_to_end(&mut rest).await.unwrap();
    }
}

/// More than once: what the server is doing when it is asked to stop is a matter of chance.
#[test]
fn a_request_under_way_is_answered() {
    let stop = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(stopped_amid_a_request());
    };
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(stop);
        }
    });
}

async fn stopped_amid_a_request() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    let body = format!("{{\"email\":\"ada@example.com\",\"password\":\"{PASSWORD}\"}}");
    let (start, rest) = body.split_at(10);
    let mut stream = connect(&server).await;
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server says so when it begins to read the body: the request is under way.
    read_until(&mut stream, "100 Continue").await;
    stream.write_all(start.as_bytes()).await.unwrap();

    ask_to_stop(&server, Signal::TERM);
    let address = server.url().strip_prefix("http://").unwrap().to_owned();
    eventually("it takes no new connections", async || {
        TcpStream::connect(&address).await.err()
    })
    .await;
    stream.write_all(rest.as_bytes()).await.unwrap();

    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains("HTTP/1.1 200 OK") && answer.contains("refreshToken"),
        "{answer}"
    );
    assert_eq!(server.stop().code(), Some(0));
    let mut left: Vec<_> = std::fs::read_dir(server.data_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["doorward.db", "master.key", "operator.key"]);
    // What was answered is on disk.
    server.start_again();
    let sessions = server.admin("GET", "/admin/sessions", None).await;
    assert_eq!(sessions["pagination"]["total"], 2);
}

#[tokio::test]
async fn a_thousand_idle_clients_do_not_keep_others_out() {
    let server = Server::start();
    // This side needs as many descriptors as the server, which has raised its own limit by now.
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let mut idle = Vec::new();
    for _ in 0..1200 {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /health").await.unwrap();
        idle.push(stream);
    }
    let live = server.get("/health/live").send();
    let live = tokio::time::timeout(Duration::from_secs(5), live).await;
    live.expect("it answers").expect(200);
    server.register("ada@example.com").await;
}

#[test]
fn a_stop_right_after_the_start_is_graceful_too() {
    for round in 0..8 {
        let mut server = Server::start();
        let ended = if round % 2 == 0 {
            server.stop()
        } else {
            server.interrupt()
        };
        assert_eq!(ended.code(), Some(0), "{ended} {}", server.log());
    }
}
