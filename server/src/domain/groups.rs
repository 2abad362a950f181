//! User groups: validation of their names.

/// Maximum length of a group's name in characters, and maximum number of groups of a user or client.
pub const MAX_GROUP: usize = 64;

/// Validates groups; sorts them and removes duplicates.
///
/// # Errors
/// The index of the invalid element, if the mistake is in one, and a description.
pub fn groups(given: &[String]) -> Result<Vec<String>, (Option<usize>, &'static str)> {
    if given.len() > MAX_GROUP {
        return Err((None, "must be at most 64 groups"));
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let well_formed =
        |name: &str| (1..=MAX_GROUP).contains(&name.len()) && name.bytes().all(allowed);
    if let Some(at) = given.iter().position(|name| !well_formed(name)) {
        let why = "must be 1 to 64 of a-z, 0-9, '-', '_' and '.'";
        return Err((Some(at), why));
    }
    let mut groups = given.to_vec();
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_lower_case_words_each_once() {
        let of = |names: &[&str]| {
            groups(
                &names
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            of(&["staff", "a.b-c_d", "staff"]),
            Ok(vec!["a.b-c_d".into(), "staff".into()])
        );
        for bad in ["", "Staff", "a b", "a,b", "\u{e4}", &"x".repeat(65)] {
            assert_eq!(of(&["ok", bad]).unwrap_err().0, Some(1), "{bad}");
        }
        assert!(of(&vec!["x"; 65]).is_err());
        assert!(of(&[&"x".repeat(64)]).is_ok());
    }
}
