//! Groups from cycle to cycle: matched by name, created without members, members told by what changed, in both dialects.

use std::collections::BTreeSet;

use entra_sim::dialect::Dialect;
use entra_sim::directory::{App, SourceGroup};
use entra_sim::mapping::Mapping;
use serde_json::json;

use crate::bench::{Bench, object_id};
use crate::stub::{Reply, Seen, list};

fn group(name: &str, members: &[&str]) -> SourceGroup {
    SourceGroup {
        object_id: object_id(name),
        display_name: name.to_owned(),
        members: members.iter().map(|member| object_id(member)).collect(),
        assigned: true,
    }
}

/// A bench of the people application; the stub knows no group and gives each new one the id `grp-<name>`.
async fn bench(dialect: Dialect) -> Bench {
    let mut bench = Bench::new(dialect, &["anna", "bo"]).await;
    bench.job.app = App::People;
    bench.job.mapping = Mapping::shipped(App::People).unwrap();
    bench.state.app = App::People;
    bench.stub.script(|seen| {
        let groups = seen.target.contains("/Groups");
        match seen.method.as_str() {
            "GET" if groups => Some(list(&[])),
            "POST" if groups => {
                let id = format!("grp-{}", seen.body["displayName"].as_str().unwrap());
                Some(Reply::Json(201, json!({"id": id})))
            }
            "PATCH" if groups => Some(Reply::Json(204, json!(null))),
            _ => None,
        }
    });
    bench
}

/// What was sent about groups.
fn of_groups(bench: &Bench) -> Vec<Seen> {
    let seen = bench.stub.take().into_iter();
    seen.filter(|seen| seen.target.contains("/Groups")).collect()
}

#[tokio::test]
async fn a_group_is_matched_by_name_created_without_members_and_then_filled() {
    let mut bench = bench(Dialect::Legacy).await;
    bench.source.groups = vec![group("Staff", &["anna", "bo"])];
    let report = bench.cycle().await;
    assert!(report.done, "{report:?}");
    let seen = of_groups(&bench);
    let lines: Vec<String> = seen.iter().map(Seen::line).collect();
    assert_eq!(
        lines,
        [
            "GET /advisors/scim/Groups?excludedAttributes=members&filter=displayName+eq+%22Staff%22",
            "POST /advisors/scim/Groups",
            "PATCH /advisors/scim/Groups/grp-Staff"
        ]
    );
    assert_eq!(seen[1].body.get("members"), None);
    assert_eq!(
        seen[2].body["Operations"],
        json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "id-2"}, {"$ref": null, "value": "id-1"}]}])
    );
    bench.cycle().await;
    assert!(of_groups(&bench).is_empty(), "nothing changed, nothing is sent");
}

#[tokio::test]
async fn members_join_and_leave_by_what_changed_in_both_dialects() {
    for (dialect, leave, rename) in [
        (
            Dialect::Legacy,
            json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "id-1"}]}]),
            json!([{"op": "Replace", "path": "displayName", "value": "Crew"}]),
        ),
        (
            Dialect::Compliant,
            json!([{"op": "remove", "path": "members[value eq \"id-1\"]"}]),
            json!([{"op": "replace", "value": {"displayName": "Crew"}}]),
        ),
    ] {
        let mut bench = bench(dialect).await;
        bench.source.groups = vec![group("Staff", &["anna", "bo"])];
        bench.cycle().await;
        of_groups(&bench);
        bench.source.groups[0].members.remove(&object_id("anna"));
        bench.cycle().await;
        assert_eq!(of_groups(&bench)[0].body["Operations"], leave);
        bench.source.groups[0].display_name = "Crew".to_owned();
        bench.cycle().await;
        assert_eq!(of_groups(&bench)[0].body["Operations"], rename);
        bench.source.groups.clear();
        let report = bench.cycle().await;
        assert_eq!(report.counts.deleted, 1);
        assert!(
            of_groups(&bench)[0]
                .line()
                .starts_with("DELETE /advisors/scim/Groups/grp-Staff")
        );
        assert!(bench.state.groups.is_empty());
    }
}

#[tokio::test]
async fn a_nested_group_and_a_late_person_join_once_they_have_an_id() {
    let mut bench = bench(Dialect::Legacy).await;
    let mut outer = group("Outer", &["anna"]);
    outer.members.insert(object_id("Inner"));
    outer.members.insert(object_id("late"));
    bench.source.groups = vec![outer, group("Inner", &["bo"])];
    bench.cycle().await;
    let told = |bench: &Bench| -> BTreeSet<String> {
        bench.state.groups[&object_id("Outer")]
            .members
            .values()
            .cloned()
            .collect()
    };
    assert_eq!(
        told(&bench),
        BTreeSet::from(["id-1".to_owned(), "grp-Inner".to_owned()])
    );
    bench.source.users.push(crate::bench::person("late"));
    bench.cycle().await;
    assert!(told(&bench).contains("id-3"));
}

#[tokio::test]
async fn a_group_that_fails_waits_in_escrow_and_keeps_what_was_sent() {
    let mut bench = bench(Dialect::Legacy).await;
    bench.source.groups = vec![group("Staff", &["anna"])];
    bench.cycle().await;
    bench.stub.script(|seen| {
        let fails = seen.target.contains("/Groups") && seen.method == "PATCH";
        fails.then(|| crate::stub::error(500, "", "no"))
    });
    bench.source.groups[0].members.insert(object_id("bo"));
    let report = bench.cycle().await;
    assert_eq!((report.counts.failed, report.escrow), (1, 1));
    assert_eq!(bench.state.groups[&object_id("Staff")].members.len(), 1);
    bench.stub.script(|seen| {
        seen.target
            .contains("/Groups")
            .then(|| Reply::Json(204, json!(null)))
    });
    let report = bench.cycles(3, entra_sim::cycle::Until::Settled).await;
    assert!(report.done, "{report:?}");
    assert_eq!(bench.state.groups[&object_id("Staff")].members.len(), 2);
}
