//! Import of users from other systems: their password hashes, files of many users, and the export.

use std::fs;

use doorward_tests::{PASSWORD, Reply, Server, doorward};
use serde_json::{Value, json};

/// Of `correct horse battery`, as bcrypt, scrypt, PBKDF2 and Argon2i.
const HASHES: [&str; 4] = [
    "$2b$04$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
    "$scrypt$ln=4,r=8,p=1$977Xeq/V+r+XshbC2Bsj5A$OfxQRbIzXDgMxckGCNgmkYI3liD1u21CwvvhkVXnpok",
    "$pbkdf2-sha256$i=10,l=32$c2FsdHNhbHRzYWx0c2FsdA$DGHgFg7umwQQHjx9aVT0ardPipFooPPuMCKqgL2eBVs",
    "$argon2i$v=19$m=64,t=2,p=4$MGas1VqL8V7rXatVylmrtQ$MazyfN4kmQs0uU1mtfX+h4NVvbMmHyOGkOZSWu7ntZw",
];

async fn create(server: &Server, body: Value) -> Reply {
    let call = server.post("/admin/users").bearer(&server.operator_key());
    call.json(body).send().await
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    server.post("/auth/login").json(body).send().await
}

fn stored(server: &Server, email: &str) -> String {
    let database = rusqlite::Connection::open(server.data_dir().join("doorward.db")).unwrap();
    let sql = "SELECT password FROM users WHERE email = ?1";
    database.query_row(sql, [email], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn people_whose_hash_was_imported_sign_in_and_get_one_of_ours() {
    let server = Server::start();
    for (at, hash) in HASHES.iter().enumerate() {
        let email = format!("moved{at}@example.com");
        let made = create(&server, json!({"email": email, "passwordHash": hash}))
            .await
            .expect(201);
        assert!(!made.text().contains("asswordHash"), "{}", made.text());
        assert!(stored(&server, &email).ends_with(hash));
        sign_in(&server, &email, "not my password")
            .await
            .refused(401, "invalid_credentials");
        assert!(
            stored(&server, &email).ends_with(hash),
            "a wrong password replaces nothing"
        );
        sign_in(&server, &email, PASSWORD).await.expect(200);
        assert!(
            stored(&server, &email).starts_with("$argon2id$v=19$"),
            "{hash}"
        );
        sign_in(&server, &email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn hashes_of_other_kinds_broken_ones_and_absurd_ones_are_refused() {
    let server = Server::start();
    for hash in [
        "",
        "correct horse battery",
        "$6$rounds=5000$salt$hash",
        "$2b$04$P4xFO5cnNqvvWFwmmrYzou",
        "$2b$31$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX.",
        "$scrypt$ln=30,r=8,p=1$977Xeq/V+r+XshbC2Bsj5A$OfxQRbIzXDgMxckGCNgmkYI3liD1u21CwvvhkVXnpok",
        "$pbkdf2-sha256$i=4294967295,l=32$c2FsdHNhbHRzYWx0c2FsdA$DGHgFg7umwQQHjx9aVT0ardPipFooPPuMCKqgL2eBVs",
        "$argon2id$v=19$m=4194304,t=1,p=1$vpdyrnVOqbV27j0HAOC8tw$a0A8I4+kzSZBKrIMpeowr5IlsehGfg3OZuuZpqQLfTg",
    ] {
        let refused = create(
            &server,
            json!({"email": "a@example.com", "passwordHash": hash}),
        )
        .await;
        refused.refused_at(422, "validation_failed", "passwordHash");
    }
    let both = json!({"email": "a@example.com", "password": PASSWORD, "passwordHash": HASHES[0]});
    create(&server, both)
        .await
        .refused_at(400, "invalid_request", "passwordHash");
}

#[tokio::test]
async fn whoever_imports_a_hash_could_sign_in_with_it_and_needs_as_much_as_for_a_password() {
    let server = Server::start();
    let key = server.key(&["admin:users"]).await;
    let body = |with: &str, value: &str| json!({"email": "a@example.com", "role": "customer", with: value});
    for (with, value) in [("password", PASSWORD), ("passwordHash", HASHES[0])] {
        let call = server
            .post("/admin/users")
            .bearer(&key)
            .json(body(with, value));
        call.send().await.refused(403, "insufficient_scope");
    }
}

/// The lines of a report that name a line of the file, with it.
fn told(stderr: &str, file: &str) -> Vec<(u64, String)> {
    let line = |text: &str| {
        let (line, rest) = text
            .split_once(file)?
            .1
            .strip_prefix(':')?
            .split_once(':')?;
        Some((line.parse().ok()?, rest.trim().to_owned()))
    };
    let mut told: Vec<_> = stderr.lines().filter_map(line).collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_file_of_json_lines_is_imported_and_each_refused_row_named() {
    let server = Server::start();
    server.register("taken@example.com").await;
    let file = server.directory().join("people.jsonl");
    let lines = [
        json!({"email": "one@example.com", "passwordHash": HASHES[0], "firstName": "One", "groups": ["staff"], "emailVerified": false}).to_string(),
        json!({"email": "taken@example.com"}).to_string(),
        json!({"email": "ONE@example.com"}).to_string(),
        "{broken".into(),
        json!({"email": "two@example.com", "role": "nobody"}).to_string(),
        json!({"email": "three@example.com", "passwordHash": "$1$x$y"}).to_string(),
        json!({"email": "four@example.com", "disabled": true}).to_string(),
        json!({"email": "five@example.com", "password": "password"}).to_string(),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let path = file.to_str().unwrap();

    let rehearsed = doorward(
        &server,
        &["users", "import", path, "--dry-run", "-o", "json"],
    );
    assert_eq!(rehearsed.code, Some(1), "{rehearsed:?}");
    let summary: Value = serde_json::from_str(&rehearsed.stdout).unwrap();
    assert_eq!(
        summary,
        json!({"dryRun": true, "rows": 8, "created": 2, "refused": 6})
    );
    let foretold = told(&rehearsed.stderr, "people.jsonl");
    assert_eq!(
        server.admin("GET", "/admin/users", None).await["pagination"]["total"],
        1
    );

    let imported = doorward(&server, &["users", "import", path]);
    assert_eq!(imported.code, Some(1), "{imported:?}");
    assert!(
        imported.stdout.contains("2 users are created"),
        "{}",
        imported.stdout
    );
    let told = told(&imported.stderr, "people.jsonl");
    let lines: Vec<u64> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 8], "{}", imported.stderr);
    assert_eq!(told, foretold, "a rehearsal says what the import says");
    assert!(
        told[0].1.contains("taken@example.com") && told[0].1.contains("email_taken"),
        "{told:?}"
    );
    assert!(told[1].1.contains("line 1"), "{told:?}");
    assert!(told[4].1.contains("passwordHash"), "{told:?}");

    sign_in(&server, "one@example.com", PASSWORD)
        .await
        .expect(200);
    let one = server
        .admin("GET", "/admin/users?email=one@example.com", None)
        .await["data"][0]
        .clone();
    assert_eq!(
        (&one["firstName"], &one["groups"], &one["emailVerified"]),
        (&json!("One"), &json!(["staff"]), &json!(false))
    );
    let four = server
        .admin("GET", "/admin/users?email=four@example.com", None)
        .await;
    assert_eq!(four["data"][0]["disabled"], true);
}

#[tokio::test]
async fn csv_is_imported_and_an_export_comes_in_elsewhere() {
    let server = Server::start();
    let file = server.directory().join("people.csv");
    let text = "email,firstName,passwordHash,permissions\na@example.com,Ada,HASH,read\nb@example.com,\"Bob, B.\",,\n";
    fs::write(&file, text.replace("HASH", &format!("\"{}\"", HASHES[1]))).unwrap();
    let imported = doorward(&server, &["users", "import", file.to_str().unwrap()]);
    assert_eq!(imported.done().trim(), "2 users are created");
    sign_in(&server, "a@example.com", PASSWORD)
        .await
        .expect(200);

    let exported = doorward(&server, &["users", "export"]);
    let rows: Vec<Value> = exported
        .done()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let emails: Vec<_> = rows
        .iter()
        .map(|row| row["email"].as_str().unwrap())
        .collect();
    // They were made at once: in either order.
    assert!(
        emails.len() == 2 && emails.contains(&"a@example.com") && emails.contains(&"b@example.com"),
        "{emails:?}"
    );
    assert!(!exported.stdout.contains("argon2") && !exported.stdout.contains("scrypt"));

    let other = Server::start();
    let moved = other.directory().join("moved.jsonl");
    fs::write(&moved, &exported.stdout).unwrap();
    doorward(&other, &["users", "import", moved.to_str().unwrap()]).done();
    let bob = other
        .admin("GET", "/admin/users?email=b@example.com", None)
        .await;
    assert_eq!(bob["data"][0]["firstName"], "Bob, B.");
}

// The server answers while the CLI is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_keeps_no_address_and_rows_are_told_in_their_order() {
    let server = Server::start();
    let mut file = String::new();
    for at in 0..40 {
        let email = format!("p{at}@example.com");
        // Refused by the server, taken, taken already on a line before, and no row at all.
        let rows = [
            json!({"email": email, "password": "short"}),
            json!({"email": email, "password": PASSWORD}),
            json!({"email": email.to_uppercase()}),
            json!({"email": email, "role": 1}),
        ];
        for row in rows {
            file = format!("{file}{row}\n");
        }
    }
    let path = server.directory().join("people.jsonl");
    fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap();
    for dry_run in [true, false] {
        let mut args = vec!["users", "import", path];
        args.extend(dry_run.then_some("--dry-run"));
        let done = doorward(&server, &args);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stdout.starts_with("40 users"), "{done:?}");
        let told = done.stderr.lines().filter_map(|line| {
            let (_, rest) = line.split_once("people.jsonl:")?;
            rest.split(':').next()?.parse::<u64>().ok()
        });
        let wanted = (0..40_u64).flat_map(|at| [1, 3, 4].map(|row| at * 4 + row));
        assert_eq!(told.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
        let twice = "P7@EXAMPLE.COM: the address stands on line 30 already";
        assert!(done.stderr.contains(twice), "{done:?}");
    }
}

#[tokio::test]
async fn a_header_with_an_unknown_field_imports_nothing() {
    let server = Server::start();
    let file = server.directory().join("people.csv");
    fs::write(&file, "email,phone\na@example.com,1\n").unwrap();
    let refused = doorward(&server, &["users", "import", file.to_str().unwrap()]);
    assert!(refused.failed(1).contains("phone"), "{refused:?}");
    assert_eq!(
        server.admin("GET", "/admin/users", None).await["pagination"]["total"],
        0
    );
}

#[tokio::test]
async fn an_account_can_be_made_disabled_in_one_step() {
    let server = Server::start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "disabled": true});
    let made = server.admin("POST", "/admin/users", Some(body)).await;
    assert_eq!(made["disabled"], true);
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let refused = server.post("/auth/login").json(body).send().await;
    refused.refused(403, "account_disabled");
    let path = format!("/admin/users/{}", made["id"].as_str().unwrap());
    let enable = json!({"disabled": false});
    server.admin("PATCH", &path, Some(enable)).await;
    server.login("ada@example.com").await;
}
