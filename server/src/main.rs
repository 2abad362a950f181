//! The `doorward-server` program.

use std::{
    io::Write as _,
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use doorward_server::{
    Doorward, Settings,
    app::{self, OpenError, mint_operator_key},
    clock::Clock,
    metrics::StoreMetrics,
    settings::{LogFormat, Overrides},
    store::{self, DirectoryLock, MASTER_KEY, OPERATOR_KEY, Store},
};
use rocket::{Orbit, Rocket, error::ErrorKind, fairing::AdHoc, figment::Figment};

mod process;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted OAuth2 authorization server over SQLite.
///
/// Settings come from Rocket.toml ([default.doorward]), then the environment (ROCKET_*, DOORWARD_*), then these flags.
#[derive(Debug, Parser)]
#[command(name = "doorward-server", version)]
struct Cli {
    /// Directory of the database and the keys
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, global = true)]
    address: Option<IpAddr>,
    /// Port to listen on; 0 picks a free one
    #[arg(long, global = true)]
    port: Option<u16>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Run the server (what happens without a subcommand)
    Serve,
    /// Write a consistent copy of the database to FILE, also while the server runs; `-` is stdout
    Backup { file: PathBuf },
    /// Put the backup FILE in the place of the database; ends all sessions
    Restore {
        file: PathBuf,
        /// Overwrite a database that is there
        #[arg(long)]
        force: bool,
        /// Leave sessions as they were at the time of the backup
        #[arg(long)]
        keep_sessions: bool,
    },
    /// Check the database, or the backup FILE: integrity, foreign keys, schema
    Check { file: Option<PathBuf> },
    /// Mint a new operator.key; the one before it is dead
    OperatorKey,
    /// Print the API description (OpenAPI 3.1)
    Openapi,
}

fn main() -> ExitCode {
    process::keep_files_private();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            eprintln!("{}", one_line(first));
            return ExitCode::from(2);
        }
        Err(help) => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn run(cli: Cli) -> Result<(), String> {
    if let Some(Command::Openapi) = cli.command {
        return say(doorward_server::openapi().trim_end());
    }
    let overrides = Overrides {
        data_dir: cli.data_dir,
        address: cli.address,
        port: cli.port,
    };
    let (settings, figment) = Settings::load(&overrides).map_err(text)?;
    let directory = settings.data_dir.clone();
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(settings, figment),
        Command::Backup { file } if file.as_os_str() == "-" => {
            let bytes = store::back_up_to_stdout(&directory).map_err(text)?;
            eprintln!("{bytes} bytes");
            Ok(())
        }
        Command::Backup { file } => {
            let bytes = store::back_up(&directory, &file).map_err(text)?;
            say(&format!("{}: {bytes} bytes", file.display()))
        }
        Command::Restore {
            file,
            force,
            keep_sessions,
        } => {
            let done = app::restore(&settings, &file, (force, keep_sessions), &Clock::system())
                .map_err(text)?;
            if done.signing_keys_lost > 0 {
                eprintln!(
                    "the master.key of the backup is not here: the next start makes a new signing key, and access tokens \
                     from before are not valid any more"
                );
            }
            if let Some(kept) = &done.set_aside {
                eprintln!(
                    "the old database was damaged: it is kept as {}",
                    kept.display()
                );
            }
            let sessions = if keep_sessions {
                "sessions are as they were"
            } else {
                "all sessions have ended"
            };
            say(&format!("restored {}; {sessions}", directory.display()))
        }
        Command::Check { file } => {
            let (what, schema) = match file {
                Some(file) => (file.clone(), store::check_file(&file)),
                None => (directory.clone(), store::check(&directory)),
            };
            let schema = schema.map_err(text)?;
            say(&format!("{}: whole, schema {schema}", what.display()))
        }
        Command::OperatorKey => operator_key(&settings),
        Command::Openapi => Ok(()),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Prints to stdout; a reader that has gone away is no failure of ours to speak of.
fn say(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot write to stdout: {error}"))
}

fn operator_key(settings: &Settings) -> Result<(), String> {
    let directory = &settings.data_dir;
    if !directory.join(store::DATABASE).is_file() {
        return Err(format!("there is no database in {}", directory.display()));
    }
    let lock = DirectoryLock::take(directory).map_err(text)?;
    let store =
        Store::open(directory, lock, 100, Arc::new(StoreMetrics::default())).map_err(text)?;
    let made = runtime(1)?.block_on(mint_operator_key(&store, settings, &Clock::system()));
    store.close();
    made.map_err(text)?;
    say(&format!(
        "{}: a new key; the one before it is dead",
        directory.join(OPERATOR_KEY).display()
    ))
}

fn runtime(workers: usize) -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("doorward")
        .enable_all()
        .build()
        .map_err(text)
}

/// How long the server goes on listening after it was asked to stop.
const LISTEN: Duration = Duration::from_millis(100);
/// How long after it was asked to stop the server waits for requests under way: as long as Rocket's grace.
const FINISH: Duration = Duration::from_secs(3);

/// What became of an attempt to serve.
enum Ended {
    Stopped,
    /// The free port that was picked was taken by somebody in the meantime.
    PortTaken(String),
}

