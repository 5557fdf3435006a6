//! Faults of the gateway and of the apps, and what operators do to them.

use std::time::Duration;

use support::process::{Process, Spec};
use support::programs;
use support::python::PythonConsumer;

use super::day::{Kept, bad_day, port};

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_killed() {
    bad_day(Kept::Sqlite, async |day| {
        day.gateway.restart().await;
        day.streams_grow().await;
        day.gateway.restart().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apps_are_killed() {
    bad_day(Kept::Postgres, async |day| {
        for _ in 0..3 {
            day.stop_consumers();
            day.start_consumers();
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_instances_is_killed() {
    bad_day(Kept::Postgres, async |day| {
        let mut twin = day.gateway.twin().await;
        day.address.switch_to(port(&twin));
        day.gateway.restart().await;
        day.streams_grow().await;
        twin.kill9();
        day.address.switch_to(port(&day.gateway));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_stops_for_ten_seconds() {
    bad_day(Kept::Postgres, async |day| {
        let twin = day.gateway.twin().await;
        day.address.switch_to(port(&twin));
        day.gateway.process().signal("STOP");
        tokio::time::sleep(Duration::from_secs(10)).await;
        day.gateway.process().signal("CONT");
        day.streams_grow().await;
        day.address.switch_to(port(&day.gateway));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_made_late() {
    bad_day(Kept::Sqlite, async |day| {
        let number = day.later.len();
        let over_http = day.gateway.app(&format!("late-{number}"));
        day.later.push(PythonConsumer::over_http(&over_http));
        let over_redis = day.gateway.app(&format!("late-{}", number + 1));
        day.later
            .push(PythonConsumer::over_redis(&over_redis, &day.redis.url()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_moves_to_the_other_transport_and_back() {
    bad_day(Kept::Sqlite, async |day| {
        let redis = day.redis.url();
        day.over_redis.move_to_http();
        day.over_http.move_to_redis(&redis);
        day.streams_grow().await;
        day.over_redis.move_to_redis(&redis);
        day.over_http.move_to_http();
    })
    .await;
}

/// Somebody starts a gateway of the other environment on this deployment's database.
#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_environment_is_refused() {
    bad_day(Kept::Postgres, async |day| {
        let log = day.gateway.folder().join("wrong.log");
        let env = [
            ("USHER__ENVIRONMENT", "production"),
            ("USHER__HTTP__PUBLIC_URL", "https://scim.example.com"),
            ("USHER__HTTP__PROXY_HOPS", "1"),
            ("USHER__HTTP__LISTEN", "127.0.0.1:0"),
            ("USHER__HTTP__ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        let mut wrong = Process::start(&Spec {
            program: &programs::usher(),
            args: &["serve".to_owned()],
            dir: day.gateway.folder().path(),
            log: &log,
            env: &env.map(|(name, value)| (name.to_owned(), value.to_owned())),
            user: None,
            end: "KILL",
        });
        let status = wrong.wait(Duration::from_secs(30));
        let said = wrong.log();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(
            said.contains("test") && said.contains("production") && said.contains("environment"),
            "{said}"
        );
    })
    .await;
}
