//! Which role may do what on PostgreSQL (ADR 0033): plain SQL, one file a role, run after the migrations where the role exists.
//!
//! Grants are a state, not a step: whoever adds a role later, or restores a database where it was missing, runs
//! `usher migrate` again. What a table's owner makes later is nobody else's until a file says so.

/// What one role may do.
#[derive(Debug, Clone, Copy)]
pub struct Grants {
    /// The role's name.
    pub role: &'static str,
    /// `REVOKE` and `GRANT`, table by table.
    pub sql: &'static str,
}

/// The role of the server, and the role of the operators' commands.
pub const GRANTS: [Grants; 2] = [
    Grants {
        role: "usher_app",
        sql: include_str!("../sql/grants/usher_app.postgres.sql"),
    },
    Grants {
        role: "usher_admin",
        sql: include_str!("../sql/grants/usher_admin.postgres.sql"),
    },
];
