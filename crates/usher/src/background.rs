//! The background jobs of a server, with their settings.
//!
//! Must not know: when and by whom a job is done (`jobs` does).

use std::sync::Arc;
use std::time::Duration;

use admin::audit::anchor::AnchorFile;
use domain::actor::Actor;
use domain::id::RequestId;
use jobs::checkpoints::AuditCheckpoints;
use jobs::notices::{Mail, TokenNotice, TokenNotices, Webhook};
use jobs::prune::Prune;
use jobs::release::ReleaseChanges;
use jobs::{Handler, Jobs};

use crate::cli::audit::keys;
use crate::setup::Setup;

/// All of them.
///
/// # Errors
/// A setting that cannot be used, with its name.
pub fn jobs(setup: &Setup) -> anyhow::Result<Jobs> {
    let (store, clock) = (|| setup.store.clone(), || Arc::clone(&setup.clock));
    let channels = &setup.config.notices;
    let webhook = channels.webhook_url.clone().map(Webhook::new).transpose();
    let mail = channels.mail.as_ref().map(Mail::new).transpose();
    let notice = TokenNotice {
        store: store(),
        clock: clock(),
        environment: setup.config.environment,
        webhook: webhook.map_err(anyhow::Error::msg)?,
        mail: mail.map_err(anyhow::Error::msg)?,
    };
    let notices = TokenNotices {
        store: store(),
        clock: clock(),
        channels: notice.channels(),
    };
    let prune = Prune {
        store: store(),
        clock: clock(),
        keep: Duration::from_hours(setup.config.events.retention_days * 24),
    };
    let mut handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(notice), Arc::new(notices), Arc::new(prune)];
    handlers.push(Arc::new(ReleaseChanges {
        context: context(setup),
    }));
    if setup.config.audit.signing_key_file.is_some() {
        let (key, file) = keys::signing(&setup.config.audit)?;
        handlers.push(Arc::new(AuditCheckpoints {
            context: context(setup),
            key,
            file: AnchorFile::new(file),
        }));
    }
    Ok(Jobs::new(store(), Arc::clone(&setup.ids), handlers))
}

/// What the operators' use-cases need, for the gateway itself.
fn context(setup: &Setup) -> admin::Context {
    admin::Context {
        store: setup.store.clone(),
        clock: Arc::clone(&setup.clock),
        ids: Arc::clone(&setup.ids),
        environment: setup.config.environment,
        profiles: Arc::clone(&setup.profiles),
        public_url: setup.config.http.base_url(),
        hashing: Arc::new(auth::pool::Pool::new(1, 1)),
        actor: Actor::System,
        address: None,
        request: RequestId::from_uuid(setup.ids.next()),
    }
}
