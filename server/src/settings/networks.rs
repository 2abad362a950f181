//! Parses a setting with a list of networks.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error};

/// A list of networks, or comma-separated text. A single address is a network of one.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NetworkList {
        List(Vec<String>),
        Text(String),
    }
    let parts = match NetworkList::deserialize(from) {
        Ok(NetworkList::List(parts)) => parts,
        Ok(NetworkList::Text(text)) => text.split(',').map(str::to_owned).collect(),
        Err(_) => return Err(D::Error::custom("must be a list of networks")),
    };
    let network = |text: String| {
        let text = text.trim();
        let alone = || text.parse().map(|ip: IpAddr| IpNet::from(ip));
        text.parse::<IpNet>()
            .or_else(|_| alone())
            .map_err(|_| D::Error::custom(format!("{text} is neither a network nor an address")))
    };
    parts.into_iter().map(network).collect()
}
