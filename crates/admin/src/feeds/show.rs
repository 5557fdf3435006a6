//! One event of a feed.

use domain::event::in_epoch;
use domain::position::Position;

use super::feed;
use crate::{Context, Error};

/// The event at a position of an app's feed: the JSON text as the app gets it.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::PastRetention`], [`Error::BeyondHead`], [`Error::Store`].
pub async fn execute(context: &Context, app: &str, position: Position) -> Result<String, Error> {
    let feed = feed(context, app).await?;
    let page = context.store.feed_page(feed.app, position.back(1), 1).await?;
    let page = page.ok_or_else(|| Error::AppUnknown(app.to_owned()))?;
    if let Some(event) = page.events.iter().find(|event| event.position == position) {
        return Ok(in_epoch(&event.body, &page.ends.epoch));
    }
    let (app, head) = (app.to_owned(), page.ends.head);
    Err(if position > head {
        Error::BeyondHead { app, position, head }
    } else {
        Error::PastRetention {
            app,
            position,
            oldest: page.ends.oldest,
        }
    })
}
