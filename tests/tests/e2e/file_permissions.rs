//! Files: what `backup` may replace, whose they are, who may read them, and that errors name them.

use std::{
    fs::{self, File, Permissions},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown, lchown, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Stdio,
};

use doorward_tests::{ProgramOutput, Server, command, run};

fn tool(server: &Server, args: &[&str]) -> ProgramOutput {
    let data = server.data_dir().to_str().unwrap();
    let args = [args, &["--data-dir", data]].concat();
    run("doorward-server", server.directory(), &args, &[])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn backup_replaces_no_socket_or_directory_and_writes_through_links() {
    let server = Server::start();
    let at = |name: &str| server.directory().join(name);
    let _socket = UnixListener::bind(at("socket")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("socket", at("to-it")).unwrap();
    symlink("loop", at("loop")).unwrap();
    for (refused, named) in [
        ("socket", "socket"),
        ("to-it", "socket"),
        ("folder", "folder"),
        ("folder/.", "folder"),
        ("loop", "loop"),
    ] {
        let kind = fs::symlink_metadata(at(refused)).unwrap().file_type();
        let line = tool(&server, &["backup", refused]);
        assert!(line.failed(1).contains(named), "{line:?}");
        assert_eq!(fs::symlink_metadata(at(refused)).unwrap().file_type(), kind);
    }
    fs::write(at("there.db"), "an older backup").unwrap();
    symlink("there.db", at("latest.db")).unwrap();
    symlink("latest.db", at("second.db")).unwrap();
    symlink("folder/missing.db", at("ahead.db")).unwrap();
    for (link, real) in [("second.db", "there.db"), ("ahead.db", "folder/missing.db")] {
        tool(&server, &["backup", link]).done();
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
        assert!(fs::symlink_metadata(at(real)).unwrap().is_file());
        tool(&server, &["check", real]).done();
    }
    // Through a link to the database itself it is still the database.
    symlink(server.data_dir().join("doorward.db"), at("own.db")).unwrap();
    let line = tool(&server, &["backup", "own.db"]);
    assert!(line.failed(1).contains("needs"), "{line:?}");
}

#[test]
fn a_backup_goes_to_stdout_too() {
    let server = Server::start();
    let file = server.directory().join("piped.db");
    let status = command("doorward-server", server.directory())
        .args(["backup", "-", "--data-dir"])
        .arg(server.data_dir())
        .stdout(File::create(&file).unwrap())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    tool(&server, &["check", "piped.db"]).done();
    let full = command("doorward-server", server.directory())
        .args(["backup", "-", "--data-dir"])
        .arg(server.data_dir())
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(full.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&full.stderr).contains("stdout"));
    let left = fs::read_dir(server.data_dir()).unwrap();
    let left = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("partial")
    });
    assert_eq!(left.count(), 0);
}

/// Needs root, as the fault does.
#[test]
fn what_root_makes_in_the_directory_belongs_to_its_owner() {
    const SERVICE: u32 = 65_534;
    let mut server = Server::start();
    let data = server.data_dir().to_owned();
    if fs::metadata(&data).unwrap().uid() != 0 {
        return;
    }
    tool(&server, &["backup", "b.db"]).done();
    server.stop();
    chown(&data, Some(SERVICE), Some(SERVICE)).unwrap();
    let all_theirs = |what: &str| {
        for entry in fs::read_dir(&data).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::metadata(&path).unwrap();
            assert_eq!(
                (found.uid(), found.gid()),
                (SERVICE, SERVICE),
                "{what}: {}",
                path.display()
            );
        }
    };
    for name in ["doorward.db", "master.key", "operator.key"] {
        chown(data.join(name), Some(SERVICE), Some(SERVICE)).unwrap();
    }
    tool(&server, &["restore", "--force", "b.db"]).done();
    all_theirs("restore");
    tool(&server, &["operator-key"]).done();
    all_theirs("operator-key");
    let copy = data.join("copy.db");
    tool(&server, &["backup", copy.to_str().unwrap()]).done();
    all_theirs("backup");
    for name in ["doorward.db", "master.key", "operator.key", "copy.db"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    server.start_again();
    all_theirs("first start");
    // Elsewhere a backup stays root's.
    assert_eq!(
        fs::metadata(server.directory().join("b.db")).unwrap().uid(),
        0
    );
}

