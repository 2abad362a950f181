//! Tokens that nobody here has made, and tokens used as what they are not.

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use doorward_tests::{PASSWORD, Server};
use serde_json::{Value, json};

/// A real token in its parts, to be put together otherwise.
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
    message: String,
}

impl Parts {
    fn of(token: &str) -> Self {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let read = |part| serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap();
        Self {
            header: read(header),
            claims: read(claims),
            signature: signature.to_owned(),
            message: message.to_owned(),
        }
    }

    /// What the signature goes over, with these changes.
    fn message(&self, header: Value, claims: Value) -> String {
        let with = |base: &Value, changes: Value| {
            let mut part = base.clone();
            for (name, value) in changes.as_object().unwrap() {
                match value {
                    Value::Null => part.as_object_mut().unwrap().remove(name),
                    value => part
                        .as_object_mut()
                        .unwrap()
                        .insert(name.clone(), value.clone()),
                };
            }
            BASE64.encode(part.to_string())
        };
        format!(
            "{}.{}",
            with(&self.header, header),
            with(&self.claims, claims)
        )
    }
}

async fn refused_all(server: &Server, forged: impl IntoIterator<Item = (String, String)>) {
    let mut count = 0;
    for (what, token) in forged {
        let reply = server.me(&token).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text());
        reply.refused(401, "invalid_token");
        let challenge = reply.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer ") && challenge.contains("invalid_token"),
            "{what}"
        );
        count += 1;
    }
    assert!(count > 0);
}

#[tokio::test]
async fn a_token_that_is_not_signed_is_no_token() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let parts = Parts::of(&ada.access);
    let mut forged = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "", "RS256"] {
        let message = parts.message(json!({"alg": alg}), json!({}));
        forged.push((format!("{alg}, empty"), format!("{message}.")));
        forged.push((format!("{alg}, two parts"), message.clone()));
        let kept = format!("{message}.{}", parts.signature);
        if alg != "RS256" {
            forged.push((format!("{alg}, old signature"), kept));
        }
    }
    forged.push((
        "alg null".into(),
        format!(
            "{}.{}",
            parts.message(json!({"alg": null}), json!({})),
            parts.signature
        ),
    ));
    refused_all(&server, forged).await;
}

/// A DER value: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..128 => out.push(short as u8),
        long @ 128..256 => out.extend([0x81, long as u8]),
        long => out.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend(content);
    out
}

/// The published RSA key in the forms in which libraries hand it to HMAC.
fn forms_of_the_public_key(jwk: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let number = |name: &str| BASE64.decode(jwk[name].as_str().unwrap()).unwrap();
    let integer = |bytes: &[u8]| der(2, &[&[0], bytes].concat());
    let (n, e) = (number("n"), number("e"));
    let pkcs1 = der(0x30, &[integer(&n), der(2, &e)].concat());
    let rsa_encryption = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let bits = der(3, &[&[0], &pkcs1[..]].concat());
    let spki = der(0x30, &[der(0x30, &rsa_encryption), bits].concat());
    let lines: Vec<_> = BASE64_STANDARD
        .encode(&spki)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
        lines.join("\n")
    );
    vec![
        ("modulus", n),
        ("PKCS #1", pkcs1),
        ("SPKI", spki),
        ("PEM", pem.clone().into_bytes()),
        ("PEM and newline", format!("{pem}\n").into_bytes()),
        ("JWK", jwk.to_string().into_bytes()),
        ("kid", jwk["kid"].as_str().unwrap().as_bytes().to_vec()),
        ("nothing", Vec::new()),
    ]
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let parts = Parts::of(&ada.access);
    let jwks = server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200)
        .json();
    let mut forged = Vec::new();
    for (form, key) in forms_of_the_public_key(&jwks["keys"][0]) {
        for (alg, algorithm) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
        ] {
            let key = hmac::Key::new(algorithm, &key);
            for header in [json!({"alg": alg}), json!({"alg": "RS256"})] {
                let message = parts.message(header, json!({"scope": "admin"}));
                let tag = hmac::sign(&key, message.as_bytes());
                forged.push((
                    format!("{alg} with {form}"),
                    format!("{message}.{}", BASE64.encode(tag)),
                ));
            }
        }
    }
    refused_all(&server, forged).await;
}

