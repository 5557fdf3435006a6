//! The feed over HTTP: access, pages, long polls, texts of refusals.

use std::time::Duration;

use super::world::{Backend, person, settings, until_head};
use crate::snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::{App, Gateway};
use support::http::{Answer, Feed, Scim, send};

struct Reader {
    gateway: Gateway,
    scim: Scim,
    app: App,
    feed: Feed,
}

async fn reader() -> Reader {
    reader_on(Backend::Sqlite).await
}

async fn reader_on(backend: Backend) -> Reader {
    let gateway = Gateway::start(settings(backend, None).await).await;
    let scim = Scim::new(&gateway.directory("contoso", "advisors"));
    let app = gateway.app("booking");
    let feed = Feed::new(&app);
    Reader {
        gateway,
        scim,
        app,
        feed,
    }
}

impl Reader {
    async fn ask(&self, method: Method, url: &str, body: Option<&str>) -> Answer {
        let request = support::http_client()
            .request(method, url)
            .bearer_auth(&self.app.credential);
        send(match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_owned()),
            None => request,
        })
        .await
    }

    async fn create(&self, people: std::ops::Range<u32>) {
        for n in people {
            person(&self.scim, n).await;
        }
    }

    fn ack_url(&self) -> String {
        self.app.feed_url.replace("/events", "/ack")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_say_where_to_go_on() {
    let reader = reader().await;
    let empty = reader.feed.page(0, 10, 0).await.expect(200);
    let epoch = empty.body["epoch"].as_str().expect("an epoch").to_owned();
    assert_eq!(
        empty.body,
        json!({"events": [], "next": 0, "head": 0, "oldest": 1, "epoch": epoch})
    );
    reader.create(0..5).await;
    until_head(&reader.feed, 5).await;
    let first = reader.feed.page(0, 3, 0).await.expect(200);
    let positions = |page: &Answer| -> Vec<u64> {
        page.body["events"]
            .as_array()
            .expect("events")
            .iter()
            .filter_map(|entry| entry["pos"].as_u64())
            .collect()
    };
    assert_eq!(
        (positions(&first), &first.body["next"], &first.body["head"]),
        (vec![1, 2, 3], &json!(3), &json!(5))
    );
    let second = reader.feed.page(3, 3, 0).await.expect(200);
    assert_eq!(
        (positions(&second), &second.body["next"]),
        (vec![4, 5], &json!(5))
    );
    assert_eq!(
        (second.header("usher-next"), second.header("usher-head")),
        ("5", "5")
    );
    assert_eq!(second.header("content-type"), "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_read_is_answered_by_the_next_event_and_an_idle_one_stays_empty() {
    let reader = reader().await;
    let begun = std::time::Instant::now();
    let idle = reader.feed.page(0, 10, 1).await.expect(200);
    assert_eq!(idle.body["events"], json!([]));
    assert!(begun.elapsed() >= Duration::from_secs(1), "it waited");
    let (page, ()) = tokio::join!(reader.feed.page(0, 10, 25), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        reader.create(0..1).await;
    });
    assert_eq!(page.expect(200).body["events"][0]["pos"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_batch_form_is_the_bare_events() {
    let reader = reader().await;
    reader.create(0..2).await;
    until_head(&reader.feed, 2).await;
    let request = support::http_client()
        .get(&reader.app.feed_url)
        .bearer_auth(&reader.app.credential);
    let batch = send(request.header("accept", "application/cloudevents-batch+json"))
        .await
        .expect(200);
    assert_eq!(batch.header("content-type"), "application/cloudevents-batch+json");
    let wrapped = reader.feed.page(0, 10, 0).await.expect(200);
    let events: Vec<Value> = wrapped.body["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|entry| entry["event"].clone())
        .collect();
    assert_eq!(batch.body, Value::Array(events));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_sees_its_own_feed_and_no_other() {
    let reader = reader().await;
    let other = reader.gateway.app("reporting");
    let foreign = reader.ask(Method::GET, &other.feed_url, None).await.expect(404);
    let nowhere = reader
        .ask(
            Method::GET,
            &reader.app.feed_url.replace("booking", "nobody"),
            None,
        )
        .await
        .expect(404);
    assert_eq!(
        foreign.body, nowhere.body,
        "another's feed and none look the same"
    );
    assert_eq!(foreign.body["code"], "noSuchFeed");
    let ack = other.feed_url.replace("/events", "/ack");
    reader
        .ask(Method::POST, &ack, Some(r#"{"group":"reporting","pos":0}"#))
        .await
        .expect(404);
    for credential in [
        "",
        "usherapp_t_nonsense",
        &reader.app.credential.replace("usherapp", "usher"),
    ] {
        let request = support::http_client()
            .get(&reader.app.feed_url)
            .bearer_auth(credential);
        let refused = send(request).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), "Bearer");
        assert_eq!(refused.header("content-type"), "application/problem+json");
        let detail = refused.body["detail"].as_str().expect("detail");
        assert!(detail.contains(refused.header("request-id")), "{detail}");
    }
    let token = reader.gateway.token("contoso", "advisors").token;
    let as_entra = support::http_client()
        .get(&reader.app.feed_url)
        .bearer_auth(token);
    send(as_entra).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_field_the_rule_and_the_next_step() {
    let reader = reader().await;
    reader.create(0..2).await;
    until_head(&reader.feed, 2).await;
    let table = [
        ("?after=-1", 400, "after"),
        ("?limit=501", 400, "limit"),
        ("?limit=0", 400, "limit"),
        ("?after=3&after=4", 400, "repeated"),
        ("?wait=60", 400, "wait"),
        ("?offset=1", 400, "query"),
        ("?after=99", 409, "ahead"),
        ("?epoch=7-00", 409, "epoch"),
    ];
    for (query, status, name) in table {
        let refused = reader
            .ask(Method::GET, &format!("{}{query}", reader.app.feed_url), None)
            .await
            .expect(status);
        snapshot::answer_matches(&format!("feed_read_{name}"), &refused);
    }
    let table = [
        ("", 400, "body"),
        (r#"{"group":"booking","pos":3}"#, 409, "beyond"),
        (r#"{"group":"other","pos":1}"#, 400, "group"),
        (r#"{"group":"booking","pos":"1"}"#, 400, "pos"),
        (r#"{"group":"booking","pos":1,"epoch":"7-00"}"#, 409, "epoch"),
    ];
    for (body, status, name) in table {
        let refused = reader
            .ask(Method::POST, &reader.ack_url(), Some(body))
            .await
            .expect(status);
        snapshot::answer_matches(&format!("feed_ack_{name}"), &refused);
    }
    reader
        .ask(Method::DELETE, &reader.app.feed_url, None)
        .await
        .expect(405);
    reader
        .ask(Method::POST, &reader.ack_url(), Some(&"x".repeat(100_000)))
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_remembered_and_never_goes_back() {
    let reader = reader().await;
    reader.create(0..3).await;
    until_head(&reader.feed, 3).await;
    for (sent, remembered) in [(2, 2), (1, 2), (3, 3)] {
        let answer = reader.feed.ack("booking", sent).await.expect(200);
        assert_eq!(
            answer.body,
            json!({"group": "booking", "pos": remembered}),
            "after {sent}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_reads_do_not_hold_up_a_graceful_end() {
    let mut reader = reader().await;
    let (url, credential) = (
        format!("{}?wait=25", reader.app.feed_url),
        reader.app.credential.clone(),
    );
    let waiting = tokio::spawn(async move {
        support::http::try_send(support::http_client().get(url).bearer_auth(credential)).await
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = std::time::Instant::now();
    let status = tokio::task::block_in_place(|| reader.gateway.terminate());
    assert!(status.success(), "{status}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "it did not wait for the long poll's end"
    );
    waiting
        .await
        .expect("no panic")
        .expect("answered, not reset")
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_events_are_past_their_retention_gets_an_error() {
    use sqlx::Connection as _;
    let reader = reader().await;
    reader.create(0..5).await;
    until_head(&reader.feed, 5).await;
    let file = reader.gateway.folder().join("usher-data/usher.db");
    let url = format!("sqlite://{}", file.display());
    let mut database = sqlx::SqliteConnection::connect(&url)
        .await
        .expect("the gateway's database");
    let aged = sqlx::query("DELETE FROM feed_event WHERE pos <= 3")
        .execute(&mut database)
        .await
        .expect("aged");
    assert_eq!(aged.rows_affected(), 3);
    let gone = reader.feed.page(1, 10, 0).await.expect(410);
    assert_eq!(
        (&gone.body["code"], &gone.body["field"]),
        (&json!("pastRetention"), &json!("after"))
    );
    let detail = gone.body["detail"].as_str().expect("detail");
    assert!(
        detail.contains("between 1 and 4") && detail.contains("GET /feeds/{app}/snapshot"),
        "{detail}"
    );
    // Nor does a new reader get the rest of a feed as if it were all of it.
    for after in [0, 2] {
        reader.feed.page(after, 10, 0).await.expect(410);
    }
    let page = reader.feed.page(3, 10, 0).await.expect(200);
    assert_eq!(page.body["events"][0]["pos"], json!(4));
    let all = "DELETE FROM feed_event";
    sqlx::query(all).execute(&mut database).await.expect("aged");
    reader.feed.page(4, 10, 0).await.expect(410);
    reader.feed.page(5, 10, 0).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_present_epoch_who_is_ahead_begins_another_one() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let reader = reader_on(backend).await;
        reader.create(0..2).await;
        until_head(&reader.feed, 2).await;
        let mut epochs = Vec::new();
        for way in ["read", "ack", "read"] {
            let page = reader.feed.page(0, 10, 0).await.expect(200);
            let epoch = page.body["epoch"].as_str().expect("an epoch").to_owned();
            assert_eq!(page.body["events"][0]["event"]["epoch"], json!(epoch));
            let ack = json!({"group": "booking", "pos": 1, "epoch": epoch}).to_string();
            let url = format!("{}?after=1&epoch={epoch}", reader.app.feed_url);
            reader.ask(Method::GET, &url, None).await.expect(200);
            reader
                .ask(Method::POST, &reader.ack_url(), Some(&ack))
                .await
                .expect(200);
            let refused = if way == "read" {
                let url = format!("{}?after=3&epoch={epoch}", reader.app.feed_url);
                reader.ask(Method::GET, &url, None).await.expect(409)
            } else {
                let ahead = json!({"group": "booking", "pos": 3, "epoch": epoch}).to_string();
                reader
                    .ask(Method::POST, &reader.ack_url(), Some(&ahead))
                    .await
                    .expect(409)
            };
            assert_eq!(refused.body["code"], "epochChanged", "{backend:?}");
            let detail = refused.body["detail"].as_str().expect("detail");
            let present = reader.feed.page(0, 10, 0).await.expect(200).body["epoch"].clone();
            let present = present.as_str().expect("an epoch");
            assert!(detail.contains(present) && present != epoch, "{detail}");
            epochs.push(epoch);
        }
        for epoch in epochs {
            let url = format!("{}?after=1&epoch={epoch}", reader.app.feed_url);
            let refused = reader.ask(Method::GET, &url, None).await.expect(409);
            assert_eq!(refused.body["code"], "epochChanged", "an old epoch stays one");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_at_4_mib_and_is_compressed_for_who_asks() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let reader = reader_on(backend).await;
        // An event tells a name as a change, in the state and in the record: together more than 80 KiB.
        let name = "x".repeat(14 * 1024);
        for n in 0..60 {
            let (external_id, user_name) = (format!("object-{n}"), format!("person{n}@contoso.dk"));
            let long = json!({"displayName": name, "name": {"givenName": name, "familyName": name}});
            reader
                .scim
                .create(&external_id, &user_name, long)
                .await
                .expect(201);
        }
        until_head(&reader.feed, 60).await;
        let (mut after, mut pages) = (0, Vec::new());
        while after < 60 {
            let page = reader.feed.page(after, 500, 0).await.expect(200);
            let positions = page.body["events"].as_array().expect("events").iter();
            let positions: Vec<u64> = positions.filter_map(|entry| entry["pos"].as_u64()).collect();
            assert_eq!(positions.first(), Some(&(after + 1)), "none is lost");
            assert_eq!(page.body["next"].as_u64(), positions.last().copied());
            after = positions[positions.len() - 1];
            pages.push(page.text.len());
        }
        assert!(
            pages.len() > 1 && pages.iter().all(|bytes| *bytes < 4_400_000),
            "{pages:?}"
        );
        assert!(pages[0] > 4_000_000, "{pages:?}");
        for path in ["events", "snapshot"] {
            let url = reader.app.feed_url.replace("/events", &format!("/{path}"));
            let plain = reader.ask(Method::GET, &url, None).await.expect(200);
            assert_eq!(plain.header("content-encoding"), "");
            let packed = support::http_client()
                .get(&url)
                .bearer_auth(&reader.app.credential);
            let packed = packed
                .header("accept-encoding", "gzip")
                .send()
                .await
                .expect("an answer");
            assert_eq!(packed.headers()["content-encoding"], "gzip");
            let packed = packed.bytes().await.expect("a body");
            assert!(
                packed.len() * 10 < plain.text.len(),
                "{} of {}",
                packed.len(),
                plain.text.len()
            );
        }
    }
}
