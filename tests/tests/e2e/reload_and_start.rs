//! SIGHUP, `health`, and the line that says which settings and data are used.

use std::{fs, path::Path, time::Duration};

use doorward_tests::{Options, ProgramOutput, Server, eventually, run};

fn certificate(home: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    fs::write(home.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(home.join("key.pem"), made.key_pair.serialize_pem()).unwrap();
    made.cert.pem()
}

fn with_tls(home: &Path) -> Options {
    let toml = format!(
        "[default.tls]\ncerts = \"{}\"\nkey = \"{}\"\n",
        home.join("cert.pem").display(),
        home.join("key.pem").display()
    );
    Server::with().rocket_toml(&toml)
}

/// A client that trusts one certificate.
fn trusting(pem: &str) -> reqwest::Client {
    reqwest::Client::builder()
        .add_root_certificate(reqwest::Certificate::from_pem(pem.as_bytes()).unwrap())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

fn port(server: &Server) -> &str {
    server.url().rsplit(':').next().unwrap()
}

fn health(server: &Server, port: &str) -> ProgramOutput {
    let data = server.data_dir().to_str().unwrap();
    let args = ["health", "--port", port, "--data-dir", data];
    run("doorward-server", server.directory(), &args, &[])
}

#[tokio::test]
async fn a_hang_up_ends_nothing() {
    let mut server = Server::start();
    server.hang_up();
    let told = async || server.log().contains("SIGHUP").then_some(());
    eventually("it says what it did", told).await;
    server.hang_up();
    server.register("ada@example.com").await;
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_takes_up_renewed_certificates_and_no_broken_ones() {
    let home = tempfile::tempdir().unwrap();
    let old = certificate(home.path());
    let mut server = with_tls(home.path()).start();
    let url = format!("https://localhost:{}/health/ready", port(&server));
    let answers = async |client: &reqwest::Client| {
        let answer = client.get(&url).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    assert!(answers(&trusting(&old)).await);
    // Each refusal is waited for: one that comes late would read the files of the next.
    let refused = |times| server.log().matches("stay as they were").count() >= times;
    for (times, broken) in (1..).zip(["", "no certificate"]) {
        let good = fs::read(home.path().join("cert.pem")).unwrap();
        fs::write(home.path().join("cert.pem"), broken).unwrap();
        server.hang_up();
        eventually("it refuses", async || refused(times).then_some(())).await;
        assert!(answers(&trusting(&old)).await, "{}", server.log());
        fs::write(home.path().join("cert.pem"), good).unwrap();
    }
    // A key that is another certificate's.
    let cert = fs::read(home.path().join("cert.pem")).unwrap();
    certificate(home.path());
    fs::write(home.path().join("cert.pem"), cert).unwrap();
    server.hang_up();
    eventually("it refuses again", async || refused(3).then_some(())).await;
    assert!(answers(&trusting(&old)).await);

    let mut last = old;
    for _ in 0..3 {
        let new = certificate(home.path());
        server.hang_up();
        let client = trusting(&new);
        let taken = async || answers(&client).await.then_some(());
        eventually("the new certificate is shown", taken).await;
        assert!(!answers(&trusting(&last)).await);
        last = new;
    }
    assert!(health(&server, port(&server)).done().contains("ready"));
    assert!(server.stop().success(), "{}", server.log());
}

#[tokio::test]
async fn health_asks_the_server_of_these_settings() {
    let mut server = Server::start();
    let port = port(&server).to_owned();
    assert!(health(&server, &port).done().contains("ready"));
    server.stop();
    let line = health(&server, &port);
    assert!(line.failed(1).contains(&port), "{line:?}");
    assert!(health(&server, "0").failed(1).contains("--port"));
    // Whoever else listens there is no Doorward.
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let asked = tokio::task::spawn_blocking(move || health(&server, &port));
    let (mut stream, _) = other.accept().await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0-x\r\n")
        .await
        .unwrap();
    assert!(asked.await.unwrap().failed(1).contains("not a Doorward"));
}

#[tokio::test]
async fn the_start_says_which_settings_and_data_are_used() {
    let server = Server::start();
    // What is on stderr may be read a moment after the line on stdout.
    let line = async |server: &Server| {
        eventually("the line about settings", async || {
            let log = server.log();
            let line = log.lines().find(|line| line.contains("data directory:"));
            line.map(str::to_owned)
        })
        .await
    };
    let told = line(&server).await;
    assert!(told.contains("no Rocket.toml"), "{told}");
    assert!(told.contains(server.data_dir().to_str().unwrap()), "{told}");
    let server = Server::with().rocket_toml("").data_dir("relative").start();
    let told = line(&server).await;
    let at = |name: &str| server.directory().join(name).to_str().unwrap().to_owned();
    assert!(told.contains(&at("Rocket.toml")), "{told}");
    assert!(told.contains(&at("relative")), "{told}");
}
