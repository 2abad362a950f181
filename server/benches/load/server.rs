//! The programs under test, as processes of their own.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Result, SERVE_HELLO, client::Connection};

/// The issuer that seeded tokens name.
pub(crate) const ISSUER: &str = "http://127.0.0.1:8000";

/// A server that answers.
pub(crate) struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Doorward over `directory`, its rate limits off, with other settings as `environment` says.
    pub(crate) fn doorward(directory: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward-server"));
        command
            .arg("--data-dir")
            .arg(directory)
            .args(["--address", "127.0.0.1", "--port", "0"])
            .env("DOORWARD_ISSUER", ISSUER)
            .env("DOORWARD_PASSWORD_CHECKS_PER_MINUTE_PER_IP", "0")
            .env("DOORWARD_PASSWORD_FAILURES_PER_ACCOUNT_AND_IP", "0")
            .env("DOORWARD_PASSWORD_FAILURES_PER_ACCOUNT", "0")
            .env("DOORWARD_REGISTRATIONS_PER_HOUR_PER_IP", "0")
            // Few accounts do all the work here. The limits are counted as ever, and never reached.
            .env("DOORWARD_WRITES_PER_MINUTE_PER_ACCOUNT", "100000000")
            .env("DOORWARD_SESSIONS_PER_ACCOUNT", "0")
            .env("DOORWARD_API_KEYS_PER_ACCOUNT", "0")
            .envs(environment.iter().copied())
            // No Rocket.toml of wherever this is run.
            .current_dir(directory)
            .stderr(File::create(directory.join("server.log"))?);
        Self::start(command)
    }

    /// A Rocket app with one route that answers `hello`.
    pub(crate) fn hello() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVE_HELLO).stderr(Stdio::null());
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .rsplit_once("http://")
            .map(|(_, address)| address.parse());
        match address {
            Some(Ok(address)) => Ok(Self { child, address }),
            _ => {
                let _ = child.kill();
                Err(format!("the server did not start: {line:?}").into())
            }
        }
    }

    /// User and system time of all its threads since it started.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold spaces: fields are counted after it. 14 is utime, 15 stime, proc(5).
        let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/PID/stat")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<std::result::Result<_, _>>()?;
        let second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs_f64(ticks as f64 / second as f64))
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .ok_or("no VmRSS")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }

    /// Units written and fsyncs done so far.
    pub(crate) async fn writer(&self) -> Result<(f64, f64)> {
        let names = [
            "doorward_writer_units_total ",
            "doorward_writer_fsyncs_total ",
        ];
        let [units, fsyncs] = self.metrics(names).await?;
        Ok((units, fsyncs))
    }

    /// Numbers of `/metrics`, by how their lines begin.
    pub(crate) async fn metrics<const N: usize>(&self, names: [&str; N]) -> Result<[f64; N]> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection
            .send(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
            .await?;
        let text = String::from_utf8_lossy(answer.body);
        let mut values = [0.; N];
        for (value, name) in values.iter_mut().zip(names) {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            *value = line
                .ok_or("a number is missing in /metrics")?
                .trim()
                .parse()?;
        }
        Ok(values)
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        if let Some(pid) = Pid::from_raw(pid) {
            kill_process(pid, Signal::TERM)?;
        }
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
