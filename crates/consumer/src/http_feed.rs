//! The feed over HTTP: pages after a place, long poll, acknowledgement, snapshot. Also the source of what a stream
//! lost, and the one that says which epoch is the present one.

use crate::delivery::Delivery;
use crate::error::Error;
use crate::place::Place;
use crate::sink::SnapshotPage;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The most events of one page.
const LIMIT: u32 = 500;
/// The longest wait of the gateway for news, in seconds.
const LONG_POLL: u32 = 25;
/// The longest wait for an answer: the long poll and 15 seconds.
const TIMEOUT: Duration = Duration::from_secs(LONG_POLL as u64 + 15);

pub(crate) struct HttpFeed {
    client: reqwest::Client,
    /// `…/feeds/{app}/events`.
    url: Url,
    credential: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The gateway answers at once.
    No,
    /// The gateway answers as soon as there are events.
    LongPoll,
}

#[derive(Deserialize)]
struct FeedPage {
    events: Vec<PositionedEvent>,
    head: u64,
    oldest: u64,
    epoch: String,
}

#[derive(Deserialize)]
struct PositionedEvent {
    pos: u64,
    event: Value,
}

/// A refusal (RFC 9457); what is missing is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
}

impl FeedPage {
    /// The events, if they are those after `place`.
    fn after(self, place: &Place) -> Result<Vec<Delivery>, Error> {
        if self.epoch != place.epoch {
            return Err(Error::OtherEpoch {
                feed: self.epoch,
                stored: place.epoch.clone(),
            });
        }
        let next = place.position + 1;
        if !self.events.iter().any(|event| event.pos == next) && self.head >= next && self.oldest > next {
            return Err(Error::TooOld {
                oldest: self.oldest,
                next,
            });
        }
        let delivery = |positioned: PositionedEvent| Delivery {
            position: positioned.pos,
            epoch: Some(self.epoch.clone()),
            event: positioned.event,
        };
        Ok(self.events.into_iter().map(delivery).collect())
    }
}

impl HttpFeed {
    pub(crate) fn new(url: &str, credential: &str) -> Result<Self, Error> {
        let parsed = Url::parse(url.trim_end_matches('/'));
        let parsed = parsed.map_err(|error| Error::Settings(format!("the feed's URL {url}: {error}")))?;
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(5));
        if parsed.scheme() == "http" {
            // Plain HTTP must not depend on the machine's certificates.
            builder = builder.tls_certs_only(std::iter::empty());
        }
        let client = builder.build().map_err(Error::Unreachable)?;
        Ok(Self {
            client,
            url: parsed,
            credential: credential.to_owned(),
        })
    }

    /// Events after a place, in order.
    pub(crate) async fn page(&self, place: &Place, wait: Wait) -> Result<Vec<Delivery>, Error> {
        let wait = if wait == Wait::LongPoll { LONG_POLL } else { 0 };
        self.read(place, LIMIT, wait).await
    }

    /// Asks whether a place belongs to the present history; an error if it does not, or if nobody answers.
    pub(crate) async fn confirm(&self, place: &Place) -> Result<(), Error> {
        self.read(place, 1, 0).await.map(|_| ())
    }

    async fn read(&self, place: &Place, limit: u32, wait: u32) -> Result<Vec<Delivery>, Error> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("after", &place.position.to_string())
            .append_pair("limit", &limit.to_string())
            .append_pair("wait", &wait.to_string())
            .append_pair("epoch", &place.epoch);
        let answer = checked(self.client.get(url).bearer_auth(&self.credential).send().await).await?;
        let page: FeedPage = answer.json().await.map_err(Error::Unreachable)?;
        page.after(place)
    }

    /// Tells the gateway that the group committed everything up to a place.
    pub(crate) async fn ack(&self, group: &str, place: &Place) -> Result<(), Error> {
        let body = json!({"group": group, "pos": place.position, "epoch": place.epoch});
        let request = self.client.post(self.beside("ack")).bearer_auth(&self.credential);
        checked(request.json(&body).send().await).await.map(|_| ())
    }

    /// One page of a snapshot; the first one without a cursor.
    pub(crate) async fn snapshot(&self, cursor: Option<&str>) -> Result<SnapshotPage, Error> {
        let mut url = self.beside("snapshot");
        url.query_pairs_mut().append_pair("limit", &LIMIT.to_string());
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let answer = checked(self.client.get(url).bearer_auth(&self.credential).send().await).await?;
        answer.json().await.map_err(Error::Unreachable)
    }

    /// Another resource of the same feed.
    fn beside(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}/{name}", url.path().trim_end_matches("/events"));
        url.set_path(&path);
        url
    }
}

async fn checked(answer: reqwest::Result<reqwest::Response>) -> Result<reqwest::Response, Error> {
    let answer = answer.map_err(Error::Unreachable)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer.text().await.unwrap_or_default();
    let problem: Problem = serde_json::from_str(&body).unwrap_or_default();
    Err(Error::Refused {
        status: status.as_u16(),
        code: problem.code,
        detail: body.chars().take(300).collect(),
    })
}
