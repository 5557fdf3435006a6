//! The background jobs of a server, with their settings.
//!
//! Must not know: when and by whom a job is done (`jobs` does).

use std::sync::Arc;
use std::time::Duration;

use admin::audit::anchor::AnchorFile;
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::continuity::Waits;
use domain::id::RequestId;
use jobs::checkpoints::AuditCheckpoints;
use jobs::continuity::{ContinuityLook, ContinuityNotice, ContinuityPlan, RenewToken};
use jobs::notices::{Mail, TokenNotice, TokenNotices, Webhook};
use jobs::oauth_keys::OauthKeys;
use jobs::prune::Prune;
use jobs::release::ReleaseChanges;
use jobs::{Handler, Jobs};
use store::Store;

use crate::cli::audit::keys;
use crate::setup::Setup;

/// All of them. `operators` is the database with the operators' role, where there is one (ADR 0046).
///
/// # Errors
/// A setting that cannot be used, with its name.
pub fn jobs(setup: &Setup, operators: Option<&Store>) -> anyhow::Result<Jobs> {
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
    let continuity = continuity(setup, operators, &notice)?;
    let keys = OauthKeys {
        context: context(setup, None),
    };
    let mut handlers: Vec<Arc<dyn Handler>> = vec![
        Arc::new(notice),
        Arc::new(notices),
        Arc::new(prune),
        Arc::new(keys),
    ];
    handlers.extend(continuity);
    handlers.push(Arc::new(ReleaseChanges {
        context: context(setup, None),
    }));
    if setup.config.audit.signing_key_file.is_some() {
        let (key, file) = keys::signing(&setup.config.audit)?;
        handlers.push(Arc::new(AuditCheckpoints {
            context: context(setup, None),
            key,
            file: AnchorFile::new(file),
        }));
    }
    Ok(Jobs::new(store(), Arc::clone(&setup.ids), handlers))
}

/// The jobs that renew tokens (ADR 0051).
fn continuity(
    setup: &Setup,
    operators: Option<&Store>,
    notice: &TokenNotice,
) -> anyhow::Result<[Arc<dyn Handler>; 4]> {
    let (server, settings) = (|| setup.store.clone(), &setup.config.graph);
    let context = || context(setup, operators);
    let graph = settings.client().map_err(anyhow::Error::msg)?;
    Ok([
        Arc::new(ContinuityPlan {
            context: context(),
            server: server(),
            clock: Arc::clone(&setup.clock),
        }),
        Arc::new(ContinuityLook {
            context: context(),
            server: server(),
            clock: Arc::clone(&setup.clock),
            waits: Waits {
                quiet: TimeDelta::minutes(settings.quiet_minutes.into()),
                limit: TimeDelta::hours(settings.use_limit_hours.into()),
            },
            channels: notice.channels(),
        }),
        Arc::new(RenewToken {
            context: context(),
            server: server(),
            graph: graph.map(Arc::new),
        }),
        Arc::new(ContinuityNotice {
            context: context(),
            environment: setup.config.environment,
            webhook: notice.webhook.clone(),
            mail: notice.mail.clone(),
        }),
    ])
}

/// What the operators' use-cases need, for the gateway itself.
pub fn context(setup: &Setup, operators: Option<&Store>) -> admin::Context {
    admin::Context {
        store: operators.unwrap_or(&setup.store).clone(),
        clock: Arc::clone(&setup.clock),
        ids: Arc::clone(&setup.ids),
        environment: setup.config.environment,
        profiles: Arc::clone(&setup.profiles),
        public_url: setup.config.http.base_url(),
        key_hosts: Arc::clone(&setup.config.key_hosts),
        hashing: Arc::new(auth::pool::Pool::new(1, 1)),
        actor: Actor::System,
        address: None,
        request: RequestId::from_uuid(setup.ids.next()),
        once: None,
    }
}
