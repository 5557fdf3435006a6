//! Rates beside those of a yardstick, in one run on one machine: `make bench`, described in
//! `docs/benchmarks.md`.
//!
//! Each row drives the released gateway from outside and its yardstick (pgbench, SQLite with a commit a
//! request, a bare route) in alternating slices, so that other load on the machine affects both, and takes
//! medians. No row passes or fails: numbers of a shared machine are to be read, not asserted.
//!
//! Reading order: [`report`] (the output), [`load`] (the client), [`rows`] (one module a row of
//! `docs/benchmarks.md`).
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement that cannot be set up ends with what it said"
)]

mod bare;
mod base;
mod beside;
mod cpu;
mod least;
mod load;
mod pgbench;
mod plan;
mod report;
mod rows;
mod samples;
mod seed;
mod site;
mod wire;

use plan::Plan;
use report::Report;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, port, workers] = args.as_slice()
        && first == bare::COMMAND
    {
        return bare::serve(port, workers);
    }
    let plan = Plan::read(&args).unwrap_or_else(|usage| {
        report::complain(&usage);
        std::process::exit(2);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let report = runtime.block_on(run(&plan));
    report.print();
    if let Some(file) = &plan.json {
        report.write(file);
    }
}

async fn run(plan: &Plan) -> Report {
    let mut report = Report::of_this_machine();
    if plan.wants("verdict") {
        report.add(rows::verdict::run().await);
    }
    if plan.wants("footprint") {
        report.add(rows::footprint::run(plan).await);
    }
    if plan.wants("create-postgres") {
        report.add(rows::create_postgres::run(plan).await);
    }
    if plan.wants("create-sqlite") {
        report.add(rows::create_sqlite::run(plan).await);
    }
    if plan.wants("query-sqlite") {
        report.add(rows::query_sqlite::run(plan).await);
    }
    if plan.wants("query-postgres") {
        report.add(rows::query_postgres::run(plan).await);
    }
    if plan.wants("patch-postgres") {
        report.add(rows::patch_postgres::run(plan).await);
    }
    if plan.wants("delivery") {
        report.add(rows::delivery::run(plan).await);
    }
    if plan.wants("instances") {
        report.add(rows::instances::run(plan).await);
    }
    if plan.wants("drain") {
        report.add(rows::drain::run(plan).await);
    }
    if plan.wants("groups") {
        report.add(rows::groups::run(plan).await);
    }
    if plan.wants("memberships") {
        report.add(rows::memberships::run(plan).await);
    }
    if plan.wants("lists") {
        report.add(rows::lists::run(plan).await);
    }
    if plan.wants("pages") {
        report.add(rows::pages::run(plan).await);
    }
    if plan.wants("tenants") {
        report.add(rows::tenants::run(plan).await);
    }
    if plan.wants("fairness") {
        report.add(rows::fairness::run(plan).await);
    }
    for (name, kind) in [
        ("floods-postgres", base::Kind::Postgres),
        ("floods-sqlite", base::Kind::Sqlite),
    ] {
        if plan.wants(name) {
            report.add(rows::floods::run(plan, kind).await);
        }
    }
    if plan.wants("access-token") {
        report.add(rows::access_token::run(plan).await);
    }
    if plan.wants("token-endpoint") {
        report.add(rows::token_endpoint::run(plan).await);
    }
    if plan.wants("log-indexes") {
        report.add(rows::log_indexes::run(plan).await);
    }
    if plan.wants("release-policies") {
        report.add(rows::release_policies::run(plan).await);
    }
    if plan.wants("match-million") {
        report.add(rows::match_million::run(plan).await);
    }
    if plan.wants("snapshot") {
        report.add(rows::snapshot::run(plan).await);
    }
    report
}
