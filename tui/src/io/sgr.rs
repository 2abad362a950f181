//! Writes the 16 basic colours as SGR 30-37 and 90-97 instead of the `38;5;n` of the terminal library: a terminal with only 16
//! colours reads the 5 as blinking.

/// What is written, with each of the first 16 of the 256 colours as `36` or `96` say it; of others a terminal of 16 is sent
/// none.
pub(super) fn in_sixteen(written: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.windows(2).position(|two| two == b"\x1b[") {
        let (before, sequence) = rest.split_at(at + 2);
        out.extend_from_slice(before);
        let end = sequence.iter().position(|byte| byte.is_ascii_alphabetic());
        let (parameters, after) = sequence.split_at(end.unwrap_or(sequence.len()));
        if after.first() == Some(&b'm') {
            out.extend_from_slice(&renumbered(parameters));
        } else {
            out.extend_from_slice(parameters);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

fn renumbered(parameters: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(parameters);
    let mut said = Vec::new();
    let mut words = text.split(';');
    while let Some(word) = words.next() {
        let base = match word {
            "38" => 30,
            "48" => 40,
            _ => {
                said.push(word.to_owned());
                continue;
            }
        };
        let number = words.nth(1).and_then(|number| number.parse::<u8>().ok());
        said.extend(number.and_then(|number| old_number(base, number)));
    }
    said.join(";").into_bytes()
}

/// 30 and more of the eight, 90 and more of their bright ones; for grounds ten more.
fn old_number(base: u8, number: u8) -> Option<String> {
    let code = match number {
        0..8 => base + number,
        8..16 => base + 52 + number,
        _ => return None,
    };
    Some(code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteen_are_said_by_their_old_numbers_and_all_else_stays() {
        let said = |text: &str| String::from_utf8(in_sixteen(text.as_bytes())).unwrap();
        let frame = "\x1b[?2026h\x1b[3;4H\x1b[38;5;6;49ma\x1b[1m\x1b[38;5;7;48;5;4m李[m\x1b[0m";
        let plain = "\x1b[?2026h\x1b[3;4H\x1b[36;49ma\x1b[1m\x1b[37;44m李[m\x1b[0m";
        assert_eq!(said(frame), plain);
        assert_eq!(said("\x1b[38;5;9m\x1b[48;5;15m"), "\x1b[91m\x1b[107m");
        assert_eq!(said("\x1b["), "\x1b[");
    }
}
