//! Many rows from one: a person created through the API is multiplied by SQL, which takes seconds instead of
//! minutes. Generic over columns, so that it need not follow the schema.

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

/// The key of the multiplied person; `key(0)` to `key(n - 1)` are the copies.
pub const TEMPLATE: &str = "seed000000";

/// The key of a copy, as long as [`TEMPLATE`].
pub fn key(number: u64) -> String {
    format!("copy{number:06}")
}

/// The differences between the copies of a row and the row.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub name: &'static str,
    /// The condition that selects the row.
    pub which: &'static str,
    /// Columns that the database fills itself.
    pub generated: &'static [&'static str],
    /// Columns that get a new UUID.
    pub fresh: &'static [&'static str],
}

pub const IDENTITY: Table = Table {
    name: "identity",
    which: "user_name_key LIKE '%seed000000%'",
    generated: &[],
    fresh: &["id"],
};

/// Events without a position. The template may have one by now.
pub const OUTBOX: Table = Table {
    name: "outbox",
    which: "body LIKE '%seed000000%'",
    generated: &["id", "stamped"],
    fresh: &["event_id"],
};

/// Multiplies the row on PostgreSQL, as its superuser.
pub async fn postgres(connection: &mut sqlx::PgConnection, table: Table, count: u32) {
    let columns = sqlx::query(AssertSqlSafe(format!(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name = '{}' ORDER BY ordinal_position",
        table.name
    )))
    .fetch_all(&mut *connection)
    .await
    .expect("columns");
    let columns = columns
        .iter()
        .map(|row| (row.get::<String, _>(0), row.get::<String, _>(1)));
    let copies = copies(
        columns,
        table,
        // In no order, as random ids are, and computable from template and number.
        "md5(t.id::text || n)::uuid",
        "'copy' || lpad(n::text, 6, '0')",
    );
    let sql = format!(
        "{copies} FROM {} t CROSS JOIN generate_series(0, {}) n WHERE {}",
        table.name,
        count - 1,
        table.which
    );
    run_postgres(connection, &sql).await;
    run_postgres(connection, &format!("VACUUM ANALYZE {}", table.name)).await;
    run_postgres(connection, "CHECKPOINT").await;
}

async fn run_postgres(connection: &mut sqlx::PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Multiplies the row on SQLite.
pub async fn sqlite(connection: &mut SqliteConnection, table: Table, count: u32) {
    let copies = copies(
        sqlite_columns(connection, table.name).await.into_iter(),
        table,
        "randomblob(16)",
        "'copy' || printf('%06d', n)",
    );
    let sql = format!(
        "WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < {}) \
         {copies} FROM {} t CROSS JOIN counted WHERE {}",
        count - 1,
        table.name,
        table.which
    );
    for sql in [sql.as_str(), "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut *connection)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

pub async fn sqlite_columns(connection: &mut SqliteConnection, table: &str) -> Vec<(String, String)> {
    let sql = format!("SELECT name, lower(type) FROM pragma_table_info('{table}') ORDER BY cid");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .expect("columns");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// `INSERT INTO … SELECT …` up to the `FROM`: texts with the key replaced, UUIDs new, times a millisecond
/// apart.
fn copies(columns: impl Iterator<Item = (String, String)>, table: Table, uuid: &str, key: &str) -> String {
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (name, kind) in columns {
        if table.generated.contains(&name.as_str()) {
            continue;
        }
        values.push(match kind.as_str() {
            _ if table.fresh.contains(&name.as_str()) => uuid.to_owned(),
            "text" => format!("replace(t.{name}, '{TEMPLATE}', {key})"),
            _ if name == "created_at" => format!("t.{name} + n"),
            _ => format!("t.{name}"),
        });
        names.push(name);
    }
    format!(
        "INSERT INTO {} ({}) SELECT {}",
        table.name,
        names.join(", "),
        values.join(", ")
    )
}
