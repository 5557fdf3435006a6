//! Floods of the token endpoint: a tenant at 25 SCIM requests a second, alone and while a stranger sends 1,000 requests a second with wrong
//! client secrets, with assertions of a wrong signature, or with assertions whose keys nobody publishes.

use super::fairness::{Flood, Lane, Other, compared};
use crate::base::Kind;
use crate::plan::Plan;
use crate::report::{Row, say};
use crate::site::Site;
use crate::wire;
use data_encoding::BASE64URL_NOPAD;
use domain::clock::{Clock as _, SystemClock};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use support::forge::forged;
use support::gateway::{Settings, text};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Requests a second of the flood.
const FLOOD: u32 = 1_000;
/// Its connections.
const LANES: u32 = 50;
/// The Entra tenant of the client with a federated identity.
const TID: &str = "11111111-2222-3333-4444-555555555555";

/// What the stranger sends.
#[derive(Clone, Copy, Debug)]
enum Load {
    Secrets,
    Signatures,
    Keys,
}

impl Load {
    const ALL: [Self; 3] = [Self::Secrets, Self::Signatures, Self::Keys];

    const fn name(self) -> &'static str {
        match self {
            Self::Secrets => "wrong client secrets",
            Self::Signatures => "assertions with a wrong signature",
            Self::Keys => "assertions of unknown keys",
        }
    }
}

/// The clients that the flood poses as.
#[derive(Debug)]
struct Target {
    secret_client: String,
    secret: String,
    federated_client: String,
    /// How often the issuer's keys were read.
    reads: Arc<AtomicUsize>,
}

impl Target {
    fn request(&self, load: Load, number: u64) -> Vec<u8> {
        let body = match load {
            Load::Secrets => format!(
                "grant_type=client_credentials&client_id={}&client_secret={}",
                self.secret_client,
                forged(&self.secret, u32::try_from(number).unwrap_or_default())
            ),
            Load::Signatures => self.assertion("key-1", number),
            Load::Keys => self.assertion(&format!("invented-{number}"), number),
        };
        wire::form("/oauth/token", &body)
    }

    /// The form with an assertion that has everything but its signature.
    fn assertion(&self, kid: &str, number: u64) -> String {
        let now = SystemClock.now().timestamp();
        let head = json!({"typ": "JWT", "alg": "RS256", "kid": kid});
        let claims = json!({
            "aud": "api://booking", "iss": format!("https://login.microsoftonline.com/{TID}/v2.0"), "sub": "subject", "tid": TID,
            "uti": number.to_string(), "ver": "2.0", "iat": now, "nbf": now, "exp": now + 3_900,
        });
        let part = |text: String| BASE64URL_NOPAD.encode(text.as_bytes());
        let signature = BASE64URL_NOPAD.encode(&[7; 256]);
        format!(
            "grant_type=client_credentials&client_id={}\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}.{}.{signature}",
            self.federated_client,
            part(head.to_string()),
            part(claims.to_string()),
        )
    }
}

/// A server of the keys; its address, and how often they were read. The modulus is no product of two primes that anybody knows, which costs
/// whoever verifies by it as much as any other.
async fn issuer() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let modulus = BASE64URL_NOPAD.encode(&[0xc5; 256]);
    let key = json!({"kty": "RSA", "use": "sig", "kid": "key-1", "n": modulus, "e": "AQAB"});
    let body = json!({"keys": [key]}).to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, reads)
}

pub async fn run(plan: &Plan, kind: Kind) -> Vec<Row> {
    say(&format!("floods of the token endpoint, {}", kind.name()));
    let database = kind.database().await;
    let (keys, reads) = issuer().await;
    let mut settings = plan.settings();
    settings
        .more
        .push(("oauth.key_hosts".to_owned(), format!("\"{keys}\"")));
    let site = Site::of(Settings { database, ..settings }, "people").await;
    let target = Arc::new(target(&site, keys, reads));
    let other = Other::of(&site).await;
    other.measure(Duration::from_secs(2)).await;
    let mut idle = Vec::new();
    let mut beside: Vec<(Vec<Duration>, Counts)> = vec![Default::default(); Load::ALL.len()];
    for _ in 0..plan.rounds {
        idle.extend(other.measure(plan.slice).await);
        for (load, (times, counts)) in Load::ALL.into_iter().zip(&mut beside) {
            let flood = flood(load, site.address, &target);
            tokio::time::sleep(Duration::from_millis(500)).await;
            times.extend(other.measure(plan.slice).await);
            for (status, count) in flood.stop().await.into_iter().flatten() {
                *counts.entry(status).or_default() += count;
            }
        }
    }
    let seconds = (plan.slice + Duration::from_millis(500)).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "few rounds")]
    let seconds = seconds * plan.rounds as f64;
    let reads = target.reads.load(Ordering::Relaxed);
    let rows = Load::ALL.into_iter().zip(&beside);
    rows.map(|(load, (times, counts))| row(kind, load, [&idle, times], counts, seconds, reads))
        .collect()
}

/// How often each status was answered; 0 for no answer.
type Counts = BTreeMap<u16, u64>;

fn row(kind: Kind, load: Load, times: [&[Duration]; 2], counts: &Counts, seconds: f64, reads: usize) -> Row {
    let answered: u64 = counts.values().sum();
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let rate = answered as f64 / seconds;
    let mut notes = vec![format!(
        "{rate:.0} requests/s of the flood were answered, by status: {counts:?}"
    )];
    if !matches!(load, Load::Secrets) {
        notes.push(format!(
            "the issuer's keys were read {reads} times in the whole run"
        ));
    }
    let load = format!("{FLOOD}/s {}", load.name());
    compared(kind, &load, "beside the flood", times, notes)
}

/// A client with a secret and one with a federated identity, of the tenant that is not measured.
fn target(site: &Site, keys: SocketAddr, reads: Arc<AtomicUsize>) -> Target {
    let create = ["client", "create", "--tenant", "contoso", "--profile", "people"];
    let with_secret = site.gateway.cli(&create);
    let url = format!("http://{keys}/keys");
    let identity = [
        "--entra-tenant",
        TID,
        "--subject",
        "subject",
        "--audience",
        "api://booking",
        "--keys-url",
        &url,
    ];
    let federated = site.gateway.cli(&[&create[..], &identity].concat());
    Target {
        secret_client: text(&with_secret, "clientId"),
        secret: text(&with_secret, "clientSecret"),
        federated_client: text(&federated, "clientId"),
        reads,
    }
}

/// Numbers of the flood's requests, over all slices: no two are the same.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Sends at its rate; counts the answers by status.
fn flood(load: Load, address: SocketAddr, target: &Arc<Target>) -> Flood<Counts> {
    let (start, step) = (tokio::time::Instant::now(), Duration::from_secs(1) / FLOOD);
    Flood::start(LANES, |number, ended| {
        let target = Arc::clone(target);
        async move {
            let (mut counts, mut lane, mut due) = (Counts::new(), Lane::to(address), start + step * number);
            while !ended.load(Ordering::Relaxed) {
                tokio::time::sleep_until(due).await;
                due += step * LANES;
                let request = target.request(load, NUMBER.fetch_add(1, Ordering::Relaxed));
                let status = lane.call(&request).await;
                *counts.entry(status.unwrap_or_default()).or_default() += 1;
            }
            counts
        }
    })
}
