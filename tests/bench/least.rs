//! The least work on PostgreSQL for a match query, a creation and a PATCH, as fixed scripts of pgbench. They
//! run with the gateway's role, so row-level security binds them. They follow the rows of the schema, not the
//! statements of the store.
//!
//! Every statement sets the tenant of row-level security itself: `set_config` in its first row source, as
//! `crates/store/src/engine/statement.rs` has it.

use crate::pgbench::Script;
use crate::seed::TEMPLATE;
use crate::site::Site;
use sqlx::{PgConnection, Row};
use support::postgres::Postgres;

/// Counts the people of a slice.
const NEW: &str = "\\set n :n + 1\n\\set k :base + :client_id * 1000000 + :n\n";
/// The id and the key of a person of [`NEW`]. The key is as long as a UUID's last group.
const NEW_ID: &str = "('00000000-0000-7000-8000-' || lpad(:k::text, 12, '0'))::uuid";
const NEW_KEY: &str = ":k::text";
/// The id and the key of the copy number `:k`, as `seed::postgres` makes them.
const COPY_ID: &str = "md5(:template::text || :k::text)::uuid";
const COPY_KEY: &str = "'copy' || lpad(:k::text, 6, '0')";
/// The id that the read before a PATCH found.
const FOUND_ID: &str = ":found_id::uuid";
/// The longest text, in bytes, in which the key is replaced. Longer ones (documents, events) are sent
/// unchanged: a replacement in them would be a cost of the yardstick only.
const SHORT: usize = 120;
/// Columns that the database fills, or that another statement gives.
const LEFT_OUT: [&str; 2] = ["stamped", "outbox_id"];

/// One column of a row that the gateway stored.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    kind: String,
    value: String,
}

/// A directory, and the rows that the last request for its template person stored.
#[derive(Debug)]
pub struct Least {
    database: String,
    variables: Vec<(String, String)>,
    identity: Vec<Column>,
    outbox: Vec<Column>,
    log: Vec<Column>,
}

impl Least {
    /// Reads the rows of the template person.
    pub async fn of(site: &Site) -> Self {
        let database = site.gateway.database().expect("a gateway on PostgreSQL");
        let mut admin = Postgres::shared().await.admin(&database.name).await;
        let person = format!("user_name_key LIKE '%{TEMPLATE}%'");
        let identity = columns(&mut admin, "identity", &person).await;
        let value = |name: &str| {
            let column = identity.iter().find(|column| column.name == name);
            column.expect("a column of identity").value.clone()
        };
        let newest = format!("identity_id = '{}' ORDER BY id DESC LIMIT 1", value("id"));
        let outbox = columns(&mut admin, "outbox", &newest).await;
        let log = columns(&mut admin, "provisioning_log", &newest).await;
        let version: i32 = sqlx::query_scalar("SELECT hash_version FROM token WHERE id = $1")
            .bind(site.token_id())
            .fetch_one(&mut admin)
            .await
            .expect("the token's record");
        let mut variables = vec![
            ("tenant".to_owned(), value("tenant_id")),
            ("directory".to_owned(), value("directory_id")),
            ("template".to_owned(), value("id")),
            ("token".to_owned(), site.token_id().to_owned()),
            ("hash_version".to_owned(), version.to_string()),
            ("now".to_owned(), value("modified_at")),
        ];
        for (table, columns) in [("identity", &identity), ("outbox", &outbox), ("log", &log)] {
            let named = |column: &Column| (format!("{table}_{}", column.name), column.value.clone());
            variables.extend(columns.iter().map(named));
        }
        Self {
            database: database.app_url.clone(),
            variables,
            identity,
            outbox,
            log,
        }
    }

    /// A match query of one of `count` copies: one statement.
    pub fn find(&self, count: u32) -> Script {
        let find = self.by_user_name(COPY_KEY);
        self.script(format!("\\set k random(0, {})\n{find};\n", count - 1))
    }

    /// A match query without a result, then one statement that inserts the three rows of that person's
    /// creation.
    pub fn create(&self) -> Script {
        let (find, event_and_log) = (self.by_user_name(NEW_KEY), self.event_and_log(NEW_ID, NEW_KEY));
        let person = insert("identity", &self.identity, "s", NEW_ID, NEW_KEY);
        let create = format!(
            "WITH s AS MATERIALIZED (SELECT set_config('usher.tenant', :tenant::text, true) AS tenant), \
             i AS ({person} RETURNING tenant_id), {event_and_log}"
        );
        self.script(format!("{NEW}{find};\n{create};\n"))
    }

