//! Themes in files: what each meaning looks like on a dark and on a light background.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use super::appearance::Tone;

/// Longest file that is read, in bytes.
pub(crate) const MOST: u64 = 64 * 1024;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColourDepth {
    /// 16 million colours.
    True,
    /// 256: others are shown as the nearest of them.
    Indexed,
    /// The 16 that have names.
    Sixteen,
}

impl ColourDepth {
    /// What a terminal can show, by `COLORTERM` and `TERM`.
    pub(crate) fn of(colorterm: &str, term: &str) -> Self {
        const KNOWN: [&str; 6] = [
            "256color",
            "direct",
            "kitty",
            "alacritty",
            "ghostty",
            "foot",
        ];
        match colorterm {
            "truecolor" | "24bit" => Self::True,
            "" if !KNOWN.iter().any(|known| term.contains(known)) => Self::Sixteen,
            _ => Self::Indexed,
        }
    }
}

/// A theme of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnTheme {
    dark: BTreeMap<&'static str, Style>,
    light: BTreeMap<&'static str, Style>,
}

/// What is wrong in a theme's file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {why}")]
pub(crate) struct ThemeError {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Names the field.
    pub why: String,
}

type Part = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dark: Part,
    light: Part,
}

/// The line of a place in a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    let before = text.bytes().take(at);
    1 + before.filter(|byte| *byte == b'\n').count()
}

/// `bold #88c0d0 on 24`.
fn read_style(text: &str, depth: ColourDepth) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    let colour = |word: &str| -> Result<Option<Color>, String> {
        if word == "default" {
            return Ok(None);
        }
        let read = word.parse::<Color>();
        let read = read.map_err(|_| {
            format!("{word:?} is neither a colour nor bold, italic, underlined, dim")
        })?;
        Ok(Some(match depth {
            ColourDepth::True => read,
            ColourDepth::Indexed => nearest(read),
            ColourDepth::Sixteen => named(read),
        }))
    };
    let mut is_empty = true;
    while let Some(word) = words.next() {
        is_empty = false;
        let modifier = match word {
            "bold" => Some(Modifier::BOLD),
            "italic" => Some(Modifier::ITALIC),
            "underlined" => Some(Modifier::UNDERLINED),
            "dim" => Some(Modifier::DIM),
            _ => None,
        };
        if let Some(modifier) = modifier {
            style = style.add_modifier(modifier);
        } else if word == "on" {
            let ground = words.next().ok_or("a colour is missing behind on")?;
            style.bg = colour(ground)?;
        } else if style.fg.is_some() {
            return Err(format!("{word:?}: there is a colour already"));
        } else {
            style.fg = colour(word)?;
        }
    }
    if is_empty {
        return Err("a colour is missing; default is the terminal's own".into());
    }
    if depth == ColourDepth::Sixteen && style.bg.is_some() && style.bg == style.fg {
        // Two colours have become one.
        let ground = style.bg == Some(Color::Black);
        style.fg = Some(if ground { Color::White } else { Color::Black });
    }
    Ok(style)
}

/// The nearest of the 256 colours, of the cube or the greys.
fn nearest(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else {
        return colour;
    };
    let best = (16..=255).min_by_key(|index| distance(levels(*index), [red, green, blue]));
    Color::Indexed(best.unwrap_or(16))
}

/// Red, green and blue of a colour of the cube or the greys, which are the same everywhere.
fn levels(index: u8) -> [u8; 3] {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let Some(n) = index.checked_sub(16).filter(|n| *n < 216) else {
        return [8_u8.saturating_add(10 * index.saturating_sub(232)); 3];
    };
    [n / 36, n / 6 % 6, n % 6].map(|level| LEVELS[usize::from(level)])
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let pairs = one.into_iter().zip(other);
    let squares = pairs.map(|(one, other)| u32::from(one.abs_diff(other)).pow(2));
    squares.sum()
}

/// The nearest of the 16 colours, as xterm has them.
fn named(colour: Color) -> Color {
    const NAMED: [(Color, [u8; 3]); 16] = [
        (Color::Black, [0, 0, 0]),
        (Color::Red, [205, 0, 0]),
        (Color::Green, [0, 205, 0]),
        (Color::Yellow, [205, 205, 0]),
        (Color::Blue, [0, 0, 238]),
        (Color::Magenta, [205, 0, 205]),
        (Color::Cyan, [0, 205, 205]),
        (Color::Gray, [229, 229, 229]),
        (Color::DarkGray, [127, 127, 127]),
        (Color::LightRed, [255, 0, 0]),
        (Color::LightGreen, [0, 255, 0]),
        (Color::LightYellow, [255, 255, 0]),
        (Color::LightBlue, [92, 92, 255]),
        (Color::LightMagenta, [255, 0, 255]),
        (Color::LightCyan, [0, 255, 255]),
        (Color::White, [255, 255, 255]),
    ];
    let wanted = match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index @ 16..) => levels(index),
        Color::Indexed(index) => return NAMED[usize::from(index)].0,
        named => return named,
    };
    let best = NAMED.iter().min_by_key(|(_, one)| distance(*one, wanted));
    best.map_or(Color::Gray, |(colour, _)| *colour)
}

