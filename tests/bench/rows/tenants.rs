//! A hundred tenants at once, beside one tenant with the same load: match queries, changes, creations and
//! pages mixed.

use crate::base::{Base, Kind};
use crate::load::{Make, Unit, closed_loop, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::percentile_ms;
use crate::seed;
use crate::site::{encoded, user_name, whole_person};
use crate::wire::{self, Connection};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const TENANTS: usize = 100;
/// People of each of the hundred; the single tenant has as many as all of them.
const PEOPLE: u32 = 1_000;

#[derive(Debug)]
struct Tenant {
    path: String,
    authorization: String,
    /// Ids of some of its people, to be changed.
    known: Vec<String>,
}

pub async fn run(plan: &Plan) -> Vec<Row> {
    say(&format!("{TENANTS} tenants mixed, PostgreSQL: seeding"));
    let mut one = Base::start(plan, Kind::Postgres).await;
    let all = u32::try_from(TENANTS).unwrap_or(1) * PEOPLE;
    one.multiply(all).await;
    let mut hundred = Base::start(plan, Kind::Postgres).await;
    let mut tenants = vec![(hundred.site.path.clone(), hundred.site.authorization.clone())];
    let mut connection = Connection::open(hundred.site.address).await.expect("connect");
    for number in 1..TENANTS {
        let directory = hundred
            .site
            .gateway
            .directory(&format!("tenant-{number}"), "people");
        let path = directory.tenant_url.strip_prefix(&hundred.site.gateway.url());
        let path = path.expect("the Tenant URL is ours").to_owned();
        let authorization = format!("Bearer {}", directory.token);
        let create = wire::post(
            &format!("{path}/Users"),
            &authorization,
            &whole_person(seed::TEMPLATE),
        );
        expect(&mut connection, &create, 201).await;
        tenants.push((path, authorization));
    }
    hundred.multiply(PEOPLE).await;
    let mixed = mix(known(hundred.site.address, tenants).await, PEOPLE);
    let alone = (one.site.path.clone(), one.site.authorization.clone());
    let alone = mix(known(one.site.address, vec![alone]).await, all);
    say(&format!("{TENANTS} tenants mixed, PostgreSQL: measuring"));
    let (mut ours, mut theirs, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let slice = if round == 0 {
            Duration::from_secs(2)
        } else {
            plan.slice
        };
        let many = closed_loop(hundred.site.address, slice, &hundred.site.next, &mixed).await;
        let single = closed_loop(one.site.address, slice, &one.site.next, &alone).await;
        if round > 0 {
            ours.push(many.rate);
            theirs.push(single.rate);
            times.extend(many.times);
        }
    }
    vec![Row {
        what: format!("{TENANTS} tenants mixed on PostgreSQL, 32 connections"),
        unit: "requests/s",
        ours: Side::median(
            &format!("usher serve, {TENANTS} tenants of {PEOPLE} people"),
            &ours,
        ),
        theirs: Some(Side::median(
            &format!("usher serve, one tenant of {all}"),
            &theirs,
        )),
        bar: Bar::RatioAtLeast(0.8),
        notes: vec![
            "of 20 requests 14 match queries, 3 PATCHes, 2 creations, 1 page of 100".to_owned(),
            format!(
                "{TENANTS} tenants: p50 {:.1} ms, p99 {:.1} ms",
                percentile_ms(&times, 50),
                percentile_ms(&times, 99)
            ),
        ],
    }]
}

/// Each tenant with some of its people.
async fn known(address: SocketAddr, tenants: Vec<(String, String)>) -> Vec<Tenant> {
    let mut connection = Connection::open(address).await.expect("connect");
    let mut found = Vec::new();
    for (path, authorization) in tenants {
        let request = wire::get(&format!("{path}/Users?count=100&attributes=id"), &authorization);
        let page: Value =
            serde_json::from_slice(&expect(&mut connection, &request, 200).await).expect("a list");
        let people = page["Resources"].as_array().expect("people");
        let known = people
            .iter()
            .filter_map(|one| one["id"].as_str())
            .map(str::to_owned)
            .collect();
        found.push(Tenant {
            path,
            authorization,
            known,
        });
    }
    found
}

/// Units of one request, for one tenant after the other.
fn mix(tenants: Vec<Tenant>, people: u32) -> Make {
    Arc::new(move |number| -> Unit {
        let pick = |of: usize| usize::try_from(number.wrapping_mul(7_919)).unwrap_or_default() % of.max(1);
        let tenant = &tenants[pick(tenants.len())];
        let (path, key) = (&tenant.path, &tenant.authorization);
        let users = format!("{path}/Users");
        match number % 20 {
            0..=13 => {
                let which = seed::key(number.wrapping_mul(104_729) % u64::from(people));
                let filter = encoded(&format!("userName eq \"{}\"", user_name(&which)));
                vec![(wire::get(&format!("{users}?filter={filter}"), key), 200)]
            }
            14..=16 => {
                let whom = &tenant.known[pick(tenant.known.len())];
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{"op": "Replace", "path": "title", "value": format!("title {number}")}],
                });
                vec![(
                    wire::patch(&format!("{users}/{whom}"), key, &body.to_string()),
                    200,
                )]
            }
            17 | 18 => vec![(wire::post(&users, key, &whole_person(&number.to_string())), 201)],
            _ => vec![(wire::get(&format!("{users}?startIndex=1&count=100"), key), 200)],
        }
    })
}
