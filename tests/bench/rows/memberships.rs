//! The cost of memberships for all other requests on PostgreSQL, with the plain role that row-level security
//! binds: a directory of 4,700 people before and after 4,600 of them are in a group.

use super::groups::{group, patch};
use crate::base::{Base, Kind};
use crate::load::{Done, Make, expect, over};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::site::user_name;
use crate::wire::{self, Connection};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PEOPLE: u32 = 4_700;
const MEMBERS: u32 = 4_600;
/// Members of one PATCH, and resources of a page.
const SOME: usize = 100;
const CONNECTIONS: usize = 8;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say(&format!(
        "{MEMBERS} memberships in a directory of {PEOPLE}, PostgreSQL"
    ));
    let mut base = Base::seeded(plan, Kind::Postgres, PEOPLE).await;
    let mut connection = Connection::open(base.site.address).await.expect("connect");
    let many = group(&base, &mut connection, "Many").await;
    group(&base, &mut connection, "Everybody").await;
    let ids = base
        .people("user_name_key LIKE 'person.copy%' ORDER BY user_name_key DESC LIMIT 100")
        .await;
    assert_eq!(ids.len(), SOME);

    let before = rates(plan, &base, matches(&base)).await;
    base.run(&format!(
        "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
         SELECT i.tenant_id, i.directory_id, g.id, i.id, 'User' FROM identity i CROSS JOIN groups g \
         WHERE g.display_name_key = 'everybody' AND i.user_name_key LIKE 'person.copy%' \
         ORDER BY i.user_name_key DESC LIMIT {MEMBERS}"
    ))
    .await;
    let after = rates(plan, &base, matches(&base)).await;
    let one = wire::get(
        &format!("{}/Users/{}", base.site.path, ids[0]),
        &base.site.authorization,
    );
    let by_id = times(plan, &base, one).await;
    let page = format!("{}/Users?count={SOME}", base.site.path);
    let page = times(plan, &base, wire::get(&page, &base.site.authorization)).await;
    let alone = adds(plan, &base, &mut connection, (&many, &ids)).await;
    let others = {
        let (address, next, make) = (base.site.address, Arc::clone(&base.site.next), matches(&base));
        let time = Duration::from_mins(10);
        tokio::spawn(async move { over(CONNECTIONS, address, time, &next, &make).await })
    };
    let beside = adds(plan, &base, &mut connection, (&many, &ids)).await;
    others.abort();

    let single = |what: &str, times: &[f64]| Row {
        what: what.to_owned(),
        unit: "ms",
        ours: Side::median("usher serve", times),
        theirs: None,
        bar: Bar::None,
        notes: Vec::new(),
    };
    vec![
        Row {
            what: format!("userName eq with {MEMBERS} memberships beside none, PostgreSQL"),
            unit: "queries/s",
            ours: Side::median(&format!("usher serve, {CONNECTIONS} connections"), &after),
            theirs: Some(Side::median("usher serve, no memberships", &before)),
            bar: Bar::RatioAtLeast(0.9),
            notes: Vec::new(),
        },
        single("GET of a member by id", &by_id),
        single(&format!("a page of {SOME} members"), &page),
        single(&format!("{SOME} members in one PATCH, alone"), &alone),
        Row {
            what: format!("the same beside {CONNECTIONS} connections of match queries"),
            ..single("", &beside)
        },
    ]
}

fn matches(base: &Base) -> Make {
    let find = |which: u32| base.site.find(&user_name(&seed::key(u64::from(which))));
    let requests: Arc<Vec<Vec<u8>>> = Arc::new((0..PEOPLE).map(find).collect());
    // 7,919 is prime: this visits all of them in no order.
    Arc::new(move |number| {
        let which = usize::try_from(number.wrapping_mul(7_919) % u64::from(PEOPLE)).unwrap_or_default();
        vec![(requests[which].clone(), 200)]
    })
}

async fn rates(plan: &Plan, base: &Base, make: Make) -> Vec<f64> {
    let mut rates = Vec::new();
    for _ in 0..=plan.rounds {
        let done = over(CONNECTIONS, base.site.address, plan.slice, &base.site.next, &make).await;
        rates.push(done.rate);
    }
    // The first round is for caches and prepared statements.
    rates.split_off(1)
}

/// Milliseconds of one request on one connection, the mean of each slice.
async fn times(plan: &Plan, base: &Base, request: Vec<u8>) -> Vec<f64> {
    let make: Make = Arc::new(move |_| vec![(request.clone(), 200)]);
    let mut means = Vec::new();
    for _ in 0..=plan.rounds {
        let done: Done = over(1, base.site.address, plan.slice, &base.site.next, &make).await;
        means.push(1e3 / done.rate.max(f64::MIN_POSITIVE));
    }
    means.split_off(1)
}

/// Milliseconds of PATCHes that add members; those that remove them again are not counted.
async fn adds(
    plan: &Plan,
    base: &Base,
    connection: &mut Connection,
    (to, ids): (&str, &[String]),
) -> Vec<f64> {
    let mut took = Vec::new();
    for _ in 0..=2 * plan.rounds {
        let begin = Instant::now();
        expect(connection, &patch(base, to, "Add", ids), 204).await;
        took.push(begin.elapsed().as_secs_f64() * 1e3);
        expect(connection, &patch(base, to, "Remove", ids), 204).await;
    }
    took.split_off(1)
}
