//! OAuth clients with an identity of Entra's.

use domain::key_hosts::{KeyHosts, USUAL};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Oauth {
    /// hosts that the keys of other issuers may be read from, with commas between them, each with its port if it is not 443; addresses
    /// elsewhere are refused, whoever writes them, and redirects are not followed
    #[default(USUAL.join(","))]
    pub key_hosts: String,
}

impl Oauth {
    /// The hosts.
    pub fn hosts(&self) -> KeyHosts {
        let hosts = self.key_hosts.split(',').map(str::trim);
        KeyHosts::of(hosts.filter(|host| !host.is_empty()).map(str::to_owned))
    }
}