/// Needs root, as the faults do.
#[test]
fn what_another_user_has_put_where_a_program_is_started_is_not_used() {
    const OTHER: u32 = 65_534;
    let home = tempfile::TempDir::new().unwrap();
    if fs::metadata(home.path()).unwrap().uid() != 0 {
        return;
    }
    fs::set_permissions(home.path(), Permissions::from_mode(0o1777)).unwrap();
    let at = |name: &str| home.path().join(name);
    let started = at("mine");
    fs::create_dir(&started).unwrap();
    fs::write(
        at("Rocket.toml"),
        "[default.doorward]\ndata_dir = 'theirs'\n",
    )
    .unwrap();
    fs::create_dir(at("doorward-data")).unwrap();
    let check = |directory: &Path| run("doorward-server", directory, &["check"], &[]);
    let told = |directory: &Path| check(directory).failed(1).to_owned();
    // One's own, above the directory, is read.
    assert!(told(&started).contains("no database in theirs"));
    for name in ["Rocket.toml", "doorward-data"] {
        lchown(at(name), Some(OTHER), Some(OTHER)).unwrap();
    }
    let refused = told(&started);
    assert!(
        refused.contains("Rocket.toml") && refused.contains("another user"),
        "{refused}"
    );
    fs::remove_file(at("Rocket.toml")).unwrap();
    let refused = told(home.path());
    assert!(
        refused.contains("data_dir") && refused.contains("another user"),
        "{refused}"
    );
    let console = run("doorward", home.path(), &["status"], &[]);
    assert!(console.failed(1).contains("somebody else's"), "{console:?}");
    // So is what lies in it, and one's own that is not there yet is made.
    let in_it = ["check", "--data-dir", "doorward-data/mine"];
    let refused = run("doorward-server", home.path(), &in_it, &[]);
    assert!(refused.failed(1).contains("another user"), "{refused:?}");
    let deep = ["check", "--data-dir", "new/mine"];
    let not_there = run("doorward-server", home.path(), &deep, &[]);
    assert!(not_there.failed(1).contains("no database"), "{not_there:?}");
    // By its whole name it is meant.
    let whole = at("doorward-data");
    let args = ["check", "--data-dir", whole.to_str().unwrap()];
    let named = run("doorward-server", home.path(), &args, &[]);
    assert!(named.failed(1).contains("no database"), "{named:?}");
}

/// Needs root, as the faults do.
#[test]
fn what_other_users_of_the_machine_put_there_gives_them_nothing() {
    const OTHER: u32 = 65_534;
    let mut server = Server::start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    if fs::metadata(&data).unwrap().uid() != 0 {
        return;
    }
    server.stop();
    let victim = home.join("victim");
    fs::write(&victim, "root's").unwrap();
    let untouched = || {
        assert_eq!(fs::metadata(&victim).unwrap().uid(), 0);
        assert_eq!(fs::read(&victim).unwrap(), b"root's");
    };
    // A link of theirs where everybody may put one.
    let shared = home.join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
    symlink(&victim, shared.join("link.db")).unwrap();
    lchown(shared.join("link.db"), Some(OTHER), Some(OTHER)).unwrap();
    let refused = tool(&server, &["backup", "shared/link.db"]);
    assert!(refused.failed(1).contains("link.db"), "{refused:?}");
    untouched();
    // A log beside a backup, which would be played into it.
    tool(&server, &["backup", "shared/b.db"]).done();
    for log in ["b.db-wal", "b.db-journal"] {
        let log = shared.join(log);
        fs::write(&log, "theirs").unwrap();
        chown(&log, Some(OTHER), Some(OTHER)).unwrap();
        for asked in [
            &["check", "shared/b.db"][..],
            &["restore", "--force", "shared/b.db"],
        ] {
            let refused = tool(&server, asked);
            assert!(refused.failed(1).contains("b.db-"), "{refused:?}");
        }
        fs::remove_file(&log).unwrap();
    }
    tool(&server, &["check", "shared/b.db"]).done();
    tool(&server, &["restore", "--force", "shared/b.db"]).done();
    // A link in the place of the database, in a directory that is theirs.
    let theirs = home.join("theirs");
    fs::create_dir(&theirs).unwrap();
    symlink(&victim, theirs.join("doorward.db")).unwrap();
    chown(&theirs, Some(OTHER), Some(OTHER)).unwrap();
    for asked in [&["operator-key"][..], &["serve", "--port", "0"]] {
        let refused = command("doorward-server", &home)
            .args(asked)
            .arg("--data-dir")
            .arg(&theirs)
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        untouched();
    }
}

