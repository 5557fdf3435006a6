//! Who runs this command, for the audit log: the user of the operating system, and the machine.

use domain::actor::Actor;
use nix::unistd::{Uid, User, gethostname};

/// The present user. Someone who became root by sudo is named too, as sudo says it (`SUDO_USER`).
pub(super) fn present() -> Actor {
    let uid = Uid::current();
    let user = match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        // In a container there is often no such user.
        _ => format!("uid-{uid}"),
    };
    let user = match std::env::var("SUDO_USER") {
        Ok(before) if uid.is_root() && !before.is_empty() => format!("{before}/{user}"),
        _ => user,
    };
    let host = gethostname().ok().and_then(|name| name.into_string().ok());
    Actor::CommandLine {
        user,
        host: host.unwrap_or_else(|| "unknown".to_owned()),
    }
}