#[tokio::test]
async fn a_key_of_ones_own_signs_nothing_however_it_is_brought_along() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let parts = Parts::of(&ada.access);
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key();
    let n = BASE64.encode(public.modulus().big_endian_without_leading_zero());
    let e = BASE64.encode(public.exponent().big_endian_without_leading_zero());
    let jwk = json!({"kty": "RSA", "kid": "mine", "alg": "RS256", "use": "sig", "n": n, "e": e});
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = public.as_der().unwrap();
    let certificate = BASE64_STANDARD.encode(der.as_ref());
    let sign = |message: String, how: &'static dyn RsaEncoding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            how,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signature,
        )
        .unwrap();
        format!("{message}.{}", BASE64.encode(signature))
    };
    let headers = [
        ("under the server's kid", json!({})),
        ("under a kid of its own", json!({"kid": "mine"})),
        ("without a kid", json!({"kid": null})),
        ("jwk", json!({"jwk": jwk})),
        ("jwk and its kid", json!({"jwk": jwk, "kid": "mine"})),
        ("jwk without a kid", json!({"jwk": jwk, "kid": null})),
        (
            "jku",
            json!({"jku": "https://evil.example/jwks.json", "kid": "mine"}),
        ),
        (
            "jku on this server",
            json!({"jku": format!("{}/.well-known/jwks.json", server.url())}),
        ),
        ("x5c", json!({"x5c": [certificate]})),
        (
            "x5u",
            json!({"x5u": "https://evil.example/cert.pem", "kid": "mine"}),
        ),
        ("crit", json!({"crit": ["exp"]})),
    ];
    let mut forged: Vec<_> = headers
        .into_iter()
        .map(|(what, header)| {
            let message = parts.message(header, json!({"scope": "admin"}));
            (what.to_owned(), sign(message, &RSA_PKCS1_SHA256))
        })
        .collect();
    let odd: [(&str, &'static dyn RsaEncoding); 2] =
        [("RS384", &RSA_PKCS1_SHA384), ("PS256", &RSA_PSS_SHA256)];
    for (alg, how) in odd {
        forged.push((
            alg.to_owned(),
            sign(parts.message(json!({"alg": alg}), json!({})), how),
        ));
    }
    refused_all(&server, forged).await;
}

#[tokio::test]
async fn a_changed_header_or_claim_breaks_the_signature() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let eve = server.register("eve@example.com").await;
    let parts = Parts::of(&ada.access);
    let headers = [
        json!({"kid": null}),
        json!({"kid": ""}),
        json!({"kid": "other"}),
        json!({"kid": "../../dev/null"}),
        json!({"kid": "' OR 1=1 --"}),
        json!({"kid": 1}),
        json!({"kid": ["x"]}),
        json!({"typ": null}),
        json!({"typ": "JWT"}),
        json!({"typ": "id+jwt"}),
        json!({"alg": "ES256"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "PS256"}),
        json!({"alg": "RS512"}),
        json!({"alg": ["RS256"]}),
        json!({"zip": "DEF"}),
        json!({"b64": false, "crit": ["b64"]}),
    ];
    let claims = [
        json!({"sub": eve.id}),
        json!({"scope": "admin"}),
        json!({"exp": 32_503_680_000_i64}),
        json!({"exp": null}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": "other"}),
        json!({"sid": null}),
        json!({"client_id": "other"}),
    ];
    let with = |header: &Value, claims: &Value| {
        format!(
            "{}.{}",
            parts.message(header.clone(), claims.clone()),
            parts.signature
        )
    };
    let none = json!({});
    let forged = headers
        .iter()
        .map(|header| (header.to_string(), with(header, &none)));
    let forged = forged.chain(
        claims
            .iter()
            .map(|claims| (claims.to_string(), with(&none, claims))),
    );
    refused_all(&server, forged).await;
}

#[tokio::test]
async fn a_token_has_one_spelling() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let token = &ada.access;
    let parts = Parts::of(token);
    let mut forged = vec![
        ("padding".to_owned(), format!("{token}=")),
        ("double padding".to_owned(), format!("{token}==")),
        ("one more part".to_owned(), format!("{token}.")),
        ("five parts".to_owned(), format!("{token}.x.y")),
        ("leading dot".to_owned(), format!(".{token}")),
        ("only dots".to_owned(), "..".to_owned()),
        ("cut short".to_owned(), token[..token.len() - 1].to_owned()),
        (
            "no header".to_owned(),
            token[token.find('.').unwrap()..].to_owned(),
        ),
        (
            "standard alphabet".to_owned(),
            format!(
                "{}.{}",
                parts.message,
                parts.signature.replace('-', "+").replace('_', "/") + "+"
            ),
        ),
        ("not base64".to_owned(), format!("{}.!!!!", parts.message)),
        ("inside space".to_owned(), token.replacen('.', " .", 1)),
        (
            "very long".to_owned(),
            format!("{token}{}", "A".repeat(6000)),
        ),
    ];
    // Two spare bits at the end of 256 bytes in base64: another spelling of the same signature.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(token.chars().last().unwrap()).unwrap();
    for spare in 1..4 {
        let other = alphabet.as_bytes()[last ^ spare] as char;
        forged.push((
            format!("spare bits {spare}"),
            format!("{}{other}", &token[..token.len() - 1]),
        ));
    }
    // A flipped character, all along the token.
    for at in (0..token.len()).step_by(37) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        forged.push((
            format!("flipped at {at}"),
            String::from_utf8(bytes).unwrap(),
        ));
    }
    refused_all(&server, forged).await;
    server.me(token).await.expect(200);
}

