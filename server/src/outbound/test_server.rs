//! For tests: a local https server behind a public name, with its own certificate authority. Only the name lookup is
//! replaced by the test.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, OnceLock},
    thread,
};

use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};

use super::{AllowedDestinations, Clients, Outbound, OutboundError, builder};

/// The public name.
const NAME: &str = "app.example";

/// A server with configured responses to `GET PATH` that records requests.
#[derive(Debug)]
pub(crate) struct TestServer {
    at: SocketAddr,
    authority: CertificateDer<'static>,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<HashMap<String, String>>>,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(vec![NAME.into()]).unwrap();
        let authority = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.key_pair.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![authority.clone()], key.into())
            .unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = Self {
            at: socket.local_addr().unwrap(),
            authority,
            asked: Arc::default(),
            answers: Arc::default(),
        };
        let (asked, answers, config) = (here.asked.clone(), here.answers.clone(), Arc::new(config));
        thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let mut head = Vec::new();
                let mut buffer = [0; 4096];
                while !head.windows(4).any(|part| part == b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
                        _ => break,
                    }
                }
                let head = String::from_utf8_lossy(&head);
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let found = answers.lock().unwrap().get(&path).cloned();
                asked.lock().unwrap().push(path);
                let answer = found.unwrap_or("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n".into());
                let _ = stream.write_all(answer.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        here
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.at.port())
    }

    /// Sets the response of a path: the rest of the status line with headers, and a body.
    pub(crate) fn answer(&self, path: &str, status_and_heads: &str, body: &str) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status_and_heads}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        self.answers.lock().unwrap().insert(path.into(), answer);
    }

    /// Requested paths.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Calls that resolve the name to this server and trust its authority.
    pub(crate) fn outbound(&self) -> Outbound {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let client = builder(roots, AllowedDestinations::Public).unwrap();
        let client = client.resolve(NAME, self.at).build().unwrap();
        Outbound(Arc::new(Clients {
            public: tokio::sync::OnceCell::new_with(Some(client)),
            ..Clients::default()
        }))
    }

    /// As [`TestServer::outbound`], without trusting its authority.
    pub(crate) fn mistrusting(&self) -> Outbound {
        let client = builder(RootCertStore::empty(), AllowedDestinations::Public).unwrap();
        let client = client.resolve(NAME, self.at).build().unwrap();
        Outbound(Arc::new(Clients {
            public: tokio::sync::OnceCell::new_with(Some(client)),
            ..Clients::default()
        }))
    }
}

/// One server for tests that only read.
fn shared() -> &'static TestServer {
    static SHARED: OnceLock<TestServer> = OnceLock::new();
    SHARED.get_or_init(TestServer::start)
}

#[tokio::test]
async fn a_document_is_fetched_and_kept_as_its_heads_say() {
    let here = shared();
    here.answer("/one", "200 x\r\nCache-Control: max-age=900", "{}");
    let fetched = here.outbound().fetch(&here.url("/one")).await.unwrap();
    assert_eq!(
        (fetched.body.as_slice(), fetched.keep_seconds),
        (&b"{}"[..], 900)
    );
}

#[tokio::test]
async fn redirects_long_answers_and_other_authorities_are_refused() {
    let here = shared();
    here.answer("/away", "302 x\r\nLocation: https://127.0.0.1/", "");
    here.answer("/long", "200 x", &"x".repeat(super::MAX_ANSWER + 1));
    here.answer("/full", "200 x", &"x".repeat(super::MAX_ANSWER));
    let fetch = async |path: &str| here.outbound().fetch(&here.url(path)).await;
    assert_eq!(
        fetch("/away").await.unwrap_err(),
        OutboundError::Status(302)
    );
    assert_eq!(
        fetch("/none").await.unwrap_err(),
        OutboundError::Status(404)
    );
    assert_eq!(
        fetch("/long").await.unwrap_err(),
        OutboundError::TooLong(super::MAX_ANSWER)
    );
    assert_eq!(fetch("/full").await.unwrap().body.len(), super::MAX_ANSWER);
    let unknown = here.mistrusting().fetch(&here.url("/full")).await;
    assert!(
        matches!(unknown, Err(OutboundError::Failed(_))),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_name_is_judged_again_where_the_connection_is_made() {
    // Past the check of the URL, as a name whose address has changed since.
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let outbound = Outbound::default();
    let client = outbound.client(AllowedDestinations::Public).await.unwrap();
    let failed = client.get(format!("https://localhost:{port}/")).send();
    assert!(failed.await.unwrap_err().is_connect());
    let nobody = tokio::time::timeout(std::time::Duration::from_millis(50), socket.accept());
    assert!(nobody.await.is_err(), "a connection was made");
}
