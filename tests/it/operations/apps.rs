//! An app is deleted.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use support::gateway::{Gateway, Settings};
use support::http::Feed;
use support::postgres::Postgres;
use support::programs;
use support::redis::Redis;
use support::wait::until;

use super::{admin_url, count, home, people, stderr, stdout};

/// `usher app delete booking`, with this on its standard input.
fn delete_typed(gateway: &Gateway, typed: &str) -> Output {
    let mut command = Command::new(programs::usher());
    command.args(["app", "delete", "booking"]);
    command.current_dir(gateway.folder().path());
    command.envs(admin_url(gateway));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    writeln!(input, "{typed}").unwrap();
    drop(input);
    running.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_deleted_when_its_name_is_typed_and_all_of_it_is_gone() {
    let postgres = Some(Postgres::shared().await.database().await);
    for database in [None, postgres] {
        let redis = Redis::start().await;
        let gateway = Gateway::start(Settings {
            database,
            redis: Some(redis.url()),
            ..Settings::default()
        })
        .await;
        let (scim, app) = home(&gateway);
        let other = gateway.app("other");
        let feed = Feed::new(&app);
        people(&scim, 0..3).await;
        assert_eq!(feed.settled_head().await, 3);
        feed.ack("booking", 2).await.expect(200);
        let length = async |key: &str| redis.command(&["XLEN", key]).await;
        until("the stream", Duration::from_secs(20), || async {
            (length(&app.stream).await == "int(3)").then_some(())
        })
        .await;

        for refused in [
            gateway.try_cli(&["app", "delete", "booking"]),
            delete_typed(&gateway, "other"),
        ] {
            assert_eq!(refused.status.code(), Some(1));
            let said = stderr(&refused);
            assert!(
                said.contains("was not deleted") && said.contains("--yes"),
                "{said}"
            );
        }
        feed.page(0, 1, 0).await.expect(200);
        let deleted = delete_typed(&gateway, "booking");
        assert!(deleted.status.success(), "{}", stderr(&deleted));
        assert!(
            stdout(&deleted).contains("app booking is deleted"),
            "{}",
            stdout(&deleted)
        );

        feed.page(0, 1, 0).await.expect(401);
        for table in ["app", "feed", "app_credential"] {
            assert_eq!(count(&gateway, table).await, 1, "{table}: the other app's");
        }
        assert_eq!(count(&gateway, "feed_event").await, 3);
        assert_eq!(count(&gateway, "feed_ack").await, 0);
        assert_eq!(count(&gateway, "outbox").await, 3, "the other app's events stay");
        // Its relay writes no more: what it wrote meanwhile is removed, and the other feed goes on.
        let user = redis
            .command(&["ACL", "GETUSER", app.redis_user.as_deref().unwrap()])
            .await;
        assert_eq!(user, "nil");
        until("the stream to go", Duration::from_secs(30), || async {
            (redis.command(&["EXISTS", &app.stream]).await == "int(0)").then_some(())
        })
        .await;
        people(&scim, 3..5).await;
        until("the other stream", Duration::from_secs(20), || async {
            (length(&other.stream).await == "int(5)").then_some(())
        })
        .await;
        // The other app's relay looks at its stream as often as one that would make this stream again.
        redis.scripts_ran(3).await;
        assert_eq!(redis.command(&["EXISTS", &app.stream]).await, "int(0)");
        let gone = gateway.try_cli(&["app", "delete", "booking", "--yes"]);
        assert!(
            stderr(&gone).contains("there is no app \"booking\""),
            "{}",
            stderr(&gone)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_app_can_be_made_again_and_begins_anew() {
    super::on_both(async |gateway| {
        let (scim, app) = home(&gateway);
        people(&scim, 0..2).await;
        assert_eq!(Feed::new(&app).settled_head().await, 2);
        let answer = gateway.cli(&["app", "delete", "booking", "--yes"]);
        assert_eq!(answer["deleted"], true);
        assert_eq!(answer["redisState"], "notConfigured");
        let commands = answer["redisCommands"].to_string();
        assert!(
            commands.contains("DEL 'usher:{test:booking}:s00' 'usher:{test:booking}:feed'"),
            "{commands}"
        );
        let again = gateway.app("booking");
        Feed::new(&app).page(0, 1, 0).await.expect(401);
        assert_eq!(Feed::new(&again).settled_head().await, 2, "what the outbox holds");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_deleted_while_redis_is_away_loses_its_user_there_later() {
    let redis = Redis::start().await;
    let gateway = Gateway::start(Settings {
        redis: Some(redis.url()),
        ..Settings::default()
    })
    .await;
    let (scim, app) = home(&gateway);
    people(&scim, 0..3).await;
    let companion = app.stream.replace(":s00", ":feed");
    let made = "usher:{test}:users";
    until("the user and the stream", Duration::from_secs(30), || async {
        let noted = redis.command(&["HEXISTS", made, "booking"]).await == "int(1)";
        (noted && redis.command(&["XLEN", &app.stream]).await == "int(3)").then_some(())
    })
    .await;
    // The user of another deployment in the same Redis.
    redis
        .command(&["HSET", made, "theirs", "another deployment"])
        .await;
    redis
        .command(&["ACL", "SETUSER", "usher-app-test-theirs", "on", ">secret"])
        .await;

    redis.pause();
    let deleted = gateway.cli(&["app", "delete", "booking", "--yes"]);
    assert_eq!(deleted["redisState"], "later", "{deleted}");
    redis.resume();
    until("nothing of it to be left", Duration::from_mins(1), || async {
        let user = redis.command(&["ACL", "GETUSER", "usher-app-test-booking"]).await;
        let keys = redis.command(&["EXISTS", &app.stream, &companion]).await;
        let noted = redis.command(&["HSTRLEN", made, "booking"]).await;
        (user == "nil" && keys == "int(0)" && noted == "int(0)").then_some(())
    })
    .await;
    assert_ne!(
        redis.command(&["ACL", "GETUSER", "usher-app-test-theirs"]).await,
        "nil"
    );
    // The name may be used again.
    gateway.app("booking");
    until("the new user", Duration::from_secs(30), || async {
        (redis.command(&["HSTRLEN", made, "booking"]).await != "int(0)").then_some(())
    })
    .await;
    assert_ne!(
        redis.command(&["ACL", "GETUSER", "usher-app-test-booking"]).await,
        "nil"
    );
}
