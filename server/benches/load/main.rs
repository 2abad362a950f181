//! What a request costs the server, beside a bare Rocket route and the bare cryptography of the same run.
//!
//! `cargo bench -p doorward-server --bench load [-- CASE…] [--million]`
//!
//! The server under test is the real program, built with the same profile, in a directory of its own; it is driven
//! from this process over keep-alive connections. CPU time per request is the server's own, user and system, from
//! `/proc/PID/stat`: unlike a rate it says the same on a busy machine.

mod backup;
mod baseline;
mod bearer_verification;
mod bulk_revocation;
mod burst;
mod client;
mod cold_cache;
mod flood;
mod grants;
mod growth;
mod introspect;
mod key_checks;
mod many_sessions;
mod measure;
mod mixed;
mod report;
mod seed;
mod server;
mod start;
mod sweep;
mod totp;
mod writes;

use std::process::ExitCode;

use report::Row;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

/// This program as a bare Rocket app, which it starts itself.
const SERVE_HELLO: &str = "--serve-hello";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    cases: Vec<String>,
    /// Verification with a million users and sessions too, the memory of a million sessions in use, refreshes among ten
    /// million, and a backup of 7 GiB instead of one.
    million: bool,
}

impl Options {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--million" => options.million = true,
                // Of cargo, which says that this is a bench.
                flag if flag.starts_with('-') => {}
                case => options.cases.push(case.to_owned()),
            }
        }
        options
    }

    fn wants(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|wanted| case.contains(wanted))
    }
}

fn main() -> ExitCode {
    let done = if std::env::args().any(|argument| argument == SERVE_HELLO) {
        baseline::serve_hello()
    } else {
        run(&Options::read(std::env::args().skip(1)))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(cases(options))
}

async fn cases(options: &Options) -> Result<()> {
    println!("{}", report::machine()?);
    report::head();
    if options.wants("me") {
        show(bearer_verification::me(options.million).await?);
    }
    if options.wants("client-credentials") {
        show(grants::client_credentials("RS256").await?);
        show(grants::client_credentials("EdDSA").await?);
    }
    if options.wants("refresh") {
        show(grants::refresh().await?);
    }
    if options.million && options.wants("refresh") {
        show(many_sessions::crowd().await?);
    }
    if options.wants("introspection") {
        show(introspect::introspect().await?);
    }
    if options.wants("keys") {
        show(key_checks::keys().await?);
    }
    if options.wants("login") {
        show(grants::login().await?);
    }
    if options.wants("factor") {
        show(totp::factor().await?);
    }
    if options.wants("writes") {
        show(writes::writes().await?);
    }
    if options.wants("sweep") {
        show(sweep::sweep().await?);
    }
    if options.wants("flood") {
        show(flood::flood().await?);
    }
    if options.wants("mixed") {
        show(mixed::mixed().await?);
    }
    if options.wants("burst") {
        show(burst::burst().await?);
    }
    if options.wants("cold") {
        show(cold_cache::cold().await?);
    }
    if options.million && options.wants("cold") {
        show(cold_cache::million().await?);
    }
    if options.wants("bulk") {
        show(bulk_revocation::bulk().await?);
    }
    if options.wants("backup") {
        show(backup::backup(options.million).await?);
    }
    if options.wants("growth") {
        show(growth::growth().await?);
    }
    if options.wants("start") {
        show(start::start().await?);
    }
    Ok(())
}

fn show(rows: Vec<Row>) {
    for row in rows {
        println!("{row}");
    }
}
