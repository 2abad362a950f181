//! A file of hashes of breached passwords: a line is `HASH` or `HASH:COUNT`, the hash SHA-1 in hexadecimal.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    os::unix::fs::FileExt,
    path::Path,
};

/// SHA-1 of a password.
pub(crate) type Sha1 = [u8; 20];

/// Maximum size of a file that is read into memory, in bytes. A larger one must be sorted by hash, and is searched on
/// disk.
const MAX_IN_MEMORY: u64 = 64 << 20;
/// Maximum length of a line, in bytes.
const MAX_LINE: usize = 128;
/// Number of samples of a large file to check that it is sorted.
const SAMPLES: u64 = 500;

/// The hashes of a file.
#[derive(Debug)]
pub(crate) enum BreachedList {
    /// Sorted.
    InMemory(Vec<Sha1>),
    OnDisk {
        file: File,
        bytes: u64,
    },
}

/// The hash of a line, unless its count is 0.
pub(super) fn hash_of(line: &str) -> Option<(Sha1, bool)> {
    let (hash, count) = match line.trim().split_once(':') {
        Some((hash, count)) => (hash.trim(), count.trim().parse::<u64>().ok()?),
        None => (line.trim(), 1),
    };
    let bytes = data_encoding::HEXUPPER_PERMISSIVE.decode(hash.as_bytes());
    Some((bytes.ok()?.try_into().ok()?, count > 0))
}

impl BreachedList {
    /// Opens a file.
    ///
    /// # Errors
    /// A description of the mistake.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        Self::open_with(path, MAX_IN_MEMORY)
    }

    fn open_with(path: &Path, most: u64) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(format!("{} is not a file", path.display()));
        }
        if metadata.len() > most {
            let list = Self::OnDisk {
                file,
                bytes: metadata.len(),
            };
            return if list.is_in_order().map_err(failed)? {
                Ok(list)
            } else {
                Err(format!(
                    "{} is larger than 64 MiB, and is not a list of SHA-1 hashes in their order",
                    path.display()
                ))
            };
        }
        let mut hashes = Vec::new();
        let mut found = false;
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(failed)?;
            let hash = std::str::from_utf8(&line).ok().and_then(hash_of);
            found |= hash.is_some();
            hashes.extend(hash.and_then(|(hash, counts)| counts.then_some(hash)));
        }
        if !found {
            return Err(format!("{} holds no SHA-1 hashes", path.display()));
        }
        hashes.sort_unstable();
        Ok(Self::InMemory(hashes))
    }

    /// Whether a hash is in the list. Blocks if the list is on disk.
    ///
    /// # Errors
    /// The I/O error.
    pub(crate) fn contains(&self, wanted: &Sha1) -> io::Result<bool> {
        let (file, bytes) = match self {
            Self::InMemory(hashes) => return Ok(hashes.binary_search(wanted).is_ok()),
            Self::OnDisk { file, bytes } => (file, *bytes),
        };
        // Lines that begin before `low` have smaller hashes; those that begin at `high` or later, greater or equal
        // ones.
        let (mut low, mut high) = (0, bytes);
        while low < high {
            let middle = low + (high - low) / 2;
            match line_from(file, middle)? {
                Some((hash, _)) if hash < *wanted => low = middle + 1,
                _ => high = middle,
            }
        }
        let found = line_from(file, low)?;
        Ok(found.is_some_and(|(hash, counts)| hash == *wanted && counts))
    }

    fn is_in_order(&self) -> io::Result<bool> {
        let Self::OnDisk { file, bytes } = self else {
            return Ok(true);
        };
        let mut last = None;
        for at in 0..SAMPLES {
            let found = line_from(file, bytes / SAMPLES * at)?.map(|(hash, _)| hash);
            if found.is_none() || found < last {
                return Ok(false);
            }
            last = found;
        }
        Ok(true)
    }
}

/// The first line that begins at `at` or later: its hash, and whether it counts. `None` at the end.
fn line_from(file: &File, at: u64) -> io::Result<Option<(Sha1, bool)>> {
    let mut buffer = [0; 2 * MAX_LINE];
    // Includes the byte before, to see whether a line begins here.
    let start = at.saturating_sub(1);
    let read = file.read_at(&mut buffer, start)?;
    let mut text = &buffer[..read];
    if at > 0 {
        match text.iter().position(|byte| *byte == b'\n') {
            Some(end) => text = &text[end + 1..],
            None => return Ok(None),
        }
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(std::str::from_utf8(line).ok().and_then(hash_of))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn hash(number: u32) -> Sha1 {
        let mut hash = [0xab; 20];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        hash
    }

    fn lines(numbers: impl Iterator<Item = u32>) -> String {
        let mut text = String::new();
        for number in numbers {
            let hex = data_encoding::HEXUPPER.encode(&hash(number));
            writeln!(text, "{hex}:{}", number % 5).unwrap();
        }
        text
    }

    #[test]
    fn lines_are_hashes_with_or_without_a_count() {
        let hex = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";
        for (line, counts) in [
            (hex.to_owned(), true),
            (hex.to_uppercase(), true),
            (format!("{hex}:12\r"), true),
            (format!("{hex}:0"), false),
        ] {
            assert_eq!(hash_of(&line).map(|found| found.1), Some(counts), "{line}");
        }
        for line in [
            "",
            "# list",
            &hex[1..],
            &format!("{hex}:x"),
            &format!("{hex}ff"),
        ] {
            assert_eq!(hash_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_list_on_disk_answers_as_one_in_memory() {
        let file = file(&lines((0..3000).map(|n| n * 7)));
        let lists =
            [MAX_IN_MEMORY, 0].map(|most| BreachedList::open_with(file.path(), most).unwrap());
        assert!(matches!(lists[1], BreachedList::OnDisk { .. }));
        for number in (0..400).chain(20_000..21_100) {
            let wanted = number % 7 == 0 && number % 5 > 0 && number < 21_000;
            for list in &lists {
                assert_eq!(
                    list.contains(&hash(number)).unwrap(),
                    wanted,
                    "{number}: {list:?}"
                );
            }
        }
    }

    #[test]
    fn a_file_without_hashes_and_a_large_one_out_of_order_are_refused() {
        let nothing = file("user,password\nada,secret\n");
        assert!(BreachedList::open(nothing.path()).is_err());
        assert!(BreachedList::open(file("").path()).is_err());
        assert!(BreachedList::open(Path::new("/no/such/file")).is_err());
        let mixed = file(&lines((0..3000).rev()));
        assert!(
            BreachedList::open(mixed.path()).is_ok(),
            "small: sorted here"
        );
        assert!(BreachedList::open_with(mixed.path(), 0).is_err());
        assert!(BreachedList::open_with(nothing.path(), 0).is_err());
    }
}
