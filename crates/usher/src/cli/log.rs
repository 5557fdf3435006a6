//! `usher log list | request | export`: the calls about a person or group, and whether their events arrived.

use admin::logs::search::{Found, Query};
use admin::view::LogView;
use chrono::TimeDelta;
use clap::Subcommand;
use domain::credential::TokenId;
use domain::id::{RequestId, ResourceId};
use domain::log::{LogAction, LogStatus};
use serde_json::json;
use store::DeliveryStatus;

use super::show::{Printer, Table, moment, number};
use super::{one_of, span};
use crate::output;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Search a tenant's provisioning log, newest first.
    List(Box<Search>),
    /// Show what a request did, by its id alone, whichever tenant it was of: the request-id of its answer.
    Request {
        /// The id (req_…).
        id: RequestId,
    },
    /// Print all matching rows of a tenant's provisioning log, one JSON object a line, newest first; --limit is the size of a page.
    Export(Box<Search>),
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
    /// Calls with this outcome only.
    #[arg(long, value_parser = one_of(LogStatus::ALL), conflicts_with = "failures")]
    status: Option<LogStatus>,
    /// Calls that did this only.
    #[arg(long, value_parser = one_of(LogAction::ALL))]
    action: Option<LogAction>,
    /// What this request did (req_…).
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
    /// Calls with the token of this id only.
    #[arg(long, value_name = "ID")]
    token: Option<TokenId>,
    /// Calls within this span only, such as 24h.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    since: Option<TimeDelta>,
    /// Calls before this span only, such as 1h.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    until: Option<TimeDelta>,
    /// At most so many rows, 1 to 1000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    let rows = match verb {
        Verb::List(search) => {
            let (tenant, query) = search.query(context);
            let found = admin::logs::search::execute(context, &tenant, query).await?;
            found.into_iter().map(|found| (tenant.clone(), found)).collect()
        }
        Verb::Request { id } => admin::logs::request::execute(context, id).await?,
        Verb::Export(search) => return export(context, *search).await,
    };
    let json = rows
        .iter()
        .map(|(tenant, found)| json!(LogView::of(tenant, found, false)))
        .collect();
    printer.list(json, "nothing in the log fits", || table(&rows));
    Ok(())
}

impl Search {
    /// The tenant, and the conditions.
    fn query(self, context: &admin::Context) -> (String, Query) {
        let now = context.clock.now();
        let failures = self.failures.then_some(LogStatus::Failure);
        let query = Query {
            profile: self.profile,
            user_name: self.user,
            external_id: self.external_id,
            resource: self.id,
            status: failures.or(self.status),
            action: self.action,
            request: self.request,
            token: self.token,
            since: self.since.map(|span| now - span),
            until: self.until.map(|span| now - span),
            after: None,
            limit: self.limit,
        };
        (self.tenant, query)
    }
}

/// A page at a time, so that it takes no more memory than that.
async fn export(context: &admin::Context, search: Search) -> anyhow::Result<()> {
    let (tenant, mut query) = search.query(context);
    loop {
        let found = admin::logs::search::execute(context, &tenant, query.clone()).await?;
        for found in &found {
            output::line(&json!(LogView::of(&tenant, found, false)).to_string());
        }
        match found.last() {
            Some(last) if found.len() == query.limit => query.after = Some(last.row.place),
            _ => return Ok(()),
        }
    }
}

fn table(rows: &[(String, Found)]) -> Table {
    let head = [
        "accepted",
        "tenant",
        "profile",
        "action",
        "status",
        "who",
        "what",
        "delivered",
    ];
    let row = |(tenant, found): &(String, Found)| {
        let entry = &found.row.entry;
        let who = entry.user_name.clone().or_else(|| entry.external_id.clone());
        [
            moment(entry.at),
            tenant.clone(),
            found.profile.clone(),
            entry.action.as_str().to_owned(),
            entry.status.as_str().to_owned(),
            who.or_else(|| entry.resource.map(|id| id.to_string()))
                .unwrap_or_default(),
            what(found),
            delivered(found),
        ]
    };
    Table::of(head, rows.iter().map(row))
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
