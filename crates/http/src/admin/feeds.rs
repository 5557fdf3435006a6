//! The feeds of apps: how far they are, and a new epoch.

use admin::feeds::list::FeedSummary;
use admin::view::{FeedRenewed, FeedView};
use domain::tenant::App;

use super::access::{Access, Deployment};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::problem::Problem;
use super::route::Outcome;

pub async fn list(access: Access<Deployment>, query: PageQuery) -> Outcome<Page<FeedView>> {
    let all = admin::feeds::list::execute(&access.context, None).await?;
    let key = |summary: &FeedSummary| summary.feed.name.to_string();
    Ok(page::of(&query, &all, key, |summary| FeedView::from(summary))?.into())
}

pub async fn get(access: Access<App>, _: Nothing) -> Outcome<FeedView> {
    let found = admin::feeds::list::execute(&access.context, Some(access.on.name.as_str())).await?;
    let missing = || Problem::missing(format!("app \"{}\"", access.on.name));
    let feed = found.first().ok_or_else(missing)?;
    Ok(FeedView::from(feed).into())
}

pub async fn renew(access: Access<App>, _: Nothing) -> Outcome<FeedRenewed> {
    let name = access.on.name.as_str();
    let renewed = admin::feeds::renew::execute(&access.context, name).await?;
    Ok(FeedRenewed::of(name, &renewed).into())
}
