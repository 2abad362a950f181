//! Files that a restore or a backup has left which was killed.

use std::{fs, path::Path};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use super::{
    backup::{BACKUPS, UNFINISHED},
    check::LOGS,
    open::DATABASE,
    restore::PREPARED,
};
use crate::files;

/// Removes what a restore or a backup that was killed has left in a directory that is locked, and beside the database that a
/// link there leads to.
pub(super) fn clean(directory: &Path) {
    let database = directory.join(DATABASE);
    let real = files::real(&database).ok();
    for path in [Some(database), real].into_iter().flatten() {
        let of = path.file_name().unwrap_or_default().to_string_lossy();
        // No other restore runs while the directory is locked.
        let is_prepared =
            |name: &str| unfinished(name, PREPARED).is_some_and(|(database, _)| database == of);
        remove_all(files::parent(&path), is_prepared);
    }
    // `backup` may write to them beside a server.
    remove_all(directory, |name| {
        name.starts_with(DATABASE) && is_abandoned(name)
    });
    remove_all(&directory.join(BACKUPS), is_abandoned);
}

/// What an unfinished file, or a log of it, is to be called, and the process that makes it.
fn unfinished<'a>(name: &'a str, what: &str) -> Option<(&'a str, u32)> {
    let (finished, process) = name.rsplit_once(&format!(".{what}-"))?;
    let mut logs = LOGS.iter().filter_map(|log| process.strip_suffix(log));
    let process = logs.next().unwrap_or(process).parse().ok()?;
    Some((finished, process))
}

/// Whether a file is the unfinished copy of a process that is gone, or its journal.
fn is_abandoned(name: &str) -> bool {
    // This one has begun none yet: another had its id.
    unfinished(name, UNFINISHED)
        .is_some_and(|(_, process)| process == std::process::id() || is_gone(process))
}

/// Whether there is no such process. Asked of the system: /proc may hide those of other users.
fn is_gone(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_none_or(|process| test_kill_process(process) == Err(Errno::SRCH))
}

fn remove_all(directory: &Path, is_left: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_left(&entry.file_name().to_string_lossy())
            && let Err(error) = files::remove(&entry.path())
        {
            tracing::warn!(%error, "could not remove {}", entry.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Larger than any process id of Linux.
    const GONE: u32 = 4_194_305;

    #[test]
    fn unfinished_copies_of_processes_that_are_gone_are_removed() {
        let home = tempfile::tempdir().unwrap();
        let backups = home.path().join(BACKUPS);
        fs::create_dir(&backups).unwrap();
        let ours = std::process::id();
        let kept = [
            "doorward-1.db".to_owned(),
            "doorward-1.db.partial-1".to_owned(),
            "doorward-1.db.partial-old".to_owned(),
        ];
        let left = [
            format!("doorward-2.db.partial-{GONE}"),
            format!("doorward-2.db.partial-{GONE}-journal"),
            format!("doorward-3.db.partial-{ours}"),
        ];
        for name in kept.iter().chain(&left) {
            fs::write(backups.join(name), "x").unwrap();
        }
        clean(home.path());
        assert_eq!(names(&backups), kept);
    }

    #[test]
    fn what_a_killed_restore_has_left_goes_beside_a_links_target_too_and_nothing_else_does() {
        let [home, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let link = home.path().join(DATABASE);
        std::os::unix::fs::symlink(elsewhere.path().join("real.db"), &link).unwrap();
        // A restore's copies, whoever made them; a backup to stdout that is being made beside a server that starts.
        let beside = [
            "real.db",
            "real.db.restore-1",
            "real.db.restore-2-wal",
            "real.db.restore-before-the-move",
            "real.db2.restore-1",
        ];
        let own = [
            "doorward.db.partial-1",
            "doorward.db.partial-4194305",
            "doorward.db.restore-1-journal",
            "doorward.db.restore-2026-11-27",
        ];
        let places = beside.map(|name| elsewhere.path().join(name));
        for path in places
            .into_iter()
            .chain(own.map(|name| home.path().join(name)))
        {
            fs::write(path, "x").unwrap();
        }
        clean(home.path());
        assert_eq!(names(elsewhere.path()), [beside[0], beside[3], beside[4]]);
        assert_eq!(names(home.path()), [DATABASE, own[0], own[3]]);
    }

    #[test]
    fn processes_of_other_users_are_there_though_proc_hides_them() {
        assert!(is_gone(GONE) && !is_gone(1) && !is_gone(std::process::id()));
    }
}
