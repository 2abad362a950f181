//! File operations in the data directory: private, owned by the directory's owner, and synced when a call returns.
//!
//! After a power cut only synced changes of a file or directory remain. So a file is synced before it is renamed, and a
//! directory after its entries have changed.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// Maximum symbolic links followed, as in Linux.
const MAX_LINKS: usize = 40;

/// The directory that holds a path's entry.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The path with a suffix after its name, such as `-wal`.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a file that must not exist: mode 0600 whatever the umask.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.create_new(true).write(true).mode(0o600).open(path)
}

/// Gives a file that root has created in another user's directory to that user, who has to read it later. Only for
/// files just created: the owner may have replaced an existing one by a link to anything.
pub(crate) fn give(file: &File, directory: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let wanted = fs::metadata(directory)?;
    let found = file.metadata()?;
    if (found.uid(), found.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    fchown(file, Some(wanted.uid()), Some(wanted.gid()))
}

/// Creates a directory (mode 0700) and its missing ancestors. Each new one is synced in its parent and gets the owner
/// of its parent.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_directory(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    give(&made_directory(path)?, above)?;
    File::open(above)?.sync_all()
}

/// Opens a directory just created, and not another that its parent's owner has put there since.
fn made_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let mut how = OpenOptions::new();
    let how = how.read(true).custom_flags(raw(flags));
    let directory = how.open(path)?;
    if directory.metadata()?.uid() == rustix::process::geteuid().as_raw() {
        Ok(directory)
    } else {
        Err(io::Error::other("it was replaced by another user's"))
    }
}

/// In the form of [`OpenOptionsExt::custom_flags`].
pub(crate) fn raw(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or_default()
}

/// Syncs the entries of the directory that contains `path`.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(parent(path))?.sync_all()
}

/// Removes a file, which may be missing.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Replaces a file by a finished one. A power cut leaves the old or the new one, complete.
pub(crate) fn replace(finished: &Path, target: &Path) -> io::Result<()> {
    File::open(finished)?.sync_all()?;
    fs::rename(finished, target)?;
    sync_parent(target)
}

/// Writes a file of mode 0600 whatever the umask, atomically, and synced when this returns.
///
/// # Errors
/// The system's error; the previous file is unchanged.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    remove(&partial)?;
    let mut file = create(&partial)?;
    let done = give(&file, parent(path))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| replace(&partial, path));
    if done.is_err() {
        // The original error is the one to report. A remaining partial file is replaced the next time.
        remove(&partial).ok();
    }
    done
}

/// Whether a symbolic link is followed, by the rule of Linux (`protected_symlinks`): paths are resolved here, where the
/// kernel does not check it.
fn may_follow(directory: &fs::Metadata, owner: u32) -> bool {
    const STICKY_FOR_ALL: u32 = 0o1002;
    let is_shared = directory.mode() & STICKY_FOR_ALL == STICKY_FOR_ALL;
    let ours = rustix::process::geteuid().as_raw();
    !is_shared || [ours, directory.uid()].contains(&owner)
}

/// Whether a file in a world-writable directory belongs to another user. A file found from the current directory may be
/// an attacker's.
pub(crate) fn is_strangers(path: &Path) -> io::Result<bool> {
    const WRITABLE_FOR_ALL: u32 = 0o002;
    let path = std::path::absolute(path)?;
    let owner = match fs::symlink_metadata(&path) {
        Ok(found) => found.uid(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let directory = fs::metadata(parent(&path))?;
    let ours = rustix::process::geteuid().as_raw();
    let is_shared = directory.mode() & WRITABLE_FOR_ALL != 0;
    Ok(is_shared && ![ours, directory.uid()].contains(&owner))
}

/// Resolves symbolic links, the last of which may point to a missing file.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let directory = fs::metadata(parent(&path))?;
                if !may_follow(&directory, found.uid()) {
                    let whose = "symbolic link owned by another user in a world-writable directory";
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, whose));
                }
                path = parent(&path).join(fs::read_link(&path)?);
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links"))
}

/// Resolves a file of a directory to a path without symbolic links. Root follows a link only if the directory's owner
/// also owns the target file and its folder: otherwise the owner could make root open, replace or hand over files they
/// cannot access.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    let resolved = resolve(path)?;
    let home = fs::canonicalize(parent(&resolved))?;
    let real = home.join(resolved.file_name().unwrap_or_default());
    let owner = fs::metadata(parent(path))?.uid();
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if is_link && owner != 0 && rustix::process::geteuid().is_root() {
        let is_strange = |found: fs::Metadata| found.uid() != owner;
        if is_strange(fs::metadata(&home)?) || fs::symlink_metadata(&real).is_ok_and(is_strange) {
            let whose = "symbolic link to a file that the directory's owner does not own; root does not follow it";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, whose));
        }
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_are_followed_to_what_they_name() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink(at("real"), at("b")).unwrap();
        assert_eq!(resolve(&at("a")).unwrap(), at("real"));
        fs::write(at("real"), "x").unwrap();
        assert_eq!(resolve(&at("a")).unwrap(), at("real"));
        assert_eq!(resolve(&at("plain")).unwrap(), at("plain"));
        symlink("loop", at("loop")).unwrap();
        assert!(resolve(&at("loop")).is_err());
    }

    #[test]
    fn a_link_that_anybody_could_have_put_there_is_followed_only_where_it_is_ones_own() {
        let home = tempfile::tempdir().unwrap();
        let may = |mode: u32, owner: u32| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(home.path(), mode).unwrap();
            may_follow(&fs::metadata(home.path()).unwrap(), owner)
        };
        let (ours, others) = (rustix::process::geteuid().as_raw(), 65_534);
        assert!(may(0o1777, ours) && !may(0o1777, others));
        assert!(may(0o700, others) && may(0o1770, others) && may(0o777, others));
    }

    #[test]
    fn a_private_file_is_replaced_whole_and_leaves_nothing_beside() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("k.key");
        fs::write(home.path().join("k.partial"), "left by a kill").unwrap();
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        let taken = home.path().join("taken.key");
        fs::create_dir(&taken).unwrap();
        assert!(write_private(&taken, b"x").is_err());
        assert!(!home.path().join("taken.partial").exists());
    }

    #[test]
    fn missing_directories_are_made_private() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b");
        create_directory(&path).unwrap();
        create_directory(&path).unwrap();
        for made in [path.as_path(), parent(&path)] {
            let mode = fs::metadata(made).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        fs::write(home.path().join("file"), "").unwrap();
        assert!(create_directory(&home.path().join("file/x")).is_err());
    }
}