#[tokio::test]
async fn two_authorization_headers_are_none() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let bearer = format!("Bearer {}", ada.access);
    for second in [
        bearer.as_str(),
        "Bearer x",
        "Basic YTpi",
        &format!("Bearer {}", server.operator_key()),
    ] {
        for order in [[&*bearer, second], [second, &*bearer]] {
            let call = server.get("/auth/me").header("authorization", order[0]);
            let reply = call.header("authorization", order[1]).send().await;
            reply.refused(401, "invalid_token");
        }
    }
    let joined = format!("{bearer}, {bearer}");
    let reply = server
        .get("/auth/me")
        .header("authorization", &joined)
        .send()
        .await;
    reply.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_token_of_another_server_is_no_token_here() {
    let (here, there) = (Server::start_rs256(), Server::start_rs256());
    let ada = there.register("ada@example.com").await;
    let key = there.key(&["read"]).await;
    let client = there.client(&["read"]).await;
    let client = there.client_token(&client).await;
    let tokens = [ada.access, key, client, there.operator_key()];
    refused_all(
        &here,
        tokens.map(|token| ("another server's".to_owned(), token)),
    )
    .await;
}

#[tokio::test]
async fn a_credential_is_taken_as_what_it_is_only() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    let key = server.key_of(&ada, &["read"]).await;
    let client = server.client(&["read"]).await;
    let sid = server
        .get("/auth/sessions")
        .bearer(&ada.access)
        .send()
        .await
        .expect(200);
    let sid = sid.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let id = key["id"].as_str().unwrap().to_owned();
    // As a bearer token.
    let as_bearer = [
        ada.refresh.clone(),
        client.secret.clone(),
        client.id.clone(),
        sid,
        id,
        PASSWORD.replace(' ', "-"),
        ada.id.clone(),
    ];
    refused_all(&server, as_bearer.map(|token| (token.clone(), token))).await;
    // As a refresh token.
    let client_token = server.client_token(&client).await;
    let key = key["key"].as_str().unwrap();
    for token in [&ada.access, key, &client.secret, &client_token] {
        let body = json!({"refreshToken": token});
        server
            .post("/auth/refresh")
            .json(body)
            .send()
            .await
            .refused(401, "invalid_token");
    }
    // As a client's secret, and at the token endpoint.
    for secret in [&*ada.access, key, &ada.refresh, ""] {
        let call = server.post("/oauth/token").basic(&client.id, secret);
        let reply = call
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await;
        assert_eq!(reply.expect(401).json()["error"], "invalid_client");
    }
    let call = server.post("/oauth/token").bearer(&server.operator_key());
    let reply = call
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await;
    assert_eq!(reply.expect(401).json()["error"], "invalid_client");
    // A client's own token is nobody's session.
    let me = server.me(&client_token).await;
    me.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_credential_comes_in_the_header_only() {
    let server = Server::start_rs256();
    let ada = server.register("ada@example.com").await;
    for token in [&ada.access, &server.operator_key()] {
        let query = server.get("/auth/me").query(&[("access_token", token)]);
        query.send().await.refused(401, "missing_token");
        let cookie = server
            .get("/auth/me")
            .header("cookie", &format!("access_token={token}"));
        cookie.send().await.refused(401, "missing_token");
        for scheme in ["Basic", "Token", "ApiKey", "DPoP"] {
            let other = server
                .get("/auth/me")
                .header("authorization", &format!("{scheme} {token}"));
            other.send().await.refused(401, "missing_token");
        }
        let api_key = server.get("/auth/me").header("x-api-key", token);
        api_key.send().await.refused(401, "missing_token");
    }
    let lower = server
        .get("/auth/me")
        .header("authorization", &format!("bearer {}", ada.access));
    lower.send().await.expect(200);
}
