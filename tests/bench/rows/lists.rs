//! Pages of a list of 100,000: the first and the last, by index and by cursor.

use crate::base::{Base, Kind, on_both};
use crate::load::{Make, expect, over};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::wire::{self, Connection};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Resources of a page.
pub(super) const PAGE: u32 = 100;
const ASKERS: usize = 4;

pub async fn run(plan: &Plan) -> Vec<Row> {
    on_both(async |kind| on(plan, kind).await).await
}

async fn on(plan: &Plan, kind: Kind) -> Vec<Row> {
    let name = kind.name();
    say(&format!("pages of {} people, {name}", plan.large));
    let base = Base::seeded(plan, kind, plan.large).await;
    let deep = walked(&base, plan.large - 10 * PAGE).await;
    let pages = [
        "startIndex=1".to_owned(),
        format!("startIndex={}", plan.large - PAGE),
        "cursor=".to_owned(),
        format!("cursor={deep}"),
    ];
    let mut rates = [const { Vec::new() }; 4];
    for round in 0..=plan.rounds {
        let slice = if round == 0 {
            Duration::from_secs(1)
        } else {
            plan.slice
        };
        for (page, rates) in pages.iter().zip(&mut rates) {
            let request = ask(&base, page, PAGE);
            let make: Make = Arc::new(move |_| vec![(request.clone(), 200)]);
            let done = over(ASKERS, base.site.address, slice, &base.site.next, &make).await;
            if round > 0 {
                rates.push(done.rate);
            }
        }
    }
    let [first, last, begin, behind] = rates;
    let row = |what: &str, bar: Bar, ours: &[f64], theirs: &[f64]| Row {
        what: format!("{what} on {name}, {} identities", plan.large),
        unit: "pages/s",
        ours: Side::median(&format!("usher serve, {ASKERS} connections: the last page"), ours),
        theirs: Some(Side::median("usher serve: the first page", theirs)),
        bar,
        notes: Vec::new(),
    };
    vec![
        row(
            "a deep page by cursor beside the first",
            Bar::RatioAtLeast(0.8),
            &behind,
            &begin,
        ),
        // It counts for the total, and skips the rows before it in an index: bounded, not constant.
        row("a deep page by number beside the first", Bar::None, &last, &first),
        Row {
            theirs: Some(Side::median("usher serve: the first page by number", &first)),
            ours: Side::median("usher serve: the first page by cursor", &begin),
            ..row(
                "the first page by cursor beside by number",
                Bar::None,
                &begin,
                &first,
            )
        },
    ]
}

/// The request for a page.
pub(super) fn ask(base: &Base, page: &str, count: u32) -> Vec<u8> {
    let path = format!("{}/Users?{page}&count={count}", base.site.path);
    wire::get(&path, &base.site.authorization)
}

/// The cursor after so many people.
async fn walked(base: &Base, people: u32) -> String {
    const STEP: u32 = 1_000;
    let mut connection = Connection::open(base.site.address).await.expect("connect");
    let mut cursor = String::new();
    for _ in 0..people / STEP {
        let request = ask(base, &format!("cursor={cursor}"), STEP);
        let body = expect(&mut connection, &request, 200).await;
        let page: Value = serde_json::from_slice(&body).expect("a list");
        let next = page["nextCursor"].as_str().expect("a page in the middle");
        next.clone_into(&mut cursor);
    }
    cursor
}
