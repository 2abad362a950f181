//! Why a JSON body is rejected: the invalid field, and what it must be.

use doorward_shared::ErrorCode;

use crate::http::ApiError;

pub(super) fn refused(path: &str, error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        // Its text names a line and a column, and nothing from the body.
        return ApiError::new(
            ErrorCode::InvalidRequest,
            format!("the body is not JSON: {error}"),
        );
    }
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(text, _)| text);
    let named = ["missing", "unknown", "duplicate"]
        .into_iter()
        .find_map(|what| {
            let rest = text.strip_prefix(what)?.strip_prefix(" field `")?;
            Some((what, rest.split('`').next()?))
        });
    match named {
        Some((what, field)) => {
            let at: String = field.chars().take(100).collect();
            let reason = match what {
                "missing" => "is missing",
                "unknown" => "is an unknown field",
                _ => "is given twice",
            };
            ApiError::request(&at, reason)
        }
        // JSON of another type than the field's is a type error; of the right type, an invalid value. JSON has one
        // number type.
        None if text.starts_with("invalid type") && !is_fraction(text) => {
            ApiError::request(place(path), expected(text)).in_field(top(path))
        }
        None => ApiError::validation(place(path), expected(text)).in_field(top(path)),
    }
}

/// The path to the invalid field, as far as its names are ours: those inside metadata are the caller's.
fn place(path: &str) -> &str {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._[]".contains(&b);
    if path.len() <= 100 && path.bytes().all(is_plain) {
        path
    } else {
        top(path)
    }
}

/// The top-level field of a path.
fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// Whether a number that is not an integer, or not written as one, was sent for an integer field.
fn is_fraction(text: &str) -> bool {
    let whole = text
        .rsplit_once(", expected ")
        .is_some_and(|(_, name)| is_whole(name));
    whole && text.starts_with("invalid type: floating point")
}

/// serde's prefix for a nonzero integer.
const NONZERO: &str = "a nonzero ";

/// Whether serde calls a value of this description an integer.
fn is_whole(name: &str) -> bool {
    let name = name.strip_prefix(NONZERO).unwrap_or(name);
    let bits = name.strip_prefix(['u', 'i']);
    bits.is_some_and(|bits| bits == "size" || bits.parse::<u8>().is_ok())
}

/// The expected value, without the one sent: it may be a secret.
fn expected(text: &str) -> String {
    match text.rsplit_once(", expected ") {
        Some((_, name)) if is_whole(name) => {
            if name.starts_with(NONZERO) {
                "must be a whole number from 1".into()
            } else if name.starts_with('u') {
                "must be a whole number, 0 or more".into()
            } else {
                "must be a whole number".into()
            }
        }
        Some((_, "f32" | "f64")) => "must be a number".into(),
        Some((_, "a sequence")) => "must be an array".into(),
        Some((_, "a map")) => "must be an object".into(),
        Some((_, name)) if name.starts_with("struct ") => "must be an object".into(),
        Some((_, expected)) => format!("must be {expected}"),
        // From our own types: "not an RFC 3339 time".
        None => format!("is {text}"),
    }
}
