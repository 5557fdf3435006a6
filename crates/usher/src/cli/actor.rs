//! Who runs this command, for the audit log: the user of the operating system, and the machine.

use domain::actor::Actor;
use nix::unistd::{Uid, User, gethostname};

/// The present user; `alice/root` when another user logged in than the one the command runs as. The login is the kernel's own
/// note, which su and sudo leave as it is.
pub(super) fn present() -> Actor {
    let current = Uid::current();
    let login = std::fs::read_to_string("/proc/self/loginuid").ok();
    let login = login.and_then(|text| text.trim().parse().ok()).map(Uid::from_raw);
    // A service has none, which the kernel writes as the largest number.
    let login = login.filter(|login| login.as_raw() != u32::MAX && *login != current);
    let host = gethostname().ok().and_then(|name| name.into_string().ok());
    Actor::CommandLine {
        user: login.map_or_else(
            || name(current),
            |login| format!("{}/{}", name(login), name(current)),
        ),
        host: host.unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// In a container there is often no such user.
fn name(uid: Uid) -> String {
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("uid-{uid}"),
    }
}
