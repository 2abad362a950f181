//! Malformed passkey input: cut, nested, huge, of another algorithm, site or ceremony. All of it gets the error of any wrong
//! passkey, and the server keeps working.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_tests::{PASSWORD, Passkey, Person, Reply, Server, browser::claims};
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:8123";

/// The largest body that is read, less some room for what stands around a field.
const ROOM: usize = 40 * 1024;

fn server() -> Server {
    Server::with()
        .set("issuer", ISSUER)
        .set("password_checks_per_minute_per_ip", 0)
        .set("writes_per_minute_per_account", 0)
        .start()
}

async fn send(server: &Server, by: &Person, path: &str, body: Value) -> Reply {
    server.post(path).bearer(&by.access).json(body).send().await
}

/// A credential as an authenticator makes it, for fresh options.
async fn created(server: &Server, by: &Person, passkey: &mut Passkey) -> Value {
    let path = "/auth/passkeys/options";
    let options = send(server, by, path, json!({"password": PASSWORD})).await;
    passkey.create(&options.expect(200).json()["publicKey"])
}

async fn add(server: &Server, by: &Person, credential: Value) -> Reply {
    let body = json!({"name": "laptop", "credential": credential});
    send(server, by, "/auth/passkeys", body).await
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().unwrap()).unwrap()
}

/// Puts `new` where `old` stands once in the attestation object.
fn changed(credential: &Value, old: &[u8], new: &[u8]) -> Vec<u8> {
    let object = bytes(&credential["response"]["attestationObject"]);
    let at = object.windows(old.len()).position(|part| part == old);
    let at = at.expect("what is to be changed");
    [&object[..at], new, &object[at + old.len()..]].concat()
}

#[tokio::test]
async fn no_attestation_that_is_broken_or_of_something_else_makes_a_passkey() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let rp_id_hash = |name: &str| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
        digest.as_ref().to_vec()
    };
    let mut passkey = Passkey::new(ISSUER);
    let whole = created(&server, &ada, &mut passkey).await;
    let object = bytes(&whole["response"]["attestationObject"]);
    // Each is shown with a challenge of its own, so that nothing else is wrong with it.
    let es256 = [0x01, 0x02, 0x03, 0x26];
    let mut wrong: Vec<(&str, Vec<u8>)> = [0, 1, 40, object.len() - 1]
        .map(|end| ("cut", object[..end].to_vec()))
        .into();
    wrong.extend([
        ("more after it", [&object[..], &[0]].concat()),
        ("arrays in arrays", vec![0x81; ROOM]),
        ("maps in maps", [0xa1, 0x00].repeat(ROOM / 2)),
        ("bytes without end", vec![0x5f; ROOM]),
        (
            "2^63 bytes, it says",
            [&[0x5b, 0x7f][..], &[0xff; 7]].concat(),
        ),
        (
            "2^63 members, it says",
            [&[0xbb, 0x7f][..], &[0xff; 7]].concat(),
        ),
        ("zeroes", vec![0; ROOM]),
        (
            "another site",
            changed(&whole, &rp_id_hash("localhost"), &rp_id_hash("example.com")),
        ),
        (
            "an algorithm that nobody offered",
            changed(&whole, &es256, &[0x01, 0x02, 0x03, 0x28]),
        ),
        (
            "EdDSA on P-256",
            changed(&whole, &es256, &[0x01, 0x02, 0x03, 0x27]),
        ),
        (
            "ES256 of an octet key",
            changed(&whole, &es256, &[0x01, 0x01, 0x03, 0x26]),
        ),
        (
            "no curve",
            changed(&whole, &[0x20, 0x01, 0x21], &[0x20, 0x09, 0x21]),
        ),
        (
            "a member twice",
            changed(&whole, &[0x20, 0x01, 0x21], &[0x03, 0x01, 0x21]),
        ),
    ]);
    for (what, object) in wrong {
        let mut credential = created(&server, &ada, &mut passkey).await;
        credential["response"]["attestationObject"] = BASE64.encode(object).into();
        let refused = add(&server, &ada, credential).await;
        assert_eq!(refused.status, 422, "{what}: {}", refused.text());
        refused.refused_at(422, "validation_failed", "credential");
    }
    for kind in ["webauthn.get", "payment.get", ""] {
        let mut credential = created(&server, &ada, &mut passkey).await;
        let data = bytes(&credential["response"]["clientDataJSON"]);
        let data = String::from_utf8(data).unwrap();
        let data = data.replace("webauthn.create", kind);
        credential["response"]["clientDataJSON"] = BASE64.encode(data).into();
        let refused = add(&server, &ada, credential).await;
        refused.refused_at(422, "validation_failed", "credential");
    }
    let mut credential = created(&server, &ada, &mut passkey).await;
    credential["response"]["attestationObject"] = "A".repeat(1024 * 1024).into();
    let huge = add(&server, &ada, credential).await;
    huge.refused(413, "payload_too_large");
    let factors = server.get("/auth/mfa").bearer(&ada.access).send().await;
    assert_eq!(factors.expect(200).json()["passkeys"], json!([]));
    // Nothing of that was in the way of a right one.
    let right = created(&server, &ada, &mut passkey).await;
    add(&server, &ada, right).await.expect(201);
}

