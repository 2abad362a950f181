//! The `doorward-server` program.

use std::{
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory, Parser, Subcommand};
use doorward_server::{
    Settings,
    app::{self, RestoreOptions},
    clock::Clock,
    metrics::StoreMetrics,
    service::mint_operator_key,
    settings::Overrides,
    store::{self, Bounds, DATABASE, DirectoryLock, OPERATOR_KEY, Store},
};

mod apply;
mod control_socket;
mod health;
mod process_setup;
mod serve;
mod welcome;

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
    /// Replace the database with the backup FILE; ends all sessions
    Restore {
        file: PathBuf,
        /// Overwrite an existing database
        #[arg(long)]
        force: bool,
        /// Leave sessions as they were at the time of the backup
        #[arg(long)]
        keep_sessions: bool,
    },
    /// Check the database, or the backup FILE: integrity, foreign keys, schema
    Check { file: Option<PathBuf> },
    /// Create a new operator.key and revoke the previous one
    OperatorKey,
    /// Check readiness of the configured server (for container health checks)
    Health,
    /// Send a test mail to ADDRESS with the mail_* settings
    MailTest {
        #[arg(value_name = "ADDRESS")]
        to: String,
    },
    /// Apply the roles, clients and users declared in FILE (TOML), atomically; works while the server runs
    Apply {
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
        /// Delete roles and clients that were applied before and that FILE no longer names
        #[arg(long)]
        prune: bool,
    },
    /// Print the API description (OpenAPI 3.1)
    Openapi,
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Write man pages into a directory
    Man { directory: PathBuf },
}

fn main() -> ExitCode {
    process_setup::keep_files_private();
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
    // A server that is just starting is not ended by it either; it answers once it runs.
    let serves = matches!(cli.command, None | Some(Command::Serve));
    if let Some(error) = serves
        .then(process_setup::outlive_hang_up)
        .and_then(Result::err)
    {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
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
    // What needs no settings.
    match &cli.command {
        Some(Command::Openapi) => return say(doorward_server::openapi().trim_end()),
        Some(Command::Completions { shell }) => return completions(*shell),
        Some(Command::Man { directory }) => return man(directory),
        _ => {}
    }
    let overrides = Overrides {
        data_dir: cli.data_dir,
        address: cli.address,
        port: cli.port,
    };
    let (settings, figment) = Settings::load_with(&overrides).map_err(text)?;
    let directory = settings.data_dir.clone();
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(settings, &figment),
        Command::Backup { file } => back_up(&directory, &file),
        Command::Restore {
            file,
            force,
            keep_sessions,
        } => restore(
            &settings,
            &file,
            RestoreOptions {
                force,
                keep_sessions,
            },
        ),
        Command::Check { file } => check(&directory, file.as_deref()),
        Command::OperatorKey => operator_key(&settings),
        Command::MailTest { to } => say(&runtime(1)?.block_on(app::mail_test(&settings, &to))?),
        Command::Health => health::ask(&figment),
        Command::Apply {
            file,
            dry_run,
            prune,
        } => {
            let how = apply::Apply {
                file,
                dry_run,
                prune,
            };
            apply::apply(settings, &how)
        }
        Command::Openapi | Command::Completions { .. } | Command::Man { .. } => Ok(()),
    }
}

/// Puts a backup in the place of the database, and says what came of it.
fn restore(settings: &Settings, file: &Path, options: RestoreOptions) -> Result<(), String> {
    let directory = &settings.data_dir;
    let tightened = store::tighten(directory).map_err(text)?;
    let done = app::restore(settings, file, options, &Clock::system()).map_err(text)?;
    tell(&tightened);
    if done.signing_keys_lost > 0 {
        eprintln!(
            "the master.key of the backup is not here: the next start makes a new signing key, and access tokens \
                     from before are not valid any more"
        );
    }
    if done.codes_closed > 0 {
        eprintln!(
            "accounts whose one-time codes the master.key here does not open: {}. Put the backup's master.key back; \
                     or those people use recovery codes or passkeys, or lose their second factors by DELETE \
                     /admin/users/ID/mfa",
            done.codes_closed
        );
    }
    if done.api_keys > 0 {
        eprintln!(
            "API keys that work as they did at the time of the backup: {}. Those revoked or rotated since are valid \
                     again: look through `doorward apikeys` and revoke them",
            done.api_keys
        );
    }
    if let Some(kept) = &done.set_aside {
        eprintln!(
            "the old database was damaged: it is kept as {}",
            kept.display()
        );
    }
    let sessions = if options.keep_sessions {
        "sessions are as they were"
    } else {
        "all sessions have ended"
    };
    say(&format!("restored {}; {sessions}", directory.display()))
}

fn completions(shell: clap_complete::Shell) -> Result<(), String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "doorward-server", &mut script);
    say(String::from_utf8_lossy(&script).trim_end())
}

fn man(directory: &Path) -> Result<(), String> {
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .map_err(|error| format!("{}: {error}", directory.display()))
}

/// Says what of the data directory was open to others.
fn tell(tightened: &[String]) {
    for line in tightened {
        eprintln!("{line}");
    }
}

/// Names the database where what went wrong with it does not.
fn about(directory: &Path, error: &str) -> String {
    let directory_named = error.contains(&*directory.to_string_lossy());
    if directory_named {
        error.to_owned()
    } else {
        format!("{}: {error}", directory.join(DATABASE).display())
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

/// Copies the database of a running or a stopped server; `-` is stdout.
fn back_up(directory: &Path, file: &Path) -> Result<(), String> {
    if file.as_os_str() == "-" {
        let bytes = store::back_up_to_stdout(directory).map_err(text)?;
        eprintln!("{bytes} bytes");
        return Ok(());
    }
    let bytes = store::back_up(directory, file).map_err(text)?;
    say(&format!("{}: {bytes} bytes", file.display()))
}

/// Checks a backup, or the database itself.
fn check(directory: &Path, file: Option<&Path>) -> Result<(), String> {
    let schema = match file {
        Some(file) => store::check_file(file),
        None => store::check(directory),
    };
    let schema = schema.map_err(text)?;
    let what = file.unwrap_or(directory);
    say(&format!("{}: whole, schema {schema}", what.display()))
}

/// Mints a new operator key and writes it to its file.
fn operator_key(settings: &Settings) -> Result<(), String> {
    let directory = &settings.data_dir;
    let tightened = store::tighten(directory).map_err(text)?;
    mint(settings).map_err(|error| about(directory, &error))?;
    tell(&tightened);
    Ok(())
}

fn mint(settings: &Settings) -> Result<(), String> {
    let directory = &settings.data_dir;
    if !directory.join(store::DATABASE).is_file() {
        return Err(format!("there is no database in {}", directory.display()));
    }
    let lock = DirectoryLock::take(directory).map_err(text)?;
    let store = Store::open(
        directory,
        lock,
        Bounds {
            cache_bytes: 1 << 20,
            caps: store::CacheSizes::default(),
        },
        Clock::system(),
        Arc::new(StoreMetrics::default()),
    )
    .map_err(text)?;
    let made = runtime(1)?.block_on(mint_operator_key(&store, settings, &Clock::system()));
    store.close();
    made.map_err(text)?;
    say(&format!(
        "{}: new key written; the previous key is revoked",
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
