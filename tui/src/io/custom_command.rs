//! Runs an own command: no shell, nothing on its standard input, a small environment, a bounded time and output.

use std::{
    ffi::OsString,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    time::{sleep, timeout},
};

use crate::core::customization::Program;

/// Bytes of output that are taken; a command that says more is ended.
const OUTPUT: usize = 256 * 1024;
/// Bytes without a line's end that are shown all the same.
const LINE: usize = 8 * 1024;
/// Time between the request to end and the end.
const GRACE: Duration = Duration::from_millis(700);

/// What of the environment a command gets. Doorward's own variables, and whatever else holds a secret, are not among it.
/// Neither is what leads to an agent, a keyring or a desktop: whose command needs one names it.
const ENVIRONMENT: [&str; 10] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TZ",
    "TERM",
    "TMPDIR",
    "XDG_CONFIG_HOME",
];

/// A program that is run once.
#[derive(Debug)]
pub(super) struct CustomCommandRun(pub Program);

/// All processes that a command started, as far as they stayed together.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may be gone already: that is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

/// What a program gets of the environment: what every one gets, and what was asked for.
fn environment(asked: &[String]) -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        let is_asked = asked.iter().any(|one| *one == name);
        is_asked || ENVIRONMENT.contains(&&*name) || name.starts_with("LC_")
    })
}

/// Passes on what a stream says, line by line.
async fn read(mut stream: impl AsyncRead + Unpin, lines: UnboundedSender<Vec<u8>>) {
    let mut waiting = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        waiting.extend_from_slice(&buffer[..count]);
        let end = waiting.iter().rposition(|byte| *byte == b'\n');
        let end = end.map(|at| at + 1);
        if let Some(end) = end.or((waiting.len() >= LINE).then_some(waiting.len()))
            && lines.send(waiting.drain(..end).collect()).is_err()
        {
            return;
        }
    }
    if !waiting.is_empty() {
        let _ = lines.send(waiting);
    }
}

/// What a program says on both its streams; it ends when both are closed.
fn lines_of(child: &mut Child) -> UnboundedReceiver<Vec<u8>> {
    let (sender, lines) = unbounded_channel();
    if let Some(stream) = child.stdout.take() {
        tokio::spawn(read(stream, sender.clone()));
    }
    if let Some(stream) = child.stderr.take() {
        tokio::spawn(read(stream, sender));
    }
    lines
}

/// Passes output on, until there was too much of it.
struct Output<F> {
    tell: F,
    left: usize,
}

impl<F: Fn(String)> Output<F> {
    fn pass_on(&mut self, line: &[u8]) {
        let taken = line.len().min(self.left);
        (self.tell)(String::from_utf8_lossy(&line[..taken]).into_owned());
        self.left -= taken;
    }

    async fn pass_all_on(&mut self, lines: &mut UnboundedReceiver<Vec<u8>>) {
        while let Some(line) = lines.recv().await {
            self.pass_on(&line);
        }
    }
}

fn said(status: &std::io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(0), _) => "done".into(),
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, signal) => format!("ended by signal {}", signal.unwrap_or_default()),
        },
        Err(error) => format!("it is not known how it ended: {error}"),
    }
}

