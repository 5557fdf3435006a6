//! How often an address is read, and which keys are used meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::jwt::tests::Issuer;

struct Hand(Mutex<Duration>);

impl Clock for Hand {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

struct Bench {
    clock: Arc<Hand>,
    cache: JwksCache,
    reads: Arc<AtomicUsize>,
    answer: Arc<Mutex<Result<Vec<u8>, String>>>,
}

const URL: &str = "https://login.microsoftonline.com/t/keys";

fn document(issuer: &Issuer, kids: &[&str]) -> Vec<u8> {
    let key = |kid: &&str| json!({"kty": "RSA", "use": "sig", "kid": kid, "n": issuer.n, "e": issuer.e, "x5c": ["x"]});
    json!({"keys": kids.iter().map(key).collect::<Vec<_>>()})
        .to_string()
        .into_bytes()
}

fn bench(answer: Result<Vec<u8>, String>) -> Bench {
    let clock = Arc::new(Hand(Mutex::new(Duration::from_hours(100))));
    let (reads, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(answer)));
    let (counted, given) = (Arc::clone(&reads), Arc::clone(&answer));
    let fetch: Box<Fetch> = Box::new(move |url| {
        assert_eq!(url, URL);
        counted.fetch_add(1, Ordering::Relaxed);
        let given = given.lock().unwrap().clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            given
        })
    });
    let cache = JwksCache::new(Arc::<Hand>::clone(&clock), fetch);
    Bench {
        clock,
        cache,
        reads,
        answer,
    }
}

impl Bench {
    fn forward(&self, minutes: u64) {
        *self.clock.0.lock().unwrap() += Duration::from_mins(minutes);
    }

    fn answers(&self, answer: Result<Vec<u8>, String>) {
        *self.answer.lock().unwrap() = answer;
    }

    async fn key(&self, kid: &str) -> Result<(), JwtError> {
        let found = self.cache.key(URL, kid).await.map(|_| ());
        // What is read meanwhile.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        found
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn invented_keys_cause_one_read_in_five_minutes() {
    let issuer = Issuer::new();
    let bench = bench(Ok(document(&issuer, &["a"])));
    assert_eq!(bench.key("a").await, Ok(()));
    for number in 0..1_000 {
        assert_eq!(bench.key(&format!("invented-{number}")).await, Err(JwtError::Key));
    }
    assert_eq!(bench.reads(), 1);
    // A key that the issuer has begun to use is there after five minutes.
    bench.answers(Ok(document(&issuer, &["a", "b"])));
    bench.forward(4);
    assert_eq!(bench.key("b").await, Err(JwtError::Key));
    bench.forward(1);
    assert_eq!(bench.key("b").await, Ok(()));
    assert_eq!((bench.key("a").await, bench.reads()), (Ok(()), 2));
}

#[tokio::test]
async fn many_requests_wait_for_one_read() {
    let issuer = Issuer::new();
    let bench = bench(Ok(document(&issuer, &["a"])));
    let (one, two, three) = tokio::join!(bench.key("a"), bench.key("b"), bench.key("a"));
    assert_eq!((one, two, three), (Ok(()), Err(JwtError::Key), Ok(())));
    assert_eq!(bench.reads(), 1);
}

#[tokio::test]
async fn a_set_is_read_again_every_hour_and_what_was_read_last_stays_for_a_day() {
    let issuer = Issuer::new();
    let bench = bench(Ok(document(&issuer, &["a"])));
    assert_eq!(bench.key("a").await, Ok(()));
    bench.forward(59);
    assert_eq!((bench.key("a").await, bench.reads()), (Ok(()), 1));
    bench.forward(1);
    assert_eq!((bench.key("a").await, bench.reads()), (Ok(()), 2), "meanwhile");
    for answer in [
        Err("it answers 500".to_owned()),
        Ok(b"no JSON".to_vec()),
        Ok(br#"{"keys":[]}"#.to_vec()),
    ] {
        bench.answers(answer);
        bench.forward(6 * 60);
        assert_eq!(bench.key("a").await, Ok(()), "the last known good one");
        bench.forward(5);
    }
    bench.forward(7 * 60);
    assert_eq!(
        bench.key("a").await,
        Err(JwtError::KeysUnreadable),
        "a day after the last good read"
    );
    let reads = bench.reads();
    assert_eq!(bench.key("a").await, Err(JwtError::KeysUnreadable));
    assert_eq!(bench.reads(), reads, "asked again in five minutes only");
    bench.answers(Ok(document(&issuer, &["a"])));
    bench.forward(5);
    assert_eq!(bench.key("a").await, Ok(()));
}

#[test]
fn only_rsa_keys_for_signatures_that_are_long_enough_are_taken() {
    let issuer = Issuer::new();
    let key = |kty: &str, purpose: &str, n: &str| json!({"kty": kty, "use": purpose, "kid": "x", "n": n, "e": issuer.e});
    let count = |keys: serde_json::Value| {
        let document = json!({ "keys": keys }).to_string();
        parse(document.as_bytes()).map(|keys| keys.len())
    };
    assert_eq!(count(json!([key("RSA", "sig", &issuer.n)])), Ok(1));
    for bad in [
        key("RSA", "enc", &issuer.n),
        key("EC", "sig", &issuer.n),
        key("RSA", "sig", &issuer.n[..170]),
        key("RSA", "sig", "!"),
        json!({"kty": "RSA"}),
        json!("key"),
    ] {
        assert!(count(json!([bad.clone()])).is_err(), "{bad}");
        assert_eq!(
            count(json!([bad, key("RSA", "sig", &issuer.n)])),
            Ok(1),
            "the others are good"
        );
    }
}
