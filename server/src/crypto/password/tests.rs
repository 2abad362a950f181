//! Tests of password verification: results and cost.

use argon2::{Argon2, PasswordHash};

use super::*;
use crate::crypto::secret::Secret;

fn params(memory: u32) -> Params {
    Params::new(memory, 1, 1, Some(HASH_BYTES)).unwrap()
}

#[tokio::test]
async fn a_hash_opens_to_its_password_only() {
    let passwords = HashingThreads::start(params(64), 2, 8).unwrap();
    let phc = passwords
        .hash(Secret::from("correct horse".to_owned()))
        .await
        .unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
    let check = |text: &str, phc: Option<&str>| {
        let phc = phc.map(str::to_owned);
        let costliest = phc.clone();
        passwords.verify(Secret::from(text.to_owned()), Stored { phc, costliest })
    };
    assert_eq!(
        check("correct horse", Some(&phc)).await,
        Ok(Verdict::Right { rehash: false })
    );
    assert_eq!(
        check("correct horse ", Some(&phc)).await,
        Ok(Verdict::Wrong)
    );
    assert_eq!(check("correct horse", None).await, Ok(Verdict::Wrong));
    assert_eq!(
        check("correct horse", Some("$argon2id$broken")).await,
        Ok(Verdict::Wrong)
    );
}

#[tokio::test]
async fn a_cheaper_hash_asks_for_a_new_one() {
    let cheap = HashingThreads::start(params(64), 1, 8).unwrap();
    let phc = cheap
        .hash(Secret::from("correct horse".to_owned()))
        .await
        .unwrap();
    let dear = HashingThreads::start(params(128), 1, 8).unwrap();
    let verdict = dear
        .verify(
            Secret::from("correct horse".to_owned()),
            Stored {
                phc: Some(phc.clone()),
                costliest: Some(phc),
            },
        )
        .await;
    assert_eq!(verdict, Ok(Verdict::Right { rehash: true }));
}

#[test]
fn hashes_are_the_ones_the_argon2_crate_makes() {
    use argon2::PasswordVerifier;
    let phc = hash("correct horse", &params(64), &mut HashWorkspace::default()).unwrap();
    let parsed = PasswordHash::new(&phc).unwrap();
    assert!(
        Argon2::default()
            .verify_password(b"correct horse", &parsed)
            .is_ok()
    );
}

fn phc(password: &str, params: &Params) -> String {
    hash(password, params, &mut HashWorkspace::default()).unwrap()
}

/// Cost and result of a verification.
fn compared(password: &str, phc: Option<String>, dearest: Option<String>) -> (u64, Verdict) {
    let mut memory = HashWorkspace::default();
    let settings = Params::new(96, 2, 1, Some(HASH_BYTES)).unwrap();
    let verdict = verify(
        password,
        &Stored {
            phc,
            costliest: dearest,
        },
        &settings,
        &mut memory,
    );
    (memory.filled, verdict)
}

#[test]
fn a_wrong_password_costs_what_the_dearest_stored_kind_costs_whatever_is_stored() {
    let kind = |m, t, p| Params::new(m, t, p, Some(HASH_BYTES)).unwrap();
    let kinds = [
        kind(64, 1, 1),
        kind(64, 3, 1),
        kind(1000, 1, 1),
        kind(128, 2, 4),
        kind(200, 5, 1),
    ];
    let dearest = phc("x", &kinds[4]);
    for password in ["a wrong password", "wrong pa\u{308}ssword"] {
        let (unknown, verdict) = compared(password, None, Some(dearest.clone()));
        assert_eq!(verdict, Verdict::Wrong);
        let spellings = if password.is_ascii() { 1 } else { 2 };
        assert_eq!(unknown, spellings * cost(&kinds[4]));
        for kind in &kinds {
            let (known, verdict) = compared(password, Some(phc("x", kind)), Some(dearest.clone()));
            assert_eq!(verdict, Verdict::Wrong);
            // One pass is the smallest possible difference.
            assert!(
                unknown.abs_diff(known) <= 8 * spellings * 5,
                "{kind:?}: {known}, not {unknown}"
            );
        }
        let (imported, _) = compared(password, Some("$6$salt$hash".into()), Some(dearest.clone()));
        assert_eq!(imported, unknown);
    }
    // Without stored hashes, the current settings are the measure.
    assert_eq!(compared("a wrong password", None, None).0, 96 * 2);
}

#[test]
fn passwords_are_compared_composed_and_older_hashes_as_they_were_typed() {
    let (composed, decomposed) = ("p\u{e4}ssw\u{f6}rter", "pa\u{308}sswo\u{308}rter");
    let kind = Params::new(96, 2, 1, Some(HASH_BYTES)).unwrap();
    let new = phc(decomposed, &kind);
    for text in [composed, decomposed] {
        let (_, verdict) = compared(text, Some(new.clone()), None);
        assert_eq!(verdict, Verdict::Right { rehash: false }, "{text}");
    }
    // An old hash, of the original input.
    let salt = SaltString::encode_b64(&[7; 16]).unwrap();
    let output = Kind::ours(&kind)
        .derive(
            decomposed.as_bytes(),
            &[7; 16],
            HASH_BYTES,
            &mut HashWorkspace::default(),
        )
        .unwrap();
    let old = PasswordHash {
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&output).unwrap()),
        ..PasswordHash::new(&new).unwrap()
    }
    .to_string();
    assert_eq!(
        compared(decomposed, Some(old.clone()), None).1,
        Verdict::Right { rehash: true }
    );
    assert_eq!(compared(composed, Some(old), None).1, Verdict::Wrong);
}

#[tokio::test]
async fn large_hashes_are_checked_beside_all_others() {
    let passwords = HashingThreads::start(params(64), 1, 8).unwrap();
    let large = params(130 * 1024);
    let imported = Some(phc("correct horse", &large));
    let check = |phc: &Option<String>| {
        let (passwords, phc) = (passwords.clone(), phc.clone());
        let text = Secret::from("correct horse".to_owned());
        let stored = Stored {
            phc,
            costliest: None,
        };
        tokio::spawn(async move { passwords.verify(text, stored).await })
    };
    let slow = [(); 4].map(|()| check(&imported));
    while passwords.load().working == 0 {
        tokio::task::yield_now().await;
    }
    let usual = check(&Some(phc("correct horse", &params(64))));
    assert_eq!(usual.await.unwrap(), Ok(Verdict::Right { rehash: false }));
    assert!(!slow[3].is_finished(), "it waited for all of them");
    for slow in slow {
        let verdict = slow.await.unwrap();
        assert_eq!(verdict, Ok(Verdict::Right { rehash: false }));
    }
}
