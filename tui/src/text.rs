//! Text from the server, made harmless for a terminal.

/// Whether a character is not drawn as itself: controls, and what turns the direction of text or hides in it.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Without control and bidi characters: nothing a server sends moves the cursor, titles the window or reorders a line.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| !is_unsafe(*c)).collect()
}

/// JSON in which such characters stand as escapes: harmless, and still the same value.
pub fn clean_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
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
    fn json_keeps_its_value() {
        let json = serde_json::to_string("a\u{202e}b\u{85}").unwrap();
        let cleaned = clean_json(&json);
        assert!(cleaned.is_ascii());
        assert_eq!(
            serde_json::from_str::<String>(&cleaned).unwrap(),
            "a\u{202e}b\u{85}"
        );
    }
}
