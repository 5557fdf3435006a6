//! A whole list of 100,000 people read page by page by one client, and the cost of a person for the gateway.

use super::lists::{PAGE, ask};
use crate::base::{Base, Kind, on_both};
use crate::cpu;
use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::median;
use crate::wire::Connection;
use std::time::Instant;
use support::postgres::Postgres;

pub async fn run(plan: &Plan) -> Vec<Row> {
    on_both(async |kind| on(plan, kind).await).await
}

async fn on(plan: &Plan, kind: Kind) -> Vec<Row> {
    let name = kind.name();
    say(&format!("a list of {} people page by page, {name}", plan.large));
    let base = Base::seeded(plan, kind, plan.large).await;
    let (gateway, server) = (base.site.gateway.pid(), Postgres::shared().await.pid());
    let (mut rates, mut of_gateway, mut of_server) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let (begin, ours, theirs) = (Instant::now(), cpu::of(gateway), cpu::of_family(server));
        let people = walk(&base).await;
        // The template person is one more.
        assert_eq!(people, u64::from(plan.large) + 1, "everybody once");
        let people = f64::from(plan.large + 1);
        if round > 0 {
            rates.push(people / begin.elapsed().as_secs_f64());
            of_gateway.push((cpu::of(gateway) - ours) / people);
            of_server.push((cpu::of_family(server) - theirs) / people);
        }
    }
    // On SQLite the database's work is the gateway's own.
    let (bar, notes) = match kind {
        Kind::Postgres => (
            Bar::Below(5.0),
            vec![format!(
                "PostgreSQL's server: {:.1} µs a person",
                median(&of_server)
            )],
        ),
        Kind::Sqlite => (Bar::None, vec!["with SQLite's own work".to_owned()]),
    };
    vec![
        Row {
            what: format!("a list of {} by cursor, pages of {PAGE}, {name}", plan.large),
            unit: "people/s",
            ours: Side::median("usher serve, one reader", &rates),
            theirs: None,
            bar: Bar::None,
            notes: Vec::new(),
        },
        Row {
            what: format!("CPU of the gateway a person of that list, {name}"),
            unit: "µs",
            ours: Side::median("the process `usher serve`", &of_gateway),
            theirs: None,
            bar,
            notes,
        },
    ]
}

/// Reads the list from its first page to its last; returns the number of people.
async fn walk(base: &Base) -> u64 {
    let mut connection = Connection::open(base.site.address).await.expect("connect");
    let (mut cursor, mut people) = (String::new(), 0);
    loop {
        let request = ask(base, &format!("cursor={cursor}"), PAGE);
        let body = expect(&mut connection, &request, 200).await;
        let page = String::from_utf8_lossy(&body);
        let items = member(&page, "\"itemsPerPage\":").expect("how many there are");
        people += items.parse::<u64>().expect("a number");
        match member(&page, "\"nextCursor\":\"") {
            Some(next) => next.clone_into(&mut cursor),
            None => return people,
        }
    }
}

/// A member's value without parsing the whole page: the client shares the processors with the gateway.
fn member<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    page.split_once(name)?.1.split([',', '"', '}']).next()
}