impl CustomCommandRun {
    fn start(&self) -> std::io::Result<Child> {
        let (program, arguments) = self
            .0
            .arguments
            .split_first()
            .ok_or(std::io::ErrorKind::InvalidInput)?;
        Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment(&self.0.environment))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Whatever it starts ends with it, and keys of the terminal are not its own.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// Runs it to its end, or until `ended` is dropped; answers how it ended.
    pub(super) async fn run(
        self,
        tell: impl Fn(String),
        mut ended: oneshot::Receiver<()>,
    ) -> String {
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => return format!("it did not start: {error}"),
        };
        let group = Group::of(&child);
        let mut lines = lines_of(&mut child);
        let late = sleep(Duration::from_secs(self.0.seconds));
        tokio::pin!(late);
        let mut output = Output { tell, left: OUTPUT };
        let why = loop {
            tokio::select! {
                biased;
                _ = &mut ended => break Some("ended by you".to_owned()),
                () = &mut late => break Some(format!("ended after {} s, its time", self.0.seconds)),
                line = lines.recv() => match line {
                    Some(line) => {
                        output.pass_on(&line);
                        if output.left == 0 {
                            break Some(format!("ended: more output than {} KiB", OUTPUT / 1024));
                        }
                    }
                    // Both streams are closed.
                    None => break None,
                },
                // Something it started may go on with its streams; it is not waited for.
                status = child.wait() => {
                    let _ = timeout(GRACE, output.pass_all_on(&mut lines)).await;
                    return said(&status);
                }
            }
        };
        let Some(why) = why else {
            // It closed its streams and goes on.
            return tokio::select! {
                status = child.wait() => said(&status),
                _ = &mut ended => "ended by you".into(),
                () = &mut late => format!("ended after {} s, its time", self.0.seconds),
            };
        };
        group.send(Signal::TERM);
        let _ = timeout(GRACE, child.wait()).await;
        why
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Runs a line of a shell, which is the program here; answers its output and how it ended.
    async fn shell(script: &str, seconds: u64, end_after: Option<u64>) -> (String, String) {
        let output = Mutex::new(String::new());
        let (end, ended) = oneshot::channel();
        let run = CustomCommandRun(Program {
            arguments: ["sh", "-c", script].map(String::from).into(),
            seconds,
            environment: vec!["CARGO_PKG_NAME".into()],
        });
        let ending = async {
            match end_after {
                Some(ms) => sleep(Duration::from_millis(ms)).await,
                None => std::future::pending().await,
            }
            drop(end);
            std::future::pending::<()>().await;
        };
        let running = run.run(|text| output.lock().unwrap().push_str(&text), ended);
        let how = tokio::select! {
            how = running => how,
            () = ending => unreachable!(),
        };
        (output.into_inner().unwrap(), how)
    }

    #[tokio::test]
    async fn output_and_exit_code_are_told() {
        let (output, how) = shell("echo one; echo two >&2; exit 3", 10, None).await;
        let mut lines: Vec<_> = output.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            (lines, how.as_str()),
            (vec!["one", "two"], "ended with exit code 3")
        );
        assert_eq!(
            shell("printf no-end", 10, None).await,
            ("no-end".into(), "done".into())
        );
    }

    #[tokio::test]
    async fn no_secret_is_in_its_environment_and_nothing_on_its_input() {
        let (output, _) = shell("env; cat", 10, None).await;
        let names = output.lines().filter_map(|line| line.split_once('='));
        // What the shell sets itself.
        let own = ["PWD", "OLDPWD", "SHLVL", "_"];
        for (name, _) in names {
            let is_known = ENVIRONMENT.contains(&name) || name.starts_with("LC_");
            let is_asked = name == "CARGO_PKG_NAME";
            assert!(is_known || is_asked || own.contains(&name), "{name}");
        }
        assert!(output.contains("CARGO_PKG_NAME="), "it was asked for");
        assert!(
            std::env::vars().any(|(name, _)| name == "CARGO_MANIFEST_DIR"),
            "there is something to leave out"
        );
        for name in [
            "SSH_AUTH_SOCK",
            "DBUS_SESSION_BUS_ADDRESS",
            "XDG_RUNTIME_DIR",
            "DISPLAY",
        ] {
            assert!(
                !ENVIRONMENT.contains(&name),
                "{name} leads to what signs or unlocks"
            );
        }
    }

    #[tokio::test]
    async fn time_and_output_are_bounded_and_it_can_be_ended() {
        let (_, how) = shell("trap '' TERM; sleep 60 & wait", 1, None).await;
        assert_eq!(how, "ended after 1 s, its time");
        let (output, how) = shell("yes", 20, None).await;
        assert_eq!(
            (output.len(), how.as_str()),
            (OUTPUT, "ended: more output than 256 KiB")
        );
        let (_, how) = shell("echo x; exec >&- 2>&-; sleep 60", 30, Some(200)).await;
        assert_eq!(how, "ended by you");
    }

    #[tokio::test]
    async fn what_it_started_ends_with_it() {
        let (output, _) = shell("sleep 60 >/dev/null 2>&1 & echo $!", 10, None).await;
        let pid: i32 = output.trim().parse().unwrap();
        let gone = async {
            // A process without a parent is a zombie until it is reaped: its state says so too.
            let ended = |stat: String| stat.contains(") Z") || stat.contains(") X");
            while std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !ended(stat))
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(5), gone).await.unwrap();
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said() {
        let (_, ended) = oneshot::channel();
        let run = CustomCommandRun(Program {
            arguments: vec!["/no/such/program".into()],
            seconds: 1,
            environment: Vec::new(),
        });
        assert!(
            run.run(|_| (), ended)
                .await
                .starts_with("it did not start: ")
        );
    }
}
