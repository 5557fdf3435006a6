//! The removal of a feed's keys.

use super::fault::Fault;
use super::key::StreamKey;
use super::link::Link;

/// Deletes the stream and the hash beside it, unless the hash says that another deployment fills the stream; no error when they
/// are not there. `deployment` is [`store::Deployment::id`].
pub(crate) async fn remove(link: &Link, key: &StreamKey, deployment: &str) -> Result<(), Fault> {
    let hash = key.companion();
    let mut command = redis::cmd("HGET");
    let filled_by: Option<String> = link.ask(command.arg(&hash).arg("deployment")).await?;
    if filled_by.is_some_and(|other| other != deployment) {
        return Ok(());
    }
    let mut command = redis::cmd("DEL");
    link.ask::<i64>(command.arg(key.as_str()).arg(&hash))
        .await
        .map(|_| ())
}
