//! `/` and `/favicon.ico`.

use doorward_tests::Server;

#[tokio::test]
async fn a_browser_at_the_root_is_sent_to_its_account_and_an_api_client_is_not() {
    let server = Server::start();
    let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    let sent = server
        .get("/")
        .header("accept", accept)
        .send()
        .await
        .expect(303);
    assert_eq!(sent.header("location"), "/account");
    for accept in ["application/json", "*/*"] {
        let call = server.get("/").header("accept", accept);
        call.send().await.refused(404, "not_found");
    }
    let call = server.post("/").header("accept", accept);
    call.send().await.refused(405, "method_not_allowed");
    let icon = server.get("/favicon.ico").send().await.expect(200);
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert!(icon.text().starts_with("<svg "), "{}", icon.text());
}

#[tokio::test]
async fn behind_a_proxy_the_account_is_below_the_issuers_path() {
    let server = Server::with()
        .set("issuer", "https://example.org/id")
        .start();
    let sent = server
        .get("/")
        .header("accept", "text/html")
        .send()
        .await
        .expect(303);
    assert_eq!(sent.header("location"), "/id/account");
}
