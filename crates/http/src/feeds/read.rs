//! `GET /feeds/{app}/events?after=&limit=&wait=`: a page of events; an empty one waits for the first event.

use std::fmt::Write as _;

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::in_epoch;
use domain::position::Position;
use store::FeedPage;

use super::caller::caller;
use super::problem::Problem;
use super::query;
use crate::observe::Facts;
use crate::state::State;

/// The media type of CloudEvents for many events: an array without positions.
const BATCH: &str = "application/cloudevents-batch+json";

/// Answers the route.
pub(super) async fn events(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    Facts::record(&request, |facts| facts.route = "/feeds/{app}/events");
    page(&request, &state)
        .await
        .unwrap_or_else(|problem| problem.answer(&request))
}

async fn page(request: &HttpRequest, state: &State) -> Result<HttpResponse, Problem> {
    let app = caller(state, request).await?;
    let read = query::parse(request.query_string())?;
    let still_allowed = async || caller(state, request).await.map(|_| ());
    let page = state
        .events
        .feeds()
        .read(app, read.after, read.limit, read.wait, still_allowed)
        .await?;
    let next = page.events.last().map_or(read.after, |event| event.position);
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("usher-next", next.to_string()))
        .insert_header(("usher-head", page.ends.head.to_string()))
        .insert_header(("usher-oldest", page.ends.oldest.to_string()))
        .insert_header(("usher-epoch", page.ends.epoch.to_string()));
    if wants_batch(request) {
        return Ok(response.content_type(BATCH).body(batch(&page)));
    }
    Ok(response
        .content_type("application/json")
        .body(wrapped(&page, next)))
}

fn wants_batch(request: &HttpRequest) -> bool {
    let accepts = request
        .headers()
        .get_all(ACCEPT)
        .filter_map(|line| line.to_str().ok());
    accepts.flat_map(|line| line.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(BATCH)
    })
}

/// `{"events":[{"pos","event"}],"next","head","oldest","epoch"}`; each event is the text that was committed, with the feed's epoch.
fn wrapped(page: &FeedPage, next: Position) -> String {
    let bytes: usize = page.events.iter().map(|event| event.body.len() + 40).sum();
    let mut body = String::with_capacity(bytes + 80);
    body.push_str("{\"events\":[");
    for (index, event) in page.events.iter().enumerate() {
        body.push_str(if index == 0 { "{\"pos\":" } else { ",{\"pos\":" });
        body.push_str(&event.position.to_string());
        body.push_str(",\"event\":");
        body.push_str(&in_epoch(&event.body, &page.ends.epoch));
        body.push('}');
    }
    let ends = &page.ends;
    let _ = write!(
        body,
        "],\"next\":{next},\"head\":{},\"oldest\":{},\"epoch\":\"{}\"}}",
        ends.head, ends.oldest, ends.epoch
    );
    body
}

/// The events alone. The first one's position is `usher-next` less their number, plus one: positions have no gaps.
fn batch(page: &FeedPage) -> String {
    let bodies: Vec<String> = page
        .events
        .iter()
        .map(|event| in_epoch(&event.body, &page.ends.epoch))
        .collect();
    format!("[{}]", bodies.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use store::FeedEnds;

    #[test]
    fn the_batch_form_is_given_to_whoever_asks_for_it() {
        for (accept, expected) in [
            ("application/cloudevents-batch+json", true),
            (
                "application/json, Application/CloudEvents-Batch+JSON; charset=utf-8",
                true,
            ),
            ("application/json", false),
            ("*/*", false),
        ] {
            let request = TestRequest::default()
                .insert_header((ACCEPT, accept))
                .to_http_request();
            assert_eq!(wants_batch(&request), expected, "{accept}");
        }
    }

    #[test]
    fn an_empty_page_says_where_to_go_on() {
        let seven = Position::new(7).expect("from 0");
        let page = FeedPage {
            events: Vec::new(),
            ends: FeedEnds {
                head: seven,
                oldest: seven.next(),
                epoch: "1-5f0c9a72b3d4".parse().expect("an epoch"),
            },
        };
        assert_eq!(
            wrapped(&page, seven),
            r#"{"events":[],"next":7,"head":7,"oldest":8,"epoch":"1-5f0c9a72b3d4"}"#
        );
        assert_eq!(batch(&page), "[]");
    }
}
