//! Tests: which imported hashes are accepted, and that they match their passwords.

use super::*;

const PASSWORD: &str = "correct horse battery";

/// Created by passlib, libxcrypt and Python's hashlib, at the lowest cost each accepts.
const MADE_ELSEWHERE: [&str; 17] = [
    "$2b$04$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
    "$2a$04$CIkgfd2n/s8vkBfC8ywssuhxwYy1gfeP9G0k5zwLId31TqIKh38p.",
    "$2y$04$OnDczEECYKCj0yGo0wt1GOT4dEvbgTVUEs4YBNBd5VUuaeYtrNT1y",
    "$scrypt$ln=4,r=8,p=1$977Xeq/V+r+XshbC2Bsj5A$OfxQRbIzXDgMxckGCNgmkYI3liD1u21CwvvhkVXnpok",
    "$7$26..../....aSaltOfText$1E/oUd8r91nnjr9ZYfVyVrgx3Shfpg.5TjmSjix10I.",
    "$s0$40801$c2FsdHNhbHRzYWx0c2FsdA==$EoVSPZC4RYKB2CErwCmlipwgpfFn0T/z5ifD4UXaZJXPfsue2TB2vEvhLhUqMvbEQWkq1m01+/nXR3R6TgKFJw==",
    "$pbkdf2$10$LIVwjnFOyfkfIyTEOCdkTA$/tQD6lm6QoCIDr15S.KHRbzQ0Gg",
    "$pbkdf2-sha256$10$.b.X0hojZIzxHuM8p3QuZQ$l8bNPMraDOHm6jTrzCbmnUj/SCgIVURIRxDnHtewCK4",
    "$pbkdf2-sha512$10$1Hpvba31vhfCWMvZG2NMaQ$lBcd8rZSgF/3.nBI6Z.GYsoHS8YCuD9sxhPFdB7wcJbMcnC/Ss04YAucnKv0y8Fj5ED3yxeJ1NAth64l.PvnyQ",
    "$pbkdf2-sha256$i=10,l=32$c2FsdHNhbHRzYWx0c2FsdA$DGHgFg7umwQQHjx9aVT0ardPipFooPPuMCKqgL2eBVs",
    "$pbkdf2-sha256$i=10$c2FsdHNhbHRzYWx0c2FsdA$DGHgFg7umwQQHjx9aVT0ardPipFooPPuMCKqgL2eBVs",
    "pbkdf2_sha256$10$B2WUtZytKvpG$JBhH4kyZtzAgV1AYrTzF20eI8o298LTgT+b4QXjDb+8=",
    "pbkdf2_sha1$10$EivdBwnpmjxI$J07AUvHFg/L0hFLOfWHdojwU/g0=",
    "$argon2i$v=19$m=64,t=2,p=4$MGas1VqL8V7rXatVylmrtQ$MazyfN4kmQs0uU1mtfX+h4NVvbMmHyOGkOZSWu7ntZw",
    "$argon2d$v=19$m=64,t=2,p=4$9D6ndK4VolSqFYKQMgaAEA$m9ItOgJq5EHOF9JkuL0QzJzV4YxlW+PNxmc30h4IuX8",
    "$argon2id$v=19$m=64,t=2,p=4$vpdyrnVOqbV27j0HAOC8tw$a0A8I4+kzSZBKrIMpeowr5IlsehGfg3OZuuZpqQLfTg",
    "$argon2i$m=64,t=2,p=1$c2FsdHNhbHQ$71PzAhvefHd4XQzLLPAy7UZ/X2BY4yCO0Y4o7Z2KPDs",
];

fn checked(password: &str, stored: &str, memory: &mut HashWorkspace) -> Verdict {
    let ours = Params::new(64, 1, 1, Some(HASH_BYTES)).unwrap();
    let stored = Stored {
        phc: Some(stored.to_owned()),
        costliest: Some(stored.to_owned()),
    };
    verify(password, &stored, &ours, memory)
}

#[test]
fn hashes_made_elsewhere_open_to_their_password_and_ask_for_one_of_ours() {
    let mut memory = HashWorkspace::default();
    for hash in MADE_ELSEWHERE {
        let stored = import(hash).unwrap_or_else(|why| panic!("{hash} {why}"));
        assert_eq!(
            checked(PASSWORD, &stored, &mut memory),
            Verdict::Right { rehash: true },
            "{hash}"
        );
        assert_eq!(
            checked("correct horse batterz", &stored, &mut memory),
            Verdict::Wrong,
            "{hash}"
        );
        assert_eq!(checked("", &stored, &mut memory), Verdict::Wrong, "{hash}");
        // A hash that was not imported is rejected.
        assert!(
            hash.starts_with("$argon2id") || StoredHash::read(hash).is_none(),
            "{hash}"
        );
    }
}

