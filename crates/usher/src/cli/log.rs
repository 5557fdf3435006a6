//! `usher log list`: the calls about a person or group, and whether their events arrived.

use admin::logs::search::{Found, Query};
use admin::view::LogView;
use chrono::TimeDelta;
use clap::Subcommand;
use domain::id::ResourceId;
use domain::log::LogStatus;
use serde_json::json;
use store::DeliveryStatus;

use super::show::{Printer, Table, moment, number};
use super::span;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Search a tenant's provisioning log, newest first.
    List(Search),
}

#[derive(Debug, clap::Args)]
pub struct Search {
    /// The tenant's name.
    #[arg(long)]
    tenant: String,
    /// In this directory only.
    #[arg(long)]
    profile: Option<String>,
    /// About the person or room with this userName (in Entra mostly the userPrincipalName), or the group with this
    /// displayName, in any case.
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// About the one with this externalId (in Entra the objectId or what the mapping says).
    #[arg(long, value_name = "EXTERNAL_ID")]
    external_id: Option<String>,
    /// About the one with this id of ours (idn_… or grp_…).
    #[arg(long)]
    id: Option<ResourceId>,
    /// Refused calls only.
    #[arg(long)]
    failures: bool,
    /// Calls within this span only, such as 24h.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    since: Option<TimeDelta>,
    /// At most so many rows, 1 to 1000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    let Verb::List(search) = verb;
    let query = Query {
        profile: search.profile,
        user_name: search.user,
        external_id: search.external_id,
        resource: search.id,
        status: search.failures.then_some(LogStatus::Failure),
        since: search.since.map(|span| context.clock.now() - span),
        after: None,
        limit: search.limit,
    };
    let found = admin::logs::search::execute(context, &search.tenant, query).await?;
    let json = found
        .iter()
        .map(|found| json!(LogView::of(&search.tenant, found)))
        .collect();
    printer.list(json, "nothing in the log fits", || {
        let head = [
            "accepted",
            "profile",
            "action",
            "status",
            "who",
            "what",
            "delivered",
        ];
        let row = |found: &Found| {
            let entry = &found.row.entry;
            let who = entry.user_name.clone().or_else(|| entry.external_id.clone());
            [
                moment(entry.at),
                found.profile.clone(),
                entry.action.as_str().to_owned(),
                entry.status.as_str().to_owned(),
                who.or_else(|| entry.resource.map(|id| id.to_string()))
                    .unwrap_or_default(),
                what(found),
                delivered(found),
            ]
        };
        Table::of(head, found.iter().map(row))
    });
    Ok(())
}

fn what(found: &Found) -> String {
    let entry = &found.row.entry;
    let changed = short(&entry.changed);
    match (&entry.code, &entry.detail) {
        (Some(code), Some(detail)) => format!("{code}: {detail}"),
        (Some(code), None) => code.clone(),
        (None, Some(detail)) if changed.is_empty() => detail.clone(),
        (None, Some(detail)) => format!("{changed}; {detail}"),
        (None, None) => changed,
    }
}

/// The first paths; `--json` has all.
fn short(changed: &[String]) -> String {
    const SHOWN: usize = 3;
    match changed.split_at_checked(SHOWN) {
        Some((first, more)) if !more.is_empty() => format!("{} and {} more", first.join(", "), more.len()),
        _ => changed.join(", "),
    }
}

/// `booking: feed 9,121, applied 04:12:34`.
fn delivered(found: &Found) -> String {
    let row = &found.row;
    if row.entry.event.is_none() {
        return "no event".to_owned();
    }
    if row.deliveries.is_empty() {
        return "in no feed yet".to_owned();
    }
    let text = |delivery: &DeliveryStatus| {
        let reader = match &delivery.group {
            Some(group) if *group != delivery.app.as_str() => format!("{}/{group}", delivery.app),
            _ => delivery.app.to_string(),
        };
        let applied = delivery
            .applied_at
            .map(|at| at.format("applied %H:%M:%S").to_string());
        let waits = if delivery.is_delivered {
            "delivered, not applied yet"
        } else {
            "not applied yet"
        };
        let applied = applied.unwrap_or_else(|| waits.to_owned());
        format!("{reader}: feed {}, {applied}", number(delivery.position.number()))
    };
    row.deliveries.iter().map(text).collect::<Vec<_>>().join("; ")
}
