//! `usher feed list | renew | show | tail`.

mod events;

use admin::feeds::list::{FeedSummary, Group};
use admin::feeds::renew::Renewed;
use admin::view::{FeedRenewed, FeedView};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use domain::tenant::Slug;
use serde_json::json;

use super::show::{Printer, Table, ago, number};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// How far each feed is given positions, published to Redis, and applied by its readers; out of the database, the same wherever
    /// it runs.
    List {
        /// Of this app only.
        #[arg(long)]
        app: Option<String>,
    },
    /// Begin another epoch of an app's feed: every reader takes a snapshot over HTTP and goes on from there. For a reader whose
    /// tables went wrong, or after a repair of the database by hand.
    Renew {
        /// The app's name.
        #[arg(required_unless_present = "all")]
        app: Option<String>,
        /// The feed of every app, after a database came back older: from a snapshot of the disk, for instance.
        #[arg(long, conflicts_with = "app")]
        all: bool,
    },
    /// Print one event of an app's feed, with the personal data in it.
    Show {
        /// The app's name.
        app: String,
        /// Its position.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        position: i64,
    },
    /// Print a line for each new event of an app's feed, until Ctrl-C; with --json whole events.
    Tail {
        /// The app's name.
        app: String,
        /// Begin at this position instead of now.
        #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
        from: Option<i64>,
        /// Events of this type only, such as usher.identity.updated.v1.
        #[arg(long = "type", value_name = "TYPE")]
        event_type: Option<String>,
        /// End at the newest event instead of waiting for more.
        #[arg(long)]
        no_follow: bool,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::List { app } => list(context, printer, app.as_deref()).await,
        Verb::Renew { app: Some(app), .. } => renew(context, printer, &app).await,
        Verb::Renew { app: None, .. } => renew_all(context, printer).await,
        Verb::Show { app, position } => events::show(context, printer, &app, position).await,
        Verb::Tail {
            app,
            from,
            event_type,
            no_follow,
        } => {
            let wanted = events::Wanted {
                from,
                event_type,
                follow: !no_follow,
            };
            events::tail(context, printer, &app, &wanted).await
        }
    }
}

async fn renew(context: &admin::Context, printer: Printer, app: &str) -> anyhow::Result<()> {
    let renewed = admin::feeds::renew::execute(context, app).await?;
    printer.answer(&json!(FeedRenewed::of(app, &renewed)), || {
        format!(
            "feed {app}: epoch {} instead of {}. Every reader of this app takes a snapshot and goes on after position {} or later",
            renewed.epoch,
            renewed.before,
            number(renewed.head.number())
        )
    });
    Ok(())
}

async fn renew_all(context: &admin::Context, printer: Printer) -> anyhow::Result<()> {
    let renewed = admin::feeds::renew::all(context).await?;
    let json = renewed
        .iter()
        .map(|(app, renewed)| json!(FeedRenewed::of(app.as_str(), renewed)));
    printer.list(json.collect(), "no feeds yet: usher app create NAME", || {
        let row = |(app, renewed): &(Slug, Renewed)| {
            [
                app.to_string(),
                renewed.epoch.to_string(),
                renewed.before.to_string(),
                number(renewed.head.number()),
            ]
        };
        Table::of(["app", "epoch", "before", "head"], renewed.iter().map(row))
    });
    Ok(())
}

async fn list(context: &admin::Context, printer: Printer, app: Option<&str>) -> anyhow::Result<()> {
    let feeds = admin::feeds::list::execute(context, app).await?;
    let json = feeds.iter().map(|feed| json!(FeedView::from(feed))).collect();
    printer.list(json, "no feeds yet: usher app create NAME", || {
        let head = [
            "app",
            "state",
            "head",
            "in redis",
            "reader",
            "applied",
            "next",
            "behind",
            "lag",
            "last heard",
            "why",
        ];
        let now = context.clock.now();
        Table::of(head, feeds.iter().flat_map(|feed| rows(feed, now)))
    });
    Ok(())
}

/// A row a reader.
fn rows(summary: &FeedSummary, now: DateTime<Utc>) -> Vec<[String; 11]> {
    let feed = &summary.feed;
    let row = |group: &Group| {
        let next = group.oldest_unacknowledged;
        [
            feed.name.to_string(),
            feed.state.to_string(),
            number(feed.head.number()),
            number(feed.published.number()),
            group.name.clone(),
            number(group.acknowledged.number()),
            next.map_or_else(|| "-".to_owned(), |position| number(position.number())),
            number(group.behind),
            format!("{} s", number(group.lag_seconds)),
            ago(group.at, now),
            summary.warning.clone().unwrap_or_default(),
        ]
    };
    summary.groups.iter().map(row).collect()
}