#[tokio::test]
async fn no_assertion_that_is_broken_signs_in_or_says_why() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let mut passkey = Passkey::new(ISSUER);
    let made = created(&server, &ada, &mut passkey).await;
    add(&server, &ada, made).await.expect(201);
    let nested = BASE64.encode("[".repeat(ROOM / 2));
    let zeroes = BASE64.encode(vec![0; ROOM / 2]);
    let wrong = [
        ("clientDataJSON", ""),
        ("clientDataJSON", "!"),
        ("clientDataJSON", nested.as_str()),
        ("authenticatorData", ""),
        ("authenticatorData", zeroes.as_str()),
        ("signature", ""),
        ("signature", zeroes.as_str()),
        ("userHandle", zeroes.as_str()),
        ("userHandle", "!"),
    ];
    let sign_in = async |passkey: &mut Passkey, changed: Option<(&str, &str)>| {
        let options = server.post("/auth/passkey/options").send().await;
        let options = options.expect(200).json();
        let mut credential = passkey.get(&options["publicKey"]);
        if let Some((member, value)) = changed {
            credential["response"][member] = value.into();
        }
        let body = json!({"state": options["state"], "credential": credential});
        server.post("/auth/passkey").json(body).send().await
    };
    for (member, value) in wrong {
        let refused = sign_in(&mut passkey, Some((member, value))).await;
        let said = (refused.status, refused.json()["error"]["code"].clone());
        let what = format!("{member} {}", &value[..value.len().min(9)]);
        assert_eq!(said, (401, json!("invalid_credentials")), "{what}");
    }
    let huge = "A".repeat(1024 * 1024);
    sign_in(&mut passkey, Some(("signature", &huge)))
        .await
        .refused(413, "payload_too_large");
    sign_in(&mut passkey, None).await.expect(200);
}

#[tokio::test]
async fn options_ask_for_a_verified_passkey_of_this_host_that_the_account_does_not_have() {
    let server = server();
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let options = async |by: &Person| {
        let path = "/auth/passkeys/options";
        let options = send(&server, by, path, json!({"password": PASSWORD})).await;
        options.expect(200).json()["publicKey"].clone()
    };
    let wanted = options(&ada).await;
    assert_eq!(wanted["rp"]["id"], "localhost");
    let algorithms = wanted["pubKeyCredParams"].as_array().unwrap().iter();
    let algorithms: Vec<_> = algorithms.map(|one| one["alg"].clone()).collect();
    assert_eq!(algorithms, [-7, -8, -257]);
    assert_eq!(wanted["attestation"], "none");
    let selection = &wanted["authenticatorSelection"];
    for member in ["residentKey", "userVerification"] {
        assert_eq!(selection[member], "required", "{member}");
    }
    assert_eq!(wanted["excludeCredentials"], json!([]));
    let mut passkey = Passkey::new(ISSUER);
    let made = passkey.create(&wanted);
    add(&server, &ada, made.clone()).await.expect(201);
    let excluded = json!([{"type": "public-key", "id": made["id"]}]);
    assert_eq!(options(&ada).await["excludeCredentials"], excluded);
    assert_eq!(options(&eve).await["excludeCredentials"], json!([]));

    let asked = server.post("/auth/passkey/options").send().await;
    let asked = asked.expect(200).json();
    assert_eq!(asked["publicKey"]["rpId"], "localhost");
    assert_eq!(asked["publicKey"]["userVerification"], "required");
    // It names nobody's: whoever has one is found by it.
    assert_eq!(asked["publicKey"]["allowCredentials"], json!([]));
    let body = json!({"state": asked["state"], "credential": passkey.get(&asked["publicKey"])});
    let tokens = server.post("/auth/passkey").json(body).send().await;
    let tokens = tokens.expect(200);
    let first = claims(&tokens.field("accessToken"));
    let body = json!({"refreshToken": tokens.field("refreshToken")});
    let again = server.post("/auth/refresh").json(body).send().await;
    let again = claims(&again.expect(200).field("accessToken"));
    assert_eq!(first["amr"], json!(["hwk", "user", "mfa"]));
    for claim in ["amr", "acr", "auth_time"] {
        assert_eq!(first[claim], again[claim], "{claim}");
    }
}
