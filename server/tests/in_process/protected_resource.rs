//! An API beside Doorward says whom to ask for tokens: RFC 9728.

use doorward_server::{Doorward, ProtectedResource};
use rocket::local::asynchronous::Client;
use serde_json::{Value, json};

use crate::test_app::cheap;

#[rocket::async_test]
async fn an_embedding_app_says_whom_to_ask_for_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let settings = doorward_server::Settings {
        data_dir: directory.path().join("data"),
        ..cheap()
    };
    let doorward = Doorward::open(settings).await.unwrap();
    let orders = ProtectedResource::new("https://api.example/orders")
        .unwrap()
        .named("Orders")
        .with_scopes(["read:orders"]);
    let host = ProtectedResource::new("https://api.example").unwrap();
    let rocket = rocket::custom(rocket::Config::debug_default())
        .attach(doorward.fairing())
        .mount("/", orders)
        .mount("/", host);
    let client = Client::untracked(rocket).await.unwrap();
    let path = "/.well-known/oauth-protected-resource";
    let answer = client.get(format!("{path}/orders")).dispatch().await;
    assert_eq!(answer.status().code, 200);
    assert_eq!(
        answer
            .headers()
            .get("access-control-allow-origin")
            .collect::<Vec<_>>(),
        ["*"]
    );
    let told: Value = serde_json::from_str(&answer.into_string().await.unwrap()).unwrap();
    assert_eq!(
        told,
        json!({
            "resource": "https://api.example/orders", "authorization_servers": ["https://id.example"],
            "bearer_methods_supported": ["header"], "scopes_supported": ["read:orders"], "resource_name": "Orders",
        })
    );
    let answer = client.get(path).dispatch().await.into_string().await;
    let told: Value = serde_json::from_str(&answer.unwrap()).unwrap();
    assert_eq!(told["resource"], "https://api.example");
    assert_eq!(
        client
            .get(format!("{path}/other"))
            .dispatch()
            .await
            .status()
            .code,
        404
    );
}
