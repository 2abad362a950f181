//! JSON as YAML 1.2 in blocks. What might be read as anything but text is quoted as JSON quotes it, which YAML takes.

use serde_json::Value;

/// Words that readers of one YAML or another take for no text.
const WORDS: [&str; 11] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan",
];

/// A value in lines, each with its end.
pub(crate) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => block(&mut out, value, 0),
        simple => {
            out.push_str(&scalar(simple));
            out.push('\n');
        }
    }
    out
}

/// A value as a member of a list that is `indent` columns in.
pub(crate) fn item(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    member(&mut out, value, indent);
    out
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

fn block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                out.push_str(&" ".repeat(indent));
                field(out, name, value, indent);
            }
        }
        Value::Array(items) => {
            for value in items {
                member(out, value, indent);
            }
        }
        simple => out.push_str(&format!("{}{}\n", " ".repeat(indent), scalar(simple))),
    }
}

/// `name: value`, with what is inside further in.
fn field(out: &mut String, name: &str, value: &Value, indent: usize) {
    let name = text(name);
    if is_empty(value) {
        out.push_str(&format!("{name}: {}\n", scalar(value)));
    } else {
        out.push_str(&format!("{name}:\n"));
        block(out, value, indent + 2);
    }
}

/// `- value`; the first field stands beside the dash.
fn member(out: &mut String, value: &Value, indent: usize) {
    out.push_str(&" ".repeat(indent));
    out.push_str("- ");
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push_str(&" ".repeat(indent + 2));
                }
                field(out, name, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(out, value, indent + 2);
        }
        simple => {
            out.push_str(&scalar(simple));
            out.push('\n');
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => self::text(text),
        // An empty list or object is written as JSON writes it.
        other => other.to_string(),
    }
}

/// Text that can only be read as itself.
fn text(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_./@+-".contains(c));
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if begins && plain && !word {
        text.to_owned()
    } else {
        Value::String(text.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_field_reaches_a_terminal_raw() {
        let mut value = serde_json::json!({"a\u{9b}31m\u{202e}": {"b\u{7f}": "x\u{9b}"}});
        crate::core::sanitize::clean_value(&mut value);
        assert_eq!(yaml(&value), "a31m:\n  b: x\n");
    }

    #[test]
    fn values_are_blocks_and_text_is_never_taken_for_something_else() {
        let value = serde_json::json!({
            "id": "user_01", "email": "ada@example.org", "no": "no", "when": "2026-11-24T12:00:00Z",
            "list": ["a b", "read:orders", "#x", "- y", ""], "none": null, "empty": [], "flag": true,
            "inner": {"a": 1, "b": {"c": "x: y"}}, "rows": [{"id": 1, "tags": ["t"]}, {}],
        });
        let expected = "\
id: user_01
email: ada@example.org
\"no\": \"no\"
when: \"2026-11-24T12:00:00Z\"
list:
  - \"a b\"
  - \"read:orders\"
  - \"#x\"
  - \"- y\"
  - \"\"
none: null
empty: []
flag: true
inner:
  a: 1
  b:
    c: \"x: y\"
rows:
  - id: 1
    tags:
      - t
  - {}
";
        let mut written: Vec<_> = yaml(&value).lines().map(str::to_owned).collect();
        let mut expected: Vec<_> = expected.lines().map(str::to_owned).collect();
        // The order of fields is the server's, or the alphabet's.
        written.sort_unstable();
        expected.sort_unstable();
        assert_eq!(written, expected);
    }
}
