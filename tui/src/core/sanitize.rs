//! Text from the server, made harmless for a terminal; how it is drawn there is in `fit`.

mod fit;

pub(crate) use self::fit::{fit, shown, width, wrapped};

/// Whether a character is not drawn as itself: controls, and bidirectional and zero-width characters.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Without control and bidi characters: nothing a server sends moves the cursor, titles the window or reorders a line.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|c| !is_unsafe(*c)).collect()
}

/// JSON without such characters in its strings, written out or as escapes: whoever reads it prints it somewhere.
pub(crate) fn clean_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(c) = rest.chars().next() {
        // What is meant, and how much of the text stands for it.
        let (meant, length) = match (c, rest.as_bytes().get(1)) {
            ('\\', Some(b'u')) => {
                let code = rest
                    .get(2..6)
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                (code.and_then(char::from_u32).unwrap_or(c), 6)
            }
            ('\\', Some(b'b' | b'f' | b'n' | b'r' | b't')) => ('\n', 2),
            ('\\', _) => (c, 2),
            // Between values.
            ('\n', _) => (' ', 1),
            _ => (c, c.len_utf8()),
        };
        let (text, after) = rest.split_at(length.min(rest.len()));
        if !is_unsafe(meant) {
            out.push_str(text);
        }
        rest = after;
    }
    out
}

/// A value with every string in it cleaned.
pub(crate) fn clean_value(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = clean(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(clean_value),
        serde_json::Value::Object(fields) => {
            let is_safe = |name: &String| !name.chars().any(is_unsafe);
            if !fields.keys().all(is_safe) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, value)| (clean(&name), value)).collect();
            }
            fields.values_mut().for_each(clean_value);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_comes_through() {
        let hostile = "a\x1b]52;c;aGk=\x07b\u{9b}31mc\u{202e}d\u{200b}e\r\n\tf";
        assert_eq!(clean(hostile), "a]52;c;aGk=b31mcdef");
        assert_eq!(clean("Ada 👩‍💻 李"), "Ada 👩‍💻 李");
    }

    #[test]
    fn json_loses_the_same_and_stays_json() {
        let value =
            serde_json::json!({"a\u{202e}": ["x\u{1b}[2J\u{9b}\n\t\\u001b \" 李", "\u{7f}"]});
        for json in [value.to_string(), format!("{value:#}")] {
            let cleaned: serde_json::Value = serde_json::from_str(&clean_json(&json)).unwrap();
            assert_eq!(cleaned, serde_json::json!({"a": ["x[2J\\u001b \" 李", ""]}));
        }
        assert_eq!(clean_json("{\n  \"a\": 1\n}\n"), "{\n  \"a\": 1\n}\n");
    }

    #[test]
    fn values_are_cleaned_all_the_way_down() {
        let mut value = serde_json::json!({"a": ["\u{1b}[31mx", {"b": "y\u{202e}"}], "n": 1});
        clean_value(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"a": ["[31mx", {"b": "y"}], "n": 1})
        );
    }
}