#[test]
fn a_hash_that_is_cut_short_or_has_a_wrong_letter_is_malformed() {
    for hash in MADE_ELSEWHERE {
        let last = hash.rfind('$').unwrap();
        for broken in [&hash[..hash.len() - 25], &hash[..last], &hash[..=last]] {
            assert_eq!(import(broken), Err(ImportError::Malformed), "{broken}");
        }
        for odd in ["$", " ", "\n", "!", "\u{e4}"] {
            assert_eq!(
                import(&format!("{hash}{odd}")),
                Err(ImportError::Malformed),
                "{hash}{odd}"
            );
        }
    }
    let malformed = [
        "$2b$03$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
        "$2b$32$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
        "$2b$+4$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
        "$pbkdf2-sha256$i=0,l=32$c2FsdHNhbHRzYWx0c2FsdA$DGHgFg7umwQQHjx9aVT0ardPipFooPPuMCKqgL2eBVs",
        "$pbkdf2-sha256$i=10,l=31$c2FsdHNhbHRzYWx0c2FsdA$DGHgFg7umwQQHjx9aVT0ardPipFooPPuMCKqgL2eBVs",
        "$scrypt$ln=0,r=8,p=1$977Xeq/V+r+XshbC2Bsj5A$OfxQRbIzXDgMxckGCNgmkYI3liD1u21CwvvhkVXnpok",
        "$scrypt$ln=64,r=8,p=1$977Xeq/V+r+XshbC2Bsj5A$OfxQRbIzXDgMxckGCNgmkYI3liD1u21CwvvhkVXnpok",
        "$argon2id$v=18$m=64,t=2,p=4$vpdyrnVOqbV27j0HAOC8tw$a0A8I4+kzSZBKrIMpeowr5IlsehGfg3OZuuZpqQLfTg",
        "$argon2id$v=19$m=64,t=2,p=4$vpdyrnVOqbV27j0HAOC8tw$a0A8",
    ];
    for hash in malformed {
        assert_eq!(import(hash), Err(ImportError::Malformed), "{hash}");
    }
}

#[test]
fn other_kinds_are_named_as_such() {
    let others = [
        "",
        "correct horse battery",
        "$1$salt$hash",
        "$6$rounds=5000$salt$hash",
        "$2x$04$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
        "$argon2x$v=19$m=64,t=2,p=4$vpdyrnVOqbV27j0HAOC8tw$a0A8I4+kzSZBKrIMpeowr5IlsehGfg3OZuuZpqQLfTg",
        "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        "$imported$m=1,t=1$2b$04$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
    ];
    for hash in others {
        assert_eq!(import(hash), Err(ImportError::OtherKind), "{hash}");
    }
}

#[test]
fn what_costs_over_five_seconds_or_a_gibibyte_is_refused_without_being_tried() {
    let dear = |change: (&str, &str), of: &str| {
        let hash = of.replacen(change.0, change.1, 1);
        assert_ne!(hash, of);
        import(&hash)
    };
    let [bcrypt, scrypt, pbkdf2, argon2] = [0, 3, 9, 15].map(|at| MADE_ELSEWHERE[at]);
    let dearest_taken = [
        dear(("$04$", "$15$"), bcrypt),
        dear(("ln=4", "ln=20"), scrypt),
        dear(("p=1", "p=64"), scrypt),
        dear(("i=10,", "i=5000000,"), pbkdf2),
        dear(("m=64,t=2", "m=1048576,t=2"), argon2),
    ];
    for taken in dearest_taken {
        assert!(taken.is_ok(), "{taken:?}");
    }
    let too_dear = [
        dear(("$04$", "$18$"), bcrypt),
        dear(("$04$", "$31$"), bcrypt),
        dear(("ln=4", "ln=21"), scrypt),
        dear(("ln=4,r=8", "ln=20,r=9"), scrypt),
        dear(("p=1", "p=1048576"), scrypt),
        dear(("p=1", "p=65"), scrypt),
        dear(("ln=4,r=8,p=1", "ln=1,r=1,p=5800000"), scrypt),
        // Cheap by its blocks alone: two of 43,000 in each of 64 lanes, which PBKDF2 generates first.
        dear(("ln=4,r=8,p=1", "ln=1,r=43000,p=64"), scrypt),
        dear(("ln=4,r=8", "ln=63,r=1000000"), scrypt),
        dear(("i=10,", "i=4294967295,"), pbkdf2),
        dear(("m=64,", "m=1048577,"), argon2),
        dear(("m=64,t=2", "m=1048576,t=20"), argon2),
        dear(("t=2", "t=4294967295"), argon2),
    ];
    for refused in too_dear {
        assert_eq!(refused, Err(ImportError::TooDear));
    }
}

