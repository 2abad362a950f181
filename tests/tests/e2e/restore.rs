//! `restore`, `backup` and `operator-key`: they destroy nothing, let nobody in and leave nothing behind.

use std::{fs, path::Path};

use doorward_tests::{ProgramOutput, Server, run};
use rusqlite::Connection;
use serde_json::json;

fn tool(server: &Server, args: &[&str]) -> ProgramOutput {
    let data = server.data_dir().to_str().unwrap();
    let args = [args, &["--data-dir", data]].concat();
    run("doorward-server", server.directory(), &args, &[])
}

fn people(path: &Path) -> u64 {
    let conn = Connection::open(path).unwrap();
    conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn a_schema_that_differs_by_one_statement_is_refused() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    tool(&server, &["backup", "good.db"]).done();
    server.stop();
    let good = server.directory().join("good.db");
    let checked = tool(&server, &["check", "good.db"]);
    assert!(checked.done().starts_with("good.db: whole"), "{checked:?}");
    let changes = [
        "DROP TRIGGER users_text_insert; CREATE TRIGGER users_text_insert AFTER INSERT ON users BEGIN
           UPDATE users SET role = 'admin' WHERE rid = new.rid; END",
        "CREATE TRIGGER sly AFTER INSERT ON sessions BEGIN UPDATE users SET role = 'admin'; END",
        "DROP INDEX users_role; CREATE INDEX users_role ON users (role)",
        "CREATE VIEW v AS SELECT * FROM users",
        "ALTER TABLE roles ADD COLUMN more TEXT",
        // A name that SQLite keeps for itself.
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_x', 'users', 0,
           'CREATE TRIGGER sqlite_x AFTER INSERT ON users BEGIN UPDATE users SET role = ''admin''; END')",
    ];
    let database = server.data_dir().join("doorward.db");
    let before = fs::read(&database).unwrap();
    for change in changes {
        let bad = server.directory().join("bad.db");
        fs::copy(&good, &bad).unwrap();
        Connection::open(&bad)
            .unwrap()
            .execute_batch(change)
            .unwrap();
        for args in [&["check", "bad.db"][..], &["restore", "--force", "bad.db"]] {
            let refused = tool(&server, args);
            assert!(
                refused.failed(1).contains("not Doorward's"),
                "{change}: {refused:?}"
            );
            assert!(refused.stderr.contains("bad.db"), "{refused:?}");
        }
        assert_eq!(fs::read(&database).unwrap(), before, "{change}");
        fs::copy(&bad, &database).unwrap();
        for args in [&["check"][..], &["backup", "copy.db"]] {
            let refused = tool(&server, args);
            assert!(
                refused.failed(1).contains("not Doorward's"),
                "{change}: {refused:?}"
            );
        }
        assert!(!server.directory().join("copy.db").exists());
        fs::write(&database, &before).unwrap();
    }
}

#[tokio::test]
async fn counts_that_another_program_made_wrong_are_found_and_a_restore_makes_them_right() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    server.stop();
    let conn = Connection::open(server.data_dir().join("doorward.db")).unwrap();
    conn.execute("DELETE FROM events WHERE action = 'user.registered'", [])
        .unwrap();
    drop(conn);
    tool(&server, &["backup", "b.db"]).done();
    for args in [&["check"][..], &["check", "b.db"]] {
        let refused = tool(&server, args);
        assert!(refused.failed(1).contains("count of events"), "{refused:?}");
    }
    tool(&server, &["restore", "--force", "b.db"]).done();
    tool(&server, &["check"]).done();
}

#[tokio::test]
async fn a_backup_of_a_damaged_database_is_no_backup() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    server.stop();
    let conn = Connection::open(server.data_dir().join("doorward.db")).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM roles WHERE name = 'customer'")
        .unwrap();
    drop(conn);
    fs::write(server.directory().join("b.db"), "the backup of yesterday").unwrap();
    let refused = tool(&server, &["backup", "b.db"]);
    assert!(refused.failed(1).contains("corrupt"), "{refused:?}");
    let kept = fs::read(server.directory().join("b.db")).unwrap();
    assert_eq!(kept, b"the backup of yesterday");
}

