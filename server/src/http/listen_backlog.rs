//! The listen backlog.

use std::{
    fs,
    net::SocketAddr,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::Path,
};

use rustix::{
    io::Errno,
    net::{getsockname, listen, sockopt::socket_acceptconn},
    process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
};

/// Length of the listen backlog. The kernel caps it at `net.core.somaxconn`.
const WAITING: i32 = 4096;

/// Raises this port's listen backlog to [`WAITING`] from the 128 that the listener is opened with: in a larger burst
/// each further connection is only retried after a second. If the system refuses, the 128 stay.
///
/// `listen(2)` on a listening socket changes only its backlog. Rocket does not expose its listener, so the process
/// duplicates the descriptor. Only of a socket: closing a second handle of a file releases all locks that the process
/// holds on it (`fcntl(2)`), and SQLite's database is one.
pub(super) fn widen(port: u16) {
    if let Err(error) = try_widen(port) {
        tracing::debug!(%error, "no more than 128 connections can wait to be accepted");
    }
}

fn try_widen(port: u16) -> std::io::Result<()> {
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        let Some(number) = number.filter(|_| is_socket(&entry.path())) else {
            continue;
        };
        let handle = match pidfd_getfd(&this, number, PidfdGetfdFlags::empty()) {
            Ok(handle) => handle,
            // Closed meanwhile.
            Err(Errno::BADF) => continue,
            Err(refused) => return Err(refused.into()),
        };
        if getsockname(&handle).is_err() {
            // The number belongs to another file now: its handle stays open, so that the file's locks stay.
            std::mem::forget(handle);
        } else if listens_at(&handle, port) {
            listen(&handle, WAITING)?;
        }
    }
    Ok(())
}

fn is_socket(descriptor: &Path) -> bool {
    fs::read_link(descriptor).is_ok_and(|what| what.as_os_str().as_bytes().starts_with(b"socket:"))
}

fn listens_at(handle: &OwnedFd, port: u16) -> bool {
    let at = || SocketAddr::try_from(getsockname(handle).ok()?).ok();
    socket_acceptconn(handle) == Ok(true) && at().is_some_and(|at| at.port() == port)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn more_connections_wait_than_the_listener_was_opened_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        try_widen(port).unwrap();
        let most: i32 = fs::read_to_string("/proc/sys/net/core/somaxconn")
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        // Fills the backlog without accepting: with 128, the rest would be refused for a second.
        let many = usize::try_from(most.min(WAITING)).unwrap().min(300);
        let address = listener.local_addr().unwrap();
        let wait = std::time::Duration::from_millis(900);
        let held: Vec<_> = (0..many)
            .map(|_| std::net::TcpStream::connect_timeout(&address, wait).unwrap())
            .collect();
        assert_eq!(held.len(), many);
    }
}
