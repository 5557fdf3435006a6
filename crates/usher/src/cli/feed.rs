//! `usher feed list`.

use admin::feeds::list::{FeedSummary, Group};
use clap::Subcommand;
use serde_json::{Value, json};

use super::show::{Printer, Table, ago, number, printable};

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
        let mut table = Table::new([
            "app",
            "head",
            "in redis",
            "reader",
            "applied",
            "behind",
            "last heard",
        ]);
        let now = context.clock.now();
        for feed in &feeds {
            let first = [
                feed.app.to_string(),
                number(feed.head.number()),
                number(feed.published.number()),
            ];
            if feed.groups.is_empty() {
                let [app, head, published] = first.clone();
                table.row(&[
                    app,
                    head,
                    published,
                    "none yet".to_owned(),
                    String::new(),
                    String::new(),
                    String::new(),
                ]);
            }
            for group in &feed.groups {
                let [app, head, published] = first.clone();
                let (applied, behind) = (number(group.acknowledged.number()), number(group.lag));
                table.row(&[
                    app,
                    head,
                    published,
                    printable(&group.name),
                    applied,
                    behind,
                    ago(Some(group.at), now),
                ]);
            }
        }
        table
    });
    Ok(())
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
