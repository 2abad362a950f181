//! Backup of a database that may be in use.

use std::{
    fs::{self, File},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use doorward_shared::admin::{BackupPhase, BackupProgress};
use rusqlite::{Connection, InterruptHandle, OpenFlags};
use tokio::sync::oneshot;

use super::{
    backup_throttle,
    check::{examine, existing, open_to_check},
    open::{DATABASE, MASTER_KEY, OPERATOR_KEY},
    schema,
};
use crate::{
    domain::{Act, DomainError, rules::authority as rule},
    files::{self, with_suffix},
    store::{
        Store, StoreError, authority,
        error::{at, no_thread},
    },
};

/// Suffix of an unfinished copy.
pub(super) const UNFINISHED: &str = "partial";
/// Directory of the running server's backups, in the data directory.
pub(super) const BACKUPS: &str = "backups";

/// Writes a consistent copy of a data directory's database to `file` (mode 0600), whether it is in use or not. Symbolic
/// links are followed and kept. The copy is checked, and `file` is replaced atomically. The writer is not blocked, and
/// has the disk to itself half of the time.
///
/// # Errors
/// If there is no database or it is damaged, or `file` cannot be written or exists and is not a regular file.
pub fn back_up(directory: &Path, file: &Path) -> Result<u64, StoreError> {
    back_up_until(directory, file, &Arc::default())
}

/// As [`back_up`], until `copies` are cancelled.
fn back_up_until(directory: &Path, file: &Path, copies: &Arc<Copies>) -> Result<u64, StoreError> {
    let source = existing(directory)?;
    let target = files::resolve(file).map_err(at(file))?;
    refuse_to_replace(directory, &target)?;
    let partial = beside(&target, UNFINISHED)?;
    let made = Source::in_use(&source)
        .and_then(|source| copy_until(source, &partial, owner(directory, &target), copies))
        .and_then(|()| whole(&partial, copies))
        .and_then(|()| files::replace(&partial, &target).map_err(at(&target)));
    if made.is_err() {
        for suffix in ["", "-journal"] {
            // The original error is the one to report.
            files::remove(&with_suffix(&partial, suffix)).ok();
        }
    }
    made.map_err(|error| copies.why(error))?;
    Ok(fs::metadata(&target).map_err(at(&target))?.len())
}

/// Writes a copy to stdout, as [`back_up`] does to a file. It is first created and checked in the data directory.
///
/// # Errors
/// As [`back_up`]; if stdout is a terminal or cannot be written.
pub fn back_up_to_stdout(directory: &Path) -> Result<u64, StoreError> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let why = "stdout is a terminal: send the backup to a file or a program";
        return Err(StoreError::Unavailable(why.into()));
    }
    let source = existing(directory)?;
    let partial = beside(&directory.join(DATABASE), UNFINISHED)?;
    let sent = Source::in_use(&source)
        .and_then(|source| copy(source, &partial, Some(directory)))
        .and_then(|()| whole(&partial, &Arc::default()))
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

/// Refuses targets that are not regular files, and files that the server needs.
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
                "is not a regular file and will not be overwritten; use `-` for stdout"
            };
            let message = format!("{} {kind}", target.display());
            Err(StoreError::Unavailable(message))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(target)(error)),
    }
}

/// Whether a path is one of the data directory's own files, existing or not, or the target of a link in their place.
fn is_in_use(directory: &Path, target: &Path) -> bool {
    let Ok(target) = entry(target) else {
        return false;
    };
    let logs = ["-wal", "-shm", "-journal"];
    let files: [(&str, &[&str]); 3] = [(DATABASE, &logs), (MASTER_KEY, &[]), (OPERATOR_KEY, &[])];
    files.iter().any(|(name, beside)| {
        let path = directory.join(name);
        let real = files::resolve(&path);
        let places = [Some(path), real.ok()].into_iter().flatten();
        places.filter_map(|place| entry(&place).ok()).any(|place| {
            let mut suffixes = beside.iter();
            place == target || suffixes.any(|suffix| with_suffix(&place, suffix) == target)
        })
    })
}

