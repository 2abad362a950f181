//! Imports point one way: `main → io → view → core → command`, and only `io` reaches outside the program.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each folder, and what it may import of the others. No circle is possible: each names only those before it.
const MAY_IMPORT: [(&str, &[&str]); 4] = [
    ("command", &[]),
    ("core", &["command"]),
    ("view", &["command", "core"]),
    ("io", &["command", "core", "view"]),
];

/// What reaches outside: the clock, randomness, files, the network, threads.
const OUTSIDE: [&str; 12] = [
    "SystemTime",
    "Instant",
    "RandomState",
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "tokio::",
    "reqwest::",
    "try_system",
    "TcpListener",
];

/// Source files of a folder, without what is for tests alone.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    walk(&root.join(folder), &mut files);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let product = text.split("\n#[cfg(test)]\nmod tests {").next();
        (path, product.unwrap_or_default().to_owned())
    };
    files.into_iter().map(read).collect()
}

/// The folders that a source names behind `crate::`, alone or in braces.
fn imports(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in source.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => found.extend(first_word(rest)),
            Some(group) => {
                let mut depth = 0_i32;
                let end = group.find(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth < 0
                });
                let group = &group[..end.unwrap_or(group.len())];
                let mut depth = 0_i32;
                let paths = group.split(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                });
                found.extend(paths.filter_map(first_word));
            }
        }
    }
    let folders = MAY_IMPORT.map(|(folder, _)| folder);
    found.retain(|name: &String| folders.contains(&name.as_str()));
    found
}

fn first_word(path: &str) -> Option<String> {
    let word = |c: &char| c.is_alphanumeric() || *c == '_';
    let first: String = path.trim_start().chars().take_while(word).collect();
    (!first.is_empty()).then_some(first)
}

#[test]
fn imports_point_one_way() {
    for (folder, may) in MAY_IMPORT {
        for (path, source) in sources(folder) {
            for named in imports(&source) {
                assert!(
                    named == folder || may.contains(&named.as_str()),
                    "{}: {folder} must not import {named}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_io_reaches_outside_the_program() {
    for folder in ["command", "core", "view"] {
        for (path, source) in sources(folder) {
            for line in source.lines().filter(|line| !line.trim().starts_with("//")) {
                for outside in OUTSIDE {
                    assert!(
                        !line.contains(outside),
                        "{}: {outside} belongs into io: {line}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn the_reader_of_imports_sees_all_of_them() {
    let source = "use crate::{\n    command::secret::Secret,\n    core::{\n        State,\n        list::List,\n    },\n};\n\
                  use crate::io::clock;\nfn f() { crate::view::draw(); }\n";
    let all = ["command", "core", "io", "view"].map(String::from);
    assert_eq!(imports(source), all.into());
    assert_eq!(imports("use super::io;\nuse std::io;\n"), BTreeSet::new());
}
