//! A snapshot of a million identities over HTTP: how fast, and the gateway's highest memory meanwhile.

use crate::base::{Base, Kind, on_both};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use std::time::Instant;
use support::gateway::App;

pub async fn run(plan: &Plan) -> Vec<Row> {
    on_both(async |kind| on(plan, kind).await).await
}

async fn on(plan: &Plan, kind: Kind) -> Vec<Row> {
    let (name, count) = (kind.name(), plan.million);
    say(&format!("snapshot, {name}: seeding {count} people"));
    let mut base = Base::seeded(plan, kind, count).await;
    let gateway = &mut base.site.gateway;
    let app = gateway.app("booking");
    gateway.terminate();
    gateway.restart().await;
    let before = gateway.process().resident_kib();
    say(&format!("snapshot, {name}: reading"));
    let begin = Instant::now();
    let (events, bytes) = read(&app).await;
    let seconds = begin.elapsed().as_secs_f64();
    let peak = base.site.gateway.process().peak_kib();
    // The template is there too.
    assert_eq!(events, u64::from(count) + 1, "a snapshot has everybody");
    let mib = |bytes: f64| bytes / f64::from(1_u32 << 20);
    let measured = |what: &str, unit, of: &str, figure, bar, notes| Row {
        what: format!("{what}, {name}"),
        unit,
        ours: Side::single(of, figure),
        theirs: None,
        bar,
        notes,
    };
    let note = format!(
        "{seconds:.0} s, {:.0} MiB of pages of 500, one reader, not compressed",
        mib(bytes as f64)
    );
    let resident = format!("{:.0} MiB before the first page", mib(before as f64 * 1024.0));
    vec![
        measured(
            &format!("snapshot of {count} identities"),
            "identities/s",
            "one reader over HTTP",
            events as f64 / seconds,
            Bar::None,
            vec![note],
        ),
        measured(
            &format!("highest memory in a snapshot of {count} identities"),
            "MiB",
            "usher serve, since its start",
            mib(peak as f64 * 1024.0),
            Bar::Below(256.0),
            vec![resident],
        ),
    ]
}

/// Reads all pages; how many events they have, and how many bytes.
async fn read(app: &App) -> (u64, u64) {
    let client = support::http_client();
    let url = app.feed_url.replace("/events", "/snapshot?limit=500");
    let (mut cursor, mut events, mut bytes) = (String::new(), 0, 0);
    loop {
        let request = client.get(format!("{url}{cursor}")).bearer_auth(&app.credential);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "a page");
        let page = answer.text().await.expect("a page");
        bytes += page.len() as u64;
        events += page.matches("\"specversion\":").count() as u64;
        // The members after the events; an event has no member of this name at its end.
        let (_, next) = page.rsplit_once("\"next\":").expect("next");
        match next.trim_end_matches('}').trim_matches('"') {
            "null" => return (events, bytes),
            next => cursor = format!("&cursor={next}"),
        }
    }
}
