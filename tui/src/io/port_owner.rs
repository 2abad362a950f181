//! Who listens at a port of this machine. A key that lies in a file here is sent to the server of the file's owner, or to
//! one of root's, and to nobody who took the port while the server was down.

mod proc_net_tcp;

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use doorward_shared::client::loopback;

use self::proc_net_tcp::listeners;

/// A key file, and the server on this machine that it may be sent to.
#[derive(Debug, Clone)]
pub(super) struct KeyGuard {
    /// All that a connection may go to.
    addresses: Vec<SocketAddr>,
    file: PathBuf,
}

/// Somebody else than the key's server listens there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address} is listened on by {who}, who is neither root nor the owner of {} ({owner}): nothing was sent",
    file.display()
)]
pub(super) struct UntrustedPortOwner {
    who: String,
    address: SocketAddr,
    file: PathBuf,
    owner: String,
}

impl KeyGuard {
    /// For the loopback addresses of a URL's host; `None` for a URL of another machine.
    pub(super) fn new(url: &str, file: &Path) -> Option<Self> {
        let url = reqwest::Url::parse(url).ok()?;
        let port = url.port_or_known_default()?;
        let addresses = loopback(&url).into_iter();
        let addresses: Vec<_> = addresses.map(|ip| SocketAddr::new(ip, port)).collect();
        (!addresses.is_empty()).then(|| Self {
            addresses,
            file: file.to_owned(),
        })
    }

    /// Judges whoever listens there now. Where that cannot be told, as outside Linux, nothing is refused.
    ///
    /// # Errors
    /// One line that says who listens.
    pub(super) fn check(&self) -> Result<(), UntrustedPortOwner> {
        let Ok(owner) = fs::metadata(&self.file).map(|found| found.uid()) else {
            return Ok(());
        };
        let table = |name: &str| fs::read_to_string(name).unwrap_or_default();
        self.check_owner(owner, &table("/proc/net/tcp"), &table("/proc/net/tcp6"))
    }

    fn check_owner(&self, owner: u32, four: &str, six: &str) -> Result<(), UntrustedPortOwner> {
        let stranger = self.addresses.iter().find_map(|address| {
            let users = listeners(four, six, *address).into_iter();
            let mut strangers = users.filter(|uid| *uid != 0 && *uid != owner);
            strangers.next().map(|uid| (uid, address))
        });
        match stranger {
            None => Ok(()),
            Some((uid, address)) => Err(UntrustedPortOwner {
                who: user(uid),
                address: *address,
                file: self.file.clone(),
                owner: user(owner),
            }),
        }
    }
}

/// A user as people read it.
fn user(uid: u32) -> String {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    match name {
        Some(name) => format!("{name} (user {uid})"),
        None => format!("user {uid}"),
    }
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn at(address: &str, four: &str, six: &str) -> Vec<u32> {
        let four = format!("{HEAD}{four}");
        let six = format!("{HEAD}{six}");
        listeners(&four, &six, address.parse().unwrap())
    }

    #[test]
    fn only_sockets_that_a_connection_reaches_count() {
        let four = "\
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 1 1 0 0 0\n\
   1: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1002        0 1 1 0 0 0\n\
   2: 0200007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1003        0 1 1 0 0 0\n\
   3: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1004        0 1 1 0 0 0\n\
   4: 0100007F:1F40 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1005        0 1 1 0 0 0\n";
        let six = "\
   0: 00000000000000000000000000000000:1F40 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1006 0 1\n\
   1: 00000000000000000000000001000000:1F40 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1007 0 1\n\
   2: 0000000000000000FFFF00000100007F:1F40 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1008 0 1\n";
        assert_eq!(at("127.0.0.1:8000", four, six), [1001, 1002, 1006, 1008]);
        assert_eq!(at("[::1]:8000", four, six), [1006, 1007]);
        assert_eq!(at("127.0.0.1:8002", four, six), [0; 0]);
    }

    #[test]
    fn the_guard_is_for_this_machine_alone() {
        let file = Path::new("/etc/hostname");
        for url in [
            "http://127.0.0.1:8000",
            "http://localhost:8000",
            "http://[::1]:8000",
        ] {
            assert!(KeyGuard::new(url, file).is_some(), "{url}");
        }
        for url in [
            "http://10.0.0.1:8000",
            "https://id.example.org",
            "http://localhost.:8000",
            "http://api.localhost:8000",
        ] {
            assert!(KeyGuard::new(url, file).is_none(), "{url}");
        }
    }

    #[test]
    fn a_stranger_at_either_address_of_localhost_is_one() {
        let line = |address: &str, uid: u32| {
            let rest = "0A 00000000:00000000 00:00000000 00000000";
            format!("{HEAD} 0: {address}:1F40 {address}:0000 {rest} {uid} 0 1\n")
        };
        let four = line("0100007F", 1000);
        let six = line("00000000000000000000000001000000", 1001);
        let judged = |host: &str| {
            let url = format!("http://{host}:8000");
            let guard = KeyGuard::new(&url, Path::new("key")).unwrap();
            guard.check_owner(1000, &four, &six)
        };
        assert_eq!(judged("127.0.0.1"), Ok(()));
        let refused = judged("localhost").unwrap_err();
        assert!(refused.to_string().contains("[::1]:8000"), "{refused}");
        assert_eq!(judged("[::1]"), Err(refused));
    }

    #[test]
    fn what_listens_for_oneself_is_trusted() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        fs::write(&file, "x").unwrap();
        assert_eq!(KeyGuard::new(&url, &file).unwrap().check(), Ok(()));
    }
}
