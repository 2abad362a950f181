//! Lines for spreadsheets: RFC 4180, and nothing that a spreadsheet would run.

use crate::core::sanitize::clean;

/// What begins a formula, in full width too.
const FORMULA: [char; 8] = [
    '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// A line of cells.
pub(super) fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|text| cell(&text)).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let text = harmless(&clean(text));
    if text.contains(['"', ',', ';', '\t', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// The text with a mark before what would be a formula at the beginning of a cell. People choose names; and what separates
/// cells is the reader's choice: where that is a semicolon or a tab, a cell begins after each, quoted or not.
fn harmless(text: &str) -> String {
    if text == "-" {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for c in text.chars() {
        if begins && FORMULA.contains(&c) {
            out.push('\'');
        }
        begins = match c {
            ';' | ',' | '\t' | '|' | '\n' | '\r' => true,
            ' ' | '"' | '\u{a0}' => begins,
            _ => false,
        };
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_quoted_and_no_name_is_a_formula_whatever_separates_cells() {
        for (text, expected) in [
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("＝1", "'＝1"),
            ("-", "-"),
            ("plain", "plain"),
            ("a-b", "a-b"),
            ("x;=1+1", "\"x;'=1+1\""),
            ("x; \"=1+1\"", "\"x; \"\"'=1+1\"\"\""),
            ("x|-1", "x|'-1"),
            (" =1", " '=1"),
            ("a = b", "a = b"),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
        let cells = ["a", "b;c"].map(str::to_owned);
        assert_eq!(line(cells.into_iter()), "a,\"b;c\"\r\n");
    }
}
