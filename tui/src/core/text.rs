//! Text from the server, made harmless for a terminal.

use unicode_width::UnicodeWidthChar;

/// Whether a character is not drawn as itself: controls, and what turns the direction of text or hides in it.
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

/// As it is drawn: without what joins several characters into one picture, which terminals measure differently.
pub(crate) fn shown(text: &str) -> String {
    let keep = |c: char| {
        !is_unsafe(c)
            && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{20E3}' | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
    };
    let plain = |c: char| match c {
        // Flags are pairs of letters.
        '\u{1F1E6}'..='\u{1F1FF}' => {
            let at = u32::from(c) - 0x1F1E6;
            char::from_u32(u32::from('A') + at).unwrap_or(c)
        }
        c => c,
    };
    text.chars().filter(|c| keep(*c)).map(plain).collect()
}

/// Columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// As it is drawn in so many columns, with `more` at its end where it was cut.
pub(crate) fn fit(text: &str, columns: usize, more: &str) -> String {
    let text = shown(text);
    if width(&text) <= columns {
        return text;
    }
    let room = columns.saturating_sub(width(more));
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or_default();
        if used > room {
            break;
        }
        out.push(c);
    }
    if columns >= width(more) {
        out.push_str(more);
    }
    out
}

/// A text broken into lines at spaces, or anywhere in a word that is too long. What is indented stays so on each line.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let text = shown(text);
    let words = text.trim_start_matches(' ');
    let indent = (text.len() - words.len()).min(columns / 2);
    let mut lines = broken(words, columns.max(1) - indent);
    if !words.is_empty() {
        for line in &mut lines {
            line.insert_str(0, &" ".repeat(indent));
        }
    }
    lines
}

fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let last = lines.last_mut();
            let Some(last) = last else { break };
            let gap = usize::from(!last.is_empty());
            if width(last) + gap + width(&word) <= columns {
                if gap == 1 {
                    last.push(' ');
                }
                last.push_str(&word);
                break;
            }
            if !last.is_empty() {
                lines.push(String::new());
                continue;
            }
            let part = fit(&word, columns, "");
            if part.is_empty() {
                break;
            }
            word = word[part.len()..].to_owned();
            *last = part;
            lines.push(String::new());
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
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
    fn what_is_drawn_takes_the_columns_it_says() {
        assert_eq!(shown("👩\u{200d}💻👍🏽 🇩🇪 2\u{fe0f}\u{20e3}"), "👩💻👍 DE 2");
        assert_eq!(fit("李小龍", 5, "…"), "李小…");
        assert_eq!(fit("李小龍", 4, "…"), "李…");
        assert_eq!(fit("abc", 3, "…"), "abc");
        assert_eq!(fit("abc", 0, "…"), "");
        assert!(width(&fit("x\u{202e}👨\u{200d}👩\u{200d}👧y", 4, "~")) <= 4);
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

    #[test]
    fn text_is_broken_where_it_can_be() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("李小龍", 4), ["李小", "龍"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("  one two", 7), ["  one", "  two"]);
        assert_eq!(wrapped("      ab", 4), ["  ab"]);
        assert_eq!(
            wrapped("李", 1),
            [""],
            "what fits nowhere is left out, not looped over"
        );
    }
}
