//! The socket over which other commands of this program reach the server that runs on a data directory. Either side asks
//! the kernel who the other is: the owner of the directory, or root, and nobody else. So no secret and no port are needed.
//!
//! Its name is abstract, made of the directory's device and inode: it leaves no file, and ends with the process.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::{
        fd::AsFd,
        linux::net::SocketAddrExt,
        unix::{
            fs::MetadataExt,
            net::{SocketAddr, UnixListener as Listener, UnixStream},
        },
    },
    path::Path,
    time::Duration,
};

use doorward_server::{
    Doorward,
    app::{Outcome, Wanted},
};
use rustix::net::sockopt::socket_peercred;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::text;

/// Largest file that is applied, in bytes.
const MAX: u64 = 256 * 1024;
/// How long what is asked may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take: passwords are hashed first.
const ANSWER: Duration = Duration::from_secs(300);

/// A data directory: the name of its socket, and whose it is.
#[derive(Debug, Clone)]
struct Place {
    name: SocketAddr,
    owner: u32,
}

impl Place {
    fn of(directory: &Path) -> io::Result<Self> {
        let found = fs::metadata(directory)?;
        let name = format!("doorward-{:x}-{:x}", found.dev(), found.ino());
        Ok(Self {
            name: SocketAddr::from_abstract_name(name)?,
            owner: found.uid(),
        })
    }

    /// Whether whoever is at the other end may be.
    fn admits(&self, peer: impl AsFd) -> io::Result<()> {
        let user = socket_peercred(peer)?.uid.as_raw();
        if user == self.owner || user == 0 {
            Ok(())
        } else {
            let why = format!("user {user} is neither the directory's owner nor root");
            Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
        }
    }
}

/// Takes what other commands ask, until the handle is aborted. The caller holds the directory's lock.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(doorward: &Doorward, directory: &Path) -> io::Result<JoinHandle<()>> {
    let place = Place::of(directory)?;
    let listener = Listener::bind_addr(&place.name)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let doorward = doorward.clone();
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                // One at a time: a file is applied as one change anyway.
                Ok((stream, _)) => {
                    let served = match place.admits(&stream) {
                        Ok(()) => serve(&doorward, stream).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = served {
                        tracing::warn!(%error, "a command was not answered");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "commands cannot reach this server");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }))
}

async fn serve(doorward: &Doorward, mut stream: tokio::net::UnixStream) -> io::Result<()> {
    let mut asked = Vec::new();
    let mut start = (&mut stream).take(MAX + 1);
    timeout(PATIENCE, start.read_to_end(&mut asked)).await??;
    let answer = if asked.len() as u64 > MAX {
        Err(format!("the file is larger than {MAX} bytes"))
    } else {
        match serde_json::from_slice::<Wanted>(&asked) {
            Ok(wanted) => doorward.apply(&wanted).await,
            Err(error) => Err(error.to_string()),
        }
    };
    let answer = serde_json::to_vec(&answer)?;
    timeout(PATIENCE, stream.write_all(&answer)).await??;
    stream.shutdown().await
}

/// Has the server that runs on a directory apply what is wanted.
///
/// # Errors
/// What is wrong with it, or that nobody answers.
pub fn ask(directory: &Path, wanted: &Wanted) -> Result<Outcome, String> {
    let silent = |error: io::Error| {
        let directory = directory.display();
        format!("{directory} is in use, and no server takes files for it: {error}")
    };
    let answer = exchange(directory, wanted).map_err(silent)?;
    let answer: Result<Outcome, String> = serde_json::from_slice(&answer).map_err(text)?;
    answer
}

fn exchange(directory: &Path, wanted: &Wanted) -> io::Result<Vec<u8>> {
    let place = Place::of(directory)?;
    let mut stream = UnixStream::connect_addr(&place.name)?;
    place.admits(&stream)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&serde_json::to_vec(wanted)?)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
