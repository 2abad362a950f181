//! Restrictions of API keys, as options of `doorward apikeys`.

mod limit;

use clap::Args;
use doorward_shared::{
    admin::{AdminKey, AdminMint},
    apikey::{KeyPatch, Metadata, Quota, RateLimit},
};

pub(crate) use self::limit::{Limit, NO_LIMIT};
use self::limit::{limit, metadata};
use super::shell_quoting::Words;

/// Restrictions of an API key besides its scopes.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Terms {
    /// Rate limit as USES/SECONDSs, such as 100/60s; `none` removes it
    #[arg(long, value_name = "N/SECONDSs", value_parser = limit::<RateLimit>)]
    pub rate_limit: Option<Limit<RateLimit>>,
    /// Quota per UTC day or month, such as 1000/day; `none` removes it
    #[arg(long, value_name = "N/PERIOD", value_parser = limit::<Quota>)]
    pub quota: Option<Limit<Quota>>,
    /// Allowed IP address or network; may be given again; `none` removes all
    #[arg(long = "allowed-ip", value_name = "IP|CIDR")]
    pub allowed_ips: Option<Vec<String>>,
    /// Custom JSON object; `none` removes it
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    pub metadata: Option<Limit<Metadata>>,
    /// Disable the key
    #[arg(long, conflicts_with = "enabled")]
    pub disabled: bool,
    /// Enable the key again
    #[arg(long)]
    pub enabled: bool,
}

impl Terms {
    /// Those of a key, for another one like it.
    pub(crate) fn like(key: &AdminKey) -> Self {
        let ips = &key.allowed_ips;
        Self {
            rate_limit: key.rate_limit.map(|rate| Limit(Some(rate))),
            quota: key.quota.map(|quota| Limit(Some(quota))),
            allowed_ips: (!ips.is_empty()).then(|| ips.clone()),
            metadata: key.metadata.clone().map(|own| Limit(Some(own))),
            ..Self::default()
        }
    }

    /// Sets one of them by the server's name for it; what it says is as on the command line, networks with spaces between.
    ///
    /// # Errors
    /// The reason why it is rejected.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        match name {
            "rateLimit" => self.rate_limit = Some(limit(text)?),
            "quota" => self.quota = Some(limit(text)?),
            "metadata" => self.metadata = Some(metadata(text)?),
            _ => self.allowed_ips = Some(text.split_whitespace().map(str::to_owned).collect()),
        }
        Ok(())
    }

    fn allowed(&self) -> Option<Vec<String>> {
        let given = self.allowed_ips.clone()?;
        Some(if given == [NO_LIMIT] {
            Vec::new()
        } else {
            given
        })
    }

    fn is_on(&self) -> Option<bool> {
        (self.enabled || self.disabled).then_some(self.enabled)
    }

    /// Of a key that is to be minted.
    pub(super) fn of_mint(&self, body: AdminMint) -> AdminMint {
        let metadata = self.metadata.clone();
        AdminMint {
            allowed_ips: self.allowed(),
            enabled: self.is_on(),
            rate_limit: self.rate_limit.as_ref().and_then(|rate| rate.0),
            quota: self.quota.as_ref().and_then(|quota| quota.0),
            metadata: metadata.and_then(|metadata| metadata.0),
            ..body
        }
    }

    /// The changes to a key.
    pub(super) fn of_patch(&self, patch: KeyPatch) -> KeyPatch {
        let metadata = self.metadata.clone();
        KeyPatch {
            allowed_ips: self.allowed().map(Some),
            enabled: self.is_on(),
            rate_limit: self.rate_limit.as_ref().map(|rate| rate.0),
            quota: self.quota.as_ref().map(|quota| quota.0),
            metadata: metadata.map(|metadata| metadata.0),
            ..patch
        }
    }

    pub(super) fn written(&self, words: Words) -> Words {
        let allowed = self.allowed_ips.as_deref().unwrap_or_default();
        words
            .option("--rate-limit", self.rate_limit.as_ref())
            .option("--quota", self.quota.as_ref())
            .each("--allowed-ip", allowed)
            .option("--metadata", self.metadata.as_ref())
            .flag("--disabled", self.disabled)
            .flag("--enabled", self.enabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        terms: Terms,
    }

    fn patch(args: &str) -> Option<serde_json::Value> {
        let line = Line::try_parse_from(format!("x {args}").split_whitespace()).ok()?;
        let patch = line.terms.of_patch(KeyPatch::default());
        serde_json::to_value(patch).ok()
    }

    #[test]
    fn terms_are_set_and_taken_off() {
        let set = "--rate-limit 100/60s --quota 1000/day --allowed-ip 10.0.0.0/8 --allowed-ip ::1 \
                   --metadata {\"a\":1} --disabled";
        let wanted = serde_json::json!({
            "rateLimit": {"limit": 100, "windowSeconds": 60}, "quota": {"limit": 1000, "period": "day"},
            "allowedIps": ["10.0.0.0/8", "::1"], "metadata": {"a": 1}, "enabled": false,
        });
        assert_eq!(patch(set), Some(wanted));
        let off = "--rate-limit none --quota none --allowed-ip none --metadata none --enabled";
        let wanted = serde_json::json!({
            "rateLimit": null, "quota": null, "allowedIps": [], "metadata": null, "enabled": true,
        });
        assert_eq!(patch(off), Some(wanted));
        assert_eq!(patch(""), Some(serde_json::json!({})));
        for wrong in [
            "--rate-limit 100",
            "--quota 5/week",
            "--metadata []",
            "--enabled --disabled",
        ] {
            assert_eq!(patch(wrong), None, "{wrong}");
        }
    }
}
