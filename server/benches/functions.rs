//! What single functions of the hot path take: `cargo bench -p doorward-server --bench functions`.

use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use doorward_server::{
    Settings,
    clock::{Clock, random_bytes},
    crypto::{
        access_token::{AccessClaims, Audience, FIRST_PARTY},
        api_key::{api_key, api_key_form_ok},
        key_ring::{BadKey, KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenType},
        secret::Digest256,
    },
    state::limits::Limits,
};
use doorward_shared::{ScopeSet, Timestamp, apikey::Environment};
use tokio::runtime::Builder;

const ISSUER: &str = "https://id.example.com";

fn ring(algorithm: SigningAlgorithm, remembered: usize) -> Result<KeyRing, BadKey> {
    let pkcs8 = SigningKey::generate(algorithm)?;
    let key = SigningKey::from_pkcs8(algorithm, &pkcs8)?;
    let key = RingKey {
        key: std::sync::Arc::new(key),
        retires_at: None,
        stopped_at: None,
        is_revoked: false,
    };
    KeyRing::new(vec![key], ISSUER.into(), remembered)
}

fn claims(number: usize) -> AccessClaims {
    let now = Clock::system().now().seconds();
    AccessClaims {
        iss: ISSUER.into(),
        sub: "user_01jd3v8x0000000000000000aa".into(),
        aud: Audience::One(ISSUER.into()),
        exp: now + 3600,
        iat: now,
        jti: format!("01jd3v8x00000000{number:010}"),
        client_id: FIRST_PARTY.into(),
        scope: "read write".into(),
        sid: Some("ses_01jd3v8x0000000000000000aa".into()),
        auth_time: None,
        amr: Vec::new(),
        acr: None,
    }
}

fn tokens(c: &mut Criterion) {
    for algorithm in [
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Es256,
        SigningAlgorithm::EdDsa,
    ] {
        let Ok(ring) = ring(algorithm, 1) else {
            continue;
        };
        let now = Clock::system().now();
        c.bench_function(&format!("sign an access token, {algorithm}"), |b| {
            let claims = claims(0);
            b.iter(|| ring.sign(TokenType::Access, black_box(&claims)));
        });
        let signed: Vec<_> = (0..64)
            .filter_map(|number| ring.sign(TokenType::Access, &claims(number)).ok())
            .collect();
        // The ring remembers one token: each of these it sees as if for the first time.
        c.bench_function(&format!("verify a new access token, {algorithm}"), |b| {
            let mut all = signed.iter().cycle();
            b.iter(|| {
                all.next()
                    .map(|token| ring.verify_access(black_box(token), now))
            });
        });
        c.bench_function(
            &format!("verify the same access token again, {algorithm}"),
            |b| {
                b.iter(|| ring.verify_access(black_box(&signed[0]), now));
            },
        );
    }
}

fn keys_and_scopes(c: &mut Criterion) {
    let key = api_key("sk", Environment::Live, &mut random_bytes::<64>);
    c.bench_function("check and hash an API key", |b| {
        b.iter(|| {
            let text = black_box(key.expose());
            api_key_form_ok(text).then(|| Digest256::of(text.as_bytes()))
        });
    });
    let held = ScopeSet::parse("admin read write").unwrap_or_default();
    let asked = ScopeSet::parse("read:orders write").unwrap_or_default();
    c.bench_function("intersect two scope sets", |b| {
        b.iter(|| black_box(&asked).intersect(black_box(&held)));
    });
}

fn limits(c: &mut Criterion) {
    let limits = Limits::new(&Settings::default());
    let clock = Clock::manual(Timestamp(0));
    let runtime = Builder::new_current_thread().build();
    let Ok(runtime) = runtime else { return };
    let mut number = 0u32;
    c.bench_function("count a password check of a new address", |b| {
        b.iter(|| {
            number = number.wrapping_add(1);
            let ip = IpAddr::V4(Ipv4Addr::from(number));
            clock.advance(Duration::from_millis(1));
            let check = limits.password_check(ip, "ada@example.com", true, &clock);
            runtime.block_on(check)
        });
    });
}

criterion_group!(benches, tokens, keys_and_scopes, limits);
criterion_main!(benches);
