//! Whether this Redis is fit for a queue. Read from `INFO`, which needs no right to `CONFIG`
//! (`docs/background/feeds.md`, "A Redis that carries a queue").

use redis::Value;

use super::groups::field;
use crate::status::RedisStatus;

/// The oldest version that handles pending entries and group reads correctly (`docs/background/feeds.md`,
/// "Versions of Redis").
const OLDEST: (u32, u32) = (7, 0);

/// Parses `INFO`; the warnings say what to change.
pub(crate) fn read(info: &str) -> RedisStatus {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.trim().to_owned())
    };
    let version = field("redis_version");
    let mut warnings = Vec::new();
    if let Some(version) = version.as_deref().filter(|version| is_older(version)) {
        warnings.push(format!(
            "Redis {version} is older than {}.{}: consumer groups may lose or repeat entries after trimming; upgrade it",
            OLDEST.0, OLDEST.1
        ));
    }
    if let Some(policy) = field("maxmemory_policy").filter(|policy| policy != "noeviction") {
        warnings.push(format!(
            "Redis evicts keys when it is full (maxmemory-policy {policy}), streams included: set maxmemory-policy noeviction"
        ));
    }
    if field("aof_enabled").as_deref() == Some("0") {
        warnings.push(
            "Redis keeps no append-only file: after its restart the streams are filled again from the database and \
             consumers see events twice; set appendonly yes"
                .to_owned(),
        );
    }
    RedisStatus {
        reachable: true,
        version,
        warnings,
    }
}

/// A warning if the user `default`, as the server reports it, needs no password.
pub(crate) fn everybody(default: &Value) -> Option<String> {
    let flags: Vec<String> = field(default, "flags")?;
    let has = |flag: &str| flags.iter().any(|other| other == flag);
    (has("on") && has("nopass")).then(|| {
        "Redis lets everybody in without a password (user default), so that apps' own users keep nobody from other streams: give \
         Usher a user of its own, then ACL SETUSER default off (docs/operations.md)"
            .to_owned()
    })
}

fn is_older(version: &str) -> bool {
    let mut numbers = version
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version < OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_server_gets_no_warning() {
        let info = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";
        let server = read(info);
        assert_eq!(server.version.as_deref(), Some("7.0.15"));
        assert_eq!(server.warnings, Vec::<String>::new());
    }

    #[test]
    fn an_old_evicting_forgetful_server_gets_three_with_the_remedy() {
        let server = read("redis_version:6.2.14\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n");
        let remedies = [
            "upgrade it",
            "set maxmemory-policy noeviction",
            "set appendonly yes",
        ];
        assert_eq!(server.warnings.len(), remedies.len());
        for (warning, remedy) in server.warnings.iter().zip(remedies) {
            assert!(warning.ends_with(remedy), "{warning}");
        }
    }

    #[test]
    fn a_default_user_without_a_password_gets_one_with_the_remedy() {
        let user = |flags: &[&str]| {
            let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            let flags = flags.iter().map(|flag| text(flag)).collect();
            Value::Array(vec![text("flags"), Value::Array(flags)])
        };
        let warning = everybody(&user(&["on", "nopass"])).expect("a warning");
        assert!(warning.contains("ACL SETUSER default off"), "{warning}");
        assert_eq!(everybody(&user(&["on"])), None);
        assert_eq!(everybody(&user(&["off", "nopass"])), None);
    }

    #[test]
    fn ten_is_newer_than_seven() {
        assert!(!is_older("10.0.1"));
        assert!(!is_older("7.0.0"));
        assert!(is_older("6.9"));
    }
}
