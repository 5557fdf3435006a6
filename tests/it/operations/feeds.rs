//! The state of feeds and their events, for operators.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::gateway::{Gateway, Settings};
use support::http::Feed;
use support::postgres::Postgres;
use support::programs;
use support::wait::until;

use super::{admin_url, epoch, home, on_both, people, sql, stderr, stdout};

async fn page(gateway: &Gateway) -> BTreeSet<String> {
    let url = format!("{}/metrics", gateway.admin_url());
    let answer = support::http::send(support::http_client().get(url)).await;
    // What an instance did itself, and an age, may differ.
    let is_own =
        |line: &str| line.starts_with("usher_feed_rewinds") || line.starts_with("usher_feed_lag_seconds");
    let lines = answer.text.lines();
    let lines = lines.filter(|line| line.starts_with("usher_feed_") && !is_own(line));
    lines.map(str::to_owned).collect()
}

async fn lag_series(gateway: &Gateway) -> BTreeSet<String> {
    let url = format!("{}/metrics", gateway.admin_url());
    let answer = support::http::send(support::http_client().get(url)).await;
    let lines = answer
        .text
        .lines()
        .filter(|line| line.starts_with("usher_feed_lag_seconds"));
    lines
        .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_instance_tells_the_same_of_a_feed_as_the_database() {
    let gateway = Gateway::start(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    })
    .await;
    let twin = gateway.twin().await;
    let (scim, app) = home(&gateway);
    let feed = Feed::new(&app);
    people(&scim, 0..3).await;
    assert_eq!(feed.settled_head().await, 3);
    feed.ack("booking", 1).await.expect(200);
    sql(
        &gateway,
        "UPDATE feed SET state = 'http', why = 'two events were lost'",
    )
    .await;
    for series in [
        "usher_feed_head_pos{feed=\"booking\"} 3",
        "usher_feed_state{feed=\"booking\",state=\"http\"} 1",
        "usher_feed_state{feed=\"booking\",state=\"parked\"} 0",
        "usher_feed_group_lag_events{feed=\"booking\",group=\"booking\"} 2",
    ] {
        for instance in [&gateway, &twin] {
            until(series, Duration::from_secs(20), || async {
                page(instance).await.contains(series).then_some(())
            })
            .await;
        }
    }
    assert_eq!(page(&gateway).await, page(&twin).await);
    let expected = BTreeSet::from(["usher_feed_lag_seconds{feed=\"booking\",group=\"booking\"}".to_owned()]);
    assert_eq!(lag_series(&gateway).await, expected);
    assert_eq!(lag_series(&twin).await, expected);

    let listed = gateway.cli(&["feed", "list"]);
    let (found, group) = (&listed[0], &listed[0]["groups"][0]);
    assert_eq!(
        (&found["state"], &found["why"], &found["head"]),
        (&json!("http"), &json!("two events were lost"), &json!(3))
    );
    assert!(found["epoch"].as_str().unwrap().starts_with("1-"), "{found}");
    assert_eq!(
        (
            &group["acknowledged"],
            &group["oldestUnacknowledged"],
            &group["lag"]
        ),
        (&json!(1), &json!(2), &json!(2))
    );
    assert!(group["lagSeconds"].is_u64(), "{group}");
    let table = stdout(&gateway.try_cli(&["feed", "list"]));
    let head = table.lines().next().unwrap();
    for column in ["STATE", "LAG", "NEXT", "WHY"] {
        assert!(head.contains(column), "{table}");
    }
    assert!(table.contains("two events were lost"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_renewed_and_its_events_are_shown() {
    on_both(async |gateway| {
        let (scim, app) = home(&gateway);
        let feed = Feed::new(&app);
        people(&scim, 0..3).await;
        assert_eq!(feed.settled_head().await, 3);
        let first = epoch(&gateway);
        let renewed = gateway.try_cli(&["feed", "renew", "booking"]);
        let said = stdout(&renewed);
        let second = epoch(&gateway);
        assert!(
            renewed.status.success() && second.starts_with("2-"),
            "{}",
            stderr(&renewed)
        );
        for part in [&first, &second, "Every reader of this app takes a snapshot"] {
            assert!(said.contains(part), "{said}");
        }
        gateway.app("other");
        let all = gateway.cli(&["feed", "renew", "--all"]);
        let of = |n: usize| (all[n]["app"].as_str(), all[n]["before"].as_str());
        assert_eq!(of(0), (Some("booking"), Some(second.as_str())), "{all}");
        assert_eq!(of(1).0, Some("other"), "{all}");
        assert_ne!(all[1]["epoch"], all[1]["before"], "{all}");
        let second = epoch(&gateway);
        assert!(
            second.starts_with("3-") && all[0]["epoch"] == json!(second),
            "{all}"
        );

        let raw: Value = serde_json::from_str(&stdout(
            &gateway.try_cli(&["feed", "show", "booking", "2", "--json"]),
        ))
        .unwrap();
        let page = feed.page(1, 1, 0).await.expect(200);
        assert_eq!(raw, page.body["events"][0]["event"]);
        assert_eq!(raw["epoch"], json!(second));
        let pretty = stdout(&gateway.try_cli(&["feed", "show", "booking", "2"]));
        assert!(
            pretty.contains("\n  \"type\": \"usher.identity.created.v1\""),
            "{pretty}"
        );
        let refused = |args: &[&str], part: &str| {
            let output = gateway.try_cli(args);
            let said = stderr(&output);
            assert!(output.status.code() == Some(1) && said.contains(part), "{said}");
        };
        refused(
            &["feed", "show", "booking", "9"],
            "ends at position 3: there is no event 9 yet",
        );
        refused(&["feed", "show", "nobody", "1"], "there is no app \"nobody\"");
        sql(&gateway, "DELETE FROM feed_event WHERE pos = 1").await;
        refused(&["feed", "show", "booking", "1"], "the oldest position is 2");

        let told = gateway.try_cli(&["feed", "tail", "booking", "--from", "1", "--no-follow"]);
        let lines = stdout(&told);
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(
            stderr(&told).contains("the events 1 to 1 are no longer kept"),
            "{}",
            stderr(&told)
        );
        assert!(lines.contains("usher.identity.created.v1"), "{lines}");
        let other = [
            "feed",
            "tail",
            "booking",
            "--from",
            "2",
            "--no-follow",
            "--type",
            "usher.identity.deleted.v1",
        ];
        assert_eq!(stdout(&gateway.try_cli(&other)), "");
        let entries = gateway.cli(&["feed", "tail", "booking", "--from", "2", "--no-follow"]);
        assert_eq!(entries[0]["pos"], json!(2));
        assert_eq!(entries[0]["event"], raw);
        refused(&["feed", "tail", "booking", "--from", "9"], "ends at position 3");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_prints_events_as_they_come() {
    on_both(async |gateway| {
        let (scim, app) = home(&gateway);
        people(&scim, 0..2).await;
        assert_eq!(Feed::new(&app).settled_head().await, 2);
        let mut command = Command::new(programs::usher());
        command.args(["feed", "tail", "booking", "--json"]);
        command.current_dir(gateway.folder().path());
        command.envs(admin_url(&gateway));
        let mut tail = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, mut lines) = tokio::sync::mpsc::channel(16);
        let out = BufReader::new(tail.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        // It begins now, whenever that is: new people come until one is printed.
        let mut n = 2;
        let line = loop {
            people(&scim, n..n + 1).await;
            n += 1;
            assert!(n < 60, "nothing was printed");
            if let Ok(line) = tokio::time::timeout(Duration::from_secs(1), lines.recv()).await {
                break line.expect("a line");
            }
        };
        tail.kill().unwrap();
        tail.wait().unwrap();
        let entry: Value = serde_json::from_str(&line).unwrap();
        assert!(entry["pos"].as_u64().unwrap() > 2, "begins at the head: {entry}");
        assert_eq!(entry["event"]["type"], json!("usher.identity.created.v1"));
    })
    .await;
}
