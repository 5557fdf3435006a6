//! What happens when the target fails: repeats, escrow, quarantine, and how each of them ends.

use entra_sim::cycle::Until;
use entra_sim::cycle::quarantine::Rules;
use entra_sim::dialect::Dialect;
use entra_sim::state::QuarantineReason;
use serde_json::json;

use crate::bench::{Bench, object_id};
use crate::stub::{Reply, error};

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_sent_again_unchanged() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    let mut lost = false;
    bench.stub.script(move |seen| {
        let lose = seen.method == "POST" && !lost;
        lost |= lose;
        lose.then_some(Reply::Lose)
    });
    assert!(bench.cycle().await.done);
    let posts: Vec<_> = bench
        .stub
        .take()
        .into_iter()
        .filter(|seen| seen.method == "POST")
        .collect();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].body, posts[1].body);
}

#[tokio::test]
async fn no_answer_in_time_goes_to_escrow_and_the_next_cycle_looks_before_it_creates() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench
        .stub
        .script(|seen| (seen.method == "POST").then_some(Reply::Stall));
    let report = bench.cycle().await;
    assert_eq!((report.done, report.escrow), (false, 1));
    assert_eq!(bench.last_error().0, "Timeout");
    bench.stub.no_script();
    bench.stub.take();
    assert!(bench.cycle().await.done);
    let methods: Vec<_> = bench.stub.take().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["GET", "GET", "POST"]);
}

#[tokio::test]
async fn too_many_requests_is_repeated_other_refusals_are_not() {
    for (status, expected_posts, code) in [
        (429, 3, "TooManyRequests"),
        (503, 1, "InternalServerError"),
        (409, 1, "EntryConflict"),
    ] {
        let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
        bench.stub.script(move |seen| {
            (seen.method == "POST").then(|| error(status, "uniqueness", "userName is taken"))
        });
        bench.cycle().await;
        let posts = bench
            .stub
            .take()
            .into_iter()
            .filter(|seen| seen.method == "POST")
            .count();
        assert_eq!(posts, expected_posts, "{status}");
        assert_eq!(
            bench.last_error(),
            (code, "uniqueness: userName is taken".to_owned())
        );
    }
}

#[tokio::test]
async fn what_keeps_failing_is_tried_ever_less_often_and_settling_jumps_there() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna", "bo"]).await;
    bench.stub.script(|seen| {
        let anna = seen.body["userName"] == "anna@contoso.example";
        (seen.method == "POST" && anna).then(|| error(400, "invalidValue", "no"))
    });
    bench.cycles(8, Until::AllCycles).await;
    let tries = bench
        .stub
        .take()
        .iter()
        .filter(|seen| seen.method == "POST")
        .count();
    assert_eq!(tries, 1 + 4, "bo once; anna in cycles 1, 2, 4 and 8");
    bench.stub.no_script();
    let report = bench.cycles(5, Until::Settled).await;
    assert_eq!((report.done, report.cycles.len()), (true, 1));
}

#[tokio::test]
async fn bad_credentials_quarantine_at_once_and_a_good_cycle_lifts_it() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench
        .stub
        .script(|_| Some(error(401, "", "the token was revoked")));
    let report = bench.cycle().await;
    let quarantine = report.quarantine.unwrap();
    assert_eq!(
        quarantine.reason,
        QuarantineReason::EncounteredQuarantineException
    );
    assert_eq!(quarantine.detail, "the token was revoked");
    assert_eq!(quarantine.next_try - bench.state.clock, 6 * 60 * 60);
    assert_eq!(bench.stub.take().len(), 1);
    bench.stub.no_script();
    assert!(bench.cycle().await.done);
    assert!(bench.state.clock >= 6 * 60 * 60);
}

#[tokio::test]
async fn credentials_revoked_in_the_middle_stop_the_cycle() {
    let mut bench = Bench::new(Dialect::Legacy, &["a", "b", "c", "d"]).await;
    let mut posts = 0;
    bench.stub.script(move |seen| {
        posts += usize::from(seen.method == "POST");
        (posts >= 2).then(|| error(401, "", "revoked"))
    });
    let report = bench.cycle().await;
    assert_eq!((report.counts.created, report.counts.failed), (1, 1));
    assert!(report.quarantine.is_some() && bench.state.watermark.is_none());
    bench.stub.no_script();
    let report = bench.cycles(3, Until::Settled).await;
    assert_eq!((report.done, report.cycles[0].kind.as_str()), (true, "initial"));
}

#[tokio::test]
async fn answers_in_flight_do_not_lengthen_a_quarantine() {
    let mut bench = Bench::new(Dialect::Legacy, &["a", "b", "c", "d", "e", "f"]).await;
    bench.job.concurrency = 6;
    bench
        .stub
        .script(|seen| (seen.method == "POST").then(|| error(401, "", "revoked")));
    let quarantine = bench.cycle().await.quarantine.unwrap();
    assert_eq!((quarantine.attempts, quarantine.next_try), (1, 6 * 60 * 60));
}

#[tokio::test]
async fn html_instead_of_scim_is_an_incompatible_service() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench
        .stub
        .script(|_| Some(Reply::Text(200, "content-type: text/html", "<html>welcome")));
    assert!(
        bench
            .cycle()
            .await
            .quarantine
            .unwrap()
            .detail
            .contains("<html>welcome")
    );
}

#[tokio::test]
async fn a_target_that_is_down_ends_the_cycle_without_quarantine() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.stub.script(|_| Some(error(503, "", "starting")));
    let report = bench.cycle().await;
    assert!(!report.done && report.quarantine.is_none());
    assert!(
        report.cycles[0]
            .stopped_by
            .as_deref()
            .unwrap()
            .contains("starting")
    );
    bench.stub.no_script();
    assert!(bench.cycle().await.done);
}

#[tokio::test]
async fn too_large_a_share_of_failures_quarantines_the_job() {
    let mut bench = Bench::new(Dialect::Legacy, &["a", "b", "c", "d", "e"]).await;
    bench.job.rules = Rules {
        proportion_from: 2,
        ..Rules::default()
    };
    bench
        .stub
        .script(|seen| (seen.method == "POST").then(|| error(400, "invalidValue", "no")));
    let report = bench.cycle().await;
    assert_eq!(
        report.quarantine.unwrap().reason,
        QuarantineReason::EncounteredEscrowProportionThreshold
    );
    assert_eq!(
        report.counts.failed, 3,
        "the third failure is more than 40 % of five; the rest is left alone"
    );
}

#[tokio::test]
async fn a_known_object_that_is_gone_needs_a_restart() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.cycle().await;
    bench
        .person("anna")
        .attributes
        .insert("surname".to_owned(), json!("Holm"));
    bench
        .stub
        .script(|seen| (seen.method == "PATCH").then(|| error(404, "", "no such user")));
    bench.cycles(2, Until::Settled).await;
    assert_eq!(bench.last_error().0, "InvalidAnchor");
    assert_eq!(bench.state.escrow[&object_id("anna")].attempts, 2);
    bench.stub.no_script();
    bench.state.restart();
    let report = bench.cycle().await;
    assert_eq!((report.done, report.cycles[0].kind.as_str()), (true, "initial"));
}

#[tokio::test]
async fn a_delete_of_what_is_gone_is_done() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.cycle().await;
    bench.source.users.clear();
    bench
        .stub
        .script(|seen| (seen.method == "DELETE").then(|| error(404, "", "no such user")));
    let report = bench.cycle().await;
    assert_eq!((report.done, report.counts.deleted), (true, 1));
}
