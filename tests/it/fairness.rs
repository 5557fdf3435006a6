//! One tenant, one reader or one unauthenticated client cannot stop the others (ADR 0032); a revocation ends
//! requests in progress.

use std::time::Duration;

use serde_json::{Value, json};
use support::gateway::{Directory, Gateway, Settings};
use support::http::{Answer, Feed, Scim};
use support::postgres::Postgres;
use support::wait::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Longer than any step takes; only a hang reaches it.
const HANG: Duration = Duration::from_mins(2);

/// Both databases, with more lines for `usher.toml`.
async fn both(more: &[(&str, &str)]) -> Vec<Gateway> {
    let more: Vec<_> = more
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let mut gateways = Vec::new();
    for database in [None, Some(Postgres::shared().await.database().await)] {
        gateways.push(
            Gateway::start(Settings {
                database,
                more: more.clone(),
                ..Settings::default()
            })
            .await,
        );
    }
    gateways
}

fn person(number: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": format!("object-{number}"),
        "userName": format!("person{number}@contoso.com"),
        "active": true,
        "displayName": format!("Person {number}"),
        "name": {"givenName": "A", "familyName": "Person"},
        "addresses": [{"type": "work", "formatted": "Building 4"}],
    })
}

async fn connect(url: &str) -> TcpStream {
    let address = url.trim_start_matches("http://");
    TcpStream::connect(address).await.expect("a connection")
}

