//! What the tables of identities and groups have in common: one row, a revision, and a name that is taken once a directory.
//!
//! Must not know: what a row holds. Both number the name's key `$6`, behind tenant, directory, id, revision and document.

use crate::sql::{Rows, Sql};

/// Writes the next revision of a row and tells of it (`told` and `then_told` in the words of PostgreSQL and SQLite).
/// Refused, without an error that would end the transaction, when the name in `key` is taken.
pub(crate) fn save(table: &str, set: &str, key: &str, told: &str, then_told: &str) -> Sql {
    let update = format!("UPDATE {table} SET {set}");
    let which = format!(
        "tenant_id = $1 AND directory_id = $2 AND id = $3 AND revision = $4 - 1 AND NOT EXISTS \
         (SELECT 1 FROM {table} x WHERE x.tenant_id = $1 AND x.directory_id = $2 AND x.{key} = $6 AND x.id <> $3)"
    );
    Sql::pair(
        &format!("WITH i AS ({update} WHERE {which} RETURNING tenant_id), {told} SELECT count(*) FROM i"),
        &format!("{update} WHERE {which} RETURNING 1; {then_told}"),
    )
}

/// Whether a row of that key and another id exists: `$1` tenant, `$2` directory, `$3` id, `$4` the folded name.
pub(crate) fn name_taken(table: &str, key: &str) -> Sql {
    Sql::select(
        &format!(
            "SELECT 1 FROM {table} WHERE tenant_id = :tenant AND directory_id = $2 AND id <> $3 AND {key} = $4"
        ),
        Rows::Read,
    )
}
