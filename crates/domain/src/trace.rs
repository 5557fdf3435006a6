//! The W3C trace context of a request, which its log lines and its events carry (W3C Trace Context §3.2).

use std::fmt;
use std::str::FromStr;

/// A `traceparent` of version `00`: trace, parent span and flags. Trace and span are never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

/// What is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a traceparent is 00-<32 hexadecimal digits>-<16 digits>-<2 digits>, trace and span not zero")]
pub struct TraceParentError;

impl TraceParent {
    /// The context of a span; bit 0 of `flags` says that it is sampled. `None` when trace or span is zero.
    pub const fn new(trace: u128, span: u64, flags: u8) -> Option<Self> {
        if trace == 0 || span == 0 {
            return None;
        }
        Some(Self { trace, span, flags })
    }

    /// The trace's number.
    pub const fn trace(self) -> u128 {
        self.trace
    }

    /// The parent span's number.
    pub const fn span(self) -> u64 {
        self.span
    }

    /// The trace flags (§3.2.2.5).
    pub const fn flags(self) -> u8 {
        self.flags
    }

    /// The trace id as it is written everywhere: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// Reads version `00`, and of a later version the parts that it shares with `00` (§3.2.4).
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut parts = text.split('-');
        let mut hex = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let lower = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            lower.then(|| u128::from_str_radix(part, 16).ok())?
        };
        let (version, trace, span, flags) = (hex(2), hex(32), hex(16), hex(2));
        let more = parts.next().is_some();
        let read = || {
            let (version, span, flags) = (version?, u64::try_from(span?).ok()?, u8::try_from(flags?).ok()?);
            let known = version != 0xff && (version != 0 || !more);
            known.then(|| Self::new(trace?, span, flags))?
        };
        read().ok_or(TraceParentError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let read: TraceParent = text.parse().expect("well-formed");
        assert_eq!(read.to_string(), text);
        assert_eq!(read.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(read.flags(), 1);
    }

    #[test]
    fn later_versions_may_have_more_and_broken_ones_are_refused() {
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert!(later.parse::<TraceParent>().is_ok());
        for broken in [
            "",
            "00-0-0-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(broken.parse::<TraceParent>(), Err(TraceParentError), "{broken}");
        }
    }
}