impl OwnTheme {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`ThemeError`]: the file, the line and the field.
    pub(crate) fn read(file: &str, text: &str, depth: ColourDepth) -> Result<Self, ThemeError> {
        let wrong = |at: usize, why: String| ThemeError {
            file: file.to_owned(),
            line: line_of(text, at),
            why,
        };
        let read: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(at, error.message().replace('\n', " "))
        })?;
        let part = |name: &str, part: &Part| {
            let mut styles = BTreeMap::new();
            for (tone, style) in part {
                let found = Tone::ALL
                    .into_iter()
                    .find(|one| one.name() == tone.get_ref());
                let found = found.ok_or_else(|| {
                    let names = Tone::ALL.map(Tone::name).join(", ");
                    let why = format!(
                        "{name}.{}: there is no such field, only {names}",
                        tone.get_ref()
                    );
                    wrong(tone.span().start, why)
                })?;
                let style = read_style(style.get_ref(), depth).map_err(|why| {
                    wrong(
                        style.span().start,
                        format!("{name}.{}: {why}", found.name()),
                    )
                })?;
                styles.insert(found.name(), style);
            }
            Ok(styles)
        };
        Ok(Self {
            dark: part("dark", &read.dark)?,
            light: part("light", &read.light)?,
        })
    }

    /// How a meaning looks; none where the file does not say.
    pub(crate) fn style(&self, is_light: bool, tone: Tone) -> Option<Style> {
        let part = if is_light { &self.light } else { &self.dark };
        part.get(tone.name()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORD: &str = "[dark]\naccent = \"bold #88c0d0\"\nselected = \"231 on #005f87\"\n\n[light]\naccent = \"blue\"\n";

    fn said(text: &str) -> String {
        OwnTheme::read("nord.toml", text, ColourDepth::True)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn how_many_colours_a_terminal_has_is_told_by_what_it_says_of_itself() {
        assert_eq!(ColourDepth::of("truecolor", "xterm"), ColourDepth::True);
        assert_eq!(ColourDepth::of("", "screen-256color"), ColourDepth::Indexed);
        assert_eq!(ColourDepth::of("", "xterm-kitty"), ColourDepth::Indexed);
        assert_eq!(
            ColourDepth::of("gnome-terminal", "xterm"),
            ColourDepth::Indexed
        );
        for term in ["linux", "xterm", "screen", "vt220", ""] {
            assert_eq!(ColourDepth::of("", term), ColourDepth::Sixteen, "{term}");
        }
    }

    #[test]
    fn two_colours_that_become_one_can_still_be_read() {
        let style = read_style("#000010 on #100000", ColourDepth::Sixteen).unwrap();
        assert_eq!(
            (style.fg, style.bg),
            (Some(Color::White), Some(Color::Black))
        );
    }

    #[test]
    fn a_file_has_a_dark_and_a_light_part() {
        let theme = OwnTheme::read("nord.toml", NORD, ColourDepth::True).unwrap();
        let accent = Style::new()
            .fg(Color::Rgb(0x88, 0xc0, 0xd0))
            .add_modifier(Modifier::BOLD);
        assert_eq!(theme.style(false, Tone::Accent), Some(accent));
        assert_eq!(
            theme.style(true, Tone::Accent),
            Some(Style::new().fg(Color::Blue))
        );
        assert_eq!(theme.style(true, Tone::Selected), None);
        let sixteen = OwnTheme::read("nord.toml", NORD, ColourDepth::Sixteen).unwrap();
        let accent = sixteen.style(false, Tone::Accent).unwrap();
        assert_eq!(accent.fg, Some(Color::Gray), "nothing but the sixteen");
        let selected = sixteen.style(false, Tone::Selected).unwrap();
        let pair = (selected.fg, selected.bg);
        assert_eq!(pair, (Some(Color::White), Some(Color::Cyan)));
        let theme = OwnTheme::read("nord.toml", NORD, ColourDepth::Indexed).unwrap();
        let selected = Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(24));
        assert_eq!(theme.style(false, Tone::Selected), Some(selected));
    }

    #[test]
    fn a_bad_file_is_named_with_its_line_and_field() {
        assert_eq!(
            said("[dark]\n\naccent = \"bold pinkish\"\n[light]\n"),
            "nord.toml:3: dark.accent: \"pinkish\" is neither a colour nor bold, italic, underlined, dim"
        );
        assert!(
            said("[dark]\n[light]\nacent = \"red\"\n")
                .starts_with("nord.toml:3: light.acent: there is no such field, only base")
        );
        assert!(said("[dark]\naccent = 5\n[light]\n").starts_with("nord.toml:2: "));
        assert!(said("[dark]\n").contains("light"));
        assert!(said("[dark]\n[light]\n[grey]\n").contains("grey"));
        assert!(
            said("[dark]\nbad = \"red on\"\n[light]\n")
                .starts_with("nord.toml:2: dark.bad: a colour is missing")
        );
        assert!(said("[dark]\nbad = \"red blue\"\n[light]\n").contains("already"));
        assert!(said("[dark]\nbad = \"\"\n[light]\n").contains("missing"));
        assert!(said("[dark\n").starts_with("nord.toml:1: "));
    }

    #[test]
    fn colours_become_the_nearest_of_the_256() {
        assert_eq!(nearest(Color::Rgb(0, 0, 0)), Color::Indexed(16));
        assert_eq!(nearest(Color::Rgb(255, 255, 255)), Color::Indexed(231));
        assert_eq!(nearest(Color::Rgb(128, 128, 128)), Color::Indexed(244));
        assert_eq!(nearest(Color::Red), Color::Red);
    }
}
