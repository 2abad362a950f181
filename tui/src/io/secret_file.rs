//! Files that hold a secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A file of mode 0600 that is begun before there is a secret for it: that it cannot be written is known before
/// anything is minted. It appears whole or not at all.
#[derive(Debug)]
pub(crate) struct SecretFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
}

impl SecretFile {
    /// Begins a file, which may take the place of one that is there only if `replace` says so.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub(crate) fn begin(path: &Path, replace: bool) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|there| !replace || !there.is_file()) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Self::in_place_of(path)
    }

    /// As [`SecretFile::begin`], whatever is there.
    ///
    /// # Errors
    /// As [`SecretFile::begin`].
    pub(crate) fn in_place_of(path: &Path) -> io::Result<Self> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        // Of a process of the same number that was killed.
        let _ = fs::remove_file(&partial);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)?;
        Ok(Self {
            path: path.to_owned(),
            partial,
            file,
        })
    }

    /// Writes the secret, on a line of its own.
    ///
    /// # Errors
    /// When it is not on disk.
    pub(crate) fn keep(mut self, secret: &str) -> io::Result<()> {
        writeln!(self.file, "{secret}")?;
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        // Not there any more, once it is kept.
        let _ = fs::remove_file(&self.partial);
    }
}
