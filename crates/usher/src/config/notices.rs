//! Who is told of what needs a person: tokens that come to their end.

use std::path::PathBuf;

use jobs::notices::mail::{Settings as MailSettings, check_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use smart_default::SmartDefault;
use url::Url;

use super::http::is_loopback;
use super::keys::KEYS;
use super::values::{ConfigError, Values, contradiction};

/// The section as it is written.
#[derive(Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// `https://…` that notices are posted to as JSON, for a chat or a ticket system; they are in the log in any case
    #[serde(serialize_with = "host_only")]
    webhook_url: Option<String>,
    /// a file that holds `notices.webhook_url`, which is often a secret
    webhook_url_file: Option<PathBuf>,
    /// `smtps://user:password@mail.example.com`, or `smtp://mail.example.com:587?tls=required`: the server that takes mails
    smtp_url: Option<String>,
    /// a file that holds `notices.smtp_url`, for passwords
    smtp_url_file: Option<PathBuf>,
    /// the sender of mails, e.g. `Usher <usher@example.com>`
    mail_from: Option<String>,
    /// who gets mails: addresses with commas between them
    mail_to: Option<String>,
}

/// The section as the program uses it.
#[derive(Clone, Default)]
pub struct Channels {
    /// Where notices are posted to; may be a secret.
    pub webhook_url: Option<String>,
    /// How mails are sent.
    pub mail: Option<MailSettings>,
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channels")
            .field("webhook_url", &self.webhook_url.as_ref().map(|_| "(hidden)"))
            .field("mail", &self.mail)
            .finish()
    }
}

impl Notices {
    /// The channels that are set.
    ///
    /// # Errors
    /// Addresses that cannot be used, a password that would be sent in the clear, or settings of mails without a server.
    pub fn channels(&self, values: &Values) -> Result<Channels, ConfigError> {
        let webhook_url = values.secret(
            "notices.webhook_url",
            self.webhook_url.as_ref(),
            self.webhook_url_file.as_deref(),
        )?;
        let webhook_url = webhook_url.map(|url| url.trim().to_owned());
        let is_http = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if webhook_url
            .as_ref()
            .is_some_and(|url| !is_http(url) || Url::parse(url).is_err())
        {
            return Err(values.wrong(
                "notices.webhook_url",
                "must be an address that begins with https:// or http://",
            ));
        }
        Ok(Channels {
            webhook_url,
            mail: self.mail(values)?,
        })
    }

    fn mail(&self, values: &Values) -> Result<Option<MailSettings>, ConfigError> {
        let url = values.secret(
            "notices.smtp_url",
            self.smtp_url.as_ref(),
            self.smtp_url_file.as_deref(),
        )?;
        let Some(url) = url else {
            let mut mail = KEYS.iter().filter(|key| key.name.starts_with("notices.mail_"));
            return match mail.find(|key| values.origin(&key.name).is_some()) {
                Some(key) => Err(contradiction(
                    &key.name,
                    "notices.smtp_url",
                    "mails need a server; set notices.smtp_url or leave the other out",
                )),
                None => Ok(None),
            };
        };
        let url = url.trim().to_owned();
        check_server(values, &url)?;
        let address = |key: &str, text: &str| check_address(text).map_err(|error| values.wrong(key, error));
        let needed = |key: &str, text: Option<&String>| {
            let missing = || {
                contradiction(
                    "notices.smtp_url",
                    key,
                    "mails need a sender and somebody who gets them; set both",
                )
            };
            text.cloned().ok_or_else(missing)
        };
        let from = needed("notices.mail_from", self.mail_from.as_ref())?;
        let to = needed("notices.mail_to", self.mail_to.as_ref())?;
        let to: Vec<String> = to.split(',').map(|one| one.trim().to_owned()).collect();
        address("notices.mail_from", &from)?;
        to.iter().try_for_each(|to| address("notices.mail_to", to))?;
        Ok(Some(MailSettings { url, from, to }))
    }
}

/// Refuses other services, and a password that anybody on the way could read.
fn check_server(values: &Values, text: &str) -> Result<(), ConfigError> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    let url = url.filter(|url| ["smtp", "smtps"].contains(&url.scheme())).ok_or_else(|| {
        values.wrong(
            "notices.smtp_url",
            "must be an address such as smtps://user:password@mail.example.com or smtp://mail.example.com:587?tls=required; \
             what is no letter or digit in a password is percent-encoded",
        )
    })?;
    let is_encrypted = url.scheme() == "smtps"
        || url
            .query_pairs()
            .any(|(name, value)| name == "tls" && value == "required");
    // A scheme of its own has no special form for addresses; http has.
    let host = format!("http://{}", url.host_str().unwrap_or_default());
    if url.password().is_some() && !is_encrypted && !is_loopback(&host) {
        return Err(values.wrong(
            "notices.smtp_url",
            "would send the password in the clear: write smtps://…, or smtp://…?tls=required",
        ));
    }
    Ok(())
}

/// Shows which service it is; the path of a webhook is often its secret.
#[expect(clippy::ref_option, reason = "the form that serde calls")]
fn host_only<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let host = |url: &String| {
        let host = Url::parse(url).ok()?.host_str()?.to_owned();
        Some(format!("https://{host}/***"))
    };
    let shown = url
        .as_ref()
        .map(|url| host(url).unwrap_or_else(|| "***".to_owned()));
    shown.serialize(serializer)
}
