//! Redis' users: one asked for, made what it is to be, ended (ADR 0034).
//!
//! What a user is to be is decided in `users.rs`; here it is said to the server. Passwords go as SHA-256, so that nothing that
//! could be used travels.

use redis::Value;

use super::fault::Fault;
use super::groups::field;
use super::link::Link;
use crate::users::AppUser;

/// A user as the server has it, whatever that looks like; `None` when there is none.
pub(crate) async fn get(link: &Link, name: &str) -> Result<Option<Value>, Fault> {
    let found: Value = link.ask(redis::cmd("ACL").arg("GETUSER").arg(name)).await?;
    Ok(Some(found).filter(|found| *found != Value::Nil))
}

/// Makes a user exactly what it is to be, or ends it when it has no password left; `before` is what the server has. Whoever
/// came in by a password that is no more loses the connection in the same moment.
pub(crate) async fn set(link: &Link, user: &AppUser, before: Option<&Value>) -> Result<(), Fault> {
    if user.passwords().is_empty() {
        if before.is_some() {
            // Ends its connections, too.
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
    // Without a password anybody was let in.
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

/// As whom this connection came in.
pub(crate) async fn whoami(link: &Link) -> Result<String, Fault> {
    link.ask(redis::cmd("ACL").arg("WHOAMI")).await
}
