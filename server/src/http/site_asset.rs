//! An asset of the hosted pages, with a content hash in its name.

use std::{fmt::Write, fs, path::Path};

use crate::{
    crypto::secret::Digest256,
    settings::{SettingsError, wrong},
};

/// Maximum size of a logo, in bytes.
const MAX_LOGO: u64 = 256 * 1024;

/// A file of the pages: its name contains its hash, so that it can be cached indefinitely.
#[derive(Debug)]
pub(crate) struct Asset {
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The first 8 bytes of a hash, in hexadecimal.
pub(super) fn short_hash(bytes: &[u8]) -> String {
    let Digest256(hash) = Digest256::of(bytes);
    let mut text = String::with_capacity(16);
    for byte in &hash[..8] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Asset {
    pub(super) fn new(
        stem: &str,
        extension: &str,
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Self {
        let hash = short_hash(&bytes);
        Self {
            name: format!("{stem}-{hash}.{extension}"),
            content_type,
            bytes,
        }
    }
}

pub(super) fn logo(path: &Path) -> Result<Asset, SettingsError> {
    let bad = |reason: String| wrong("site_logo", format!("{}: {reason}", path.display()));
    let size = fs::metadata(path)
        .map_err(|error| bad(error.to_string()))?
        .len();
    if size > MAX_LOGO {
        return Err(bad("must be at most 256 KiB".into()));
    }
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let (extension, content_type) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("png", "image/png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        ("jpg", "image/jpeg")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        ("webp", "image/webp")
    } else if std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")) {
        ("svg", "image/svg+xml")
    } else {
        return Err(bad("must be a PNG, JPEG, WebP or SVG picture".into()));
    };
    Ok(Asset::new("logo", extension, content_type, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_must_be_a_picture() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logo");
        fs::write(&path, "<html>").unwrap();
        assert_eq!(logo(&path).unwrap_err().key, "site_logo");
        fs::write(&path, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
        assert_eq!(logo(&path).unwrap().content_type, "image/svg+xml");
    }
}