fn serve(settings: Settings, figment: Figment) -> Result<(), String> {
    process::log(settings.log_format);
    process::raise_file_limit();
    let config: rocket::Config = figment.extract().map_err(text)?;
    let runtime = runtime(config.workers)?;
    let _guard = runtime.enter();
    process::survive_file_size_limit().map_err(text)?;
    if settings.data_dir.exists() {
        // That the directory is in use says more than that the port is.
        DirectoryLock::take(&settings.data_dir).map_err(text)?;
    }
    let mut last = String::new();
    for _ in 0..8 {
        let listen = listen(&config)?;
        match runtime.block_on(attempt(settings.clone(), &figment, &config, listen))? {
            Ended::Stopped => return Ok(()),
            Ended::PortTaken(error) => last = error,
        }
    }
    Err(last)
}

/// Where to listen. A free port is picked before anything else, because tokens name the URL; one that is taken is
/// refused before anything is made.
fn listen(config: &rocket::Config) -> Result<u16, String> {
    let address = std::net::SocketAddr::new(config.address, config.port);
    std::net::TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("cannot listen on {address}: {error}"))
}

async fn attempt(
    mut settings: Settings,
    figment: &Figment,
    config: &rocket::Config,
    port: u16,
) -> Result<Ended, String> {
    let scheme = if config.tls_enabled() {
        "https"
    } else {
        "http"
    };
    let host = match config.address {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let url = format!("{scheme}://{host}:{port}");
    let set = settings.issuer.is_some();
    settings.issuer.get_or_insert_with(|| url.clone());
    let stop = process::Stop::listen().map_err(text)?;
    let doorward = Doorward::open(settings).await.map_err(opened)?;
    if !set && config.address.is_unspecified() {
        tracing::warn!(
            "tokens name {url}: set `issuer` to the URL under which clients reach this server"
        );
    }
    let ready = doorward.clone();
    let line = format!("doorward-server listening on {url}");
    let asked = Arc::new(OnceLock::new());
    let noted = asked.clone();
    let rocket = rocket::custom(figment.clone().merge(("port", port)))
        .attach(doorward.fairing_alone())
        .attach(AdHoc::on_liftoff("ready", move |rocket| {
            let shutdown = rocket.shutdown();
            tokio::spawn(async move {
                stop.asked().await;
                let _ = noted.set(Instant::now());
                // A connection of which nothing has been read yet is closed at the end: what was sent has a moment.
                tokio::time::sleep(LISTEN).await;
                shutdown.notify();
            });
            Box::pin(async move {
                if let Err(error) = say(&line) {
                    tracing::warn!("{error}");
                }
                welcome(&ready, &url);
            })
        }));
    let ended = rocket.launch().await;
    if let Err(error) = &ended
        && let ErrorKind::Shutdown(rocket, _) = error.kind()
    {
        finish(rocket, *asked.get_or_init(Instant::now) + FINISH).await;
    }
    doorward.rest().await;
    doorward.close();
    match ended {
        Ok(_) => Ok(Ended::Stopped),
        Err(error) => match error.kind() {
            ErrorKind::Bind(cause) => {
                let message = format!("cannot listen on {host}:{port}: {cause}");
                let taken = cause.kind() == std::io::ErrorKind::AddrInUse;
                if config.port == 0 && taken {
                    Ok(Ended::PortTaken(message))
                } else {
                    Err(message)
                }
            }
            ErrorKind::Io(cause) if config.tls_enabled() => Err(format!("tls: {cause}")),
            // Requests that would not end in time were cut off: the server has stopped all the same.
            ErrorKind::Shutdown(..) => Ok(Ended::Stopped),
            other => Err(format!("cannot start: {other}")),
        },
    }
}

/// Waits for connections on which requests are under way. Rocket does, unless its accept loop ends a moment before it
/// looks why: then it lets go of them at once.
async fn finish(rocket: &Arc<Rocket<Orbit>>, until: Instant) {
    while Arc::strong_count(rocket) > 1 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn opened(error: OpenError) -> String {
    error.to_string()
}

/// Says what the first start made, and what to do next: to people, or as lines of the log where that is JSON.
fn welcome(doorward: &Doorward, url: &str) {
    if doorward.created.is_empty() {
        return;
    }
    let directory = doorward.settings.data_dir.display();
    let mut lines = vec![format!("created {directory}/{}", store::DATABASE)];
    for path in &doorward.created {
        let what = match path.file_name().and_then(|name| name.to_str()) {
            Some(MASTER_KEY) => "encrypts signing keys; keep a copy apart from the database",
            _ => "an API key that may do everything, for the console on this machine",
        };
        lines.push(format!("created {}: {what}", path.display()));
    }
    lines.push(format!(
        "next: make an account with\n  curl {url}/auth/register -H 'Content-Type: application/json' -d '{{\"email\":\"you@example.com\",\"password\":\"correct horse battery\"}}'"
    ));
    lines.push(
        "or open the console in another terminal: cargo run --release -p doorward-tui".into(),
    );
    for line in lines {
        match doorward.settings.log_format {
            LogFormat::Plain => eprintln!("{line}"),
            LogFormat::Json => tracing::info!("{line}"),
        }
    }
}
