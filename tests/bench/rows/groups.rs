//! Groups: adding and removing one member of a group of 50,000 beside one of 10; 1,000 members in one PATCH.

use crate::base::{Base, Kind, on_both};
use crate::load::{Make, expect, over};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::wire::{self, Connection};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LARGE: u32 = 50_000;
const SMALL: u32 = 10;
/// Members of one PATCH.
const MANY: usize = 1_000;

pub async fn run(plan: &Plan) -> Vec<Row> {
    on_both(async |kind| on(plan, kind).await).await
}

async fn on(plan: &Plan, kind: Kind) -> Vec<Row> {
    let name = kind.name();
    say(&format!("groups of {LARGE} and of {SMALL}, {name}"));
    let mut base = Base::seeded(plan, kind, LARGE + 1_000).await;
    let mut connection = Connection::open(base.site.address).await.expect("connect");
    let mut groups = Vec::new();
    for (display, members) in [("Large", LARGE), ("Small", SMALL), ("Many", 0)] {
        groups.push(group(&base, &mut connection, display).await);
        let fill = format!(
            "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
             SELECT i.tenant_id, i.directory_id, g.id, i.id, 'User' FROM identity i CROSS JOIN groups g \
             WHERE g.display_name_key = lower('{display}') AND i.user_name_key LIKE 'person.copy%' LIMIT {members}"
        );
        base.run(&fill).await;
        base.run(&format!(
            "UPDATE groups SET member_count = {members} WHERE display_name_key = lower('{display}')"
        ))
        .await;
    }
    if kind == Kind::Postgres {
        base.run("VACUUM ANALYZE").await;
    }
    let outsider = base
        .people(&format!("user_name_key LIKE '%{}%'", seed::TEMPLATE))
        .await;
    let crowd = base
        .people("user_name_key LIKE 'person.copy%' ORDER BY user_name_key LIMIT 1000")
        .await;
    assert_eq!((outsider.len(), crowd.len()), (1, MANY));
    let [large, small, many] = groups.as_slice() else {
        return Vec::new();
    };
    let (mut of_large, mut of_small, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let slice = if round == 0 {
            Duration::from_secs(1)
        } else {
            plan.slice
        };
        let small = in_and_out(&base, small, &outsider, slice).await;
        let large = in_and_out(&base, large, &outsider, slice).await;
        let begin = Instant::now();
        expect(&mut connection, &patch(&base, many, "Add", &crowd), 204).await;
        let time = begin.elapsed().as_secs_f64() * 1e3;
        expect(&mut connection, &patch(&base, many, "Remove", &crowd), 204).await;
        if round > 0 {
            of_small.push(small);
            of_large.push(large);
            took.push(time);
        }
    }
    vec![
        Row {
            what: format!("one member in and out on {name}, group of {LARGE} beside {SMALL}"),
            unit: "PATCHes/s",
            ours: Side::median(
                &format!("usher serve, {LARGE} members, one connection"),
                &of_large,
            ),
            theirs: Some(Side::median(&format!("usher serve, {SMALL} members"), &of_small)),
            bar: Bar::RatioAtLeast(0.8),
            notes: Vec::new(),
        },
        Row {
            what: format!("{MANY} members in one PATCH, {name}"),
            unit: "ms",
            ours: Side::median("usher serve", &took),
            theirs: None,
            bar: Bar::Below(2_000.0),
            notes: Vec::new(),
        },
    ]
}

/// Creates a group; returns its path.
pub(super) async fn group(base: &Base, connection: &mut Connection, display: &str) -> String {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": display, "externalId": format!("object-{display}"),
    });
    let path = format!("{}/Groups", base.site.path);
    let request = wire::post(&path, &base.site.authorization, &body.to_string());
    let made: Value = serde_json::from_slice(&expect(connection, &request, 201).await).expect("a group");
    format!("{path}/{}", made["id"].as_str().expect("an id"))
}

/// PATCHes a second that add and remove a member in turn.
async fn in_and_out(base: &Base, group: &str, who: &[String], slice: Duration) -> f64 {
    let unit = vec![
        (patch(base, group, "Add", who), 204),
        (patch(base, group, "Remove", who), 204),
    ];
    let make: Make = Arc::new(move |_| unit.clone());
    2.0 * over(1, base.site.address, slice, &base.site.next, &make)
        .await
        .rate
}

/// Entra's PATCH of members.
pub(super) fn patch(base: &Base, group: &str, op: &str, members: &[String]) -> Vec<u8> {
    let value: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": op, "path": "members", "value": value}],
    });
    wire::patch(group, &base.site.authorization, &body.to_string())
}
