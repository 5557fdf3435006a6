//! Which plans are bad: a table with tenants' rows read from end to end, an index read from end to end, or more rows read
//! than the statement is about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::{PgConnection, Row};

use super::explain::{Explained, drawn, steps};

/// Rows that a step may read. The walk asks for up to 40 at a time, each in a handful of groups, of tables that hold
/// thousands.
const HANDFUL: f64 = 250.0;

/// Statements that are about more: what their text holds, how many rows a step may read, and why.
const MORE: &[(&str, f64, &str)] = &[
    (
        "SELECT count(*) FROM",
        12_000.0,
        "the total of a list counts the directory, in an index",
    ),
    (
        "ORDER BY created_at",
        600.0,
        "a search looks at the directory batch by batch; a page deep in a list passes the rows before it",
    ),
    (
        "FROM audit_log WHERE chain = ",
        6_000.0,
        "an operator's search of a chain whose plan was cached when the table was recorded as tiny: it reads that chain by its key",
    ),
    (
        "ORDER BY x.member_id LIMIT",
        300.0,
        "a search among a group's members, batch by batch",
    ),
    (
        "row_number() OVER (ORDER BY id)",
        100_000.0,
        "a new app's feed begins with all that is kept",
    ),
    (
        "set_config('enable_sort'",
        600.0,
        "the stamper gives positions to all that wait",
    ),
    ("WITH batch AS", 600.0, "as above"),
    ("FROM feed_event f JOIN outbox", 600.0, "a page of a feed"),
    (
        "DELETE FROM outbox WHERE ctid",
        3_000.0,
        "pruning deletes what is old, up to 2,000 rows a batch",
    ),
    (
        "DELETE FROM feed_event WHERE ctid",
        20_000.0,
        "as above; of each feed it looks at the oldest 2,000 positions",
    ),
    ("DELETE FROM provisioning_log WHERE ctid", 3_000.0, "as above"),
    (
        "DELETE FROM feed_event WHERE app_id = $1 AND pos < $2",
        6_000.0,
        "a batch of the positions of an app that is deleted",
    ),
    (
        "DELETE FROM membership WHERE tenant_id = $1 AND directory_id = $2 AND group_id = $3",
        12_000.0,
        "all members of a group",
    ),
    (
        "SELECT count(*), CAST(coalesce(sum(",
        12_000.0,
        "what is shown of all members of a group",
    ),
    ("i AS (DELETE FROM groups", 12_000.0, "all members of a group"),
    (
        "FROM tenant t CROSS JOIN LATERAL",
        4_000.0,
        "a person is looked for in every directory, in each by its index",
    ),
];

/// The tables with tenants' rows and their indexes, as the database has them.
pub struct Tables {
    names: BTreeSet<String>,
    /// Each index's columns and whether it holds all rows.
    indexes: BTreeMap<String, (Vec<String>, bool)>,
}

impl Tables {
    pub async fn read(connection: &mut PgConnection) -> Self {
        // Row-level security says which; and whatever else names a tenant.
        let sql = "SELECT c.relname::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
                   AND (c.relrowsecurity OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))";
        let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await.unwrap();
        assert!(names.len() >= 8, "{names:?}");
        let sql = "SELECT i.relname::text, ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.oid \
                   ORDER BY a.attnum), x.indpred IS NULL FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
                   JOIN pg_class c ON c.oid = x.indrelid WHERE c.relname = ANY ($1)";
        let rows = sqlx::query(sql).bind(&names).fetch_all(connection).await.unwrap();
        Self {
            names: names.into_iter().collect(),
            indexes: rows
                .iter()
                .map(|row| (row.get(0), (row.get(1), row.get(2))))
                .collect(),
        }
    }

    /// What is wrong with one step of a plan.
    fn fault(&self, step: &Value, most: f64) -> Option<String> {
        let text = |key: &str| step[key].as_str().unwrap_or_default();
        let table = text("Relation Name");
        let index = self.indexes.get(text("Index Name"));
        if !self.names.contains(table) && index.is_none() {
            return None;
        }
        let number = |key: &str| step[key].as_f64().unwrap_or_default();
        let node = text("Node Type");
        // A plan that was not run to its end, or not at all, is judged by its form.
        if node == "Seq Scan" {
            return Some(format!("a sequential scan of {table}"));
        }
        if let Some((columns, whole)) = index {
            let condition = text("Index Cond");
            let asked = |column: &String| {
                ["=", "<", ">"].iter().any(|operator| {
                    condition.contains(&format!("({column} {operator}"))
                        || condition.contains(&format!("ROW({column}"))
                        || condition.contains(&format!(", {column}) {operator}"))
                })
            };
            let entered = columns.iter().take_while(|column| asked(column)).count();
            if entered == 0 && (*whole || !condition.is_empty()) {
                return Some(format!(
                    "{} is read from end to end ({} is not asked for)",
                    text("Index Name"),
                    columns[0]
                ));
            }
            // What stands behind a gap is compared with every entry that the columns before it leave.
            if let Some(behind) = columns[entered..].iter().find(|column| asked(column)) {
                return Some(format!(
                    "{} is asked for {behind}, but not for {}",
                    text("Index Name"),
                    columns[entered]
                ));
            }
        }
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let read = (number("Actual Rows") + removed) * number("Actual Loops");
        (read > most).then(|| {
            format!(
                "{node} reads {read} rows of {table}{}, {removed} for nothing",
                text("Index Name")
            )
        })
    }
}

/// Fails, with the statements and their plans, when any plan is bad.
pub fn hold(tables: &Tables, statements: &[Explained], when: &str) {
    assert!(statements.len() > 100, "{when}: {} statements", statements.len());
    let mut faults: BTreeMap<&str, String> = BTreeMap::new();
    for statement in statements {
        let more = MORE.iter().filter(|(part, ..)| statement.text.contains(part));
        let most = more.map(|(_, rows, _)| *rows).fold(HANDFUL, f64::max);
        for step in steps(&statement.plan) {
            if let Some(fault) = tables.fault(step, most) {
                let plan = drawn(&statement.plan, 1);
                faults
                    .entry(&statement.text)
                    .or_insert_with(|| format!("{fault}\n  {}\n{plan}", statement.text));
            }
        }
    }
    let list: Vec<String> = faults.into_values().collect();
    assert!(
        list.is_empty(),
        "{when}: {} statements have a bad plan:\n\n{}",
        list.len(),
        list.join("\n\n")
    );
}

/// What [`MORE`] allows is still asked for.
pub fn exceptions_are_used(statements: &[Explained]) {
    for (part, ..) in MORE {
        assert!(
            statements.iter().any(|statement| statement.text.contains(part)),
            "no statement has {part:?} any more: take it off the list"
        );
    }
}
