//! A booking service that keeps its own tables of advisors and rooms, filled from its Usher feed.
//!
//! ```text
//! booking --feed http://127.0.0.1:8080/feeds/booking/events --credential-file credential --database booking.db
//! booking --feed redis://127.0.0.1:6379/ --stream 'usher:{test:booking}:s00' --redis-user usher-app-test-booking \
//!         --http-feed http://127.0.0.1:8080/feeds/booking/events --credential-file credential --database booking.db
//! booking --database booking.db --watch          only looks on
//! booking --database booking.db --dump --json    prints the tables
//! ```
//! Kill it at any moment: the tables and the place are one transaction, so it goes on where it was.
#![expect(
    clippy::print_stdout,
    reason = "a program for the terminal: its output is the point"
)]

mod booking {
    pub mod database;
    pub mod row;
    pub mod viewer;
}

use anyhow::Context;
use booking::{database::Database, viewer};
use clap::Parser;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use usher_consumer::settings::{CLAIM_AFTER, FeedWords};
use usher_consumer::{Feed, Settings, Sharing};

/// The reference consumer: advisors and rooms from an Usher feed in tables of one's own.
#[derive(Parser)]
struct Args {
    /// The feed: http(s)://…/feeds/APP/events, or redis(s)://… for the Redis queue.
    #[arg(long)]
    feed: Option<String>,
    /// The stream's key with Redis, as `usher app create` prints it [default: usher:{ENVIRONMENT:APP}:s00].
    #[arg(long)]
    stream: Option<String>,
    /// The gateway's environment, for the default stream key.
    #[arg(long, default_value = "test")]
    environment: String,
    /// The app's user in Redis, as `usher app create` prints it; its password is the credential.
    #[arg(long)]
    redis_user: Option<String>,
    /// The app's credential, as `usher app create` prints it.
    #[arg(long, conflicts_with = "credential_file")]
    credential: Option<String>,
    /// A file that holds the credential.
    #[arg(long)]
    credential_file: Option<PathBuf>,
    /// The HTTP feed, needed beside a Redis stream: for snapshots and for what the stream has lost.
    #[arg(long)]
    http_feed: Option<String>,
    /// One of several workers on the same Redis stream and database, under this name of its own.
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// Seconds after which another worker's unfinished events are taken over.
    #[arg(long, default_value_t = CLAIM_AFTER.as_secs())]
    claim_after: u64,
    /// Begins with a snapshot, whatever the database knows.
    #[arg(long)]
    snapshot: bool,
    /// The app's name.
    #[arg(long, default_value = "booking")]
    app: String,
    /// The consumer group [default: the app's name].
    #[arg(long)]
    group: Option<String>,
    /// The SQLite file with the tables.
    #[arg(long, default_value = "booking.db")]
    database: PathBuf,
    /// Shows the tables live; without --feed it only looks on.
    #[arg(long)]
    watch: bool,
    /// Prints the tables and ends.
    #[arg(long, conflicts_with_all = ["feed", "watch"])]
    dump: bool,
    /// Prints JSON.
    #[arg(long, requires = "dump")]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if args.dump {
        return dump(&args).await;
    }
    let Some(feed) = args.feed.clone() else {
        anyhow::ensure!(
            args.watch,
            "say where the feed is (--feed URL), or what to show (--watch, --dump)"
        );
        tokio::select! {
            shown = viewer::watch(&args.database) => shown?,
            () = stopped() => {}
        }
        return Ok(());
    };
    tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let settings = settings(&args, feed)?;
    let mut database = Database::open(&args.database, &args.app)
        .await
        .context("open the database")?;
    if args.snapshot {
        database.forget_place().await.context("forget the place")?;
    }
    if args.watch {
        let path = args.database.clone();
        tokio::spawn(async move { viewer::watch(&path).await });
    }
    usher_consumer::run(&settings, &mut database, stopped()).await?;
    database.close().await.context("close the database")
}

fn settings(args: &Args, url: String) -> anyhow::Result<Settings> {
    let credential = match &args.credential_file {
        Some(file) => {
            Some(std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?)
        }
        None => args.credential.clone(),
    };
    let default_stream = || format!("usher:{{{}:{}}}:s00", args.environment, args.app);
    let feed = Feed::parse(FeedWords {
        url,
        stream: Some(args.stream.clone().unwrap_or_else(default_stream)),
        redis_user: args.redis_user.clone(),
        credential: credential.map(|text| text.trim().to_owned()),
        http_feed: args.http_feed.clone(),
    })?;
    let group = args.group.clone().unwrap_or_else(|| args.app.clone());
    Ok(Settings {
        feed,
        group,
        sharing: if args.worker.is_some() {
            Sharing::Workers
        } else {
            Sharing::OneReader
        },
        // The same name over restarts. One database, one process: one name.
        consumer: args.worker.clone().unwrap_or_else(|| args.app.clone()),
        claim_after: Duration::from_secs(args.claim_after),
    })
}

async fn dump(args: &Args) -> anyhow::Result<()> {
    let dump = Database::dump(&args.database).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&dump)?);
    } else {
        println!("{}", viewer::tables(&dump, usize::MAX));
    }
    Ok(())
}

/// Completes on SIGTERM or Ctrl-C.
async fn stopped() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