/// Needs root, as the faults do.
#[test]
fn root_follows_a_link_of_the_directorys_owner_only_to_what_is_theirs() {
    const OTHER: u32 = 65_534;
    let mut server = Server::start();
    let (home, data) = (server.directory().to_owned(), server.data_dir().to_owned());
    if fs::metadata(&data).unwrap().uid() != 0 {
        return;
    }
    tool(&server, &["backup", "b.db"]).done();
    server.stop();
    let theirs = home.join("theirs");
    let (link, own) = (theirs.join("doorward.db"), theirs.join("own"));
    fs::create_dir_all(&own).unwrap();
    for path in [&theirs, &own] {
        chown(path, Some(OTHER), Some(OTHER)).unwrap();
    }
    let leads_to = |target: &Path| {
        let _ = fs::remove_file(&link);
        symlink(target, &link).unwrap();
        lchown(&link, Some(OTHER), Some(OTHER)).unwrap();
    };
    let at_theirs = |args: &[&str]| {
        let args = [args, &["--data-dir", theirs.to_str().unwrap()]].concat();
        run("doorward-server", &home, &args, &[])
    };
    // What a scheduler would run, say: a file there is its owner's to write from then on.
    let victim = home.join("job");
    leads_to(&victim);
    let refused = at_theirs(&["restore", "b.db"]);
    assert!(refused.failed(1).contains("doorward.db"), "{refused:?}");
    assert!(!victim.exists());
    fs::write(&victim, "root's").unwrap();
    at_theirs(&["restore", "b.db", "--force"]).failed(1);
    assert_eq!(fs::read(&victim).unwrap(), b"root's");
    assert_eq!(fs::metadata(&victim).unwrap().uid(), 0);
    // The database of another server.
    let others = data.join("doorward.db");
    leads_to(&others);
    let copy = theirs.join("copy.db");
    let before = fs::read(&others).unwrap();
    for asked in [
        &["operator-key"][..],
        &["backup", copy.to_str().unwrap()],
        &["backup", "-"],
        &["restore", "b.db", "--force"],
        &["serve", "--port", "0"],
    ] {
        let refused = at_theirs(asked);
        assert!(refused.failed(1).contains("doorward.db"), "{refused:?}");
    }
    assert!(!copy.exists() && fs::read(&others).unwrap() == before);
    // What is theirs is where they want it.
    fs::copy(home.join("b.db"), own.join("moved.db")).unwrap();
    chown(own.join("moved.db"), Some(OTHER), Some(OTHER)).unwrap();
    leads_to(Path::new("own/moved.db"));
    at_theirs(&["check"]).done();
    at_theirs(&["restore", "b.db", "--force"]).done();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(own.join("moved.db")).unwrap().uid(), OTHER);
    // A link to the database leads to what no backup replaces, wherever that is.
    let onto = own.join("moved.db");
    let refused = at_theirs(&["backup", onto.to_str().unwrap()]);
    assert!(refused.failed(1).contains("needs"), "{refused:?}");
}

#[test]
fn what_was_open_to_others_is_closed_and_told() {
    let mut server = Server::start();
    let data = server.data_dir().to_owned();
    server.stop();
    let open = |names: &[&str]| {
        for name in names {
            fs::set_permissions(data.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    };
    let closed = |log: &str| {
        for name in ["master.key", "operator.key", "doorward.db"] {
            assert_eq!(mode(&data.join(name)), 0o600, "{name}");
        }
        assert_eq!(mode(&data), 0o700);
        for name in ["master.key", "operator.key"] {
            assert!(
                log.lines()
                    .any(|line| line.contains(name) && line.contains("644")),
                "{log}"
            );
        }
    };
    open(&["master.key", "operator.key", "doorward.db"]);
    server.start_again();
    closed(&server.log());
    server.stop();
    open(&["master.key", "operator.key", "doorward.db"]);
    let made = tool(&server, &["operator-key"]);
    made.done();
    assert_eq!(mode(&data.join("operator.key")), 0o600);
    closed(&made.stderr);
}

#[test]
fn an_error_about_a_file_names_it() {
    let mut server = Server::start();
    server.stop();
    let data = server.data_dir().to_owned();
    let named = |args: &[&str], path: &str| {
        let line = tool(&server, args);
        assert!(line.failed(1).contains(path), "{args:?}: {line:?}");
    };
    named(&["backup", "no/such/b.db"], "no/such/b.db");
    named(&["backup", "/dev/full/b.db"], "/dev/full/b.db");
    named(&["restore", "--force", "none.db"], "none.db");
    named(&["check", "none.db"], "none.db");
    named(&["check", "."], ".:");
    // Not a key, not readable, not a file.
    for (name, commands) in [
        ("operator.key", &["serve", "operator-key", "restore"][..]),
        ("master.key", &["serve", "restore"]),
        ("doorward.db", &["serve", "check", "restore"]),
    ] {
        let (path, aside) = (data.join(name), server.directory().join("aside"));
        let good = server.directory().join("good.db");
        if !good.exists() {
            tool(&server, &["backup", "good.db"]).done();
        }
        fs::rename(&path, &aside).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        for command in commands {
            let args = match *command {
                "serve" => &["serve", "--port", "0"][..],
                "restore" => &["restore", "--force", "good.db"],
                other => &[other],
            };
            named(args, path.to_str().unwrap());
        }
        fs::remove_dir_all(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
}
