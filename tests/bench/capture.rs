//! Which statements a request really costs: PostgreSQL logs them while one request is made, and they are read back with
//! their parameters. So pgbench repeats what the gateway does today, not what somebody believed it does.

use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// One statement, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its text, with `$1`, `$2`, …
    pub sql: String,
    /// Its parameters as text; `None` is NULL.
    pub parameters: Vec<Option<String>>,
}

/// Runs `work` while the server logs everything, and gives the transactions and lone statements of sessions in which a
/// parameter is one of `marks` (the token's id, the tenant's): background work is left out.
pub async fn observe(
    admin: &mut PgConnection,
    marks: &[String],
    work: impl Future<Output = ()>,
) -> Vec<Statement> {
    let file = log_file(admin).await;
    let before = std::fs::metadata(&file).map_or(0, |meta| meta.len());
    set_logging(admin, "all").await;
    work.await;
    set_logging(admin, "none").await;
    let log = std::fs::read(&file).expect("the server's log");
    let start = usize::try_from(before).expect("a length");
    relevant(messages(&String::from_utf8_lossy(&log[start..])), marks)
}

async fn log_file(admin: &mut PgConnection) -> PathBuf {
    let row = sqlx::query("SHOW data_directory")
        .fetch_one(admin)
        .await
        .expect("data_directory");
    let folder = PathBuf::from(row.get::<String, _>(0));
    folder.parent().expect("the cluster's folder").join("server.log")
}

async fn set_logging(admin: &mut PgConnection, what: &str) {
    for sql in [
        format!("ALTER SYSTEM SET log_statement = '{what}'"),
        "SELECT pg_reload_conf()".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *admin)
            .await
            .expect("log_statement");
    }
    // Sessions take the new setting up between two commands.
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// Session and statement of each logged execution, in order.
fn messages(log: &str) -> Vec<(String, Statement)> {
    let mut found: Vec<(String, Statement)> = Vec::new();
    for line in log.lines() {
        let Some((head, rest)) = line.split_once("] ") else {
            continue;
        };
        let session = head.rsplit('[').next().unwrap_or_default();
        if let Some(text) = rest.strip_prefix("LOG:  ") {
            let sql = text.strip_prefix("statement: ").or_else(|| {
                text.strip_prefix("execute ")?
                    .split_once(": ")
                    .map(|parts| parts.1)
            });
            if let Some(sql) = sql {
                let statement = Statement {
                    sql: sql.to_owned(),
                    parameters: Vec::new(),
                };
                found.push((session.to_owned(), statement));
            }
        } else if let Some(text) = rest.strip_prefix("DETAIL:  ")
            && let Some((_, list)) = text.split_once("arameters: ")
            && let Some((_, statement)) = found.iter_mut().rev().find(|(of, _)| of == session)
        {
            statement.parameters = parameters(list);
        }
    }
    found
}

/// Reads `$1 = 'it''s', $2 = NULL`.
fn parameters(list: &str) -> Vec<Option<String>> {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            found.push(None);
            rest = value.strip_prefix("NULL").unwrap_or_default();
            continue;
        };
        let mut text = String::new();
        let mut characters = quoted.char_indices().peekable();
        let mut end = quoted.len();
        while let Some((at, character)) = characters.next() {
            if character != '\'' {
                text.push(character);
            } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
                text.push('\'');
            } else {
                end = at + 1;
                break;
            }
        }
        found.push(Some(text));
        rest = &quoted[end..];
    }
    found
}

/// The sessions' transactions and lone statements that carry a mark, in the order of their first statement.
fn relevant(messages: Vec<(String, Statement)>, marks: &[String]) -> Vec<Statement> {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut units: Vec<Vec<Statement>> = Vec::new();
    for (session, statement) in messages {
        let word = statement
            .sql
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let unit = open.get(&session).copied();
        let at = unit.unwrap_or(units.len());
        if unit.is_none() {
            units.push(Vec::new());
        }
        units[at].push(statement);
        match word.as_str() {
            "BEGIN" => drop(open.insert(session, at)),
            "COMMIT" | "ROLLBACK" => drop(open.remove(&session)),
            _ => {}
        }
    }
    let marked = |statement: &Statement| {
        let values = statement.parameters.iter().flatten();
        values.into_iter().any(|value| marks.contains(value))
    };
    units.retain(|unit| unit.iter().any(marked));
    units.into_iter().flatten().collect()
}
