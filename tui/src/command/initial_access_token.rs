//! `doorward clients registration-token`.

use clap::Args;
use doorward_shared::{Timestamp, admin::MintRegistrationToken};

use super::{SecretArgs, shell_quoting::Words, time_arg::TimeArg};

/// An initial access token for client registration, where `client_registration` is `token`.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct MintInitialAccessToken {
    /// Lifetime: 90s, 15m, 24h, 30d; default one day
    #[arg(long, value_name = "TIME")]
    pub expires_in: Option<TimeArg>,
    /// Number of clients that may register with it; default 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_uses: Option<u32>,
    #[command(flatten)]
    pub secret: SecretArgs,
}

impl MintInitialAccessToken {
    /// The request body at `now`.
    pub(crate) fn body(&self, now: Timestamp) -> MintRegistrationToken {
        let seconds = |moment: TimeArg| moment.after(now).seconds() - now.seconds();
        MintRegistrationToken {
            // The server rejects values out of range and names the field.
            expires_in_seconds: self
                .expires_in
                .map(|moment| u32::try_from(seconds(moment).max(0)).unwrap_or(u32::MAX)),
            max_uses: self.max_uses,
        }
    }

    pub(super) fn would(&self) -> String {
        match self.max_uses.unwrap_or(1) {
            1 => "let a client register itself".into(),
            many => format!("let {many} clients register themselves"),
        }
    }

    pub(super) fn written(&self) -> Words {
        let words = Words::new("clients registration-token")
            .option("--expires-in", self.expires_in)
            .option("--max-uses", self.max_uses);
        self.secret.written(words)
    }
}
