//! The rights of each role on PostgreSQL (ADR 0033): plain SQL, one file a role, run after the migrations if
//! the role exists.
//!
//! Grants are a state, not a step: after a role was added or a database restored without it, run `usher
//! migrate` again. A new table of the owner is accessible to no other role until one of these files grants
//! it.

/// The rights of one role.
#[derive(Debug, Clone, Copy)]
pub struct Grants {
    /// The name of the role.
    pub role: &'static str,
    /// `REVOKE` and `GRANT`, table by table.
    pub sql: &'static str,
}

/// The server's role, the role of the operators' commands, and the one that only reads.
pub const GRANTS: [Grants; 3] = [
    Grants {
        role: "usher_app",
        sql: include_str!("../sql/grants/usher_app.postgres.sql"),
    },
    Grants {
        role: "usher_admin",
        sql: include_str!("../sql/grants/usher_admin.postgres.sql"),
    },
    Grants {
        role: "usher_backup",
        sql: include_str!("../sql/grants/usher_backup.postgres.sql"),
    },
];
