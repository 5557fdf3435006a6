//! Tells people, over one channel, that a renewal does not go on.

use std::time::Duration;

use admin::continuity::steps::{self, Opened};
use domain::continuity::Renewal;
use domain::environment::Environment;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{BoxFuture, Job, NewJob};

use super::Payload;
use super::renew::failure;
use crate::handler::{Failure, Handler, Plan};
use crate::notices::{Channel, Mail, Webhook};

/// The kind of the job.
const KIND: &str = "token_continuity_notice";

/// The payload of such a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Telling {
    #[serde(flatten)]
    about: Payload,
    channel: Channel,
}

/// The jobs that tell of a renewal as it stands, one a channel.
pub(super) fn jobs(renewal: &Renewal, channels: &[Channel]) -> Vec<NewJob> {
    let job = |channel: &Channel| NewJob {
        kind: KIND,
        key: format!("{}:{}:{channel}", renewal.id, renewal.step.as_str()),
        payload: json!(Telling {
            about: Payload::of(renewal),
            channel: *channel,
        }),
        wait: Duration::ZERO,
    };
    channels.iter().map(job).collect()
}

/// The job `token_continuity_notice`.
pub struct ContinuityNotice {
    /// The operators' use-cases.
    pub context: admin::Context,
    /// The environment of the deployment; part of the text.
    pub environment: Environment,
    /// `None` without `notices.webhook_url`.
    pub webhook: Option<Webhook>,
    /// `None` without `notices.smtp_url`.
    pub mail: Option<Mail>,
}

impl ContinuityNotice {
    async fn tell(&self, job: &Job) -> Result<(), Failure> {
        let telling: Telling = serde_json::from_value(job.payload.clone())
            .map_err(|error| format!("its payload is of another version: {error}"))?;
        let Payload {
            tenant,
            directory,
            renewal,
        } = telling.about;
        let opened = steps::open(&self.context, tenant, directory, renewal).await;
        let Some(opened) = opened.map_err(failure)? else {
            return Ok(());
        };
        let Some(why) = opened.renewal.last_error.as_deref() else {
            // It went on meanwhile.
            return Ok(());
        };
        let (id, subject) = (job.key.replace(':', "."), self.subject(&opened));
        let text = text(&opened, why);
        match (telling.channel, &self.webhook, &self.mail) {
            (Channel::Log, ..) => tracing::warn!(
                event.name = "token.continuity.stuck",
                usher.renewal.id = %renewal,
                tenant = opened.tenant.name.as_str(),
                profile = opened.directory.profile.as_str(),
                "{subject}: {why}"
            ),
            (Channel::Webhook, Some(webhook), _) => {
                let body = json!({
                    "type": "usher.token.renewal.stuck.v1",
                    "id": id,
                    "environment": self.environment,
                    "tenant": opened.tenant.name,
                    "profile": opened.directory.profile.as_str(),
                    "renewal": renewal,
                    "step": opened.renewal.step.as_str(),
                    "newToken": opened.renewal.new_token,
                    "text": format!("{subject}\n\n{text}"),
                });
                webhook.post(&id, &body).await?;
            }
            (Channel::Mail, _, Some(mail)) => mail.send(&id, &subject, text).await?,
            (channel, ..) => {
                tracing::info!(%channel, "a notice is left out: its channel is not set any more");
            }
        }
        Ok(())
    }

    fn subject(&self, opened: &Opened) -> String {
        format!(
            "[Usher {}] The renewal of the token of {}/{} does not go on",
            self.environment, opened.tenant.name, opened.directory.profile
        )
    }
}

fn text(opened: &Opened, why: &str) -> String {
    let (tenant, profile) = (&opened.tenant.name, &opened.directory.profile);
    let mut letters = why.chars();
    let why: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    format!(
        "{why}.\n\nHow far it is:\n  usher token continuity show --tenant {tenant} --profile {profile}\nA new renewal:\n  usher token \
         continuity start --tenant {tenant} --profile {profile}\n"
    )
}

impl Handler for ContinuityNotice {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn plan(&self) -> Plan {
        Plan::once(Duration::from_mins(2))
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.tell(job))
    }
}
