//! Statements: one text a database, written by hand, and the wrapping that opens row-level security in the same round
//! trip.
//!
//! On PostgreSQL a statement on tenant data must run under `usher.tenant` (see `migrations/sql/0001_foundation.postgres.sql`).
//! Setting it in a statement of its own costs a round trip a request, so it is set *inside* the statement: the first
//! row source calls `set_config(…, true)`, and the rest is a `LATERAL` subquery that takes the tenant from there. The
//! planner cannot pull either up (a volatile function; `OFFSET 0`), so the setting is made before the first row is
//! looked at. The setting is local: outside a transaction it ends with the statement.

use domain::id::TenantId;
use sea_orm::Value;
use uuid::Uuid;

use crate::settings::Backend;

/// One statement in the words of both databases; placeholders are `$1`, `$2`, … on both.
#[derive(Debug, Clone)]
pub(crate) struct Sql([String; 2]);

/// Whether a statement locks the rows it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Just reads them.
    Read,
    /// `FOR UPDATE` on PostgreSQL; on SQLite the writer is alone anyway.
    Lock,
}

impl Sql {
    /// Different words.
    pub(crate) fn pair(postgres: &str, sqlite: &str) -> Self {
        Self([postgres.to_owned(), sqlite.to_owned()])
    }

    /// The same words.
    pub(crate) fn same(text: &str) -> Self {
        Self::pair(text, text)
    }

    /// A `SELECT` on one tenant's rows. `$1` is the tenant ([`tenant_value`]) and is written `:tenant` in `select`.
    pub(crate) fn select(select: &str, rows: Rows) -> Self {
        Self::select_pair(select, select, rows)
    }

    /// As [`Sql::select`], with different words for the two databases.
    pub(crate) fn select_pair(postgres: &str, sqlite: &str, rows: Rows) -> Self {
        let lock = if rows == Rows::Lock { " FOR UPDATE" } else { "" };
        let inner = postgres.replace(":tenant", "s.tenant::uuid");
        Self([
            format!(
                "SELECT i.* FROM (SELECT set_config('usher.tenant', $1, true) AS tenant) s \
                 CROSS JOIN LATERAL ({inner} OFFSET 0{lock}) i"
            ),
            sqlite.replace(":tenant", "$1"),
        ])
    }

    /// The same statement with other words for SQLite's planner.
    pub(crate) fn with_sqlite(self, change: impl FnOnce(&str) -> String) -> Self {
        let [postgres, sqlite] = self.0;
        let sqlite = change(&sqlite);
        Self([postgres, sqlite])
    }

    /// A `SELECT` through one of the doors of the schema, across tenants; `:open` in `select` stands where a condition
    /// may stand.
    pub(crate) fn through_door(door: &str, select: &str) -> Self {
        let inner = select.replace(":open", "s.door IS NOT NULL");
        Self([
            format!(
                "SELECT i.* FROM (SELECT set_config('usher.door', '{door}', true) AS door) s \
                 CROSS JOIN LATERAL ({inner} OFFSET 0) i"
            ),
            select.replace(":open", "1"),
        ])
    }

    /// An `INSERT … SELECT … FROM s` on one tenant's rows; `:tenant` is the tenant, `:from` the row source. PostgreSQL
    /// checks a policy on the row that was made, so the setting is always there in time.
    pub(crate) fn insert(insert: &str) -> Self {
        Self([
            format!(
                "WITH s AS MATERIALIZED (SELECT set_config('usher.tenant', $1, true) AS tenant) {}",
                insert
                    .replace(":tenant", "s.tenant::uuid")
                    .replace(":from", "FROM s")
            ),
            insert.replace(":tenant", "$1").replace(":from", "WHERE true"),
        ])
    }

    /// The text for a database.
    pub(crate) fn text(&self, backend: Backend) -> &str {
        let [postgres, sqlite] = &self.0;
        match backend {
            Backend::Postgres => postgres,
            Backend::Sqlite => sqlite,
        }
    }
}

/// `$1` of the statements above: text on PostgreSQL, where it becomes a setting, the key itself on SQLite.
pub(crate) fn tenant_value(backend: Backend, tenant: TenantId) -> Value {
    match backend {
        Backend::Postgres => Value::from(tenant.uuid().to_string()),
        Backend::Sqlite => Value::from(tenant.uuid()),
    }
}

/// `$first, …`: so many placeholders in a row.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let list: Vec<String> = (first..first + count)
        .map(|number| format!("${number}"))
        .collect();
    list.join(", ")
}

/// A possibly absent text.
pub(crate) fn text(value: Option<&str>) -> Value {
    Value::from(value.map(str::to_owned))
}

/// A possibly absent identifier.
pub(crate) fn id(value: Option<Uuid>) -> Value {
    Value::from(value)
}
