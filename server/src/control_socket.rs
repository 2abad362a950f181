//! The control socket, over which other commands of this program reach the server that runs on a data directory.
//!
//! Its name is abstract, so that it disappears with the process, and random, so that nobody can occupy it first. A file
//! in the directory contains it. Anyone can bind an abstract name, so both sides prove that they can read `master.key`,
//! bound to this very socket: without the key nothing can be read or requested, and a man in the middle learns nothing.

use std::{
    fs,
    io::{self, Read, Write},
    net::Shutdown,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::MetadataExt,
            net::{SocketAddr, UnixListener as Listener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::hmac;
use doorward_server::{
    Doorward,
    app::{ApplyRequest, Outcome},
    clock::random_bytes,
    store::{MASTER_KEY, write_private},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
    sync::Mutex,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::text;

/// File in the data directory with the name of the server's socket.
const NAME_FILE: &str = "control.name";
/// Maximum size of an applied file, in bytes.
pub(crate) const MAX: u64 = 256 * 1024;
/// Time limit for each step of the peer.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failed accept, as when no file descriptor is free.
const ACCEPT_RETRY: Duration = Duration::from_secs(5);
/// Time limit for a response: passwords are hashed first.
const ANSWER: Duration = Duration::from_secs(300);
/// How long a shutdown waits for the file being applied.
const FINISH: Duration = Duration::from_secs(3);
/// How long an unauthenticated peer may block others.
const PAUSE: Duration = Duration::from_millis(100);
const NONCE: usize = 32;
const TAG: usize = 32;

/// The name of a data directory's socket, and the key that authenticates its users.
struct ControlSocket {
    name: String,
    key: hmac::Key,
}

impl ControlSocket {
    fn new(directory: &Path, name: String) -> io::Result<Self> {
        let secret = fs::read(directory.join(MASTER_KEY))?;
        Ok(Self {
            name,
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
        })
    }

    /// A new random name.
    fn free(directory: &Path) -> io::Result<Self> {
        let name = format!("doorward-{:032x}", u128::from_ne_bytes(random_bytes()));
        Self::new(directory, name)
    }

    /// The name used by the server that runs on a directory.
    fn of(directory: &Path) -> io::Result<Self> {
        Self::new(directory, fs::read_to_string(directory.join(NAME_FILE))?)
    }

    fn address(&self) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(&self.name)
    }

    fn signed(&self, side: &str, nonces: &[u8]) -> Vec<u8> {
        [
            b"doorward control ",
            side.as_bytes(),
            b" ",
            self.name.as_bytes(),
            b" ",
            nonces,
        ]
        .concat()
    }

    fn proof(&self, side: &str, nonces: &[u8]) -> hmac::Tag {
        hmac::sign(&self.key, &self.signed(side, nonces))
    }

    fn proves(&self, side: &str, nonces: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.key, &self.signed(side, nonces), tag).is_ok()
    }
}

/// The control listener of a server.
pub(crate) struct Control {
    accepting: JoinHandle<()>,
    /// Held while a file is applied.
    busy: Arc<Mutex<()>>,
    name_file: PathBuf,
}

impl Control {
    /// Stops accepting; a file being applied is finished.
    pub(crate) async fn stop(self) {
        let finished = timeout(FINISH, self.busy.lock()).await;
        self.accepting.abort();
        drop(finished);
        // If it stays, it names a socket that no longer exists; the next start replaces it.
        fs::remove_file(self.name_file).ok();
    }
}

/// Starts accepting requests of other commands. The caller holds the directory's lock.
///
/// # Errors
/// The socket, or the file with its name, cannot be created.
pub(crate) fn listen(doorward: &Doorward, directory: &Path) -> io::Result<Control> {
    let owner = fs::metadata(directory)?.uid();
    let place = ControlSocket::free(directory)?;
    let name_file = directory.join(NAME_FILE);
    let listener = Listener::bind_addr(&place.address()?)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    write_private(&name_file, place.name.as_bytes())?;
    let busy = Arc::new(Mutex::new(()));
    let server = Listening {
        doorward: doorward.clone(),
        place,
        owner,
    };
    let accepting = tokio::spawn(server.accept(listener, busy.clone()));
    Ok(Control {
        accepting,
        busy,
        name_file,
    })
}

/// State of the listener.
struct Listening {
    doorward: Doorward,
    place: ControlSocket,
    /// Owner of the data directory.
    owner: u32,
}

impl Listening {
    /// One at a time: a file is applied as a single change anyway.
    async fn accept(self, listener: UnixListener, busy: Arc<Mutex<()>>) {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                sleep(ACCEPT_RETRY).await;
                continue;
            };
            // Anyone on the machine may connect, so that alone is not logged. A user who cannot read the key does not
            // block others.
            let user = stream.peer_cred().map(|peer| peer.uid());
            if !user.is_ok_and(|user| may_read_keys(user, self.owner)) {
                continue;
            }
            if !matches!(
                timeout(STEP_TIMEOUT, greeted(&mut stream, &self.place)).await,
                Ok(Ok(true))
            ) {
                drop(stream);
                sleep(PAUSE).await;
                continue;
            }
            let _busy = busy.lock().await;
            if let Err(error) = serve(&self.doorward, &mut stream).await {
                tracing::warn!(%error, "a command was not answered");
            }
        }
    }
}