#[test]
fn bcrypt_reads_72_bytes() {
    let stored = import("$2b$04$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.").unwrap();
    let mut memory = HashWorkspace::default();
    let long = "x".repeat(1024);
    assert_eq!(checked(&long, &stored, &mut memory), Verdict::Wrong);
}

/// Compares processor time, since other tests run beside it.
#[test]
fn a_check_takes_as_long_as_one_of_the_dearest_kind_whatever_is_stored() {
    let ours = Params::new(256, 1, 1, Some(HASH_BYTES)).unwrap();
    let mut memory = HashWorkspace::default();
    let argon2 = hash(PASSWORD, &ours, &mut memory).unwrap();
    let dearest = import("$2b$08$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.").unwrap();
    let cheap = import(MADE_ELSEWHERE[7]).unwrap();
    let mut times = Vec::new();
    for phc in [None, Some(argon2), Some(cheap), Some(dearest.clone())] {
        let stored = Stored {
            phc,
            costliest: Some(dearest.clone()),
        };
        let mut took: Vec<_> = (0..5)
            .map(|_| {
                let begun = thread_time();
                assert_eq!(
                    verify("a wrong password", &stored, &ours, &mut memory),
                    Verdict::Wrong
                );
                thread_time() - begun
            })
            .collect();
        took.sort();
        times.push(took[2]);
    }
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*most < *least * 13 / 10, "{times:?}");
}

/// Prints the measured values of the bound's constants: `cargo test --lib what_import_costs -- --ignored --nocapture`.
#[test]
#[ignore = "measures this machine"]
fn what_import_costs_are_on_this_machine() {
    let kinds = [
        (
            "argon2, a KiB",
            "$argon2id$v=19$m=65536,t=2,p=4$vpdyrnVOqbV27j0HAOC8tw$a0A8I4+kzSZBKrIMpeowr5IlsehGfg3OZuuZpqQLfTg",
            131_072,
        ),
        (
            "bcrypt, a round",
            "$2b$10$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
            1024,
        ),
        (
            "scrypt, a block",
            "$scrypt$ln=15,r=8,p=1$977Xeq/V+r+XshbC2Bsj5A$OfxQRbIzXDgMxckGCNgmkYI3liD1u21CwvvhkVXnpok",
            262_144,
        ),
        (
            "pbkdf2-sha1",
            "$pbkdf2$200000$LIVwjnFOyfkfIyTEOCdkTA$/tQD6lm6QoCIDr15S.KHRbzQ0Gg",
            200_000,
        ),
        (
            "pbkdf2-sha256",
            "$pbkdf2-sha256$200000$.b.X0hojZIzxHuM8p3QuZQ$l8bNPMraDOHm6jTrzCbmnUj/SCgIVURIRxDnHtewCK4",
            200_000,
        ),
        (
            "pbkdf2-sha512",
            "$pbkdf2-sha512$200000$1Hpvba31vhfCWMvZG2NMaQ$lBcd8rZSgF/3.nBI6Z.GYsoHS8YCuD9sxhPFdB7wcJbMcnC/Ss04YAucnKv0y8Fj5ED3yxeJ1NAth64l.PvnyQ",
            200_000,
        ),
    ];
    let mut memory = HashWorkspace::default();
    for (name, hash, units) in kinds {
        let hash = StoredHash::read(&import(hash).unwrap()).unwrap();
        let mut best = u128::MAX;
        for _ in 0..4 {
            let begun = thread_time();
            hash.kind
                .derive(b"password", &hash.salt, hash.expected.len(), &mut memory);
            best = best.min((thread_time() - begun).as_nanos() / units);
        }
        println!("{name}: {best} ns");
    }
}