/// A path whose directory contains no symbolic links.
fn entry(path: &Path) -> io::Result<PathBuf> {
    Ok(fs::canonicalize(files::parent(path))?.join(path.file_name().unwrap_or_default()))
}

/// The data directory, if `target` is in it: the copy then gets its owner.
fn owner<'a>(directory: &'a Path, target: &Path) -> Option<&'a Path> {
    let home = fs::canonicalize(files::parent(target)).ok()?;
    let ours = fs::canonicalize(directory).ok()?;
    home.starts_with(ours).then_some(directory)
}

/// A database to copy. Its connection follows no symbolic links: root may copy into a directory whose owner replaces
/// the unfinished copy by one.
pub(super) struct Source<'a> {
    pub conn: Connection,
    pub path: &'a Path,
}

impl<'a> Source<'a> {
    /// A database that may be in use, by a path without symbolic links.
    fn in_use(path: &'a Path) -> Result<Self, StoreError> {
        // Read-write, because the last reader of a WAL database may have to recover it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let conn = open_to_check(path, flags)?;
        Ok(Self { conn, path })
    }
}

/// Copies a database to `partial`, which then gets the owner of the directory `owner`.
pub(super) fn copy(
    source: Source<'_>,
    partial: &Path,
    owner: Option<&Path>,
) -> Result<(), StoreError> {
    copy_until(source, partial, owner, &Arc::default())
}

fn copy_until(
    source: Source<'_>,
    partial: &Path,
    owner: Option<&Path>,
    copies: &Arc<Copies>,
) -> Result<(), StoreError> {
    files::remove(partial).map_err(at(partial))?;
    let file = files::create(partial).map_err(at(partial))?;
    if let Some(directory) = owner {
        files::give(&file, directory).map_err(at(partial))?;
    }
    drop(file);
    let home = fs::canonicalize(files::parent(partial)).map_err(at(partial))?;
    let real = home.join(partial.file_name().unwrap_or_default());
    let text = real.to_str().ok_or_else(|| {
        StoreError::Unavailable(format!("{}: the name is not UTF-8", partial.display()))
    })?;
    let Source { mut conn, path } = source;
    // Before the copy, which executes the statements of the schema.
    schema::recognise(&conn).map_err(|error| error.at(path))?;
    copies.watch(&conn)?;
    let mut written = backup_throttle::Written::of(partial).map_err(at(partial))?;
    let (told, all) = (copies.clone(), pages(&conn)?);
    backup_throttle::keep(&mut conn, move || {
        told.progress(written.sync(), all);
    })?;
    // One read transaction over the whole copy: a snapshot, and in WAL mode it does not block the writer.
    conn.execute("VACUUM INTO ?1", [text])
        .map_err(|error| StoreError::from(error).at(path))?;
    Ok(())
}

