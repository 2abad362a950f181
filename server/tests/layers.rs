//! Imports point one way: `http → {oauth, service} → {state, crypto, store, outbound} → domain → shared`, and no circle of files runs
//! through two folders. Read from the sources; test code is left out.
#![allow(clippy::expect_used, reason = "a test that cannot go on should panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A module of the crate, such as `["store", "writer"]`; empty for `lib.rs`.
type Module = Vec<String>;

/// The layers from the bottom. A file imports from its own layer and from those before it. A name is a folder of
/// `src`, or a file beside them.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    (
        "infrastructure",
        &[
            "cache", "clock", "crypto", "files", "metrics", "outbound", "settings", "state",
            "store",
        ],
    ),
    ("use cases", &["oauth", "service"]),
    ("http", &["http"]),
    ("composition", &["app", "apply", "control_socket", "lib"]),
];

struct Sources {
    /// What each module's file says, without comments, tests and re-exports.
    files: BTreeMap<Module, String>,
    /// Name by name, what a module hands on from elsewhere.
    exports: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl Sources {
    fn read(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(root, &[], &mut files);
        let mut exports = BTreeMap::new();
        for (module, text) in &files {
            let own: BTreeMap<_, _> = uses(text, true)
                .into_iter()
                .filter_map(|path| Some((path.last()?.clone(), path)))
                .collect();
            exports.insert(module.clone(), own);
        }
        Self { files, exports }
    }

    /// The path from the crate's root, if it starts in this crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut base = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let child = [module, &[child.to_owned()]].concat();
                self.files.get(&child)?;
            }
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// The module that defines what a path names.
    fn target(&self, path: &[String]) -> Option<Module> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let length = (0..=path.len())
                .rev()
                .find(|length| self.files.contains_key(&path[..*length]))?;
            let module = path[..length].to_vec();
            let handed_on = path
                .get(length)
                .and_then(|name| self.exports[&module].get(name))
                .and_then(|from| self.absolute(&module, from));
            match handed_on {
                Some(from) => path = [&from, &path[length + 1..]].concat(),
                None => return Some(module),
            }
        }
        None
    }

    /// The modules that each module imports.
    fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let of = |module: &Module, text: &str| {
            let named = uses(text, false).into_iter().chain(paths(text));
            named
                .filter_map(|path| self.target(&self.absolute(module, &path)?))
                .filter(|target| target != module)
                .collect()
        };
        self.files
            .iter()
            .map(|(module, text)| (module.clone(), of(module, text)))
            .collect()
    }
}

fn collect(folder: &Path, module: &[String], files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("a name").to_owned();
        if path.is_dir() {
            collect(&path, &[module, &[stem]].concat(), files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !stem.ends_with("tests") {
            let name = match stem.as_str() {
                "lib" | "mod" => Vec::new(),
                // The program uses the library as everybody does.
                _ if module.is_empty() && PROGRAM.contains(&stem.as_str()) => continue,
                _ => vec![stem],
            };
            let text = fs::read_to_string(&path).expect("a source file");
            files.insert([module, &name].concat(), product_code(&text));
        }
    }
}

/// Files of the program, which is a crate of its own.
const PROGRAM: &[&str] = &["main", "serve", "health", "process_setup"];

/// A file without comments and without its tests, which stand last.
fn product_code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let tests = line == "#[cfg(test)]" || line == "#[cfg(doctest)]";
        match lines.peek() {
            Some(next) if tests && next.starts_with("mod ") && next.ends_with('{') => break,
            Some(_) if tests => drop(lines.next()),
            _ => code.push_str(line.split("//").next().unwrap_or_default()),
        }
        code.push('\n');
    }
    code
}

/// The paths of `use` lines; of re-exports where `exported`, else of the others.
fn uses(text: &str, exported: bool) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let line = rest[..at].rsplit('\n').next().unwrap_or_default();
        let line = line.trim();
        let is_export = line == "pub" || line.starts_with("pub(") && line.ends_with(')');
        let is_use = line.is_empty() || is_export;
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        if is_use && is_export == exported {
            expand(&rest[at + 4..end], &[], &mut found);
        }
        rest = &rest[if is_use { end } else { at + 4 }..];
    }
    found
}

/// `a::{b, c::D as E}` as `a::b` and `a::c::D`.
fn expand(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (head, inner) = match tree.split_once('{') {
        Some((head, inner)) => (head, inner.rsplit_once('}').map(|(inner, _)| inner)),
        None => (tree, None),
    };
    let parts = head.split("::").map(str::trim);
    let parts = parts.map(|part| part.split(" as ").next().unwrap_or_default());
    let parts = parts.filter(|part| !part.is_empty() && *part != "self" || before.is_empty());
    let parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
    let path: Vec<String> = before.iter().cloned().chain(parts).collect();
    let Some(inner) = inner else {
        if !path.is_empty() {
            found.push(path);
        }
        return;
    };
    let (mut depth, mut start) = (0_u32, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&inner[start..at], &path, found);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner[start..].trim().is_empty() {
        expand(&inner[start..], &path, found);
    }
}

