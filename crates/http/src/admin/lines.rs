//! An export: one JSON object a line (NDJSON), a page at a time. It takes the memory of one page, however long it is and however slow
//! its reader, and no connection of the database while the reader takes a page.

use std::marker::PhantomData;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::stream::{self, LocalBoxStream, Stream, StreamExt as _};
use schemars::JsonSchema;
use serde::Serialize;

use super::problem::Problem;
use super::route::{Reply, Route};

/// The media type.
pub const MEDIA_TYPE: &str = "application/x-ndjson";

/// The lines of an export, of rows `A`.
pub struct Lines<A> {
    pages: LocalBoxStream<'static, Result<Bytes, admin::Error>>,
    rows: PhantomData<A>,
}

impl<A: Serialize + 'static> Lines<A> {
    /// Reads the first page before the answer begins, so that a database that is away is a 503. When it goes away later, the answer
    /// breaks off, and its reader knows that it is not whole.
    ///
    /// # Errors
    /// As the first page.
    pub async fn begin(
        pages: impl Stream<Item = Result<Vec<A>, admin::Error>> + 'static,
    ) -> Result<Self, Problem> {
        let mut pages = Box::pin(pages.map(|page| page.map(|rows| text(&rows))));
        let first = pages.next().await.transpose()?;
        Ok(Self {
            pages: stream::iter(first.map(Ok)).chain(pages).boxed_local(),
            rows: PhantomData,
        })
    }
}

fn text<A: Serialize>(rows: &[A]) -> Bytes {
    let mut text = Vec::new();
    for row in rows {
        // Views have only texts as keys, and writing to memory does not fail.
        if serde_json::to_writer(&mut text, row).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}

impl<A: JsonSchema> Reply for Lines<A> {
    type Body = A;
    const MEDIA_TYPE: &'static str = MEDIA_TYPE;

    fn reply(self, _: &Route) -> HttpResponse {
        let pages = self.pages.map(|page| {
            page.inspect_err(|error| tracing::warn!(%error, "an export of the admin API broke off"))
        });
        HttpResponse::Ok()
            .content_type(MEDIA_TYPE)
            .streaming(pages.map(|page| page.map_err(|error| std::io::Error::other(error.to_string()))))
    }
}