/// Whether a local user can read the keys of a directory that belongs to `owner` and that this process serves.
fn may_read_keys(user: u32, owner: u32) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    [0, ours, owner].contains(&user)
}

/// Whether the peer can read the master key; this side proves the same.
async fn greeted(stream: &mut tokio::net::UnixStream, place: &ControlSocket) -> io::Result<bool> {
    let mine: [u8; NONCE] = random_bytes();
    stream.write_all(&mine).await?;
    let (mut theirs, mut tag) = ([0; NONCE], [0; TAG]);
    stream.read_exact(&mut theirs).await?;
    stream.read_exact(&mut tag).await?;
    let nonces = [mine, theirs].concat();
    if !place.proves("client", &nonces, &tag) {
        return Ok(false);
    }
    stream
        .write_all(place.proof("server", &nonces).as_ref())
        .await?;
    Ok(true)
}

async fn serve(doorward: &Doorward, stream: &mut tokio::net::UnixStream) -> io::Result<()> {
    let mut asked = Vec::new();
    let mut start = (&mut *stream).take(MAX * 2);
    timeout(STEP_TIMEOUT, start.read_to_end(&mut asked)).await??;
    let answer = match serde_json::from_slice::<ApplyRequest>(&asked) {
        Ok(wanted) => doorward.apply(&wanted).await,
        Err(error) => Err(error.to_string()),
    };
    let answer = serde_json::to_vec(&answer)?;
    timeout(STEP_TIMEOUT, stream.write_all(&answer)).await??;
    stream.shutdown().await
}

/// Asks the server that runs on a directory to apply a request.
///
/// # Errors
/// The error in the request, or that no server responds.
pub(crate) fn ask(directory: &Path, wanted: &ApplyRequest) -> Result<Outcome, String> {
    let silent = |error: io::Error| {
        let directory = directory.display();
        format!("{directory} is locked, but no server accepts `apply` for it: {error}")
    };
    let mut stream = connect(directory).map_err(silent)?;
    let broken = |error: io::Error| {
        format!("the answer did not come ({error}): the file may have been applied")
    };
    let answer = exchange(&mut stream, wanted).map_err(broken)?;
    if answer.is_empty() {
        return Err("the server ended before it answered: the file may have been applied".into());
    }
    let answer: Result<Outcome, String> = serde_json::from_slice(&answer).map_err(text)?;
    answer
}

/// Connects to the socket of the directory's server.
fn connect(directory: &Path) -> io::Result<UnixStream> {
    let place = ControlSocket::of(directory)?;
    let mut stream = UnixStream::connect_addr(&place.address()?)?;
    stream.set_read_timeout(Some(STEP_TIMEOUT))?;
    stream.set_write_timeout(Some(STEP_TIMEOUT))?;
    let mine: [u8; NONCE] = random_bytes();
    let (mut theirs, mut tag) = ([0; NONCE], [0; TAG]);
    stream.read_exact(&mut theirs)?;
    let nonces = [theirs, mine].concat();
    stream.write_all(&mine)?;
    stream.write_all(place.proof("client", &nonces).as_ref())?;
    stream.read_exact(&mut tag)?;
    if place.proves("server", &nonces, &tag) {
        Ok(stream)
    } else {
        Err(io::Error::other("another program has its name"))
    }
}

fn exchange(stream: &mut UnixStream, wanted: &ApplyRequest) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(&serde_json::to_vec(wanted)?)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_the_servers_own_user_and_the_directorys_owner_are_listened_to() {
        let ours = rustix::process::geteuid().as_raw();
        let owner = ours + 1;
        assert!(
            [0, ours, owner]
                .into_iter()
                .all(|user| may_read_keys(user, owner))
        );
        assert!(!may_read_keys(owner + 1, owner) && !may_read_keys(owner, ours));
    }
}
