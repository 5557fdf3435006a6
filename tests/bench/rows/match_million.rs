//! The match queries of Entra (`userName`, `externalId`, work e-mail, `displayName`) in a directory of a
//! million, beside the same in one of a thousand.

use crate::base::{Base, Kind, on_both};
use crate::load::{Make, closed_loop, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::site::{Site, encoded, external_id, user_name};
use crate::wire::{self, Connection};
use std::sync::Arc;

const SMALL: u32 = 1_000;

/// Other load on the machine changes over seconds: slices are shorter than in other rows by this factor, ...
const SHORTER: u32 = 12;
/// ... more by this factor, and each side is first in turn.
const PAIRS: usize = 20;
/// The number of first pairs that are not counted.
const WARMING: usize = 5;
/// The files are read again after so many pairs: Linux may drop a file's pages after a few idle seconds even
/// if memory is free, and then the disk would be measured.
const FRESH: usize = 4;

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

pub async fn run(plan: &Plan) -> Vec<Row> {
    on_both(async |kind| on(plan, kind).await).await
}

async fn on(plan: &Plan, kind: Kind) -> Vec<Row> {
    let name = kind.name();
    let count = plan.million;
    say(&format!(
        "match queries at a million, {name}: seeding {count} people"
    ));
    let small = Base::seeded(plan, kind, SMALL).await;
    let large = Base::seeded(plan, kind, count).await;
    say(&format!("match queries at a million, {name}: measuring"));
    let mut rows = Vec::new();
    for asked in FILTERS {
        check(&small.site, asked).await;
        check(&large.site, asked).await;
        let sides = [(&small, SMALL), (&large, count)].map(|(base, count)| {
            let make = finds(&base.site, asked, count);
            (&base.site, make)
        });
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..plan.rounds * PAIRS {
            if round % FRESH == 0 {
                large.read_through();
            }
            for side in [round % 2, (round + 1) % 2] {
                let (site, make) = &sides[side];
                let done = closed_loop(site.address, plan.slice / SHORTER, &site.next, make).await;
                if round >= WARMING {
                    rates[side].push(done.rate);
                }
            }
        }
        let [small, large] = rates;
        rows.push(Row {
            what: format!("{} eq on {name}, {count} beside {SMALL} identities", asked.0),
            unit: "queries/s",
            ours: Side::mean(&format!("usher serve, {count} identities"), &large),
            theirs: Some(Side::mean(&format!("usher serve, {SMALL} identities"), &small)),
            bar: Bar::RatioAtLeast(0.9),
            notes: Vec::new(),
        });
    }
    rows
}

/// A query must find its person, or its rate means nothing.
async fn check(site: &Site, asked: Asked) {
    let mut connection = Connection::open(site.address).await.expect("connect");
    let key = seed::key(7);
    let request = query(&site.path, &site.authorization, asked, &key);
    let body = expect(&mut connection, &request, 200).await;
    let found = String::from_utf8_lossy(&body);
    assert!(
        found.contains("\"totalResults\":1,") && found.contains(&key),
        "{}: {found}",
        asked.0
    );
}

fn query(tenant_path: &str, authorization: &str, asked: Asked, key: &str) -> Vec<u8> {
    let path = format!("{tenant_path}/Users?filter={}", encoded(&asked.1(key)));
    wire::get(&path, authorization)
}

/// Units of one query that finds one of `count` people.
fn finds(site: &Site, asked: Asked, count: u32) -> Make {
    let (path, authorization) = (site.path.clone(), site.authorization.clone());
    Arc::new(move |number| {
        let which = number.wrapping_mul(7_919) % u64::from(count);
        vec![(query(&path, &authorization, asked, &seed::key(which)), 200)]
    })
}
