//! Whether the terminal is light or dark: asked of it, or read from the environment.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long the terminal may take. It answers what it does not understand too, in its order: this is for those that answer nothing.
const REPLY_TIMEOUT: Duration = Duration::from_millis(80);

/// OSC 11 asks for the background; DA1 is understood by every terminal, so that its answer tells that none will come.
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// What is known of the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Background {
    Dark,
    Light,
    Unknown,
}

/// What was found out, and what else came in meanwhile: keys that somebody pressed already.
#[derive(Debug)]
pub(super) struct Detected {
    pub background: Background,
    pub typed: String,
    /// Whether an answer may still come: it must not be taken for keys.
    pub reply_pending: bool,
}

/// Finds it out, in raw mode and before anything else reads from the terminal.
pub(super) fn detect() -> Detected {
    let of_environment = std::env::var("COLORFGBG").ok();
    if let Some(background) = of_environment.as_deref().and_then(colorfgbg) {
        return Detected {
            background,
            typed: String::new(),
            reply_pending: false,
        };
    }
    let term = std::env::var("TERM").unwrap_or_default();
    if term == "linux" {
        // It answers nothing, and is black.
        return Detected {
            background: Background::Dark,
            typed: String::new(),
            reply_pending: false,
        };
    }
    let unable = ["dumb", ""].contains(&term.as_str());
    let answer = if unable { Ok(Vec::new()) } else { ask() };
    let answer = answer.unwrap_or_default();
    let (background, typed, answered) = read(&answer);
    Detected {
        background,
        typed,
        reply_pending: !unable && !answered,
    }
}

fn ask() -> io::Result<Vec<u8>> {
    let mut out = io::stdout();
    out.write_all(QUESTION)?;
    out.flush()?;
    let until = Instant::now() + REPLY_TIMEOUT;
    let stdin = io::stdin();
    let mut answer = Vec::new();
    while !read(&answer).2 && answer.len() < 4_096 {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let fd = stdin.as_fd();
        let mut files = [PollFd::new(&fd, PollFlags::IN)];
        if poll(&mut files, Some(&left))? == 0 {
            break;
        }
        let mut bytes = [0; 256];
        let count = rustix::io::read(fd, &mut bytes)?;
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&bytes[..count]);
    }
    Ok(answer)
}

/// Takes the answers out of what came in: the background, the rest, and whether the last answer is there.
fn read(bytes: &[u8]) -> (Background, String, bool) {
    let text = String::from_utf8_lossy(bytes);
    let mut background = Background::Unknown;
    let mut typed = text.to_string();
    if let Some(start) = typed.find("\x1b]11;") {
        let rest = &typed[start..];
        let end = rest.find('\x07').map(|at| at + 1);
        let end = end.or_else(|| rest.find("\x1b\\").map(|at| at + 2));
        if let Some(end) = end {
            background = colour(&rest[5..end]).unwrap_or(Background::Unknown);
            typed.replace_range(start..start + end, "");
        }
    }
    let mut answered = false;
    if let Some(start) = typed.find("\x1b[?")
        && let Some(length) = typed[start..].find('c')
    {
        typed.replace_range(start..=start + length, "");
        answered = true;
    }
    // Half an escape sequence is no key.
    if let Some(start) = typed.find('\x1b') {
        typed.truncate(start);
    }
    (background, typed, answered)
}

/// `rgb:ffff/ffff/ffff`, each part of one to four digits.
fn colour(text: &str) -> Option<Background> {
    let parts = text.split_once("rgb:")?.1;
    let mut levels = parts.split('/').map(|part| {
        let digits: String = part
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .take(4)
            .collect();
        let most = 16_u32
            .checked_pow(u32::try_from(digits.len()).ok()?)?
            .checked_sub(1)?;
        let value = u32::from_str_radix(&digits, 16).ok()?;
        Some(f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (levels.next()??, levels.next()??, levels.next()??);
    let bright = 0.299 * red + 0.587 * green + 0.114 * blue;
    Some(if bright > 0.5 {
        Background::Light
    } else {
        Background::Dark
    })
}

/// `15;0`: the last part is the background, of the 16 colours.
fn colorfgbg(text: &str) -> Option<Background> {
    let colour: u8 = text.rsplit(';').next()?.parse().ok()?;
    Some(match colour {
        7 | 9..=15 => Background::Light,
        _ => Background::Dark,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_keys() {
        let light = b"ab\x1b]11;rgb:ffff/ffff/dddd\x1b\\\x1b[?62;4cj";
        assert_eq!(read(light), (Background::Light, "abj".into(), true));
        let dark = b"\x1b]11;rgb:1e/1e/2e\x07\x1b[?1;2c";
        assert_eq!(read(dark), (Background::Dark, String::new(), true));
        assert_eq!(
            read(b"\x1b[?6c"),
            (Background::Unknown, String::new(), true)
        );
        assert_eq!(read(b"q"), (Background::Unknown, "q".into(), false));
        assert_eq!(
            read(b"\x1b]11;rgb:ff"),
            (Background::Unknown, String::new(), false)
        );
    }

    #[test]
    fn the_environment_says_it_too() {
        assert_eq!(colorfgbg("0;15"), Some(Background::Light));
        assert_eq!(colorfgbg("15;0"), Some(Background::Dark));
        assert_eq!(colorfgbg("15;default;0"), Some(Background::Dark));
        assert_eq!(colorfgbg("12;8"), Some(Background::Dark));
        assert_eq!(colorfgbg("default"), None);
    }
}
