//! Redis' users: read, set, deleted (ADR 0034).
//!
//! `users.rs` decides the required state; this module sends the commands. Passwords are sent as SHA-256, so
//! that the network carries nothing that can be used to log in.

use redis::Value;

use super::fault::Fault;
use super::groups::field;
use super::link::Link;
use crate::users::AppUser;

/// A user as the server reports it, in any form; `None` if it does not exist.
pub(crate) async fn get(link: &Link, name: &str) -> Result<Option<Value>, Fault> {
    let found: Value = link.ask(redis::cmd("ACL").arg("GETUSER").arg(name)).await?;
    Ok(Some(found).filter(|found| *found != Value::Nil))
}

/// Sets a user to its required state, or deletes it if it has no password left; `before` is the server's
/// report. Connections that were authenticated by a removed password are closed at once.
pub(crate) async fn set(link: &Link, user: &AppUser, before: Option<&Value>) -> Result<(), Fault> {
    if user.passwords().is_empty() {
        if before.is_some() {
            // Closes its connections, too.
            let _: i64 = link
                .ask(redis::cmd("ACL").arg("DELUSER").arg(user.name()))
                .await?;
        }
        return Ok(());
    }
    let mut all = redis::pipe();
    all.atomic()
        .cmd("ACL")
        .arg("SETUSER")
        .arg(user.name())
        .arg(user.rules())
        .ignore();
    let known = before
        .and_then(|before| field::<Vec<String>>(before, "passwords"))
        .unwrap_or_default();
    let taken_back = known.iter().any(|password| !user.passwords().contains(password));
    // A user without a password accepted any.
    let open = before
        .and_then(|before| field::<Vec<String>>(before, "flags"))
        .is_some_and(|flags| flags.iter().any(|flag| flag == "nopass"));
    if taken_back || open {
        all.cmd("CLIENT")
            .arg("KILL")
            .arg("USER")
            .arg(user.name())
            .ignore();
    }
    link.with(async |connection| all.query_async::<()>(connection).await)
        .await
}

/// The user of this connection.
pub(crate) async fn whoami(link: &Link) -> Result<String, Fault> {
    link.ask(redis::cmd("ACL").arg("WHOAMI")).await
}
