//! Stored password hashes.

use doorward_server::{Doorward, Settings, domain::Email};
use serde_json::json;

use crate::test_app::{PASSWORD, TestApp, cheap};

async fn stored(doorward: &Doorward) -> String {
    let ip = "192.0.2.1".parse().unwrap();
    let record = doorward
        .services()
        .store
        .login_facts(Email::keys_of("ada@example.com"), ip)
        .await;
    record.unwrap().account.unwrap().password.unwrap()
}

#[rocket::async_test]
async fn a_password_is_an_argon2id_phc_string_of_the_default_cost() {
    let defaults = Settings::default();
    let settings = Settings {
        argon2_memory_kib: defaults.argon2_memory_kib,
        argon2_iterations: defaults.argon2_iterations,
        argon2_parallelism: defaults.argon2_parallelism,
        ..cheap()
    };
    let server = TestApp::open(settings).await;
    server.register("ada@example.com").await;
    let phc = stored(&server.doorward).await;
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    assert!(!phc.contains(PASSWORD));
}

#[rocket::async_test]
async fn a_login_hashes_anew_once_the_cost_was_raised() {
    let directory = tempfile::TempDir::new().unwrap();
    let data_dir = directory.path().join("data");
    let cheap = Settings {
        data_dir: data_dir.clone(),
        ..cheap()
    };
    let server = TestApp::open(cheap.clone()).await;
    server.register("ada@example.com").await;
    let old = stored(&server.doorward).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    server
        .post("/auth/login", "", body.clone())
        .await
        .expect(200);
    assert_eq!(
        stored(&server.doorward).await,
        old,
        "no change without a reason"
    );
    server.close().await;

    let dear = Settings {
        argon2_memory_kib: 128,
        ..cheap
    };
    let server = TestApp::open(dear).await;
    let wrong = json!({"email": "ada@example.com", "password": "not my password"});
    server
        .post("/auth/login", "", wrong)
        .await
        .refused(401, "invalid_credentials");
    assert_eq!(stored(&server.doorward).await, old);
    // All of them with the old hash, which the first to be done replaces.
    let logins = (0..6).map(|_| server.post("/auth/login", "", body.clone()));
    for reply in rocket::futures::future::join_all(logins).await {
        reply.expect(200);
    }
    let new = stored(&server.doorward).await;
    assert!(new.starts_with("$argon2id$v=19$m=128,t=1,p=1$"), "{new}");
    server.post("/auth/login", "", body).await.expect(200);
}

#[rocket::async_test]
async fn the_dearest_stored_hash_is_known_at_each_sign_in() {
    let directory = tempfile::TempDir::new().unwrap();
    let settings = |memory| Settings {
        data_dir: directory.path().join("data"),
        argon2_memory_kib: memory,
        ..cheap()
    };
    let dearest = async |server: &TestApp| {
        let keys = Email::keys_of("nobody@example.com");
        let facts = server
            .doorward
            .services()
            .store
            .login_facts(keys, "192.0.2.1".parse().unwrap());
        let facts = facts.await.unwrap();
        assert!(facts.account.is_none());
        facts
            .costliest
            .map(|phc| phc.split('$').nth(3).unwrap().to_owned())
    };
    let server = TestApp::open(settings(200)).await;
    assert_eq!(dearest(&server).await, None);
    let ada = server.register("ada@example.com").await;
    server.close().await;
    // The settings are cheaper now: what is stored is the measure.
    let server = TestApp::open(settings(64)).await;
    server.register("bob@example.com").await;
    assert_eq!(dearest(&server).await.as_deref(), Some("m=200,t=1,p=1"));
    let path = format!("/admin/users/{}", ada["userId"].as_str().unwrap());
    let (delete, operator) = (rocket::http::Method::Delete, server.operator());
    let deleted = server.call(delete, &path, &operator, serde_json::Value::Null);
    deleted.await.expect(204);
    assert_eq!(dearest(&server).await.as_deref(), Some("m=64,t=1,p=1"));
}
