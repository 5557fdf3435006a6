//! What the tables of identities and groups have in common: one row, a revision, and a name that is taken once a directory.
//!
//! Must not know: what a row holds. Both number the name's key `$6`, behind tenant, directory, id, revision and document.

use crate::sql::{Rows, Sql, of_tenant};

/// What a table's `SAVE` sets and asks besides.
pub(crate) struct Save<'a> {
    pub(crate) table: &'a str,
    /// The column of the name's key.
    pub(crate) key: &'a str,
    /// What is set beside the name's key.
    pub(crate) set: &'a str,
    /// The number of the value that stands in `key` instead of a name that another row has ([`super::keys::shadow`]).
    pub(crate) shadow: usize,
    /// A further condition on the row.
    pub(crate) unless: &'a str,
    /// What is answered behind the number of rows.
    pub(crate) returning: &'a str,
}

/// Writes the next revision of a row and tells of it (`outbox` and `then_outbox` in the words of PostgreSQL and SQLite).
/// Refused, without an error that would end the transaction, when the name is taken, unless it was so before.
pub(crate) fn save(what: &Save<'_>, outbox: &str, then_outbox: &str) -> Sql {
    let Save { table, key, set, .. } = what;
    let shadow = format!("{table}.{key} = ${}", what.shadow);
    let taken = format!(
        "EXISTS (SELECT 1 FROM {table} x WHERE {} AND x.directory_id = $2 AND x.{key} = $6 AND x.id <> $3)",
        of_tenant("x.tenant_id")
    );
    let update = format!(
        "UPDATE {table} SET {set}, {key} = CASE WHEN {shadow} AND {taken} THEN {table}.{key} ELSE $6 END \
         WHERE tenant_id = $1 AND directory_id = $2 AND id = $3 AND revision = $4 - 1 AND ({shadow} OR NOT {taken}){}",
        what.unless
    );
    Sql::pair(
        &format!(
            "WITH i AS ({update} RETURNING tenant_id), {outbox} SELECT count(*){} FROM i",
            what.returning
        ),
        &format!("{update} RETURNING 1{}; {then_outbox}", what.returning),
    )
}

/// Whether a row of that key and another id exists: `$1` tenant, `$2` directory, `$3` id, `$4` the folded name.
pub(crate) fn name_taken(table: &str, key: &str) -> Sql {
    Sql::select(
        &format!(
            "SELECT 1 FROM {table} WHERE {} AND directory_id = $2 AND id <> $3 AND {key} = $4",
            of_tenant("tenant_id")
        ),
        Rows::Read,
    )
}
