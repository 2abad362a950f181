//! How passwords are kept.

use doorward_server::{Doorward, Settings, domain::Email};
use serde_json::json;

use crate::house::{House, PASSWORD, cheap};

async fn stored(doorward: &Doorward) -> String {
    let ip = "192.0.2.1".parse().unwrap();
    let record = doorward
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
    let house = House::open(settings).await;
    house.register("ada@example.com").await;
    let phc = stored(&house.doorward).await;
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
    let house = House::open(cheap.clone()).await;
    house.register("ada@example.com").await;
    let old = stored(&house.doorward).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    house
        .post("/auth/login", "", body.clone())
        .await
        .expect(200);
    assert_eq!(
        stored(&house.doorward).await,
        old,
        "no change without a reason"
    );
    house.close().await;

    let dear = Settings {
        argon2_memory_kib: 128,
        ..cheap
    };
    let house = House::open(dear).await;
    let wrong = json!({"email": "ada@example.com", "password": "not my password"});
    house
        .post("/auth/login", "", wrong)
        .await
        .refused(401, "invalid_credentials");
    assert_eq!(stored(&house.doorward).await, old);
    // All of them with the old hash, which the first to be done replaces.
    let logins = (0..6).map(|_| house.post("/auth/login", "", body.clone()));
    for reply in rocket::futures::future::join_all(logins).await {
        reply.expect(200);
    }
    let new = stored(&house.doorward).await;
    assert!(new.starts_with("$argon2id$v=19$m=128,t=1,p=1$"), "{new}");
    house.post("/auth/login", "", body).await.expect(200);
}
