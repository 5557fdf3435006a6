//! `GET /feeds/{app}/events?after=&limit=&wait=&epoch=`: a page of events; an empty one waits for the first event.

use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::in_epoch;
use domain::position::Position;
use store::FeedPage;

use super::caller::caller;
use super::problem::Problem;
use super::query;
use super::streamed::{JsonArray, streamed};
use crate::backpressure::Reads;
use crate::observe::Facts;
use crate::state::State;

/// The media type of CloudEvents for many events: an array without positions.
const BATCH: &str = "application/cloudevents-batch+json";

/// Answers the route.
pub(super) async fn events(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    Facts::record(&request, |facts| facts.route = super::EVENTS);
    page(&request, &state)
        .await
        .unwrap_or_else(|problem| problem.problem(&request))
}

async fn page(request: &HttpRequest, state: &State) -> Result<HttpResponse, Problem> {
    let app = caller(state, request).await?;
    let read = query::read(request.query_string())?;
    let still_allowed = async || caller(state, request).await.map(|_| ());
    let feeds = state.events.feeds();
    let (page, permit) = tokio::select! {
        biased;
        read = feeds.read(app, &read, still_allowed) => read?,
        // Its permit is for whoever reads the answer. Nobody reads this one; it is for the log.
        () = Reads::closed(request) => return Ok(HttpResponse::new(client_closed_request())),
    };
    let next = page.events.last().map_or(read.after, |event| event.position);
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("usher-next", next.to_string()))
        .insert_header(("usher-head", page.ends.head.to_string()))
        .insert_header(("usher-oldest", page.ends.oldest.to_string()))
        .insert_header(("usher-epoch", page.ends.epoch.to_string()));
    let body = if wants_batch(request) {
        response.content_type(BATCH);
        streamed(batch(page), permit)
    } else {
        response.content_type("application/json");
        streamed(wrapped(page, next), permit)
    };
    Ok(response.body(body))
}

/// 499, as nginx has it in its log.
fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
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
fn wrapped(page: FeedPage, next: Position) -> JsonArray<impl Iterator<Item = String>> {
    let ends = page.ends;
    let closing = format!(
        "],\"next\":{next},\"head\":{},\"oldest\":{},\"epoch\":\"{}\"}}",
        ends.head, ends.oldest, ends.epoch
    );
    let items = page.events.into_iter().map(move |event| {
        let (position, event) = (event.position, in_epoch(&event.body, &ends.epoch));
        format!("{{\"pos\":{position},\"event\":{event}}}")
    });
    JsonArray {
        opening: "{\"events\":[",
        items,
        closing,
    }
}

/// The events alone. The first one's position is `usher-next` less their number, plus one: positions have no gaps.
fn batch(page: FeedPage) -> JsonArray<impl Iterator<Item = String>> {
    let epoch = page.ends.epoch;
    JsonArray {
        opening: "[",
        items: page
            .events
            .into_iter()
            .map(move |event| in_epoch(&event.body, &epoch)),
        closing: "]".to_owned(),
    }
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
            wrapped(page.clone(), seven).whole(),
            r#"{"events":[],"next":7,"head":7,"oldest":8,"epoch":"1-5f0c9a72b3d4"}"#
        );
        assert_eq!(batch(page).whole(), "[]");
    }
}
