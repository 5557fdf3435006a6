//! The three operations of a PATCH request (RFC 7644 §3.5.2).

/// The `op` member of a PATCH operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchOp {
    /// `add`: set, append or merge (§3.5.2.1).
    Add,
    /// `replace`: set or merge, a whole multi-valued attribute at once (§3.5.2.3).
    Replace,
    /// `remove`: unassign, or take elements away (§3.5.2.2).
    Remove,
}

impl PatchOp {
    /// The value of `op` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}
