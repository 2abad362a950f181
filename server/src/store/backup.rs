//! Backup of a database that may be in use.

use std::{
    fs::{self, File},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use rusqlite::OpenFlags;

use super::{
    DATABASE, MASTER_KEY, OPERATOR_KEY, Store, StoreError, authority,
    check::{examine, existing, open_to_check},
    error::at,
    schema,
};
use crate::{
    domain::{Act, Refusal, rules::authority as rule},
    files,
};

/// What an unfinished copy is called, after the name it will have.
pub(super) const UNFINISHED: &str = "partial";

/// Writes a consistent copy of a data directory's database to `file` (mode 0600), whether it is in use or not. Links are
/// followed, and stay. The copy is examined, and appears whole or not at all. Writers are not held up.
///
/// # Errors
/// When there is no database or it is damaged, or `file` cannot be written or is there and no plain file.
pub fn back_up(directory: &Path, file: &Path) -> Result<u64, StoreError> {
    let source = existing(directory)?;
    let target = files::resolve(file).map_err(at(file))?;
    refuse_to_replace(directory, &target)?;
    let partial = beside(&target, UNFINISHED)?;
    let made = copy(&source, &partial, owner(directory, &target))
        .and_then(|()| whole(&partial))
        .and_then(|()| files::replace(&partial, &target).map_err(at(&target)));
    if made.is_err() {
        // What failed is what has to be told.
        files::remove(&partial).ok();
    }
    made?;
    Ok(fs::metadata(&target).map_err(at(&target))?.len())
}

/// Writes a copy as [`back_up`] does to stdout. It is made and examined in the data directory first.
///
/// # Errors
/// As [`back_up`]; when stdout is a terminal or cannot be written.
pub fn back_up_to_stdout(directory: &Path) -> Result<u64, StoreError> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let why = "stdout is a terminal: send the backup to a file or a program";
        return Err(StoreError::Unavailable(why.into()));
    }
    let source = existing(directory)?;
    let partial = beside(&source, UNFINISHED)?;
    let sent = copy(&source, &partial, Some(directory))
        .and_then(|()| whole(&partial))
        .and_then(|()| {
            let mut copy = File::open(&partial).map_err(at(&partial))?;
            let bytes = io::copy(&mut copy, &mut out).map_err(at(Path::new("stdout")))?;
            io::Write::flush(&mut out).map_err(at(Path::new("stdout")))?;
            Ok(bytes)
        });
    let removed = files::remove(&partial).map_err(at(&partial));
    let bytes = sent?;
    removed?;
    Ok(bytes)
}

/// Refuses what is there and is no plain file, and the files that the server needs.
fn refuse_to_replace(directory: &Path, target: &Path) -> Result<(), StoreError> {
    if is_in_use(directory, target) {
        return Err(StoreError::Unavailable(format!(
            "{} is a file that the server needs",
            target.display()
        )));
    }
    match fs::symlink_metadata(target) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(found) => {
            let kind = if found.is_dir() {
                "is a directory"
            } else {
                "is not a plain file, and is not replaced; `-` writes to stdout"
            };
            let message = format!("{} {kind}", target.display());
            Err(StoreError::Unavailable(message))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(target)(error)),
    }
}

/// Whether a path is one of the data directory's own files, there or not.
fn is_in_use(directory: &Path, target: &Path) -> bool {
    let home = fs::canonicalize(files::parent(target)).ok();
    let ours = fs::canonicalize(directory).is_ok_and(|ours| home == Some(ours));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let suffix = name.strip_prefix(DATABASE);
    ours && (suffix.is_some_and(|suffix| ["", "-wal", "-shm", "-journal"].contains(&suffix))
        || [MASTER_KEY, OPERATOR_KEY].contains(&&*name))
}

/// The data directory, if `target` is in it: whose the copy is to be then.
fn owner<'a>(directory: &'a Path, target: &Path) -> Option<&'a Path> {
    let home = fs::canonicalize(files::parent(target)).ok()?;
    let ours = fs::canonicalize(directory).ok()?;
    home.starts_with(ours).then_some(directory)
}

/// Copies the database `source` to `partial`, which belongs to the owner of the directory `owner` afterwards.
pub(super) fn copy(source: &Path, partial: &Path, owner: Option<&Path>) -> Result<(), StoreError> {
    files::remove(partial).map_err(at(partial))?;
    let file = files::create(partial).map_err(at(partial))?;
    if let Some(directory) = owner {
        files::give(&file, directory).map_err(at(partial))?;
    }
    drop(file);
    let text = partial.to_str().ok_or_else(|| {
        StoreError::Unavailable(format!("{}: the name is not UTF-8", partial.display()))
    })?;
    // Read-write, because the last reader of a WAL database may have to recover it.
    let conn = open_to_check(source, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Before the copy, which carries out the statements of the schema.
    schema::recognise(&conn).map_err(|error| error.at(source))?;
    // One read transaction over the whole copy: a snapshot, in WAL mode without holding up the writer.
    conn.execute("VACUUM INTO ?1", [text])
        .map_err(|error| StoreError::from(error).at(source))?;
    Ok(())
}

/// Whether a copy can be relied on, before it is said to be there.
fn whole(partial: &Path) -> Result<(), StoreError> {
    let conn = open_to_check(partial, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    examine(&conn).map_err(|error| error.at(partial))
}

/// A file's name while it is made, in the directory it will be in.
pub(super) fn beside(path: &Path, what: &str) -> Result<PathBuf, StoreError> {
    let name = path.file_name().ok_or_else(|| {
        StoreError::Unavailable(format!("{}: not the name of a file", path.display()))
    })?;
    let name = format!("{}.{what}-{}", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(name))
}

impl Store {
    /// Writes a backup of the running database.
    ///
    /// # Errors
    /// As [`back_up`], and as [`rule::run_server`].
    pub async fn back_up(&self, file: PathBuf, act: Act) -> Result<u64, StoreError> {
        let Ok(_alone) = self.inner.backup.try_lock() else {
            return Err(Refusal::Conflict("a backup is being made".into()).into());
        };
        let (directory, target) = (self.directory().to_owned(), file.clone());
        // On a thread of its own: readers are few, and this takes long.
        let made = tokio::task::spawn_blocking(move || {
            let home = files::parent(&target);
            files::create_directory(home).map_err(at(home))?;
            back_up(&directory, &target)
        });
        let bytes = made
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))??;
        let target = file.to_string_lossy().into_owned();
        let noted = self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::run_server(&by)?;
            unit.event(
                act.cause(&by),
                "server.backed_up",
                Some(&target),
                None,
                None,
            )
        });
        if let Err(error) = noted.await {
            // A copy whose making stands in no log is not handed out; where it stays, the directory is private.
            if let Err(error) = files::remove(&file) {
                tracing::warn!(%error, "{} stays", file.display());
            }
            return Err(error);
        }
        Ok(bytes)
    }
}