#[tokio::test]
async fn a_damaged_database_is_kept_when_a_backup_takes_its_place() {
    let mut server = Server::start();
    server.register("ada@example.com").await;
    tool(&server, &["backup", "b.db"]).done();
    server.kill();
    let data = server.data_dir().to_owned();
    let log = b"and this its log";
    fs::write(data.join("doorward.db-wal"), log).unwrap();
    fs::write(data.join("doorward.db"), "this was a database once").unwrap();
    let done = tool(&server, &["restore", "--force", "b.db"]);
    done.done();
    let names: Vec<String> = fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let kept = names
        .iter()
        .find(|name| name.starts_with("doorward.db.damaged-") && !name.ends_with("-wal"))
        .unwrap_or_else(|| panic!("{names:?}"));
    assert!(done.stderr.contains(kept.as_str()), "{done:?}");
    assert_eq!(
        fs::read(data.join(kept)).unwrap(),
        b"this was a database once"
    );
    assert_eq!(fs::read(data.join(format!("{kept}-wal"))).unwrap(), log);
    assert_eq!(people(&data.join("doorward.db")), 1);
}

#[tokio::test]
async fn a_database_that_somebody_reads_is_not_replaced() {
    let mut server = Server::start();
    tool(&server, &["backup", "b.db"]).done();
    server.register("late@example.com").await;
    server.kill();
    let database = server.data_dir().join("doorward.db");
    let reader = Connection::open(&database).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM users")
        .unwrap();
    let refused = tool(&server, &["restore", "--force", "b.db"]);
    assert!(refused.failed(1).contains("another program"), "{refused:?}");
    drop(reader);
    assert_eq!(people(&database), 1, "with what was in the log");
    tool(&server, &["restore", "--force", "b.db"]).done();
    assert_eq!(people(&database), 0);
}

#[tokio::test]
async fn a_new_operator_key_that_gets_into_no_file_leaves_the_old_one() {
    let mut server = Server::start();
    let old = server.operator_key();
    server.stop();
    // Where the file is written first, before it is renamed.
    let partial = server.data_dir().join("operator.partial");
    fs::create_dir(&partial).unwrap();
    let failed = tool(&server, &["operator-key"]);
    assert!(failed.failed(1).contains("operator.key"), "{failed:?}");
    assert_eq!(server.operator_key(), old);
    server.start_again();
    server.admin("GET", "/admin/users", None).await;
    let keys = server.admin("GET", "/admin/apikeys?limit=100", None).await;
    let live = keys["data"].as_array().unwrap().iter();
    assert_eq!(live.filter(|key| key["revokedAt"].is_null()).count(), 1);
    server.stop();
    fs::remove_dir(&partial).unwrap();
    tool(&server, &["operator-key"]).done();
    server.start_again();
    let dead = server.get("/admin/users").bearer(&old).send().await;
    dead.refused(401, "token_revoked");
    server.admin("GET", "/admin/users", None).await;
}

#[tokio::test]
async fn an_operator_key_dies_under_any_name() {
    let mut server = Server::start();
    let old = server.operator_key();
    let keys = server.admin("GET", "/admin/apikeys", None).await;
    let id = keys["data"][0]["id"].as_str().unwrap().to_owned();
    let renamed = json!({"name": "somebody else"});
    server
        .admin("PATCH", &format!("/admin/apikeys/{id}"), Some(renamed))
        .await;
    tool(&server, &["backup", "b.db"]).done();
    server.stop();
    tool(&server, &["operator-key"]).done();
    for restore in [false, true] {
        if restore {
            server.stop();
            tool(&server, &["restore", "--force", "b.db"]).done();
        }
        server.start_again();
        let dead = server.get("/admin/users").bearer(&old).send().await;
        dead.refused(401, "token_revoked");
        server.admin("GET", "/admin/users", None).await;
    }
}

#[tokio::test]
async fn of_a_deleted_person_nothing_stays_in_free_pages() {
    let mut server = Server::start();
    // Given at sign-up: a later change of a name stands in the audit log, which outlives the account.
    let body = json!({
        "email": "zebulonia@quagmire.example", "password": doorward_tests::PASSWORD,
        "firstName": "Xylophonist", "lastName": "Wapentake",
    });
    let person = server.post("/auth/register").json(body).send().await;
    let id = person.expect(201).field("userId");
    server
        .admin("DELETE", &format!("/admin/users/{id}"), None)
        .await;
    server.stop();
    let mut bytes = fs::read(server.data_dir().join("doorward.db")).unwrap();
    bytes.make_ascii_lowercase();
    // The index of names keeps them in threes.
    for left in ["xylophonist", "wapentake", "$argon2id$", "xyl", "pho"] {
        let found = bytes.windows(left.len()).any(|at| at == left.as_bytes());
        assert!(!found, "{left}");
    }
}
