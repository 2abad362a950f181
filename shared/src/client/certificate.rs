//! Until when the server's certificate holds.

use crate::Timestamp;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The end of a certificate in DER, its `notAfter` (RFC 5280 section 4.1.2.5). None for what is none.
pub(super) fn ends(certificate: &[u8]) -> Option<Timestamp> {
    let (whole, _) = expected(certificate, SEQUENCE)?;
    let (signed, _) = expected(whole, SEQUENCE)?;
    // Certificates of the first version do not say so.
    let signed = expected(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_, rest) = expected(signed, INTEGER)?;
    let (_, after_algorithm) = expected(rest, SEQUENCE)?;
    let (_, after_issuer) = expected(after_algorithm, SEQUENCE)?;
    let (validity, _) = expected(after_issuer, SEQUENCE)?;
    let begin = element(validity)?;
    time(&element(begin.rest)?)
}

/// An element of DER, and what follows it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, bytes) = bytes.split_first()?;
    let (&first, bytes) = bytes.split_first()?;
    let (length, bytes) = if first < 0x80 {
        (usize::from(first), bytes)
    } else {
        // So many bytes say how long it is: four are beyond any certificate.
        let many = usize::from(first & 0x7f);
        let (length, bytes) = bytes.split_at_checked(many.min(4))?;
        let length = length
            .iter()
            .fold(0, |all, byte| all << 8 | usize::from(*byte));
        (length, bytes)
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    Some(Element { tag, content, rest })
}

/// An element's content and what follows it, where it is of this kind.
fn expected(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let found = element(bytes)?;
    (found.tag == tag).then_some((found.content, found.rest))
}

fn time(element: &Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?;
    let text = match element.tag {
        // Two digits are a year from 1950 to 2049.
        UTC_TIME if text >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a certificate that OpenSSL made, as far as its end is told.
    const MADE: &str = "3082018f30820134a0030201020214464837252bb00e43968f8ffc91df56\
        abf4720593300a06082a8648ce3d04030230143112301006035504030c09\
        3132372e302e302e31301e170d3236313132373134353333375a170d3236\
        313230323134353333375a";

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn a_certificate_says_its_end() {
        let mut made = bytes(MADE);
        made.resize(403, 0);
        let end = Timestamp::parse("2026-12-02T14:53:37Z");
        assert_eq!(ends(&made), end);
    }

    #[test]
    fn what_is_cut_off_or_something_else_has_no_end() {
        let mut made = bytes(MADE);
        made.resize(403, 0);
        for length in 0..402 {
            assert_eq!(ends(&made[..length]), None, "{length} bytes");
        }
        assert_eq!(ends(&[0xff; 64]), None);
        assert_eq!(ends(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff, 1]), None);
    }

    #[test]
    fn years_of_two_digits_and_of_four() {
        let told = |tag, text: &str| {
            time(&Element {
                tag,
                content: text.as_bytes(),
                rest: &[],
            })
        };
        let at = Timestamp::parse;
        assert_eq!(told(UTC_TIME, "991231235959Z"), at("1999-12-31T23:59:59Z"));
        let late = told(GENERALIZED_TIME, "20610101000000Z");
        assert_eq!(late, at("2061-01-01T00:00:00Z"));
        assert_eq!(told(INTEGER, "20610101000000Z"), None);
    }
}
