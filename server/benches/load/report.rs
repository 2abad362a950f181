//! The result table.

use std::{fmt, time::Duration};

use crate::Result;

/// One figure.
pub(crate) struct Row {
    pub case: String,
    pub target: String,
    pub measured: String,
    /// What it is to be held against: the bare work of the same run.
    pub beside: String,
    /// Whether the target is met; none where there is none.
    pub met: Option<bool>,
}

impl Row {
    /// A figure without a target.
    pub(crate) fn plain(case: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            target: String::new(),
            measured: measured.into(),
            beside: String::new(),
            met: None,
        }
    }

    /// A figure and what it is to be.
    pub(crate) fn held(
        case: &str,
        target: impl Into<String>,
        measured: impl Into<String>,
        met: bool,
    ) -> Self {
        Self {
            target: target.into(),
            met: Some(met),
            ..Self::plain(case, measured)
        }
    }

    /// A time that is to be at most so many times another of the same run.
    pub(crate) fn times(case: &str, time: Duration, goal: f64, of: Duration) -> Self {
        let ratio = time.as_secs_f64() / of.as_secs_f64();
        let measured = format!("{} = {ratio:.2} times", us(time));
        Self::held(case, format!("≤ {goal} times"), measured, ratio <= goal)
    }

    /// What stands beside the figure.
    pub(crate) fn beside(self, beside: impl Into<String>) -> Self {
        Self {
            beside: beside.into(),
            ..self
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        write!(
            f,
            "| {} | {} | {} | {} | {met} |",
            self.case, self.measured, self.target, self.beside
        )
    }
}

pub(crate) fn head() {
    println!("| case | measured | target | beside it, in the same run | met |");
    println!("|---|---|---|---|---|");
}

/// A duration in microseconds.
pub(crate) fn us(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// A duration in milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Bytes in MiB.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// What this ran on.
pub(crate) fn machine() -> Result<String> {
    let about = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = about
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "{cores} cores, {model}; load average {load} before the run\n"
    ))
}
