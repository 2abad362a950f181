//! Text as a terminal draws it: its width, cut to a room, broken into lines.

use unicode_width::UnicodeWidthChar;

use super::is_unsafe;

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

#[cfg(test)]
mod tests {
    use super::*;

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
