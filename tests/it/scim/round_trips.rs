//! How many statements a request sends to PostgreSQL, each of which is a round trip, as the server's statement log has them.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::{Connection, Executor};
use support::gateway::{Gateway, Settings};
use support::postgres::{APP, Postgres};

use super::advisor_with;
use super::groups::{create, elements, patch, people};

/// What the work beside requests says: the stamper, the relay, housekeeping, and the notes of used credentials.
const BESIDE: &[&str] = &[
    "usher.door",
    "FROM outbox",
    "feed",
    "FROM job",
    "FROM lease",
    "INTO lease",
    "LISTEN",
    "credential_memory",
    "UPDATE token",
];

/// The statements of one database in the order in which they were sent.
struct StatementLog {
    database: String,
    seen: usize,
}

impl StatementLog {
    /// Session and text of each statement.
    async fn all(&self) -> Vec<(String, String)> {
        let mark = format!("] {} LOG:  ", self.database);
        let log = Postgres::shared().await.log();
        let statements = log.lines().filter_map(|line| {
            let (head, said) = line.split_once(&mark)?;
            let (how, text) = said.split_once(": ")?;
            let session = head.rsplit('[').next()?.to_owned();
            (how.starts_with("execute") || how == "statement").then(|| (session, text.to_owned()))
        });
        statements.collect()
    }

    /// What was sent since the last call, without the transactions and statements of the work beside requests.
    async fn since_last(&mut self) -> Vec<String> {
        let all = self.all().await;
        let new = all[self.seen..].to_vec();
        self.seen = all.len();
        let mut kept: Vec<(String, String)> = Vec::new();
        let mut open: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let is_beside = |text: &str| BESIDE.iter().any(|word| text.contains(word));
        for (session, text) in new {
            if text == "BEGIN" {
                open.insert(session.clone(), vec![(session, text)]);
                continue;
            }
            let Some(transaction) = open.get_mut(&session) else {
                if !is_beside(&text) && !text.contains("COMMIT") {
                    kept.push((session, text));
                }
                continue;
            };
            let ends = text.contains("COMMIT") || text.contains("ROLLBACK");
            transaction.push((session.clone(), text));
            if ends
                && let Some(whole) = open.remove(&session)
                && !whole.iter().any(|(_, text)| is_beside(text))
                && whole.len() > 2
            {
                kept.extend(whole);
            }
        }
        kept.into_iter().map(|(_, text)| text).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_takes_as_few_round_trips_as_it_can() {
    let database = Postgres::shared().await.database().await;
    let mut admin = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
    let sql = format!(
        "ALTER ROLE {APP} IN DATABASE {} SET log_statement = 'all'",
        database.name
    );
    admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    let mut log = StatementLog {
        database: database.name.clone(),
        seen: 0,
    };
    let gateway = Gateway::start(Settings {
        database: Some(database),
        ..Settings::default()
    })
    .await;
    let scim = people(&gateway, "contoso");
    let mut counts = Vec::new();
    for round in 0..2 {
        let person = advisor_with(round, json!({}));
        let mut taken: Vec<(&str, usize, Vec<String>)> = Vec::new();
        macro_rules! takes {
            ($what:expr, $most:expr, $request:expr) => {{
                log.since_last().await;
                let answer = $request.await;
                taken.push(($what, $most, log.since_last().await));
                answer
            }};
        }
        let name = format!("advisor{round}@contoso.com");
        takes!("match query", 1, scim.find(&format!("userName eq \"{name}\"")));
        let id = takes!("POST", 1, scim.post("/Users", &person)).expect(201).id();
        let at = format!("/Users/{id}");
        takes!("GET by id", 1, scim.get(&at)).expect(200);
        takes!("list page", 1, scim.get("/Users?count=10")).expect(200);
        takes!("page in the middle", 1, scim.get("/Users?count=1")).expect(200);
        takes!("page by cursor", 1, scim.get("/Users?cursor&count=1")).expect(200);
        let change = json!([{"op": "replace", "path": "displayName", "value": format!("d{round}")}]);
        takes!("PATCH", 2, scim.patch_ops(&id, change.clone())).expect(200);
        takes!("PATCH that changes nothing", 2, scim.patch_ops(&id, change)).expect(200);
        takes!(
            "PUT",
            2,
            scim.put(&at, &advisor_with(round, json!({"title": "t"})))
        )
        .expect(200);
        let members: Vec<String> = vec![id.clone()];
        let team = create(&scim, &format!("team{round}"), &[]).await;
        let operation = |op: &str| json!([{"op": op, "path": "members", "value": elements(&members)}]);
        takes!("add members", 3, patch(&scim, &team, operation("add"))).expect(204);
        takes!("remove members", 3, patch(&scim, &team, operation("remove"))).expect(204);
        let name = json!([{"op": "replace", "path": "displayName", "value": format!("crew{round}")}]);
        takes!("name of a group", 2, patch(&scim, &team, name)).expect(204);
        patch(&scim, &team, operation("add")).await.expect(204);
        takes!("DELETE of a member", 2, scim.delete(&at)).expect(204);
        takes!("DELETE of a group", 2, scim.delete(&format!("/Groups/{team}"))).expect(204);
        counts = taken;
    }
    let mut faults = Vec::new();
    for (what, most, statements) in &counts {
        println!("{what}: {}", statements.len());
        if statements.len() > *most {
            let list: Vec<String> = statements
                .iter()
                .map(|text| text.chars().take(150).collect())
                .collect();
            faults.push(format!(
                "{what}: {} instead of {most}\n  {}",
                statements.len(),
                list.join("\n  ")
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
