//! Files of themes, beside the configuration.

use std::{fs, io::Read, path::Path};

use crate::core::own_theme::{ColourDepth, MOST, OwnTheme};

/// What the terminal says it can show.
pub(super) fn depth() -> ColourDepth {
    let said = |name| std::env::var(name).unwrap_or_default();
    ColourDepth::of(&said("COLORTERM"), &said("TERM"))
}

/// The themes of a directory by name, each with what is wrong in its file, if something is.
pub(super) fn read(directory: &Path) -> Vec<(String, Result<OwnTheme, String>)> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let depth = depth();
    let theme = |path: std::path::PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        path.extension().filter(|end| *end == "toml")?;
        let mut text = String::new();
        let shown = path.display().to_string();
        let read =
            fs::File::open(&path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
        let theme = match read {
            Err(error) => Err(format!("{shown}: {error}")),
            Ok(length) if length as u64 > MOST => {
                Err(format!("{shown}: longer than {} KiB", MOST / 1024))
            }
            Ok(_) => OwnTheme::read(&shown, &text, depth).map_err(|why| why.to_string()),
        };
        Some((name, theme))
    };
    let mut themes: Vec<_> = entries
        .flatten()
        .filter_map(|entry| theme(entry.path()))
        .collect();
    themes.sort_by(|one, other| one.0.cmp(&other.0));
    themes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_themes_by_their_names_and_a_bad_one_does_not_hide_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        put("nord.toml", "[dark]\n[light]\nbad = \"red\"\n");
        put("broken.toml", "[dark]\nbad = \"rde\"\n[light]\n");
        put("notes.txt", "");
        let themes = read(directory.path());
        let names: Vec<_> = themes
            .iter()
            .map(|(name, theme)| (name.as_str(), theme.is_ok()))
            .collect();
        assert_eq!(names, [("broken", false), ("nord", true)]);
        let why = themes[0].1.as_ref().unwrap_err();
        assert!(why.contains("broken.toml:2: dark.bad: "), "{why}");
        assert!(read(&directory.path().join("none")).is_empty());
    }
}
