//! What is left in Redis of an app that was deleted: its user, its stream, and the hash beside the stream.

use super::{AppUser, Outcome, Users};
use crate::stream::acl;
use crate::stream::fault::Fault;
use crate::stream::link::Link;
use crate::stream::remove::remove;

impl Users {
    /// Removes a deleted app's user, which closes its connections, then its stream and the hash beside it, unless another
    /// deployment than this one (its [`store::Deployment::id`]) fills them. `user` has no passwords.
    pub async fn remove(&self, user: &AppUser, deployment: &str) -> Outcome {
        match remove_all(&self.link, user, deployment).await {
            Ok(()) => Outcome::Done,
            Err(fault @ (Fault::Gone(_) | Fault::Full)) => Outcome::Later(fault.to_string()),
            Err(fault) => Outcome::ByHand(fault.to_string()),
        }
    }
}

pub(super) async fn remove_all(link: &Link, user: &AppUser, deployment: &str) -> Result<(), Fault> {
    let before = acl::get(link, &user.name).await?;
    acl::set(link, user, before.as_ref()).await?;
    remove(link, &user.key, deployment).await
}

impl AppUser {
    /// The commands for `redis-cli` that do the same by hand.
    pub fn removal_by_hand(&self) -> Vec<String> {
        vec![
            format!("ACL DELUSER {}", self.name),
            format!("DEL '{}' '{}'", self.key, self.key.companion()),
        ]
    }
}