/// Checks the copy before it gets its final name.
fn whole(partial: &Path, copies: &Arc<Copies>) -> Result<(), StoreError> {
    let mut conn = open_to_check(partial, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    copies.watch(&conn)?;
    backup_throttle::keep(&mut conn, || {})?;
    copies.checks();
    examine(&conn).map_err(|error| error.at(partial))
}

/// Size of a database's pages, in bytes.
fn pages(conn: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

/// The temporary name of a file, in its final directory.
pub(super) fn beside(path: &Path, what: &str) -> Result<PathBuf, StoreError> {
    let name = path.file_name().ok_or_else(|| {
        StoreError::Unavailable(format!("{}: not the name of a file", path.display()))
    })?;
    let name = format!("{}.{what}-{}", name.to_string_lossy(), std::process::id());
    Ok(path.with_file_name(name))
}

/// Copies made by the running server. They are cancelled with it: a copy of a large database takes longer than a
/// shutdown may.
#[derive(Debug, Default)]
pub(in crate::store) struct Copies(Mutex<Copying>);

#[derive(Default)]
struct Copying {
    ended: bool,
    /// Progress of the current copy.
    progress: Option<BackupProgress>,
    /// Handle of the connection that copies or checks now.
    running: Option<InterruptHandle>,
}

impl std::fmt::Debug for Copying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copying")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Copies {
    fn state(&self) -> MutexGuard<'_, Copying> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Allows copies, or cancels the current one and refuses later ones.
    fn allow(&self, allowed: bool) {
        let mut state = self.state();
        state.ended = !allowed;
        if let Some(running) = state.running.as_ref().filter(|_| !allowed) {
            running.interrupt();
        }
    }

    /// Makes the connection's statements cancellable from here on.
    fn watch(&self, conn: &Connection) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.ended {
            return Err(stopping());
        }
        state.running = Some(conn.get_interrupt_handle());
        Ok(())
    }

    /// Sets or clears the current progress.
    fn now(&self, progress: Option<BackupProgress>) {
        self.state().progress = progress;
    }

    /// Records `bytes` copied of `all`.
    fn progress(&self, bytes: u64, all: u64) {
        if let Some(progress) = &mut self.state().progress {
            progress.bytes = bytes;
            progress.of_bytes = all;
        }
    }

    /// Marks the start of the check.
    fn checks(&self) {
        if let Some(progress) = &mut self.state().progress {
            progress.phase = BackupPhase::Checking;
        }
    }

    /// The actual cause of a failed copy.
    fn why(&self, error: StoreError) -> StoreError {
        if self.state().ended {
            stopping()
        } else {
            error
        }
    }
}

fn stopping() -> StoreError {
    StoreError::Unavailable("the server stops: no backup was made".into())
}

impl Store {
    /// Cancels backups, so that the end of the process does not wait for one; or allows them again.
    pub(crate) fn allow_backups(&self, allowed: bool) {
        self.inner.copies.allow(allowed);
    }

    /// Progress of the current backup.
    pub(crate) fn backup_progress(&self) -> Option<BackupProgress> {
        self.inner.copies.state().progress.clone()
    }

    /// Directory of the running server's backups.
    pub fn backups(&self) -> PathBuf {
        self.directory().join(BACKUPS)
    }

    /// Writes a backup of the running database.
    ///
    /// # Errors
    /// As [`back_up`], and as [`rule::run_server`].
    pub async fn back_up(&self, file: PathBuf, act: Act) -> Result<u64, StoreError> {
        let Ok(_alone) = self.inner.backup.try_lock() else {
            return Err(DomainError::Conflict("a backup is being made".into()).into());
        };
        self.inner.copies.now(Some(BackupProgress {
            started_at: act.at(),
            phase: BackupPhase::Copying,
            bytes: 0,
            of_bytes: 0,
        }));
        let made = self.copy_aside(file.clone()).await;
        self.inner.copies.now(None);
        let bytes = made?;
        let target = file.to_string_lossy().into_owned();
        let noted = self.write(move |unit| {
            let by = authority::authorize(unit, &act)?;
            rule::run_server(&by)?;
            unit.event(
                act.context(&by),
                "server.backed_up",
                Some(&target),
                None,
                None,
            )
        });
        if let Err(error) = noted.await {
            // A copy without an event in the log is not handed out; if it cannot be removed, the directory is private.
            if let Err(error) = files::remove(&file) {
                tracing::warn!(%error, "could not remove {}", file.display());
            }
            return Err(error);
        }
        Ok(bytes)
    }

