//! Browser applications on other origins: what they may read, by part of the API.

use doorward_tests::{Reply, Server};
use serde_json::json;

const APP: &str = "https://spa.example";
const LISTED: &str = "https://front.example:8443";

async fn preflight(server: &Server, path: &str, origin: &str) -> Reply {
    server
        .call("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, x-y")
        .send()
        .await
}

fn has_no_cors(reply: &Reply) -> bool {
    let names = reply
        .headers
        .keys()
        .map(reqwest::header::HeaderName::as_str);
    !names
        .into_iter()
        .any(|name| name.starts_with("access-control-"))
}

#[tokio::test]
async fn each_part_of_the_api_may_be_read_by_its_origins_and_no_others() {
    let server = Server::with()
        .set("cors_origins", format!("[\"{LISTED}\"]"))
        .start();
    let spa = json!({ "confidential": false, "redirectUris": [format!("{APP}/cb"), "com.example.app:/cb"] });
    server.app(spa).await;
    server
        .app(json!({ "redirectUris": ["https://web.example/cb"] }))
        .await;
    for (path, anybody, app, listed) in [
        ("/.well-known/openid-configuration", true, true, true),
        ("/.well-known/jwks.json", true, true, true),
        ("/oauth/token", false, true, true),
        ("/oauth/revoke", false, true, true),
        ("/oauth/userinfo", false, true, true),
        ("/auth/login", false, false, true),
        ("/auth/me", false, false, true),
        ("/apikey", false, false, true),
        ("/oauth/authorize", false, false, false),
        ("/oauth/introspect", false, false, false),
        ("/oauth/logout", false, false, false),
        ("/sign-in", false, false, false),
        ("/account", false, false, false),
        ("/admin/users", false, false, false),
    ] {
        for (origin, allowed) in [
            (APP, app),
            (LISTED, listed),
            ("https://evil.example", anybody),
            ("https://spa.example.evil", anybody),
            ("http://spa.example", anybody),
            ("https://web.example", anybody),
            ("null", anybody),
        ] {
            let reply = preflight(&server, path, origin).await;
            if !allowed {
                assert!(has_no_cors(&reply), "{path} {origin}: {:?}", reply.headers);
                continue;
            }
            assert_eq!(reply.status, 204, "{path} {origin}");
            let star = path.starts_with("/.well-known");
            let wanted = if star { "*" } else { origin };
            assert_eq!(reply.header("access-control-allow-origin"), wanted);
            assert_eq!(reply.header("access-control-max-age"), "600");
            assert_eq!(
                reply.header("access-control-allow-headers"),
                "authorization, x-y"
            );
            assert!(
                reply
                    .header("access-control-allow-methods")
                    .contains("POST")
            );
            assert_eq!(reply.header("vary"), "Origin");
            assert!(
                !reply
                    .headers
                    .contains_key("access-control-allow-credentials")
            );
            assert!(reply.body.is_empty() && !reply.headers.contains_key("www-authenticate"));
            // The answer itself, an error as well.
            let reply = server.get(path).header("origin", origin).send().await;
            assert_eq!(
                reply.header("access-control-allow-origin"),
                wanted,
                "{path}"
            );
            let exposed = reply.header("access-control-expose-headers");
            assert_eq!(exposed, "WWW-Authenticate, Retry-After, X-Request-Id");
            assert_eq!(reply.header("vary"), "Origin");
        }
    }
    // Without an origin nobody is told one, and caches know that it counts.
    let reply = server.get("/auth/me").send().await.expect(401);
    assert!(has_no_cors(&reply) && reply.header("vary") == "Origin");
}

#[tokio::test]
async fn an_applications_origin_comes_and_goes_with_its_registration() {
    let server = Server::start();
    let spa = json!({ "confidential": false, "redirectUris": [format!("{APP}/cb")] });
    let allowed = async || !has_no_cors(&preflight(&server, "/oauth/token", APP).await);
    assert!(!allowed().await);
    let app = server.app(spa).await;
    assert!(allowed().await);
    let path = format!("/admin/clients/{}", app.id);
    let moved = json!({ "redirectUris": ["https://new.example/cb"] });
    server.admin("PATCH", &path, Some(moved)).await;
    assert!(!allowed().await);
    let back = json!({ "redirectUris": [format!("{APP}/cb")] });
    server.admin("PATCH", &path, Some(back)).await;
    assert!(allowed().await);
    server.admin("DELETE", &path, None).await;
    assert!(!allowed().await);
}
