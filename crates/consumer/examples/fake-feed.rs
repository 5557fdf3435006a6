//! A feed for the tests of a consumer: recorded events over HTTP as the gateway serves them, and its bad days at will.
//!
//! ```text
//! fake-feed --listen 127.0.0.1:8090 --credential test --day 'tell 10'
//! booking --feed http://127.0.0.1:8090/feeds/booking/events --credential test --database booking.db
//! curl -d 'tell 28' http://127.0.0.1:8090/fake       the other recorded events
//! curl -d 'epoch 12' http://127.0.0.1:8090/fake      the database comes back older
//! fake-feed --redis redis://127.0.0.1:6379/           a Redis stream too: usher:{test:booking}:s00
//! ```
//! After all of its days ([`Day`], `--help`) a consumer's tables are those of `examples/fake_feed/expected.json`, once everything recorded is told.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod fake_feed {
    pub mod directory;
    pub mod feed;
    pub mod server;
    pub mod stream;
}

use anyhow::Context;
use clap::Parser;
use fake_feed::feed::{Day, FakeFeed};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A feed for the tests of a consumer.
///
/// Days, for --day and for `curl -d DAY http://ADDRESS/fake`: `tell N` the next N recorded events are told; `oldest N` events before
/// position N are no longer kept (410); `hole N` the same without the 410; `epoch N` the database comes back as it was at position
/// N; `wipe` the Redis stream is gone and is filled again; `refuse STATUS` the next request is refused; `page N` a page of a snapshot has N events at most; `poison` an event without a
/// source and without data; `repeat` pages begin with events that are known; `shuffle` pages are in no order. With any --day, only what
/// `tell` says is told.
#[derive(Parser)]
struct Args {
    /// The address to listen on; port 0 takes a free one and prints it.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// The app's name.
    #[arg(long, default_value = "booking")]
    app: String,
    /// The credential that requests must carry.
    #[arg(long, default_value = "test")]
    credential: String,
    /// Mirrors the feed in the stream usher:{test:APP}:s00 of this Redis too, with its group and the hash beside it.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Events, one JSON object a line [default: the recorded ones].
    #[arg(long)]
    events: Option<PathBuf>,
    /// What happens before the first request, in this order [default: all events are told].
    #[arg(long)]
    day: Vec<Day>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let text = match &args.events {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?,
        None => include_str!("fake_feed/recorded.jsonl").to_owned(),
    };
    let events = text.lines().map(serde_json::from_str::<Value>);
    let mut feed = FakeFeed::new(
        events
            .collect::<Result<Vec<_>, _>>()
            .context("a line is no JSON")?,
    );
    if args.day.is_empty() {
        feed.happen(Day::Tell(usize::MAX));
    }
    for day in &args.day {
        feed.happen(*day);
    }
    let listener = tokio::net::TcpListener::bind(&args.listen).await?;
    println!("http://{}/feeds/{}/events", listener.local_addr()?, args.app);
    let feed = Arc::new(Mutex::new(feed));
    let mirror = async {
        match &args.redis {
            Some(url) => fake_feed::stream::mirror(url, &args.app, &feed).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = fake_feed::server::serve(listener, args.app.clone(), args.credential, Arc::clone(&feed)) => Ok(()),
        mirrored = mirror => mirrored.context("Redis"),
    }
}
