//! The feed over HTTP: pages after a position, long poll, acknowledgement. Also the source for positions that
//! a stream lost.

use crate::delivery::Delivery;
use crate::error::Error;
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
    url: String,
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
}

#[derive(Deserialize)]
struct PositionedEvent {
    pos: u64,
    event: Value,
}

impl HttpFeed {
    pub(crate) fn new(url: &str, credential: &str) -> Result<Self, Error> {
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(5));
        if url.starts_with("http://") {
            // Plain HTTP must not depend on the machine's certificates.
            builder = builder.tls_certs_only(std::iter::empty());
        }
        let client = builder.build().map_err(Error::Unreachable)?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            credential: credential.to_owned(),
        })
    }

    /// Events after a position, in order.
    pub(crate) async fn page(&self, after: u64, wait: Wait) -> Result<Vec<Delivery>, Error> {
        let wait = if wait == Wait::LongPoll { LONG_POLL } else { 0 };
        let url = format!("{}?after={after}&limit={LIMIT}&wait={wait}", self.url);
        let page: FeedPage = checked(self.client.get(url).bearer_auth(&self.credential).send().await)
            .await?
            .json()
            .await
            .map_err(Error::Unreachable)?;
        let delivery = |positioned: PositionedEvent| Delivery {
            position: positioned.pos,
            event: positioned.event,
        };
        Ok(page.events.into_iter().map(delivery).collect())
    }

    /// Tells the gateway that the group committed everything up to a position.
    pub(crate) async fn ack(&self, group: &str, position: u64) -> Result<(), Error> {
        let url = format!("{}/ack", self.url.trim_end_matches("/events"));
        let body = json!({"group": group, "pos": position});
        checked(
            self.client
                .post(url)
                .bearer_auth(&self.credential)
                .json(&body)
                .send()
                .await,
        )
        .await?;
        Ok(())
    }
}

async fn checked(answer: reqwest::Result<reqwest::Response>) -> Result<reqwest::Response, Error> {
    let answer = answer.map_err(Error::Unreachable)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let detail: String = answer
        .text()
        .await
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect();
    Err(Error::Refused {
        status: status.as_u16(),
        detail,
    })
}
