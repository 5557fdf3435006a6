//! The feeds, for operators.

pub mod list;
pub mod renew;
pub mod show;
pub mod tail;

use store::Feed;

use crate::{Context, Error};

async fn feed(context: &Context, app: &str) -> Result<Feed, Error> {
    let app = context.app(app).await?;
    let found = context.store.feed(app.id).await?;
    found.ok_or_else(|| Error::AppUnknown(app.name.to_string()))
}
