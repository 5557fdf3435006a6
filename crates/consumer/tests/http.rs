//! What the consumer says over HTTP, and what it makes of the answers: a peer of a few lines plays the gateway.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the peer is part of the test: a surprise is a failure"
)]

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use usher_consumer::sink::SinkError;
use usher_consumer::{Delivery, Feed, Settings, Sink};

/// The playing gateway: its feed, what was asked, and the answers it is told to give first.
#[derive(Default)]
struct Peer {
    feed: Vec<u64>,
    asked: Vec<String>,
    refusals: Vec<u16>,
}

type Shared = Arc<Mutex<Peer>>;

async fn start(peer: Peer) -> (String, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/feeds/booking/events", listener.local_addr().unwrap());
    let shared: Shared = Arc::new(Mutex::new(peer));
    let peer = Arc::clone(&shared);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&peer)));
        }
    });
    (url, shared)
}

async fn serve(stream: TcpStream, peer: Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut line, mut length, mut bearer) = (String::new(), String::new(), 0, String::new());
        stream.read_line(&mut first).await.ok()?;
        while stream.read_line(&mut line).await.ok()? > 2 {
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if lower.starts_with("authorization:") {
                bearer = line.trim().to_owned();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let path = first.split(' ').nth(1)?.to_owned();
        let (status, answer) = answer(&peer, &path, &bearer, &String::from_utf8_lossy(&body));
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream
            .get_mut()
            .write_all(format!("{head}{answer}").as_bytes())
            .await
            .ok()?;
    }
}

fn answer(peer: &Shared, path: &str, bearer: &str, body: &str) -> (u16, String) {
    let mut peer = peer.lock().unwrap();
    if !peer.refusals.is_empty() {
        return (peer.refusals.remove(0), "{\"detail\":\"not now\"}".to_owned());
    }
    assert_eq!(bearer.to_ascii_lowercase(), "authorization: bearer s3cret");
    peer.asked.push(format!("{path} {body}").trim().to_owned());
    if path.ends_with("/ack") {
        return (200, "{}".to_owned());
    }
    let after: u64 = path
        .split("after=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let head = peer.feed.iter().max().copied().unwrap_or(0);
    if after > head {
        return (409, "{\"code\":\"aheadOfFeed\"}".to_owned());
    }
    let new = peer.feed.iter().filter(|position| **position > after);
    let events: Vec<Value> = new
        .map(|position| json!({"pos": position, "event": {"n": position}}))
        .collect();
    (
        200,
        json!({"events": events, "next": head, "head": head}).to_string(),
    )
}

/// Remembers what was applied; fails as often as it is told.
#[derive(Default)]
struct Memory {
    position: u64,
    applied: Arc<Mutex<Vec<u64>>>,
    failures: u32,
}

impl Sink for Memory {
    async fn position(&mut self) -> Result<u64, SinkError> {
        Ok(self.position)
    }

    async fn apply(&mut self, deliveries: &[Delivery]) -> Result<(), SinkError> {
        if self.failures > 0 {
            self.failures -= 1;
            return Err("disk full".into());
        }
        self.position = deliveries
            .last()
            .map_or(self.position, |delivery| delivery.position);
        self.applied
            .lock()
            .unwrap()
            .extend(deliveries.iter().map(|delivery| delivery.position));
        Ok(())
    }
}

/// Consumes until `done` is true of what was applied and asked; gives both.
async fn consume(
    peer: Peer,
    mut sink: Memory,
    done: impl Fn(&[u64], &[String]) -> bool,
) -> (Vec<u64>, Vec<String>) {
    let (url, shared) = start(peer).await;
    let feed = Feed::Http {
        url,
        credential: "s3cret".to_owned(),
    };
    let settings = Settings {
        feed,
        group: "booking".to_owned(),
        consumer: "one".to_owned(),
    };
    let applied = Arc::clone(&sink.applied);
    let stop = async {
        for _ in 0..1000 {
            if done(&applied.lock().unwrap(), &shared.lock().unwrap().asked) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "in vain: applied {:?}, asked {:?}",
            applied.lock().unwrap(),
            shared.lock().unwrap().asked
        );
    };
    usher_consumer::run(&settings, &mut sink, stop).await.unwrap();
    let applied = applied.lock().unwrap().clone();
    let asked = shared.lock().unwrap().asked.clone();
    (applied, asked)
}

fn feed(positions: &[u64]) -> Peer {
    Peer {
        feed: positions.to_vec(),
        ..Peer::default()
    }
}

fn acked(asked: &[String], position: u64) -> bool {
    let wanted = format!("/feeds/booking/ack {{\"group\":\"booking\",\"pos\":{position}}}");
    asked.contains(&wanted)
}

#[tokio::test]
async fn what_is_committed_is_acknowledged_and_the_next_page_asked_for() {
    let (applied, asked) = consume(feed(&[1, 2, 3]), Memory::default(), |_, asked| acked(asked, 3)).await;
    assert_eq!(applied, [1, 2, 3]);
    assert_eq!(asked[0], "/feeds/booking/events?after=0&limit=500&wait=25");
}

#[tokio::test]
async fn a_restart_acknowledges_its_position_again_and_continues_after_it() {
    let sink = Memory {
        position: 2,
        ..Memory::default()
    };
    let (applied, asked) = consume(feed(&[1, 2, 3]), sink, |_, asked| acked(asked, 3)).await;
    assert_eq!(applied, [3]);
    assert!(acked(&asked[..1], 2), "{asked:?}");
}

#[tokio::test]
async fn a_store_that_cannot_store_gets_the_same_events_again_and_nothing_is_acknowledged_before() {
    let sink = Memory {
        failures: 2,
        ..Memory::default()
    };
    let (applied, asked) = consume(feed(&[1, 2]), sink, |_, asked| acked(asked, 2)).await;
    assert_eq!(applied, [1, 2]);
    assert_eq!(asked.iter().filter(|line| line.contains("after=0")).count(), 3);
}

#[tokio::test]
async fn a_hole_is_asked_for_again_and_never_jumped() {
    let twice =
        |_: &[u64], asked: &[String]| asked.iter().filter(|line| line.contains("after=1")).count() >= 2;
    let (applied, _) = consume(feed(&[1, 3, 4]), Memory::default(), twice).await;
    assert_eq!(applied, [1]);
}

#[tokio::test]
async fn refusals_and_outages_are_waited_out() {
    let peer = Peer {
        refusals: vec![503, 401, 500],
        ..feed(&[1])
    };
    let (applied, _) = consume(peer, Memory::default(), |applied, _| applied == [1]).await;
    assert_eq!(applied, [1]);
}

#[tokio::test]
async fn a_feed_that_went_back_in_time_is_not_consumed() {
    let sink = Memory {
        position: 9,
        ..Memory::default()
    };
    let asked_twice =
        |_: &[u64], asked: &[String]| asked.iter().filter(|line| line.contains("after=9")).count() >= 2;
    let (applied, _) = consume(feed(&[1, 2]), sink, asked_twice).await;
    assert_eq!(applied, [0_u64; 0]);
}