/// Paths that are written out where they are needed.
fn paths(text: &str) -> Vec<Vec<String>> {
    let name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !name(c));
    let ours = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    ours.map(|word| word.split("::").filter(|part| !part.is_empty()))
        .map(|parts| parts.map(str::to_owned).collect())
        // What is left of `use crate::{`, which is read above.
        .filter(|path: &Vec<String>| path.len() > 1)
        .collect()
}

fn layer(module: &[String]) -> usize {
    let top = module.first().map_or("lib", String::as_str);
    let found = LAYERS.iter().position(|(_, names)| names.contains(&top));
    found.unwrap_or_else(|| panic!("{top} is in no layer: give it one in LAYERS"))
}

/// Imports against the direction, as `from -> to`.
fn upward(imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (from, to) in imports {
        for to in to.iter().filter(|to| layer(to) > layer(from)) {
            found.insert(format!("{} -> {}", from.join("/"), to.join("/")));
        }
    }
    found
}

/// Modules that import each other, directly or not, in groups that touch more than one folder.
fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<&Module>> {
    let reach: BTreeMap<_, _> = imports
        .keys()
        .map(|from| (from, reached(imports, from)))
        .collect();
    let mut groups: Vec<BTreeSet<&Module>> = Vec::new();
    for (from, to) in &reach {
        if groups.iter().any(|group| group.contains(*from)) {
            continue;
        }
        let group: BTreeSet<_> = to
            .iter()
            .copied()
            .filter(|to| reach[to].contains(*from))
            .collect();
        let folders: BTreeSet<_> = group.iter().map(|module| folder(module)).collect();
        if folders.len() > 1 {
            groups.push(group);
        }
    }
    groups
}

/// The folder of `src` a module's file is in; a file beside the folders is its own.
fn folder(module: &[String]) -> &str {
    module.first().map_or("lib", String::as_str)
}

fn reached<'a>(
    imports: &'a BTreeMap<Module, BTreeSet<Module>>,
    from: &'a Module,
) -> BTreeSet<&'a Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for to in imports.get(module).into_iter().flatten() {
            if seen.insert(to) {
                next.push(to);
            }
        }
    }
    seen
}

fn sources() -> BTreeMap<Module, BTreeSet<Module>> {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).imports()
}

#[test]
fn imports_point_one_way() {
    let found = upward(&sources());
    println!("upward arrows: {}", found.len());
    assert!(found.is_empty(), "imports against the layers: {found:#?}");
}

#[test]
fn no_circle_runs_through_two_folders() {
    let imports = sources();
    let found = circles(&imports);
    println!("circles across folders: {}", found.len());
    let files = |circle: &BTreeSet<&Module>| -> Vec<String> {
        circle.iter().map(|module| module.join("/")).collect()
    };
    let named: Vec<_> = found.iter().map(files).collect();
    assert!(named.is_empty(), "files that import each other: {named:#?}");
}

/// Files outside `among` that name a crate.
fn naming(of: &str, among: &[&str]) -> Vec<String> {
    let files = Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).files;
    let named = files.iter().filter(|(_, text)| text.contains(of));
    named
        .map(|(module, _)| module.join("/"))
        .filter(|module| !among.iter().any(|ours| module.starts_with(ours)))
        .collect()
}

#[test]
fn one_file_alone_names_oxide_auth() {
    assert_eq!(naming("oxide_auth", &["oauth/oxide"]), [""; 0]);
}

/// What a second engine would have to give is in `store/sql` and `store/sqlite`.
#[test]
fn the_engine_is_named_in_one_place() {
    assert_eq!(naming("rusqlite", &["store/sql"]), [""; 0]);
}

#[test]
fn what_is_read_is_what_is_imported() {
    let imports = sources();
    let from = |module: &str| {
        let module: Module = module.split('/').map(str::to_owned).collect();
        let found = imports[&module].iter().map(|to| to.join("/"));
        found.collect::<Vec<_>>()
    };
    // Through a re-export, over several lines, and written out.
    assert!(
        from("domain/rules/refresh")
            .iter()
            .any(|to| to.ends_with("digest") || to.ends_with("secret"))
    );
    assert!(from("store/refresh").contains(&"domain/rules/refresh".to_owned()));
    assert!(from("store/refresh").contains(&"domain/session".to_owned()));
    assert!(from("http/own_sessions").contains(&"http/path_ids".to_owned()));
}
