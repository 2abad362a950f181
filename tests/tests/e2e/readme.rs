//! The README's shell examples, carried out against the real server: what stands there works, and answers what it says.
//!
//! Understood of the shell: `curl` with `-s -X -H -u -d`, quotes, `\` at a line's end, `$NAME`, and lines like
//! `NAME=…  # accessToken`, which take that field of the answer before. A `json` block after an example shows the
//! answer's fields; a comment like `# 204` its status.

use std::collections::HashMap;

use doorward_tests::{Call, Reply, Server};
use serde_json::Value;

/// Where the README's server listens.
const LOCAL: &str = "http://127.0.0.1:8000";

/// A fenced block: its language and its lines.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((language.to_owned(), body.join("\n")));
        }
    }
    blocks
}

/// Splits a command into words, and its comment off.
fn words(line: &str, variables: &HashMap<String, String>) -> (Vec<String>, Option<String>) {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('#', None) if word.is_none() => {
                return (words, Some(chars.collect::<String>().trim().to_owned()));
            }
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('\\', Some('"')) => word.get_or_insert_default().extend(chars.next()),
            ('$', None | Some('"')) => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                let value = variables.get(&name);
                let value = value.unwrap_or_else(|| panic!("${name} is not set: {line}"));
                word.get_or_insert_default().push_str(value);
            }
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (words, None)
}

fn call(server: &Server, words: &[String]) -> Call {
    let mut method = None;
    let mut url = None;
    let mut body = None;
    let mut kind = "application/x-www-form-urlencoded".to_owned();
    let mut steps: Vec<Box<dyn FnOnce(Call) -> Call>> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("an option has its value").clone();
        match word.as_str() {
            "-s" => {}
            "-X" => method = Some(next()),
            "-H" => {
                let header = next();
                let (name, value) = header.split_once(": ").expect("a header");
                let (name, value) = (name.to_owned(), value.to_owned());
                if name.eq_ignore_ascii_case("content-type") {
                    kind = value;
                    continue;
                }
                steps.push(Box::new(move |call| call.header(&name, &value)));
            }
            "-u" => {
                let both = next();
                let (user, password) = both.split_once(':').expect("user:password");
                let (user, password) = (user.to_owned(), password.to_owned());
                steps.push(Box::new(move |call| call.basic(&user, &password)));
            }
            "-d" => {
                body = Some(next());
                method.get_or_insert("POST".into());
            }
            text => {
                let path = text.strip_prefix(LOCAL);
                url = Some(path.unwrap_or_else(|| panic!("{text}?")).to_owned());
            }
        }
    }
    let start = server.call(&method.unwrap_or("GET".into()), &url.expect("a URL"));
    let call = steps.into_iter().fold(start, |call, step| step(call));
    match body {
        Some(body) => call.body(&kind, body),
        None => call,
    }
}

/// The names in a JSON object and in those inside it.
fn fields(value: &Value, under: &str, names: &mut Vec<String>) {
    if let Value::Object(object) = value {
        for (name, value) in object {
            let name = format!("{under}.{name}");
            fields(value, &name, names);
            names.push(name);
        }
    }
}

fn compare(shown: &str, reply: &Reply) {
    let shown: Value = serde_json::from_str(shown).expect("a json block is JSON");
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    fields(&shown, "", &mut expected);
    fields(&reply.json(), "", &mut found);
    expected.sort();
    found.sort();
    assert_eq!(expected, found, "{}", reply.text());
}

#[tokio::test]
async fn every_curl_of_the_readme_answers_what_it_says() {
    let server = Server::with_defaults().start();
    let readme = include_str!("../../../README.md");
    let mut variables = HashMap::from([("OPERATOR_KEY".to_owned(), server.operator_key())]);
    let mut last: Option<Reply> = None;
    let mut calls = 0;
    for (language, body) in blocks(readme) {
        match (language.as_str(), &last) {
            ("json", Some(reply)) => compare(&body, reply),
            ("sh", _) => {
                for line in body.replace("\\\n", " ").lines() {
                    if let Some((name, rest)) = line.split_once("=…") {
                        let field = rest.split_once('#').expect("whence it comes").1;
                        let reply = last.as_ref().expect("an answer before");
                        variables.insert(name.trim().to_owned(), reply.field(field.trim()));
                        continue;
                    }
                    let Some(rest) = line.strip_prefix("curl ") else {
                        continue;
                    };
                    let (words, comment) = words(rest, &variables);
                    let reply = call(&server, &words).send().await;
                    let status: Option<u16> =
                        comment.and_then(|text| text.split(' ').next()?.parse().ok());
                    match status {
                        Some(status) => {
                            assert_eq!(reply.status, status, "{line}: {}", reply.text());
                        }
                        None => assert!(reply.status < 300, "{line}: {}", reply.text()),
                    }
                    calls += 1;
                    last = Some(reply);
                }
            }
            _ => {}
        }
    }
    assert!(calls >= 8, "the README shows {calls} calls");
}
