//! PATCHes of `displayName` on PostgreSQL in a directory of 100,000, 32 connections, beside a pgbench script
//! that reads a person by id and writes the row, its event and its log row in one statement.

use crate::base::{Base, Kind};
use crate::beside::{Beside, Words};
use crate::least::Least;
use crate::load::{Make, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, say};
use crate::samples::percentile_ms;
use crate::seed;
use crate::wire::{self, Connection};
use serde_json::json;
use std::sync::Arc;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("PATCH on PostgreSQL, beside pgbench: seeding");
    let mut ours = Base::seeded(plan, Kind::Postgres, plan.large).await;
    let people = ours.people("user_name_key LIKE 'person.copy%'").await;
    let site = Arc::new(ours.site);
    let make = renames(&site.path, &site.authorization, people);
    let script = yardstick(plan).await;
    say("PATCH on PostgreSQL: measuring");
    let mut beside = Beside::new(&site, make, script).await;
    for round in 0..=plan.rounds {
        beside.round(plan, round).await;
    }
    let words = Words {
        what: "PATCH of displayName on PostgreSQL",
        unit: "PATCHes/s",
        one: "PATCH",
        ours: "usher serve, 32 connections",
    };
    let notes = vec![
        format!(
            "{} people; pgbench: a select by id, a statement that writes three rows",
            plan.large
        ),
        format!(
            "a PATCH: p50 {:.1} ms, p99 {:.1} ms",
            percentile_ms(&beside.times, 50),
            percentile_ms(&beside.times, 99)
        ),
    ];
    beside.rows(words, Bar::RatioAtLeast(0.4), notes)
}

/// Uses a database of its own without a gateway, which would stamp the events meanwhile; event and log row
/// are those of a PATCH.
async fn yardstick(plan: &Plan) -> crate::pgbench::Script {
    let mut base = Base::seeded(plan, Kind::Postgres, plan.large).await;
    let template = base
        .people(&format!("user_name_key LIKE '%{}%'", seed::TEMPLATE))
        .await;
    let mut connection = Connection::open(base.site.address).await.expect("connect");
    for (request, status) in renames(&base.site.path, &base.site.authorization, template)(0) {
        expect(&mut connection, &request, status).await;
    }
    let script = Least::of(&base.site).await.patch(plan.large);
    base.site.gateway.terminate();
    script
}

/// Units of one PATCH that changes a person's name.
fn renames(path: &str, authorization: &str, people: Vec<String>) -> Make {
    let (users, authorization) = (format!("{path}/Users"), authorization.to_owned());
    Arc::new(move |number| {
        // 7,919 is prime: this visits all of them in no order.
        let which = usize::try_from(number.wrapping_mul(7_919)).unwrap_or_default() % people.len();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "Replace", "path": "displayName", "value": format!("Person {number} Beispiel")}],
        });
        let path = format!("{users}/{}", people[which]);
        vec![(wire::patch(&path, &authorization, &body.to_string()), 200)]
    })
}