/// A POST that announces a body of so many bytes and sends none of it yet.
async fn announce(gateway: &Gateway, directory: &Directory, bytes: usize) -> TcpStream {
    let mut stream = connect(&gateway.url()).await;
    let path = directory
        .tenant_url
        .strip_prefix(&gateway.url())
        .expect("our URL");
    let head = format!(
        "POST {path}/Users HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n",
        directory.token
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

/// Sends the rest and reads the answer.
async fn finish(mut stream: TcpStream, body: &str) -> String {
    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(HANG, stream.read_to_end(&mut answer)).await;
    read.expect("the gateway answers").expect("readable");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until the gateway queues a request of this directory: its tenant has reached its limit.
async fn until_full(scim: &Scim) -> Answer {
    until("the tenant's places to be taken", HANG, || async {
        let answer = scim.get("/Users?count=1").await;
        (answer.status == 503).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn unread_answers_are_not_held() {
    let more = vec![("http.write_timeout_seconds".to_owned(), "2".to_owned())];
    let mut gateway = Gateway::start(Settings {
        more,
        ..Settings::default()
    })
    .await;
    for (url, path) in [
        (gateway.url(), "/health/live"),
        (gateway.url(), "/scim/Users"),
        (gateway.admin_url(), "/metrics"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n");
        for sender in pipelining(&url, 40, &request).await {
            let ended = tokio::time::timeout(HANG, sender).await;
            ended
                .unwrap_or_else(|_| panic!("{url}{path}: a connection that nobody reads from stays open"))
                .expect("no panic");
        }
    }
    let peak = gateway.process().peak_kib();
    assert!(peak < 128 * 1024, "{peak} KiB were held");
    let scim = Scim::new(&gateway.directory("contoso", "advisors"));
    scim.get("/Users").await.expect(200);
}

/// Connections that send one request again and again and never read, until they are dropped.
async fn pipelining(url: &str, connections: usize, request: &str) -> Vec<JoinHandle<()>> {
    let many = request.repeat(4_000);
    let mut senders = Vec::new();
    for _ in 0..connections {
        let (mut stream, many) = (connect(url).await, many.clone());
        senders.push(tokio::spawn(async move {
            while stream.write_all(many.as_bytes()).await.is_ok() {}
        }));
    }
    senders
}

#[tokio::test]
async fn requests_behind_one_that_waits_are_not_read_ahead() {
    for mut gateway in both(&[("http.requests_per_tenant", "1")]).await {
        let directory = gateway.directory("contoso", "advisors");
        let _slow = announce(&gateway, &directory, 100).await;
        until_full(&Scim::new(&directory)).await;
        let path = directory
            .tenant_url
            .strip_prefix(&gateway.url())
            .expect("our URL");
        let request = format!(
            "GET {path}/Users HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n\r\n",
            directory.token
        );
        let senders = pipelining(&gateway.url(), 60, &request).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        for sender in senders {
            sender.abort();
        }
        let peak = gateway.process().peak_kib();
        assert!(peak < 128 * 1024, "{peak} KiB were held");
    }
}

#[tokio::test]
async fn an_address_has_a_limit_of_connections_and_the_next_is_refused_with_the_reason() {
    let more = vec![("http.connections_per_address".to_owned(), "3".to_owned())];
    let gateway = Gateway::prepared(Settings {
        more,
        ..Settings::default()
    });
    let mut gateway = gateway;
    gateway.start_without_waiting();
    let ask = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n";
    let word = async |stream: &mut TcpStream| {
        let mut bytes = [0; 4096];
        stream.write_all(ask).await.ok()?;
        let read = stream.read(&mut bytes).await.ok().filter(|read| *read > 0)?;
        Some(String::from_utf8_lossy(&bytes[..read]).into_owned())
    };
    let mut held = Vec::new();
    until("three connections", HANG, || async {
        let mut stream = TcpStream::connect(gateway.url().trim_start_matches("http://"))
            .await
            .ok()?;
        word(&mut stream).await?;
        Some(stream)
    })
    .await;
    while held.len() < 3 {
        let mut stream = connect(&gateway.url()).await;
        let served = word(&mut stream).await;
        if served.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            held.push(stream);
        }
    }
    // It is refused: with a reason if its request was read in time, otherwise the connection is closed.
    let refused = until("a refusal that says why", HANG, || async {
        let mut stream = connect(&gateway.url()).await;
        stream.write_all(ask).await.ok()?;
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        (read.is_ok() && !answer.is_empty()).then_some(answer)
    })
    .await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    for part in [
        "retry-after: ",
        "Too many connections from this address",
        "http.connections_per_address",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    let admin = support::http_client().get(format!("{}/metrics", gateway.admin_url()));
    assert_eq!(admin.send().await.expect("an answer").status(), 200);
    held.pop();
    until("room again", HANG, || async {
        let mut stream = connect(&gateway.url()).await;
        word(&mut stream)
            .await
            .filter(|answer| answer.starts_with("HTTP/1.1 200"))
    })
    .await;
}

#[tokio::test]
async fn a_tenant_at_its_limit_waits_or_is_refused_while_another_is_served() {
    for gateway in both(&[("http.requests_per_tenant", "2")]).await {
        let busy = gateway.directory("contoso", "advisors");
        let other = Scim::new(&gateway.directory("fabrikam", "advisors"));
        let bodies = [person(1).to_string(), person(2).to_string()];
        let mut slow = Vec::new();
        for body in &bodies {
            slow.push(announce(&gateway, &busy, body.len()).await);
        }
        let refused = until_full(&Scim::new(&busy)).await;
        assert_eq!(refused.header("retry-after"), "1");
        assert!(
            refused.text.contains("Too many requests of this tenant"),
            "{}",
            refused.text
        );
        for number in 0..20 {
            other.post("/Users", &person(number)).await.expect(201);
            other.get("/Users?count=1").await.expect(200);
        }
        for (stream, body) in slow.into_iter().zip(&bodies) {
            let answer = finish(stream, body).await;
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        }
        assert_eq!(Scim::new(&busy).get("/Users").await.expect(200).total(), 2);
    }
}

#[tokio::test]
async fn large_bodies_of_one_tenant_leave_room_for_those_of_another() {
    let padding = " ".repeat(100_000);
    for gateway in both(&[]).await {
        let busy = gateway.directory("contoso", "advisors");
        let other = Scim::new(&gateway.directory("fabrikam", "advisors"));
        let body = &|number: usize| format!("{}{padding}", person(number));
        // More requests than the tenant's limit: the others wait before a byte of their body is read.
        let mut slow = Vec::new();
        for number in 0..6 {
            slow.push(announce(&gateway, &busy, body(number).len()).await);
        }
        for number in 0..10 {
            let request = other
                .request(reqwest::Method::POST, "/Users")
                .header("content-type", "application/json")
                .body(body(number));
            support::http::send(request).await.expect(201);
        }
        // Small requests of the same tenant do not wait for them.
        let mine = Scim::new(&busy);
        mine.post("/Users", &person(100)).await.expect(201);
        let rest = slow
            .into_iter()
            .enumerate()
            .map(|(number, stream)| async move { finish(stream, &body(number)).await });
        for answer in futures_util::future::join_all(rest).await {
            assert!(
                answer.starts_with("HTTP/1.1 201") || answer.contains("Too many large bodies"),
                "{answer}"
            );
        }
    }
}

/// Each way to end a token's rights, with the status of its answers from then on.
const ENDS: [(&str, u16); 3] = [("revoke", 401), ("rotate", 401), ("switch off", 403)];

fn end(gateway: &Gateway, way: &str, directory: &Directory) {
    let of = ["--tenant", "contoso", "--profile", "advisors"];
    match way {
        "revoke" => {
            let id = directory.token.split('_').nth(2).expect("an id");
            gateway.cli(&["token", "revoke", "--tenant", "contoso", id]);
        }
        "rotate" => {
            gateway.cli(&[&["token", "rotate"][..], &of, &["--overlap", "0"]].concat());
        }
        _ => {
            gateway.cli(&[&["directory", "switch"][..], &of, &["off"]].concat());
        }
    }
}

/// The number of people in the directory, read with a working token.
async fn count(gateway: &Gateway) -> u64 {
    gateway.switch_directory("contoso", "advisors", "on");
    let reader = Scim::new(&gateway.token("contoso", "advisors"));
    reader.get("/Users?count=1").await.expect(200).total()
}

#[tokio::test]
async fn a_running_bulk_stops_when_its_credential_or_directory_does() {
    for gateway in both(&[]).await {
        let mut directory = gateway.directory("contoso", "advisors");
        let mut made = 0;
        for (round, (way, status)) in ENDS.into_iter().enumerate() {
            // A bulk can end before the command does: then it is repeated.
            let mut stopped = None;
            for attempt in 0..5 {
                let first = (round * 5 + attempt) * 1_000;
                let operations: Vec<_> = (first..first + 1_000)
                    .map(|number| json!({"method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": person(number)}))
                    .collect();
                let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
                let scim = Scim::new(&directory);
                let bulk = tokio::spawn(async move { scim.post("/Bulk", &body).await });
                let reader = Scim::new(&directory);
                until("the first operations", HANG, || async {
                    let people = reader.get("/Users?count=1").await.total();
                    (people > made).then_some(())
                })
                .await;
                end(&gateway, way, &directory);
                let answer = bulk.await.expect("no panic").expect(200);
                let lines = answer.body["Operations"].as_array().expect("lines").clone();
                let last = lines.last().expect("a line")["status"]
                    .as_str()
                    .expect("a status")
                    .to_owned();
                let done = lines.iter().filter(|line| line["status"] == "201").count();
                let now = count(&gateway).await;
                assert_eq!(
                    now,
                    made + done as u64,
                    "{way}: what is answered is what was done"
                );
                made = now;
                directory = gateway.token("contoso", "advisors");
                if last == status.to_string() {
                    assert!(lines.len() < 1_000, "{way}");
                    stopped = Some(done);
                    break;
                }
                assert_eq!(lines.len(), 1_000, "{way}: {last}");
            }
            assert!(stopped.is_some(), "{way}: the bulk went on to its end");
        }
    }
}

#[tokio::test]
async fn a_request_that_waited_is_checked_against_the_credential_as_it_is_then() {
    for gateway in both(&[]).await {
        gateway.directory("contoso", "advisors");
        for (way, status) in ENDS {
            let directory = gateway.token("contoso", "advisors");
            let body = person(1).to_string();
            let stream = announce(&gateway, &directory, body.len()).await;
            // Long enough that the request passes the check, and the result of the check is old.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            end(&gateway, way, &directory);
            let answer = finish(stream, &body).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{way}: {answer}"
            );
            assert_eq!(count(&gateway).await, 0, "{way}");
        }
    }
}

#[tokio::test]
async fn a_waiting_read_of_a_feed_ends_when_its_credential_does() {
    for gateway in both(&[]).await {
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        let app = gateway.app("booking");
        // Without a wake-up it checks at its interval; with an event it checks before it answers.
        for event in [false, true] {
            let made = gateway.cli(&["app", "rotate-credential", "booking", "--overlap", "0"]);
            let mut reader = app.clone();
            reader.credential = support::gateway::text(&made, "credential");
            let feed = Feed::new(&reader);
            let after = feed.settled_head().await;
            let poll = tokio::spawn(async move { feed.page(after, 10, 25).await });
            tokio::time::sleep(Duration::from_millis(500)).await;
            gateway.cli(&["app", "rotate-credential", "booking", "--overlap", "0"]);
            if event {
                scim.post("/Users", &person(usize::from(event))).await.expect(201);
            }
            let answer = poll.await.expect("no panic").expect(401);
            assert!(!answer.text.contains("\"events\""), "{}", answer.text);
        }
    }
}
