//! The rate of the relay after an outage: Redis stops, events wait in the database, Redis returns without
//! data.

use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::site::Site;
use crate::wire::Connection;
use sqlx::ConnectOptions;
use std::time::{Duration, Instant};
use support::gateway::Settings;
use support::http::Feed;
use support::postgres::{Database, Postgres};
use support::redis::Redis;

pub async fn run(plan: &Plan) -> Vec<Row> {
    let database = Postgres::shared().await.database().await;
    vec![
        measure("PostgreSQL", Some(database), plan).await,
        measure("SQLite", None, plan).await,
    ]
}

async fn measure(name: &str, database: Option<Database>, plan: &Plan) -> Row {
    say(&format!("relay drain, {name}"));
    let mut redis = Redis::start().await;
    let settings = Settings {
        database: database.clone(),
        redis: Some(redis.url()),
        ..plan.settings()
    };
    let site = Site::start(settings).await;
    let app = site.gateway.app("booking");
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
    until_length(&redis, &app.stream, 1).await;

    redis.kill9();
    pile_up(&site, database.as_ref(), plan.backlog).await;
    let head = i64::from(plan.backlog) + 1;
    let feed = Feed::new(&app);
    let stamping = Instant::now();
    support::wait::until("the backlog to be stamped", Duration::from_mins(2), || async {
        (i64::try_from(feed.head().await).ok()? >= head).then_some(())
    })
    .await;
    let stamped = stamping.elapsed();

    redis.restart().await;
    let back = Instant::now();
    let (first, begun) = until_length(&redis, &app.stream, 2).await;
    let (_, ended) = until_length(&redis, &app.stream, head).await;
    #[expect(clippy::cast_precision_loss, reason = "a backlog of thousands")]
    let rate = (head - first) as f64 / (ended - begun).as_secs_f64();
    Row {
        what: format!("relay drain of {} events, {name}", plan.backlog),
        unit: "events/s",
        ours: Side::single("from the first event seen in Redis to the last", rate),
        theirs: None,
        bar: Bar::AtLeast(20_000.0),
        notes: vec![
            format!(
                "Redis noticed after {:.1} s (back-off); it held {first} when first looked at",
                (begun - back).as_secs_f64()
            ),
            format!(
                "the stamper had given the backlog its positions in at most {:.1} s",
                stamped.as_secs_f64()
            ),
        ],
    }
}

/// Multiplies one unstamped event by SQL: the outbox is the input of this row, not what it measures.
pub async fn pile_up(site: &Site, database: Option<&Database>, count: u32) {
    if let Some(database) = database {
        let mut admin = Postgres::shared().await.admin(&database.name).await;
        return seed::postgres(&mut admin, seed::OUTBOX, count).await;
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.sqlite_file());
    let options = options.busy_timeout(Duration::from_secs(30));
    let mut file = options.connect().await.expect("open the database file");
    seed::sqlite(&mut file, seed::OUTBOX, count).await;
    sqlx::Connection::close(file).await.expect("close");
}

/// Waits until the stream has at least `length` entries; returns their number and the time.
async fn until_length(redis: &Redis, stream: &str, length: i64) -> (i64, Instant) {
    let mut connection = redis.connection().await;
    let end = Instant::now() + Duration::from_mins(2);
    loop {
        let now: i64 = redis::cmd("XLEN")
            .arg(stream)
            .query_async(&mut connection)
            .await
            .unwrap_or(0);
        if now >= length {
            return (now, Instant::now());
        }
        assert!(
            Instant::now() < end,
            "the stream holds {now} of {length} events after two minutes"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
