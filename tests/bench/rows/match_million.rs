//! The match queries of Entra (`userName`, `externalId`, work e-mail, `displayName`) in a directory of a million, beside the
//! same in one of a thousand.

use crate::base::{BOTH, Base, Kind};
use crate::load::{Make, closed_loop, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::site::{Site, encoded, external_id, user_name};
use crate::wire::{self, Connection};
use std::sync::Arc;
use std::time::Duration;

const SMALL: u32 = 1_000;

/// The attribute, and its filter for a key.
type Asked = (&'static str, fn(&str) -> String);

const FILTERS: [Asked; 4] = [
    ("userName", |key| format!("userName eq \"{}\"", user_name(key))),
    ("externalId", |key| {
        format!("externalId eq \"{}\"", external_id(key))
    }),
    ("work e-mail", |key| {
        format!("emails[type eq \"work\"].value eq \"{}\"", user_name(key))
    }),
    ("displayName", |key| {
        format!("displayName eq \"Person {key} Beispiel\"")
    }),
];

/// Runs it.
pub async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in BOTH {
        rows.extend(on(plan, kind).await);
    }
    rows
}

async fn on(plan: &Plan, kind: Kind) -> Vec<Row> {
    let name = kind.name();
    say(&format!(
        "match queries at a million, {name}: seeding {} people",
        plan.million
    ));
    let small = Arc::new(Base::seeded(plan, kind, SMALL).await.site);
    let large = Arc::new(Base::seeded(plan, kind, plan.million).await.site);
    say(&format!("match queries at a million, {name}: measuring"));
    let mut rows = Vec::new();
    for asked in FILTERS {
        let sides = [(&small, SMALL), (&large, plan.million)];
        let mut rates = [Vec::new(), Vec::new()];
        for (site, _) in sides {
            let mut connection = Connection::open(site.address).await.expect("connect");
            let key = seed::key(7);
            let body = expect(&mut connection, &query(site, asked, &key), 200).await;
            let found = String::from_utf8_lossy(&body);
            assert!(
                found.contains("\"totalResults\":1,") && found.contains(&key),
                "{}: {found}",
                asked.0
            );
        }
        for round in 0..=plan.rounds {
            let slice = if round == 0 {
                Duration::from_secs(1)
            } else {
                plan.slice
            };
            for ((site, count), rates) in sides.iter().zip(&mut rates) {
                let done = closed_loop(site.address, slice, &site.next, &finds(site, asked, *count)).await;
                if round > 0 {
                    rates.push(done.rate);
                }
            }
        }
        let [small, large] = rates;
        rows.push(Row {
            what: format!(
                "{} eq on {name}, {} beside {SMALL} identities",
                asked.0, plan.million
            ),
            unit: "queries/s",
            ours: Side::median(&format!("usher serve, {} identities", plan.million), &large),
            theirs: Some(Side::median(&format!("usher serve, {SMALL} identities"), &small)),
            bar: Bar::RatioAtLeast(0.9),
            notes: Vec::new(),
        });
    }
    rows
}

fn query(site: &Site, asked: Asked, key: &str) -> Vec<u8> {
    let path = format!("{}/Users?filter={}", site.path, encoded(&asked.1(key)));
    wire::get(&path, &site.authorization)
}

/// Units of one query that finds one of `count` people.
fn finds(site: &Arc<Site>, asked: Asked, count: u32) -> Make {
    let site = Arc::clone(site);
    Arc::new(move |number| {
        let which = number.wrapping_mul(7_919) % u64::from(count);
        vec![(query(&site, asked, &seed::key(which)), 200)]
    })
}
