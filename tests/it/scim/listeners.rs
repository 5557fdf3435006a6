//! The public listener has no internals; the admin listener has the data that monitoring needs.

use std::net::TcpListener;
use std::time::Duration;

use support::gateway::{Gateway, Settings};
use support::http_client;
use support::postgres::Postgres;
use support::wait::until;

async fn get(url: &str) -> (u16, String) {
    let answer = http_client().get(url).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test]
async fn the_public_listener_gives_one_word_and_the_admin_listener_the_reasons() {
    let cluster = Postgres::start().await;
    let more = vec![("database.acquire_timeout_seconds".to_owned(), "1".to_owned())];
    let gateway = Gateway::start(Settings {
        database: Some(cluster.database().await),
        more,
        ..Settings::default()
    })
    .await;
    let (public, admin) = (gateway.url(), gateway.admin_url());
    for url in [&public, &admin] {
        let live = get(&format!("{url}/health/live")).await;
        assert_eq!(live, (200, "live".to_owned()), "{url}");
    }
    let ready = get(&format!("{public}/health/ready")).await;
    assert_eq!(ready, (200, "ready".to_owned()));
    let (status, told) = get(&format!("{admin}/health/ready")).await;
    assert_eq!(status, 200);
    assert!(
        told.contains("\"missing\":[]") && told.contains("\"degraded\""),
        "{told}"
    );
    let (status, page) = get(&format!("{admin}/metrics")).await;
    assert_eq!(status, 200);
    assert!(page.contains("# TYPE"), "{page}");

    let (status, refused) = get(&format!("{public}/metrics")).await;
    assert_eq!(status, 404);
    assert!(
        !refused.contains("# TYPE") && refused.contains("\"status\":\"404\""),
        "{refused}"
    );
    for path in ["/scim/Users", "/feeds/booking/events"] {
        let (status, _) = get(&format!("{admin}{path}")).await;
        assert_eq!(status, 404, "{path} is not served there");
    }

    cluster.kill9();
    until("the public answer to follow", Duration::from_secs(30), || async {
        let (status, word) = get(&format!("{public}/health/ready")).await;
        (status == 503 && word == "unready").then_some(())
    })
    .await;
    let (status, told) = get(&format!("{admin}/health/ready")).await;
    assert_eq!(status, 503);
    assert!(told.contains("the database"), "{told}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_setting_and_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = taken.local_addr().expect("an address").to_string();
    for (key, variable) in [
        ("http.listen", "USHER__HTTP__LISTEN"),
        ("http.admin_listen", "USHER__HTTP__ADMIN_LISTEN"),
    ] {
        let env = vec![(variable.to_owned(), address.clone())];
        let gateway = Gateway::prepared(Settings {
            env,
            ..Settings::default()
        });
        let output = gateway.try_cli(&["serve"]);
        assert_eq!(output.status.code(), Some(1), "{key}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        for part in [key, &address, "another port", variable] {
            assert!(said.contains(part), "{key}: no {part:?} in {said}");
        }
    }
}
