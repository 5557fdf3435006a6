//! What the tables of identities and groups have in common: one row, a revision, and a name that is taken once a directory.
//!
//! Must not know: what a row holds.

use super::names::{Id, In, Key};
use crate::engine::statement::{SET_TENANT, of_tenant};
use crate::settings::Backend;

/// One row.
pub(crate) type ById = (In, Id);
/// The rows with a key.
pub(crate) type ByKey = (In, Key);
/// The rows but one with a name's key.
pub(crate) type Others = (In, Id, Key);

/// The row of [`ById`].
pub(crate) fn by_id(columns: &str, table: &str) -> String {
    format!(
        "SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND directory_id = :directory AND id = :id"
    )
}

/// The rows of [`ByKey`]; `condition` compares `:key` with a column.
pub(crate) fn by_key(columns: &str, table: &str, condition: &str) -> String {
    format!(
        "SELECT {columns} FROM {table} WHERE {} AND directory_id = :directory AND {condition}",
        of_tenant("tenant_id")
    )
}

/// Whether there is a row of [`Others`].
pub(crate) fn name_taken(table: &str, key: &str) -> String {
    format!(
        "SELECT 1 FROM {table} WHERE {} AND directory_id = :directory AND id <> :id AND {key} = :key",
        of_tenant("tenant_id")
    )
}

/// What a table's `SAVE` sets and asks besides.
pub(crate) struct Save<'a> {
    pub(crate) table: &'a str,
    /// The column of the name's key.
    pub(crate) key: &'a str,
    /// What is set beside the name's key, the revision, the document and the time.
    pub(crate) set: &'a str,
    /// A further condition on the row.
    pub(crate) unless: &'a str,
    /// What is answered behind the number of rows.
    pub(crate) returning: &'a str,
}

impl Save<'_> {
    /// Writes the next revision of a row, then `outbox`: its events and its log row. Refused, without an error that would end
    /// the transaction, when the name is taken, unless it was so before.
    pub(crate) fn text(&self, on: Backend, outbox: &str) -> String {
        let Self {
            table,
            key,
            set,
            unless,
            returning,
        } = self;
        let shadow = format!("{table}.{key} = :shadow");
        let taken = format!(
            "EXISTS (SELECT 1 FROM {table} x WHERE {} AND x.directory_id = :directory AND x.{key} = :name_key \
             AND x.id <> :id)",
            of_tenant("x.tenant_id")
        );
        let update = format!(
            "UPDATE {table} SET revision = :revision, document = :document, modified_at = :modified_at, {set}, \
             {key} = CASE WHEN {shadow} AND {taken} THEN {table}.{key} ELSE :name_key END \
             WHERE tenant_id = {} AND directory_id = :directory AND id = :id AND revision = :revision - 1 \
             AND ({shadow} OR NOT {taken}){unless}",
            // The tenant is set when its id is asked for: by an index, as all plans of the store go, that is before the first row.
            on.either("(SELECT s.tenant::uuid FROM s)", ":tenant"),
        );
        on.either(
            format!("WITH {SET_TENANT}, i AS ({update} RETURNING tenant_id), {outbox} SELECT count(*){returning} FROM i"),
            format!("{update} RETURNING 1{returning}; {outbox}"),
        )
    }
}
