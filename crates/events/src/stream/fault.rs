//! The classification of Redis' errors. One table, so that every caller reacts the same way.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The reason why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// No connection, no answer in time, or an answer of a server that cannot serve now (a replica, a server
    /// that loads its data): connect again, the address may lead to another server by then.
    #[error("Redis is not available: {0}")]
    Gone(String),
    /// `maxmemory` is reached.
    #[error(
        "Redis is full (maxmemory reached): give it more memory, or let consumers acknowledge so that it can be trimmed"
    )]
    Full,
    /// Redis cannot write to its own disk (full, or broken) and accepts no writes until it can.
    #[error(
        "Redis takes no writes because it cannot write to its own disk (MISCONF): make room there, or mend it"
    )]
    Unsaved,
    /// The stream's key holds another type.
    #[error(
        "the key holds something that is no stream: remove it or give the app another name; it was not touched"
    )]
    WrongType,
    /// The stream or the group does not exist (wiped, or its newest entries were lost).
    #[error("the stream or its group is gone")]
    Missing,
    /// Redis refused permanently: rights, password, an unknown command.
    #[error("Redis refused: {0}")]
    Refused(String),
}

impl Fault {
    /// Whether the connection can no longer be used.
    pub const fn ends_connection(&self) -> bool {
        matches!(self, Self::Gone(_))
    }

    /// Whether only an operator can fix it.
    pub const fn needs_operator(&self) -> bool {
        matches!(self, Self::WrongType)
    }
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        let text = || error.to_string();
        match error.code() {
            Some("WRONGTYPE") => return Self::WrongType,
            Some("OOM") => return Self::Full,
            Some("NOGROUP") => return Self::Missing,
            Some("MISCONF") => return Self::Unsaved,
            Some("NOAUTH" | "WRONGPASS" | "NOPERM") => {
                return Self::Refused(format!(
                    "{} (check the user, password and rights in redis.url)",
                    text()
                ));
            }
            _ => {}
        }
        match error.kind() {
            ErrorKind::Io
            | ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain,
            ) => Self::Gone(text()),
            ErrorKind::AuthenticationFailed => {
                Self::Refused(format!("{} (check the user and password in redis.url)", text()))
            }
            _ if error.is_timeout() || error.is_connection_dropped() || error.is_connection_refusal() => {
                Self::Gone(text())
            }
            _ => from_text(&text()),
        }
    }
}

/// The text of an error raised inside a script is wrapped in another text, which has the code somewhere
/// inside.
fn from_text(text: &str) -> Fault {
    let says = |code: &str| {
        text.split(|c: char| !c.is_ascii_alphabetic())
            .any(|word| word == code)
    };
    if says("WRONGTYPE") {
        Fault::WrongType
    } else if says("OOM") {
        Fault::Full
    } else if says("MISCONF") {
        Fault::Unsaved
    } else if says("NOGROUP") || text.contains("no such key") {
        Fault::Missing
    } else if ["READONLY", "LOADING", "MASTERDOWN", "BUSY", "UNBLOCKED"]
        .into_iter()
        .any(says)
    {
        Fault::Gone(text.to_owned())
    } else {
        Fault::Refused(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_inside_a_script_is_known_by_its_code() {
        let script = "An error was signalled by the server: ";
        let gone = |text: &str| Fault::Gone(text.to_owned());
        let cases = [
            ("WRONGTYPE Operation against a key", Fault::WrongType),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                Fault::Full,
            ),
            (
                "MISCONF Errors writing to the AOF file: No space left on device",
                Fault::Unsaved,
            ),
            ("ERR no such key", Fault::Missing),
        ];
        for (text, fault) in cases {
            assert_eq!(from_text(&format!("{script}{text}")), fault);
        }
        assert_eq!(
            from_text("READONLY You can't write"),
            gone("READONLY You can't write")
        );
        assert_eq!(
            from_text("ERR unknown command"),
            Fault::Refused("ERR unknown command".to_owned())
        );
    }

    #[test]
    fn a_dropped_connection_is_gone() {
        let error = RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(Fault::from(error).ends_connection());
    }
}
