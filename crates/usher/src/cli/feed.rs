//! `usher feed list`.

use admin::feeds::list::{FeedSummary, Group};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::{Value, json};

use super::show::{Printer, Table, ago, number};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// How far each feed is given positions, published to Redis, and applied by its readers.
    List {
        /// Of this app only.
        #[arg(long)]
        app: Option<String>,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    let Verb::List { app } = verb;
    let feeds = admin::feeds::list::execute(context, app.as_deref()).await?;
    let json = feeds.iter().map(shape).collect();
    printer.list(json, "no feeds yet: usher app create NAME", || {
        let head = [
            "app",
            "head",
            "in redis",
            "reader",
            "applied",
            "behind",
            "last heard",
        ];
        let now = context.clock.now();
        Table::of(head, feeds.iter().flat_map(|feed| rows(feed, now)))
    });
    Ok(())
}

/// A row a reader, or one without any.
fn rows(feed: &FeedSummary, now: DateTime<Utc>) -> Vec<[String; 7]> {
    let row = |[reader, applied, behind, heard]: [String; 4]| {
        let (head, published) = (number(feed.head.number()), number(feed.published.number()));
        [
            feed.app.to_string(),
            head,
            published,
            reader,
            applied,
            behind,
            heard,
        ]
    };
    let of_group = |group: &Group| {
        let (applied, behind) = (number(group.acknowledged.number()), number(group.lag));
        row([group.name.clone(), applied, behind, ago(Some(group.at), now)])
    };
    if feed.groups.is_empty() {
        return vec![row(["none yet", "", "", ""].map(str::to_owned))];
    }
    feed.groups.iter().map(of_group).collect()
}

fn shape(feed: &FeedSummary) -> Value {
    let group = |group: &Group| {
        json!({
            "group": group.name,
            "acknowledged": group.acknowledged,
            "lag": group.lag,
            "at": group.at,
        })
    };
    json!({
        "app": feed.app,
        "head": feed.head,
        "published": feed.published,
        "groups": feed.groups.iter().map(group).collect::<Vec<_>>(),
    })
}