    /// On its own thread with the lowest priority: there are few readers, and this takes long.
    async fn copy_aside(&self, target: PathBuf) -> Result<u64, StoreError> {
        let (inner, (reply, answer)) = (self.inner.clone(), oneshot::channel());
        let copy = move || {
            backup_throttle::step_back();
            let home = files::parent(&target);
            let made = files::create_directory(home)
                .map_err(at(home))
                .and_then(|()| back_up_until(&inner.directory, &target, &inner.copies));
            // The receiver is gone if the server has ended.
            reply.send(made).ok();
        };
        thread::Builder::new()
            .name("doorward-backup".into())
            .spawn(copy)
            .map_err(no_thread)?;
        let gone = |_| StoreError::Unavailable("the copying thread has stopped".into());
        answer.await.map_err(gone)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_the_place_of_the_copy_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (path, link) = (home.path().join(DATABASE), home.path().join("partial"));
        let mut conn = Connection::open(&path).unwrap();
        schema::migrate(&mut conn).unwrap();
        std::os::unix::fs::symlink("elsewhere", &link).unwrap();
        let source = Source::in_use(&path).unwrap();
        let into = link.canonicalize().unwrap_or(link);
        let copied = source.conn.execute("VACUUM INTO ?1", [into.to_str()]);
        assert!(copied.is_err() && !home.path().join("elsewhere").exists());
    }

    #[test]
    fn what_a_link_in_the_place_of_the_database_or_a_key_leads_to_is_not_replaced() {
        let [home, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let led_to = |name: &str| elsewhere.path().join(name);
        let mut conn = Connection::open(led_to("real.db")).unwrap();
        schema::migrate(&mut conn).unwrap();
        for (name, real) in [
            (DATABASE, "real.db"),
            (MASTER_KEY, "m.key"),
            (OPERATOR_KEY, "o.key"),
        ] {
            std::os::unix::fs::symlink(led_to(real), home.path().join(name)).unwrap();
        }
        let names = [
            "real.db",
            "real.db-wal",
            "real.db-shm",
            "real.db-journal",
            "m.key",
            "o.key",
        ];
        let own = [DATABASE, "doorward.db-wal", MASTER_KEY, OPERATOR_KEY];
        let own = own.map(|name| home.path().join(name));
        for target in names.map(led_to).into_iter().chain(own) {
            let error = back_up(home.path(), &target).unwrap_err().to_string();
            assert!(error.contains("the server needs"), "{target:?}: {error}");
        }
        assert!(back_up(home.path(), &led_to("real.db-2")).unwrap() > 0);
    }

    #[test]
    fn a_copy_ends_with_the_server_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let mut conn = Connection::open(home.path().join(DATABASE)).unwrap();
        schema::migrate(&mut conn).unwrap();
        let copies = Arc::<Copies>::default();
        copies.allow(false);
        let target = home.path().join("copy.db");
        let error = back_up_until(home.path(), &target, &copies).unwrap_err();
        assert!(error.to_string().contains("the server stops"), "{error}");
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().flatten().collect();
        let left = left.iter().map(|entry| entry.file_name());
        assert!(
            left.into_iter()
                .all(|name| !name.to_string_lossy().contains("copy"))
        );
        copies.allow(true);
        assert!(back_up_until(home.path(), &target, &copies).unwrap() > 0);
    }

    #[test]
    fn a_statement_that_runs_is_cut_off() {
        let copies = Arc::<Copies>::default();
        let conn = Connection::open_in_memory().unwrap();
        copies.watch(&conn).unwrap();
        let (begun, begins) = std::sync::mpsc::channel();
        let ending = std::thread::spawn({
            let copies = copies.clone();
            move || {
                begins.recv().unwrap();
                copies.allow(false);
            }
        });
        // Never ends by itself; each row is one step.
        let endless =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
        let mut select = conn.prepare(endless).unwrap();
        let mut rows = select.query([]).unwrap();
        rows.next().unwrap();
        begun.send(()).unwrap();
        let cut = loop {
            if let Err(error) = rows.next() {
                break error;
            }
        };
        assert_eq!(
            cut.sqlite_error_code(),
            Some(rusqlite::ErrorCode::OperationInterrupted)
        );
        ending.join().unwrap();
    }
}
