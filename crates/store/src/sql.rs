//! Statements: one text a database, written by hand, and the wrapping that opens row-level security in the same round
//! trip.
//!
//! On PostgreSQL a statement on tenant data must run under `usher.tenant` (see `migrations/sql/0001_foundation.postgres.sql`).
//! Setting it in a statement of its own costs a round trip a request, so it is set *inside* the statement: the first
//! row source calls `set_config(…, true)`, and the rest is a `LATERAL` subquery that asks whether it was set. The
//! planner cannot pull either up (a volatile function; `OFFSET 0`), so the setting is made before the first row is
//! looked at. The setting is local: outside a transaction it ends with the statement.
//!
//! **Conditions compare columns with parameters and other columns, and nothing else** (ADR 0029). Under row-level security PostgreSQL
//! takes a condition that calls a function which is not leakproof (a cast from text, `substr`, anything of a JSON
//! value) for a filter behind the policy, never for a condition of an index, and reads the whole table. So the tenant
//! and all ids are parameters of type `uuid` and `uuid[]`; `tests/it/store/plans` looks at the plan of every statement.

use sea_orm::Value;
use sea_orm::sea_query::ArrayType;
use serde::Serialize;
use uuid::Uuid;

use crate::error::StoreError;
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

    /// A `SELECT` on one tenant's rows. `$1` is the tenant and is written `:tenant` in `select`.
    pub(crate) fn select(select: &str, rows: Rows) -> Self {
        Self::select_pair(select, select, rows)
    }

    /// As [`Sql::select`], with different words for the two databases.
    pub(crate) fn select_pair(postgres: &str, sqlite: &str, rows: Rows) -> Self {
        let [postgres, sqlite] = [postgres, sqlite].map(|text| text.replace(":tenant", "$1"));
        Self([
            opened("set_config('usher.tenant', $1::text, true)", &postgres, rows),
            sqlite,
        ])
    }

    /// The same statement with other words for SQLite's planner.
    pub(crate) fn with_sqlite(self, change: impl FnOnce(&str) -> String) -> Self {
        let [postgres, sqlite] = self.0;
        let sqlite = change(&sqlite);
        Self([postgres, sqlite])
    }

    /// A `SELECT` across tenants, which the row-level policy of that name allows.
    pub(crate) fn across_tenants(policy: &str, select: &str) -> Self {
        let setting = format!("set_config('usher.door', '{policy}', true)");
        Self([opened(&setting, select, Rows::Read), select.to_owned()])
    }

    /// An `INSERT … SELECT … FROM s` on one tenant's rows; `:tenant` is the tenant, `:from` the row source. PostgreSQL
    /// checks a policy on the row that was made, so the setting is always there in time.
    pub(crate) fn insert(insert: &str) -> Self {
        let insert = insert.replace(":tenant", "$1");
        Self([
            format!("WITH {SET_TENANT} {}", insert.replace(":from", "FROM s")),
            insert.replace(":from", "WHERE true"),
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

/// That a row is the tenant's, `$1`, as a condition that no index is entered by. Statements that find rows by another key
/// than the primary one have it instead of `tenant_id = $1`, which would open the primary key to them (ADR 0029).
pub(crate) fn of_tenant(column: &str) -> String {
    format!("NOT ({column} IS DISTINCT FROM $1)")
}

/// Opens one tenant's rows, `$1`, in a transaction of PostgreSQL.
pub(crate) const OPEN_TENANT: &str = "SELECT set_config('usher.tenant', $1::text, true)";

/// A `WITH` that opens one tenant's rows for what reads from it.
pub(crate) const SET_TENANT: &str =
    "s AS MATERIALIZED (SELECT set_config('usher.tenant', $1::text, true) AS tenant)";

/// A `SELECT` that runs once a setting is made.
fn opened(setting: &str, select: &str, rows: Rows) -> String {
    let lock = if rows == Rows::Lock { " FOR UPDATE" } else { "" };
    format!(
        "SELECT i.* FROM (SELECT {setting} AS made) s \
         CROSS JOIN LATERAL (SELECT * FROM ({select}) j WHERE s.made IS NOT NULL OFFSET 0{lock}) i"
    )
}

/// Several ids as one value: `uuid[]` for `unnest` on PostgreSQL, a JSON list of their digits for `json_each` on SQLite.
pub(crate) fn ids(backend: Backend, ids: impl IntoIterator<Item = Uuid>) -> Value {
    let ids = ids.into_iter();
    match backend {
        Backend::Postgres => Value::Array(ArrayType::Uuid, Some(Box::new(ids.map(Value::from).collect()))),
        Backend::Sqlite => {
            let digits: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
            Value::from(serde_json::json!(digits).to_string())
        }
    }
}

/// Several numbers as one value: `bigint[]` on PostgreSQL, a JSON list on SQLite.
pub(crate) fn numbers(backend: Backend, numbers: &[i64]) -> Value {
    match backend {
        Backend::Postgres => {
            let numbers = numbers.iter().map(|number| Value::from(*number));
            Value::Array(ArrayType::BigInt, Some(Box::new(numbers.collect())))
        }
        Backend::Sqlite => Value::from(serde_json::json!(numbers).to_string()),
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

/// A document as the text that its column keeps.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is no JSON, rather than an empty text in its place.
pub(crate) fn json_text(document: &impl Serialize) -> Result<Value, StoreError> {
    let text = serde_json::to_string(document);
    text.map(Value::from)
        .map_err(|_| StoreError::Corrupt("a document cannot be written as JSON".into()))
}

/// A possibly absent identifier.
pub(crate) fn id(value: Option<Uuid>) -> Value {
    Value::from(value)
}
