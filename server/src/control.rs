//! The socket in the data directory, over which other commands of this program reach the server that runs on it. Whoever
//! may open the directory may use it, and nobody else: no secret and no port are needed.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::{
        fd::AsRawFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use doorward_server::{
    Doorward,
    app::{Outcome, Wanted},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::text;

const NAME: &str = "control.sock";
/// Longest path that an address of a socket takes, in bytes.
const LONGEST: usize = 100;
/// Largest file that is applied, in bytes.
const MAX: u64 = 256 * 1024;
/// How long what is asked may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take: passwords are hashed first.
const ANSWER: Duration = Duration::from_secs(300);

/// Where the socket is, by a path that is short enough.
struct Place {
    path: PathBuf,
    /// Kept open while the path leads through it.
    _directory: Option<File>,
}

fn place(directory: &Path) -> io::Result<Place> {
    let path = directory.join(NAME);
    if path.as_os_str().len() < LONGEST {
        return Ok(Place {
            path,
            _directory: None,
        });
    }
    let directory = File::open(directory)?;
    Ok(Place {
        path: format!("/proc/self/fd/{}/{NAME}", directory.as_raw_fd()).into(),
        _directory: Some(directory),
    })
}

/// Takes what other commands ask, until the handle is aborted. The caller holds the directory's lock.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(doorward: &Doorward, directory: &Path) -> io::Result<JoinHandle<()>> {
    let place = place(directory)?;
    // One that a killed server left.
    match fs::remove_file(&place.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&place.path)?;
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o600))?;
    let doorward = doorward.clone();
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                // One at a time: a file is applied as one change anyway.
                Ok((stream, _)) => {
                    if let Err(error) = serve(&doorward, stream).await {
                        tracing::warn!(%error, "a command was not answered");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "{NAME}");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }))
}

/// Takes the socket away at the end.
pub fn remove(directory: &Path) {
    if let Ok(place) = place(directory) {
        // It is made anew at the next start.
        let _ = fs::remove_file(&place.path);
    }
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
        format!("{directory} is in use, and its {NAME} does not answer: {error}")
    };
    let answer = exchange(directory, wanted).map_err(silent)?;
    let answer: Result<Outcome, String> = serde_json::from_slice(&answer).map_err(text)?;
    answer
}

fn exchange(directory: &Path, wanted: &Wanted) -> io::Result<Vec<u8>> {
    let place = place(directory)?;
    let mut stream = UnixStream::connect(&place.path)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&serde_json::to_vec(wanted)?)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
