//! A notice as a mail over SMTP (RFC 5321).
//!
//! Must not know: what a notice says.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

/// How long each step of the conversation may take.
const TIME: Duration = Duration::from_secs(20);

/// The settings of mails.
#[derive(Clone)]
pub struct Settings {
    /// `smtp://…` or `smtps://…`; may hold a password and is never shown.
    pub url: String,
    /// The sender.
    pub from: String,
    /// Who gets mails.
    pub to: Vec<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &"(hidden)")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish()
    }
}

/// Checks an address of a person: `ops@example.com` or `Ops <ops@example.com>`.
///
/// # Errors
/// The form that is expected.
pub fn check_address(text: &str) -> Result<(), String> {
    mailbox(text).map(|_| ())
}

/// Where mails are handed to, and to whom they go.
#[derive(Clone)]
pub struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    /// Connects only when a mail is sent.
    ///
    /// # Errors
    /// What of it cannot be used, in words for the operator and without the password.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .map_err(|_| {
                "notices.smtp_url: must be an address such as smtps://user:password@mail.example.com"
                    .to_owned()
            })?
            .timeout(Some(TIME))
            .build();
        let to = settings
            .to
            .iter()
            .map(|to| mailbox(to))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            server,
            from: mailbox(&settings.from)?,
            to,
        })
    }

    /// Sends a mail; `id` is the same for each repeat.
    ///
    /// # Errors
    /// Why the server did not take it.
    pub(crate) async fn send(&self, id: &str, subject: &str, text: String) -> Result<(), String> {
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(format!("<{id}.usher@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mail = mail.body(text).map_err(|error| error.to_string())?;
        let sent = self.server.send(mail).await;
        sent.map(|_| ())
            .map_err(|error| format!("the mail server (notices.smtp_url) did not take the mail: {error}"))
    }
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.trim().parse().map_err(|_| {
        format!("\"{text}\" is no mail address: write ops@example.com, or Ops <ops@example.com>")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_when_settings_are_read() {
        assert_eq!(check_address("Ops <ops@example.com>"), Ok(()));
        assert_eq!(
            check_address("nobody"),
            Err("\"nobody\" is no mail address: write ops@example.com, or Ops <ops@example.com>".to_owned())
        );
        let settings = Settings {
            url: "http://u:hunter2@x".to_owned(),
            from: "usher@example.com".to_owned(),
            to: Vec::new(),
        };
        let error = Mail::new(&settings).map(|_| ()).unwrap_err();
        assert!(
            error.starts_with("notices.smtp_url: must be an address such as"),
            "{error}"
        );
        assert!(!format!("{settings:?}{error}").contains("hunter2"));
    }
}
