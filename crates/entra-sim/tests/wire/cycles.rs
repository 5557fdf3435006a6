//! What a job does from cycle to cycle: changes only, leavers, returns, purges, provisioning on demand.

use entra_sim::dialect::Dialect;
use entra_sim::log::Action;
use entra_sim::on_demand;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use crate::bench::{Bench, person};

fn lines(bench: &Bench) -> Vec<String> {
    bench
        .stub
        .take()
        .iter()
        .skip(1)
        .map(crate::stub::Seen::line)
        .collect()
}

#[tokio::test]
async fn a_second_cycle_without_changes_sends_the_probe_and_nothing_else() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna", "bo"]).await;
    bench.cycle().await;
    bench.stub.take();
    assert!(bench.cycle().await.done);
    let seen = bench.stub.take();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].target.contains("filter=userName+eq+%22"));
}

#[tokio::test]
async fn two_probes_never_ask_for_the_same_id() {
    let mut bench = Bench::new(Dialect::Legacy, &[]).await;
    bench.cycles(2, entra_sim::cycle::Until::AllCycles).await;
    let seen = bench.stub.take();
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0].target, seen[1].target);
}

#[tokio::test]
async fn only_what_changed_is_patched_straight_by_its_id() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna", "bo"]).await;
    bench.cycle().await;
    bench.stub.take();
    bench
        .person("bo")
        .attributes
        .insert("userPrincipalName".to_owned(), json!("bo.holm@contoso.example"));
    bench.cycle().await;
    let seen = bench.stub.take();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].line(), "PATCH /advisors/scim/Users/id-2");
    assert_eq!(
        seen[1].body["Operations"],
        json!([{"op": "Replace", "path": "userName", "value": "bo.holm@contoso.example"}])
    );
}

#[tokio::test]
async fn a_leaver_is_disabled_a_return_enabled_a_purge_deleted() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.cycle().await;
    bench.stub.take();
    bench.person("anna").is_soft_deleted = true;
    assert_eq!(bench.cycle().await.counts.disabled, 1);
    assert_eq!(
        bench.stub.take()[1].body["Operations"],
        json!([{"op": "Replace", "path": "active", "value": "False"}])
    );
    assert_eq!(bench.log.last().unwrap().provisioning_action, Action::Disable);
    bench.person("anna").is_soft_deleted = false;
    assert_eq!(bench.cycle().await.counts.updated, 1);
    assert_eq!(
        bench.stub.take()[1].body["Operations"],
        json!([{"op": "Replace", "path": "active", "value": "True"}])
    );
    bench.person("anna").is_soft_deleted = true;
    bench.cycle().await;
    bench.stub.take();
    bench.source.users.clear();
    assert_eq!(bench.cycle().await.counts.deleted, 1);
    assert_eq!(lines(&bench), ["DELETE /advisors/scim/Users/id-1"]);
    assert!(bench.state.objects.is_empty());
}

#[tokio::test]
async fn unassigned_then_purged_is_disabled_and_never_deleted() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.cycle().await;
    bench.person("anna").assigned = false;
    assert_eq!(bench.cycle().await.counts.disabled, 1);
    bench.stub.take();
    bench.source.users.clear();
    assert!(bench.cycle().await.done);
    assert!(lines(&bench).is_empty());
}

#[tokio::test]
async fn an_object_emptied_of_a_value_sends_nothing() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.cycle().await;
    bench.stub.take();
    bench
        .person("anna")
        .attributes
        .insert("physicalDeliveryOfficeName".to_owned(), serde_json::Value::Null);
    bench.cycle().await;
    assert!(lines(&bench).is_empty());
}

#[tokio::test]
async fn a_person_made_again_is_matched_by_name_and_given_the_new_object_id() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.cycle().await;
    bench.state.objects.clear();
    bench.person("anna").object_id = "11111111-1111-4111-8111-111111111111".to_owned();
    bench.stub.take();
    bench.cycle().await;
    let seen = bench.stub.take();
    assert_eq!(seen[2].method, "PATCH");
    let external =
        json!({"op": "Add", "path": "externalId", "value": "11111111-1111-4111-8111-111111111111"});
    assert!(seen[2].body["Operations"].as_array().unwrap().contains(&external));
}

#[tokio::test]
async fn on_demand_writes_the_legacy_dialect_whatever_the_tenant_url_asks_for() {
    let mut bench = Bench::new(Dialect::Compliant, &["anna"]).await;
    bench.cycle().await;
    bench.stub.take();
    bench.job.dialect = Dialect::Legacy;
    let mut anna = person("anna");
    anna.is_soft_deleted = true;
    let report = on_demand::run(&bench.job, &anna, &mut bench.state, &mut StdRng::seed_from_u64(2)).await;
    assert!(report.ok, "{report:?}");
    let seen = bench.stub.take();
    assert_eq!(
        seen.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(),
        ["GET", "GET", "PATCH"]
    );
    assert!(seen[2].target.ends_with("?aadOptscim062020"));
    let disable = json!({"op": "Add", "path": "active", "value": "False"});
    assert!(seen[2].body["Operations"].as_array().unwrap().contains(&disable));
}

#[tokio::test]
async fn deletions_above_the_threshold_are_staged_and_quarantine_the_job() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna", "bo"]).await;
    bench.cycle().await;
    bench.stub.take();
    bench.job.deletion_threshold = Some(1);
    bench.person("anna").is_soft_deleted = true;
    bench.person("bo").is_soft_deleted = true;
    let report = bench.cycle().await;
    assert!(lines(&bench).is_empty());
    assert_eq!(
        serde_json::to_value(&report).unwrap()["quarantine"]["reason"],
        "TooManyDeletes"
    );
    assert_eq!(bench.last_error().0, "StagedDelete");
    bench.job.deletion_threshold = None;
    let report = bench.cycle().await;
    assert_eq!((report.counts.disabled, report.done), (2, true));
}
