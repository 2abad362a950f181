//! Which part of a list.

use doorward_shared::client::Sort;

use super::shell_quoting::Words;

#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct ListArgs {
    /// Words that a row must contain, and terms such as role:admin, state:disabled, ip:10.0.1.0/24, unused:30d, owner:ada,
    /// action:login.failed, since:2h
    #[arg(long, value_name = "SEARCH")]
    pub q: Option<String>,
    /// Order, as field:asc or field:desc
    #[arg(long)]
    pub sort: Option<String>,
    /// Maximum rows (default 100; a note on stderr says when there are more)
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// All rows, without a limit
    #[arg(long)]
    pub all: bool,
}

impl ListArgs {
    /// A search with its order.
    pub(crate) fn of(q: &str, sort: Option<Sort>) -> Self {
        Self {
            q: Some(q.to_owned()).filter(|q| !q.is_empty()),
            sort: sort.map(|sort| sort.to_string()),
            ..Self::default()
        }
    }

    pub(super) fn written(&self, words: Words) -> Words {
        words
            .option("--q", self.q.as_ref())
            .option("--sort", self.sort.as_ref())
            .option("--limit", self.limit)
            .flag("--all", self.all)
    }
}
