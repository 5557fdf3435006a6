//! Serves the fake feed: enough of HTTP/1.1 for one client library.

use super::feed::{Day, FakeFeed, Request};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The feed, shared with whoever lets things happen to it.
pub type Shared = Arc<Mutex<FakeFeed>>;

/// How often a read that waits looks for events, and a second has so many of it.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: u64 = 50;

/// Serves until dropped. `POST /fake` with a [`Day`] as its body lets it happen.
pub async fn serve(listener: TcpListener, app: String, credential: String, feed: Shared) {
    let words = Arc::new((format!("/feeds/{app}/"), format!("bearer {credential}")));
    while let Ok((stream, _)) = listener.accept().await {
        let (words, feed) = (Arc::clone(&words), Arc::clone(&feed));
        tokio::spawn(async move { connection(stream, &words.0, &words.1, &feed).await });
    }
}

/// One connection, until it ends or says something unexpected.
async fn connection(stream: TcpStream, prefix: &str, bearer: &str, feed: &Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut line, mut length, mut given) = (String::new(), String::new(), 0, String::new());
        stream.read_line(&mut first).await.ok()?;
        while stream.read_line(&mut line).await.ok()? > 2 {
            let (name, value) = line.split_once(':')?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "authorization" => value.trim().clone_into(&mut given),
                _ => {}
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let target = first.split(' ').nth(1)?;
        let (status, answer) = if target == "/fake" {
            fake(feed, &String::from_utf8_lossy(&body))
        } else if !given.eq_ignore_ascii_case(bearer) {
            (401, "{\"code\":\"unauthorized\"}".to_owned())
        } else if let Some(rest) = target.strip_prefix(prefix) {
            let (status, body) = answer(feed, &request(rest, &body)).await;
            (status, body.to_string())
        } else {
            (404, "{\"code\":\"noSuchFeed\"}".to_owned())
        };
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

fn fake(feed: &Shared, day: &str) -> (u16, String) {
    match day.trim().parse::<Day>() {
        Ok(day) => {
            let mut feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
            feed.happen(day);
            (
                200,
                format!("{{\"head\":{},\"epoch\":\"{}\"}}", feed.head(), feed.epoch()),
            )
        }
        Err(problem) => (400, Value::String(problem).to_string()),
    }
}

fn request(target: &str, body: &[u8]) -> Request {
    // The base is not looked at: only the query is read.
    let url = reqwest::Url::parse(&format!("http://feed/{target}")).ok();
    let query = url
        .iter()
        .flat_map(|url| url.query_pairs().into_owned().collect::<Vec<_>>());
    Request {
        resource: target.split('?').next().unwrap_or_default().to_owned(),
        query: query.collect(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    }
}

async fn answer(feed: &Shared, request: &Request) -> (u16, Value) {
    let feed = || feed.lock().unwrap_or_else(PoisonError::into_inner);
    let refusal = feed().arrive(request);
    if let Some(refusal) = refusal {
        return refusal;
    }
    for _ in 0..request.number("wait").unwrap_or(0) * LOOKS {
        if !feed().is_quiet(request) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    feed().answer(request)
}