    /// One of `count` copies read by its id, then one statement that updates the row of that revision and
    /// inserts event and log. The document is written back unchanged: pgbench cannot change it.
    pub fn patch(&self, count: u32) -> Script {
        let (find, event_and_log) = (
            select(&format!("id = {COPY_ID}")),
            self.event_and_log(FOUND_ID, COPY_KEY),
        );
        // The setting is the key of the index, so it is set before the policy reads a row.
        let update = format!(
            "WITH i AS (UPDATE identity SET revision = revision + 1, document = :found_document::text, \
             display_name = 'person ' || :base::text || :client_id::text || :n::text, modified_at = :now::bigint \
             WHERE tenant_id = (SELECT set_config('usher.tenant', :tenant::text, true)::uuid) \
             AND directory_id = :directory::uuid AND id = {FOUND_ID} AND revision = :found_revision::bigint \
             RETURNING tenant_id), {event_and_log}"
        );
        let number = format!("\\set n :n + 1\n\\set k random(0, {})\n", count - 1);
        self.script(format!("{number}{find} \\gset found_\n{update};\n"))
    }

    fn script(&self, text: String) -> Script {
        Script::new(&self.database, text, self.variables.clone())
    }

    fn by_user_name(&self, key: &str) -> String {
        let name = self.identity.iter().find(|column| column.name == "user_name_key");
        let name = varied(&name.expect("a key").value, key);
        select(&format!("user_name_key = {name}"))
    }

    /// The event and the log row of the change `i`.
    fn event_and_log(&self, id: &str, key: &str) -> String {
        let mut log = self.log.clone();
        log.retain(|column| !LEFT_OUT.contains(&column.name.as_str()));
        let (mut names, mut values) = lists("log", &log, id, key);
        names.push("outbox_id".to_owned());
        values.push("o.id".to_owned());
        format!(
            "o AS ({} RETURNING id) INSERT INTO provisioning_log ({}) SELECT {} FROM o RETURNING id",
            insert("outbox", &self.outbox, "i", id, key),
            names.join(", "),
            values.join(", ")
        )
    }
}

/// One row if the credential is valid; its columns have a person if the condition selects one.
fn select(condition: &str) -> String {
    let of_tenant = "tenant_id = :tenant::uuid";
    let groups = format!(
        "ARRAY(SELECT ARRAY[g.id::text, g.document] FROM (SELECT group_id FROM membership \
         WHERE directory_id = :directory::uuid AND member_id = identity.id AND {of_tenant} OFFSET 0) m \
         CROSS JOIN LATERAL (SELECT id, document FROM groups WHERE {of_tenant} AND id = m.group_id OFFSET 0) g)"
    );
    format!(
        "SELECT i.* FROM (SELECT set_config('usher.tenant', :tenant::text, true) AS made) s \
         CROSS JOIN LATERAL (SELECT 1 FROM token WHERE {of_tenant} AND id = :token::text \
         AND hash_version = :hash_version::integer AND revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > :now::bigint) AND s.made IS NOT NULL OFFSET 0) c \
         LEFT JOIN LATERAL (SELECT id, revision, document, created_at, modified_at, {groups} AS groups FROM identity \
         WHERE {of_tenant} AND directory_id = :directory::uuid AND {condition} AND s.made IS NOT NULL OFFSET 0) i ON true"
    )
}

fn insert(table: &str, columns: &[Column], from: &str, id: &str, key: &str) -> String {
    let (names, values) = lists(table, columns, id, key);
    format!(
        "INSERT INTO {table} ({}) SELECT {} FROM {from}",
        names.join(", "),
        values.join(", ")
    )
}

/// Names and values of a row like the one read, with another id and key.
fn lists(table: &str, columns: &[Column], id: &str, key: &str) -> (Vec<String>, Vec<String>) {
    let value = |Column { name, kind, value }: &Column| match kind.as_str() {
        "uuid" if name != "tenant_id" && name != "directory_id" => id.to_owned(),
        "text" if value.len() <= SHORT && value.contains(TEMPLATE) => varied(value, key),
        kind => format!(":{table}_{name}::{kind}"),
    };
    let names = columns.iter().map(|column| column.name.clone());
    (names.collect(), columns.iter().map(value).collect())
}

/// A text with another key in place of the template's.
fn varied(text: &str, key: &str) -> String {
    let quoted = |part: &str| format!("'{}'", part.replace('\'', "''"));
    let parts: Vec<String> = text.split(TEMPLATE).map(quoted).collect();
    format!("({})", parts.join(&format!(" || {key} || ")))
}

/// The columns of a row that have a value, without those that the database fills.
async fn columns(admin: &mut PgConnection, table: &str, which: &str) -> Vec<Column> {
    let sql = format!(
        "SELECT c.column_name::text, c.data_type::text, to_jsonb(t) ->> c.column_name::text \
         FROM (SELECT * FROM {table} WHERE {which}) t CROSS JOIN information_schema.columns c \
         WHERE c.table_schema = 'public' AND c.table_name = '{table}' AND c.is_identity = 'NO' \
         ORDER BY c.ordinal_position"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(admin).await;
    let rows = rows.unwrap_or_else(|error| panic!("the template's row of {table}: {error}"));
    assert!(!rows.is_empty(), "no row of {table} for the template person");
    let read = |row: &sqlx::postgres::PgRow| {
        Some(Column {
            name: row.get(0),
            kind: row.get(1),
            value: row.get::<Option<String>, _>(2)?,
        })
    };
    let known = rows.iter().filter_map(read);
    known
        .filter(|column| !LEFT_OUT.contains(&column.name.as_str()))
        .collect()
}
