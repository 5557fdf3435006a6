//! What the five indexes for searches of the provisioning log cost whoever writes it: creations with them, beside creations in a database
//! where they were dropped.

use crate::base::{self, Base, Kind};
use crate::beside::slice;
use crate::load::closed_loop;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use std::sync::Arc;

/// The indexes of migration 0019.
const INDEXES: [&str; 5] = ["request", "token", "status", "action", "directory"];

pub async fn run(plan: &Plan) -> Vec<Row> {
    base::on_both(async |kind| vec![row(plan, kind).await]).await
}

async fn row(plan: &Plan, kind: Kind) -> Row {
    say(&format!(
        "creations with and without the log's indexes, {}",
        kind.name()
    ));
    let with = Base::start(plan, kind).await;
    let mut without = Base::start(plan, kind).await;
    for name in INDEXES {
        without.run(&format!("DROP INDEX provisioning_log_{name}")).await;
    }
    let (with, without) = (Arc::new(with.site), Arc::new(without.site));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        for (site, rates) in [(&with, &mut ours), (&without, &mut theirs)] {
            let done = closed_loop(site.address, slice(plan, round), &site.next, &site.creates()).await;
            if round > 0 {
                rates.push(done.rate);
            }
        }
    }
    Row {
        what: format!(
            "create with the five indexes of the provisioning log, {}",
            kind.name()
        ),
        unit: "people/s",
        ours: Side::median("usher serve: GET by userName, then POST, 32 connections", &ours),
        theirs: Some(Side::median("the same without the five indexes", &theirs)),
        bar: Bar::None,
        notes: vec!["the log and its indexes grow during the run, on both sides alike".to_owned()],
    }
}
