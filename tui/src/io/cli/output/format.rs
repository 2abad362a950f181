//! Output format.

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    /// JSON, one thing a line
    Jsonl,
    /// What JSON says, as YAML
    Yaml,
    /// The table's columns, for spreadsheets (RFC 4180)
    Csv,
    /// Ids alone, one a line: for other commands
    Name,
}

impl Format {
    /// Whether it is for programs, which are told all that the server says.
    pub(crate) fn is_data(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Yaml)
    }
}
