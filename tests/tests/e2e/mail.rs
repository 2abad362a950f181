//! Mail: how it leaves, and what becomes of it where the mail server does not take it.

use doorward_tests::{
    MailServer, Options, PASSWORD, Server, SmtpBehaviour, Tls, eventually, program,
};
use serde_json::{Value, json};

fn mailing(mail: &MailServer, scheme: &str, user: &str) -> Options {
    let url = format!("{scheme}://{user}localhost:{}", mail.port());
    Server::with()
        .set("mail_url", url)
        .set("mail_from", "id@example.com")
}

async fn ada(server: &Server) -> String {
    let body = json!({"email": "ada@example.com"});
    let user = server.admin("POST", "/admin/users", Some(body)).await;
    user["id"].as_str().unwrap().to_owned()
}

async fn send_link(server: &Server, user: &str, purpose: &str) -> Value {
    let path = format!("/admin/users/{user}/link");
    let body = json!({"purpose": purpose, "send": true});
    server.admin("POST", &path, Some(body)).await
}

async fn reset(server: &Server, token: &str) -> u16 {
    let body = json!({"token": token, "newPassword": "another good one"});
    let call = server.post("/auth/password/reset").json(body);
    call.send().await.status
}

async fn failures(server: &Server) -> Vec<String> {
    let list = server
        .admin("GET", "/admin/events?action=mail.failed", None)
        .await;
    let events = list["data"].as_array().unwrap().iter();
    events
        .map(|event| event["detail"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_link_is_mailed_instead_of_shown() {
    let mail = MailServer::start().await;
    let server = mailing(&mail, "smtp", "").start();
    let ada = ada(&server).await;
    let made = send_link(&server, &ada, "reset").await;
    assert!(made.get("url").is_none(), "{made}");
    let taken = mail.wait_for("ada@example.com", 1).await;
    assert_eq!(taken.from, "id@example.com");
    assert_eq!(taken.header("from"), "Doorward <id@example.com>");
    assert_eq!(taken.header("subject"), "Choose a new password");
    assert_eq!(taken.header("auto-submitted"), "auto-generated");
    let link = taken.link();
    let page = format!("{}/reset-password?token=", server.url());
    assert!(link.starts_with(&page), "{link}");
    // It was mailed to the account's address, so an operator of users may, whatever the account may do.
    let chief = server.administrator("chief@example.com").await;
    let helpdesk = server.key(&["admin:users"]).await;
    let ask = async |user: &str, send: bool| {
        let body = json!({"purpose": "reset", "send": send});
        let path = format!("/admin/users/{user}/link");
        let call = server.post(&path).bearer(&helpdesk).json(body);
        call.send().await.status
    };
    assert_eq!(
        (ask(&chief.id, false).await, ask(&chief.id, true).await),
        (403, 201)
    );
    // Nobody has shown that this address is the person's.
    let body = json!({"email": "bo@example.com", "emailVerified": false});
    let bo = server.admin("POST", "/admin/users", Some(body)).await;
    assert_eq!(ask(bo["id"].as_str().unwrap(), true).await, 403);

    assert_eq!(reset(&server, &taken.token()).await, 204);
    let metrics = server.get("/metrics").send().await.text();
    assert!(
        metrics.contains("doorward_mails_total{outcome=\"sent\"}"),
        "{metrics}"
    );
    // No text of a mail stays: the token is nowhere on disk once it was used.
    for name in ["doorward.db", "doorward.db-wal"] {
        let bytes = std::fs::read(server.data_dir().join(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(taken.token().as_str()), "{name}");
    }
    assert!(!server.log().contains(taken.token().as_str()));
}

#[tokio::test]
async fn without_mail_what_needs_it_is_404() {
    let server = Server::start();
    let ada = ada(&server).await;
    let path = format!("/admin/users/{ada}/link");
    let body = json!({"purpose": "reset", "send": true});
    let call = server.post(&path).bearer(&server.operator_key()).json(body);
    call.send().await.refused(404, "mail_disabled");
}

#[tokio::test]
async fn what_is_refused_for_a_while_comes_once_with_one_id() {
    let mail = MailServer::start().await;
    mail.be(SmtpBehaviour::Later);
    let mut server = mailing(&mail, "smtp", "").start();
    let ada = ada(&server).await;
    send_link(&server, &ada, "invite").await;
    let said = eventually("a failure", async || failures(&server).await.pop()).await;
    assert!(
        said.contains("451") && said.contains("tried again"),
        "{said}"
    );
    // A kill loses nothing.
    server.kill();
    mail.be(SmtpBehaviour::BreaksOff);
    server.start_again();
    let first = mail.wait_for("ada@example.com", 1).await;
    mail.be(SmtpBehaviour::Takes);
    let second = mail.wait_for("ada@example.com", 2).await;
    assert_eq!(first.header("message-id"), second.header("message-id"));
    assert_ne!(first.header("message-id"), "");
    assert_eq!(first.link(), second.link());
    eventually("it is noted", async || {
        let info = server.admin("GET", "/admin/server", None).await;
        (info["mail"]["waiting"] == 0).then_some(())
    })
    .await;
    server.stop();
    server.start_again();
    let user = server
        .admin("GET", &format!("/admin/users/{ada}"), None)
        .await;
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(mail.mails_to("ada@example.com").len(), 2);
    assert_eq!(failures(&server).await.len(), 1);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_with_an_event() {
    let mail = MailServer::start().await;
    mail.be(SmtpBehaviour::Never);
    let server = mailing(&mail, "smtp", "").start();
    let ada = ada(&server).await;
    send_link(&server, &ada, "reset").await;
    let said = eventually("a failure", async || failures(&server).await.pop()).await;
    assert!(said.contains("550") && said.contains("given up"), "{said}");
    eventually("a line in the log", async || {
        let log = server.log();
        log.contains("a mail was not sent").then_some(())
    })
    .await;
    let tries = mail.tries();
    mail.be(SmtpBehaviour::Takes);
    send_link(&server, &ada, "reset").await;
    mail.wait_for("ada@example.com", 1).await;
    assert_eq!(mail.tries(), tries + 1);
}

#[tokio::test]
async fn a_password_goes_only_over_a_line_whose_certificate_is_right() {
    for (tls, scheme) in [(Tls::StartTls, "smtp"), (Tls::Implicit, "smtps")] {
        let mail = MailServer::with(tls).await;
        let server = mailing(&mail, scheme, "id:hunter2@").start();
        let ada = ada(&server).await;
        send_link(&server, &ada, "reset").await;
        let said = eventually("a failure", async || failures(&server).await.pop()).await;
        assert!(said.to_lowercase().contains("certificate"), "{said}");
        assert!(!said.contains("hunter2"));
        assert_eq!((mail.logins().len(), mail.mails().len()), (0, 0));
        // The line comes after the event.
        let log = eventually("a line in the log", async || {
            let log = server.log();
            log.to_lowercase().contains("certificate").then_some(log)
        })
        .await;
        let shown = server.admin("GET", "/admin/server", None).await.to_string();
        assert!(!shown.contains("hunter2") && !log.contains("hunter2"));
        drop(server);

        let home = tempfile_of(mail.pem());
        let server = mailing(&mail, scheme, "id@")
            .set("mail_ca_file", home.path().join("file").display())
            .set("mail_password_file", home.path().join("password").display())
            .start();
        let ada = self::ada(&server).await;
        send_link(&server, &ada, "reset").await;
        let taken = mail.wait_for("ada@example.com", 1).await;
        assert!(taken.is_encrypted);
        assert_eq!(taken.login.as_deref(), Some("id hunter2"));
    }
}

fn tempfile_of(pem: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), pem).unwrap();
    std::fs::write(home.path().join("password"), "hunter2\n").unwrap();
    home
}

#[tokio::test]
async fn nothing_goes_over_a_line_on_which_somebody_answers_for_the_server() {
    let mail = MailServer::with(Tls::StartTls).await;
    mail.be(SmtpBehaviour::Ahead);
    let home = tempfile_of(mail.pem());
    let server = mailing(&mail, "smtp", "id:hunter2@")
        .set("mail_ca_file", home.path().join("file").display())
        .start();
    let ada = ada(&server).await;
    send_link(&server, &ada, "reset").await;
    let said = eventually("a failure", async || failures(&server).await.pop()).await;
    assert!(said.contains("before it was asked"), "{said}");
    assert_eq!((mail.logins().len(), mail.mails().len()), (0, 0));
    // What is wrong with the line may pass.
    mail.be(SmtpBehaviour::Takes);
    let taken = mail.wait_for("ada@example.com", 1).await;
    assert!(taken.is_encrypted);
}

#[tokio::test]
async fn a_server_that_offered_tls_gets_no_mail_without_it() {
    let mail = MailServer::with(Tls::StartTls).await;
    let home = tempfile_of(mail.pem());
    let server = mailing(&mail, "smtp", "")
        .set("mail_ca_file", home.path().join("file").display())
        .start();
    let ada = ada(&server).await;
    send_link(&server, &ada, "reset").await;
    assert!(mail.wait_for("ada@example.com", 1).await.is_encrypted);
    mail.be(SmtpBehaviour::Stripped);
    send_link(&server, &ada, "reset").await;
    let said = eventually("a failure", async || failures(&server).await.pop()).await;
    assert!(
        said.contains("offers no TLS, which it did before"),
        "{said}"
    );
    assert_eq!(mail.mails().len(), 1);
    mail.be(SmtpBehaviour::Takes);
    assert!(mail.wait_for("ada@example.com", 2).await.is_encrypted);
}

#[tokio::test]
async fn no_mail_goes_in_the_clear_where_tls_is_required() {
    let mail = MailServer::with(Tls::StartTls).await;
    mail.be(SmtpBehaviour::Stripped);
    let home = tempfile_of(mail.pem());
    let server = mailing(&mail, "smtp", "")
        .set("mail_ca_file", home.path().join("file").display())
        .set("mail_require_tls", true)
        .start();
    let ada = ada(&server).await;
    send_link(&server, &ada, "reset").await;
    let said = eventually("a failure", async || failures(&server).await.pop()).await;
    assert!(said.contains("mail_require_tls"), "{said}");
    assert_eq!(mail.mails().len(), 0);
    mail.be(SmtpBehaviour::Takes);
    assert!(mail.wait_for("ada@example.com", 1).await.is_encrypted);
}

#[tokio::test]
async fn names_reach_no_mail_and_the_readers_language_counts() {
    let mail = MailServer::start().await;
    let server = mailing(&mail, "smtp", "").start();
    let body = json!({"email": "ada@example.com", "firstName": "Buy at evil.example"});
    let user = server.admin("POST", "/admin/users", Some(body)).await;
    let path = format!("/admin/users/{}/link", user["id"].as_str().unwrap());
    let call = server.post(&path).bearer(&server.operator_key());
    let call = call.header("accept-language", "de-AT");
    let body = json!({"purpose": "invite", "send": true});
    call.json(body).send().await.expect(201);
    let taken = mail.wait_for("ada@example.com", 1).await;
    assert!(
        taken.text().contains("Bei Doorward wurde ein Konto"),
        "{}",
        taken.text()
    );
    assert!(!taken.raw.contains("evil.example"));
}

#[tokio::test]
async fn wrong_settings_stop_the_start_by_their_name() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing").display().to_string();
    let empty = home.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let empty = empty.display().to_string();
    let good = ("mail_url", "smtp://id:pw@mail.example");
    let from = ("mail_from", "id@example.com");
    let user = ("mail_url", "smtp://id@mail.example");
    let bad_url = ("mail_url", "http://x");
    let cases: [(&str, Vec<(&str, &str)>); 16] = [
        (
            "require_verified_email",
            vec![("require_verified_email", "true")],
        ),
        ("mail_url", vec![("mail_url", "http://x"), from]),
        ("mail_url", vec![("mail_url", "smtp://"), from]),
        ("mail_url", vec![user, from]),
        ("mail_from", vec![good]),
        ("mail_from", vec![good, ("mail_from", "Ada")]),
        (
            "mail_password_file",
            vec![user, from, ("mail_password_file", &missing)],
        ),
        (
            "mail_password_file",
            vec![user, from, ("mail_password_file", &empty)],
        ),
        ("mail_ca_file", vec![good, from, ("mail_ca_file", &missing)]),
        ("mail_ca_file", vec![good, from, ("mail_ca_file", &empty)]),
        // The first that is wrong is named, whatever else is missing.
        ("mail_url", vec![bad_url]),
        ("mail_url", vec![bad_url, ("mail_from", "Ada")]),
        ("mail_url", vec![user]),
        // Also where no mail is sent.
        ("mail_from", vec![("mail_from", "Ada")]),
        ("mail_password_file", vec![("mail_password_file", &missing)]),
        ("mail_ca_file", vec![("mail_ca_file", &empty)]),
    ];
    for (name, set) in cases {
        let mut child = std::process::Command::new(program("doorward-server"));
        child
            .env_clear()
            .env("DOORWARD_DATA_DIR", home.path().join("data"));
        child.env("ROCKET_PORT", "0").current_dir(home.path());
        for (key, value) in &set {
            child.env(format!("DOORWARD_{}", key.to_ascii_uppercase()), value);
        }
        let done = child.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{set:?}: {said}");
        let named = format!("error: {name}: ");
        assert!(said.contains(&named), "{set:?}: {said}");
        assert!(!said.contains("pw@"), "{said}");
    }
}

#[tokio::test]
async fn a_test_mail_says_whether_mail_arrives() {
    let mail = MailServer::start().await;
    let url = format!("smtp://localhost:{}", mail.port());
    let test = async |to: &str| {
        let mut child = std::process::Command::new(program("doorward-server"));
        child.args(["mail-test", to]).env_clear();
        child.env("DOORWARD_MAIL_URL", &url);
        child.env("DOORWARD_MAIL_FROM", "id@example.com");
        let done = tokio::task::spawn_blocking(move || child.output().unwrap());
        let done = done.await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let (code, said, _) = test("ada@example.com").await;
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
    let taken = mail.wait_for("ada@example.com", 1).await;
    assert_eq!(taken.header("subject"), "Test mail from Doorward");
    mail.be(SmtpBehaviour::Never);
    let (code, _, said) = test("ada@example.com").await;
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("550"), "{said}");
    let (code, _, said) = test("nobody").await;
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
}

#[tokio::test]
async fn people_are_told_of_what_happens_to_their_account() {
    let mail = MailServer::start().await;
    let server = mailing(&mail, "smtp", "").start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let user = server.admin("POST", "/admin/users", Some(body)).await;
    let path = format!("/admin/users/{}", user["id"].as_str().unwrap());
    let sign_in = async |agent: &str| {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let call = server
            .post("/auth/login")
            .header("user-agent", agent)
            .json(body);
        call.send().await.expect(200).field("accessToken")
    };
    // The first sign-in is nothing to tell, and the same again is not.
    let access = sign_in("curl/8").await;
    sign_in("curl/8.1").await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    sign_in(firefox).await;
    let taken = mail.wait_for("ada@example.com", 1).await;
    assert_eq!(taken.header("subject"), "New sign-in to your account");
    assert!(taken.text().contains("Firefox on Linux") && taken.text().contains("127.0.0.1"));
    let body = json!({"name": "a", "scopes": ["read"]});
    let mint = server.post("/apikey").bearer(&access).json(body);
    mint.send().await.expect(201);
    let taken = mail.wait_for("ada@example.com", 2).await;
    assert_eq!(taken.header("subject"), "New API key for your account");
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another good one"});
    let change = server.post("/auth/password").bearer(&access).json(body);
    change.send().await.expect(204);
    let taken = mail.wait_for("ada@example.com", 3).await;
    assert_eq!(taken.header("subject"), "Your password was changed");
    let setup = server.post("/auth/mfa/totp").bearer(&access);
    let setup = setup
        .json(json!({"password": "another good one"}))
        .send()
        .await;
    let totp = doorward_tests::Totp::new(&setup.expect(200).field("secret"));
    let confirm = server.post("/auth/mfa/totp/confirm").bearer(&access);
    confirm
        .json(json!({"code": totp.code(0)}))
        .send()
        .await
        .expect(200);
    let taken = mail.wait_for("ada@example.com", 4).await;
    assert_eq!(taken.header("subject"), "Your second factors were changed");
    server
        .admin("PATCH", &path, Some(json!({"email": "ada@new.example"})))
        .await;
    let taken = mail.wait_for("ada@example.com", 5).await;
    assert_eq!(taken.header("subject"), "Your email address was changed");
    assert!(taken.text().contains("ada@new.example"));
    assert_eq!(mail.mails().len(), 5);

    // Switched off, nobody is told of anything.
    let quiet = mailing(&mail, "smtp", "")
        .set("mail_notices", false)
        .start();
    let user = ada(&quiet).await;
    let body = json!({"password": PASSWORD});
    let path = format!("/admin/users/{user}/password");
    quiet.admin("POST", &path, Some(body)).await;
    send_link(&quiet, &user, "reset").await;
    mail.wait_for("ada@example.com", 6).await;
    assert_eq!(mail.mails().len(), 6);
}

#[tokio::test]
async fn a_sender_that_is_refused_may_be_mended_and_a_servers_words_are_not_kept_whole() {
    let mail = MailServer::start().await;
    let server = mailing(&mail, "smtp", "").start();
    let ada = ada(&server).await;
    mail.be(SmtpBehaviour::NoSender);
    send_link(&server, &ada, "reset").await;
    eventually("it is told", async || {
        (failures(&server).await.len() == 1).then_some(())
    })
    .await;
    let told = failures(&server).await.remove(0);
    assert!(told.ends_with("tried again"), "{told}");
    mail.be(SmtpBehaviour::Takes);
    mail.wait_for("ada@example.com", 1).await;

    mail.be(SmtpBehaviour::Repeats);
    send_link(&server, &ada, "reset").await;
    eventually("it is told", async || {
        (failures(&server).await.len() == 2).then_some(())
    })
    .await;
    let told = failures(&server).await;
    let told = told.iter().find(|told| told.ends_with("given up")).unwrap();
    let link = mail.mails_to("ada@example.com").pop().unwrap().token();
    for secret in [link.as_str(), "ada@example.com", "link_"] {
        assert!(!told.contains(secret), "{told}");
        assert!(!server.log().contains(secret), "{}", server.log());
    }
    assert!(told.contains("554"), "{told}");
}

// The mail server answers while this thread waits for the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_under_way_when_the_server_stops_is_sent_once() {
    let mail = MailServer::start().await;
    let mut server = mailing(&mail, "smtp", "").start();
    let ada = ada(&server).await;
    mail.be(SmtpBehaviour::Slow);
    send_link(&server, &ada, "reset").await;
    eventually("it is told", async || {
        (mail.mails().len() == 1).then_some(())
    })
    .await;
    server.interrupt();
    mail.be(SmtpBehaviour::Takes);
    server.start_again();
    // What comes later is sent: the first would have been sent before it.
    send_link(&server, &ada, "reset").await;
    mail.wait_for("ada@example.com", 2).await;
    let ids: Vec<_> = mail
        .mails()
        .iter()
        .map(|mail| mail.header("Message-ID"))
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn that_mail_goes_in_the_clear_is_told_once() {
    let mail = MailServer::start().await;
    // This machine, by an address that is not of the loopback network.
    let url = format!("smtp://0.0.0.0:{}", mail.port());
    let server = Server::with()
        .set("mail_url", url)
        .set("mail_from", "id@example.com")
        .start();
    let ada = ada(&server).await;
    for count in 1..=2 {
        send_link(&server, &ada, "reset").await;
        mail.wait_for("ada@example.com", count).await;
    }
    let path = "/admin/events?action=mail.unencrypted";
    let events = server.admin("GET", path, None).await;
    assert_eq!(events["pagination"]["total"], 1);
    assert_eq!(server.log().matches("does not offer STARTTLS").count(), 1);
}

#[tokio::test]
async fn a_mail_names_a_device_in_its_own_language() {
    let mail = MailServer::start().await;
    let server = mailing(&mail, "smtp", "").start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server.admin("POST", "/admin/users", Some(body)).await;
    let sign_in = async |agent: &str| {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let call = server
            .post("/auth/login")
            .header("accept-language", "de")
            .header("user-agent", agent)
            .json(body);
        call.send().await.expect(200);
    };
    sign_in("curl/8").await;
    sign_in("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0").await;
    let taken = mail.wait_for("ada@example.com", 1).await;
    assert!(
        taken.text().contains("Gerät: Firefox auf Linux"),
        "{}",
        taken.text()
    );
}

#[tokio::test]
async fn operators_see_what_is_on_its_way_to_somebody() {
    let mail = MailServer::start().await;
    let server = mailing(&mail, "smtp", "").start();
    let ada = ada(&server).await;
    let path = format!("/admin/users/{ada}");
    let seen = server.admin("GET", &path, None).await;
    assert!(seen.get("links").is_none() && seen.get("mails").is_none());
    mail.be(SmtpBehaviour::Later);
    send_link(&server, &ada, "invite").await;
    let waits = async || {
        let seen = server.admin("GET", &path, None).await;
        seen["mails"][0]["error"].is_string().then_some(seen)
    };
    let seen = eventually("a first try", waits).await;
    assert_eq!(seen["links"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(
        (&seen["links"][0]["kind"], &seen["links"][0]["mailed"]),
        (&json!("invite"), &json!(true))
    );
    assert_eq!(
        (&seen["mails"][0]["kind"], &seen["mails"][0]["state"]),
        (&json!("invite"), &json!("waiting"))
    );
    mail.be(SmtpBehaviour::Takes);
    let taken = mail.wait_for("ada@example.com", 1).await;
    let sent = async || {
        let seen = server.admin("GET", &path, None).await;
        (seen["mails"][0]["state"] == "sent").then_some(seen)
    };
    let seen = eventually("it is noted", sent).await;
    assert!(!seen.to_string().contains(&taken.token()), "{seen}");
    assert_eq!(reset(&server, &taken.token()).await, 204);
    let seen = server.admin("GET", &path, None).await;
    assert!(seen.get("links").is_none(), "{seen}");
    // In a list of people nothing of it stands.
    let list = server.admin("GET", "/admin/users", None).await;
    assert!(list["data"][0].get("mails").is_none(), "{list}");
}
