//! Delivers one notice over one channel.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::environment::Environment;
use store::{BoxFuture, Job, Store};

use super::message::Message;
use super::{Channel, KIND, Mail, Payload, Webhook};
use crate::handler::{Failure, Handler, Plan};

/// The job `token_notice`.
pub struct TokenNotice {
    /// The database.
    pub store: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The environment of the deployment; part of the text.
    pub environment: Environment,
    /// `None` without `notices.webhook_url`.
    pub webhook: Option<Webhook>,
    /// `None` without `notices.smtp_url`.
    pub mail: Option<Mail>,
}

impl TokenNotice {
    /// The channels that are set.
    pub fn channels(&self) -> Vec<Channel> {
        let webhook = self.webhook.is_some().then_some(Channel::Webhook);
        let mail = self.mail.is_some().then_some(Channel::Mail);
        [Some(Channel::Log), webhook, mail]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn deliver(&self, job: &Job) -> Result<(), String> {
        let notice: Payload = serde_json::from_value(job.payload.clone())
            .map_err(|error| format!("its payload is of another version: {error}"))?;
        let id = notice.token().ok_or("its payload names no token")?;
        let record = self
            .store
            .token_record(id)
            .await
            .map_err(|error| error.to_string())?;
        // Revoked meanwhile, or gone with its tenant: nobody needs to know of its end.
        let Some(record) = record.filter(|record| record.token.revoked_at.is_none()) else {
            return Ok(());
        };
        let Some(end) = record.token.expires_at else {
            return Ok(());
        };
        let message = Message {
            environment: self.environment,
            record: &record,
            end,
            notice: &notice,
            now: self.clock.now(),
        };
        match (notice.channel, &self.webhook, &self.mail) {
            (Channel::Log, ..) => {
                log(&message);
                Ok(())
            }
            (Channel::Webhook, Some(webhook), _) => webhook.post(&message.id(), &message.json()).await,
            (Channel::Mail, _, Some(mail)) => {
                mail.send(&message.id(), &message.subject(), message.text()).await
            }
            (channel, ..) => {
                tracing::info!(%channel, "a notice is left out: its channel is not set any more");
                Ok(())
            }
        }
    }
}

fn log(message: &Message<'_>) {
    let record = message.record;
    tracing::warn!(
        event.name = "token.ending",
        usher.token.id = record.token.id.as_str(),
        tenant = record.tenant_name.as_str(),
        profile = record.directory.profile.as_str(),
        days = message.notice.days,
        expires_at = %message.end,
        "{}",
        message.subject()
    );
}

impl Handler for TokenNotice {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn plan(&self) -> Plan {
        Plan::once(Duration::from_mins(2))
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(self.deliver(job).await?) })
    }
}
