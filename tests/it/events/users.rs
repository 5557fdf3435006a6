//! Each app's user in Redis (ADR 0034), tested as that user: its own stream and nothing else, for as long as
//! its credentials are valid.

use redis::aio::MultiplexedConnection;
use redis::{ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisResult, Value};
use support::gateway::{App, Gateway, Settings, text};
use support::redis::Redis;
use support::wait::until;

use super::world::{Backend, PATIENCE, World, settings, until_head};

/// A connection as this user.
async fn connected(redis: &Redis, user: &str, password: &str) -> RedisResult<MultiplexedConnection> {
    let info: ConnectionInfo = redis.url().into_connection_info()?;
    let login = info
        .redis_settings()
        .clone()
        .set_username(user)
        .set_password(password);
    redis::Client::open(info.set_redis_settings(login))?
        .get_multiplexed_async_connection()
        .await
}

async fn own(redis: &Redis, app: &App) -> RedisResult<MultiplexedConnection> {
    let user = app.redis_user.as_deref().expect("a user");
    connected(redis, user, &app.credential).await
}

/// Waits until the user's password is accepted, or no longer.
async fn until_accepted(redis: &Redis, app: &App, expected: bool) {
    let what = format!("the user to be let in: {expected}");
    until(&what, PATIENCE, || async {
        let asked = async {
            redis::cmd("PING")
                .query_async::<String>(&mut own(redis, app).await?)
                .await
        };
        match asked.await {
            Ok(_) => expected.then_some(()),
            Err(error) => (!expected && error.kind() == ErrorKind::AuthenticationFailed).then_some(()),
        }
    })
    .await;
}

async fn say(connection: &mut MultiplexedConnection, words: &str) -> Result<Value, String> {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap_or_default());
    for word in words {
        command.arg(word);
    }
    command
        .query_async(connection)
        .await
        .map_err(|error| error.code().unwrap_or("another error").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_reads_and_acknowledges_its_own_stream_and_nothing_else() {
    let world = World::start(Backend::Sqlite).await;
    let other = world.gateway.app("other");
    world.create(0..3).await;
    assert_eq!(world.mirrored().await.len(), 3);
    let (key, theirs) = (world.app.stream.as_str(), other.stream.as_str());
    let [feed, their_feed] = [key, theirs].map(|key| key.replace(":s00", ":feed"));
    let mut user = own(&world.redis, &world.app).await.expect("let in");
    for words in [
        "PING",
        "CLIENT ID",
        "CLIENT SETNAME x",
        "SELECT 0",
        "XLEN {key}",
        "XRANGE {key} - +",
        "XREVRANGE {key} + -",
        "XREAD COUNT 1 STREAMS {key} 0",
        "XINFO STREAM {key}",
        "XINFO GROUPS {key}",
        "XREADGROUP GROUP booking me COUNT 2 STREAMS {key} >",
        "XINFO CONSUMERS {key} booking",
        "XPENDING {key} booking",
        "XREADGROUP GROUP booking me STREAMS {key} 0",
        "XCLAIM {key} booking you 0 1-0",
        "XAUTOCLAIM {key} booking me 0 0-0",
        "XACK {key} booking 1-0",
        "HGET {feed} epoch",
        "HGETALL {feed}",
    ] {
        let words = words.replace("{key}", key).replace("{feed}", &feed);
        assert!(say(&mut user, &words).await.is_ok(), "{words}");
    }
    for words in [
        "XADD {key} * a b",
        "XADD {theirs} 99-0 a b",
        "XDEL {key} 1-0",
        "XTRIM {key} MAXLEN 0",
        "XSETID {key} 99-0",
        "XGROUP CREATE {key} mine 0",
        "XGROUP DESTROY {key} booking",
        "XGROUP SETID {key} booking 0",
        "XGROUP DELCONSUMER {key} booking me",
        "DEL {key}",
        "UNLINK {key}",
        "RENAME {key} x",
        "COPY {key} x",
        "EXPIRE {key} 1",
        "DUMP {key}",
        "GET {key}",
        "SET x y",
        "KEYS *",
        "SCAN 0",
        "DBSIZE",
        "RANDOMKEY",
        "FLUSHALL",
        "FLUSHDB",
        "SWAPDB 0 1",
        "INFO",
        "CONFIG GET *",
        "EVAL return(1) 0",
        "EVALSHA x 0",
        "SCRIPT LOAD return(1)",
        "FUNCTION LIST",
        "FCALL x 0",
        "PUBLISH x y",
        "SUBSCRIBE x",
        "MONITOR",
        "ACL LIST",
        "ACL WHOAMI",
        "ACL SETUSER me",
        "CLIENT LIST",
        "CLIENT KILL USER default",
        "MULTI",
        "SHUTDOWN NOSAVE",
        "REPLICAOF 127.0.0.1 1",
        "SAVE",
        "COMMAND",
        "XLEN {theirs}",
        "XRANGE {theirs} - +",
        "XREAD STREAMS {theirs} 0",
        "XREAD STREAMS {key} {theirs} 0 0",
        "XREADGROUP GROUP other me STREAMS {theirs} >",
        "XREADGROUP GROUP booking me STREAMS {key} {theirs} > >",
        "XACK {theirs} other 1-0",
        "XPENDING {theirs} other",
        "XCLAIM {theirs} other me 0 1-0",
        "XAUTOCLAIM {theirs} other me 0 0-0",
        "XINFO STREAM {theirs}",
        "XINFO GROUPS {theirs}",
        "HSET {feed} epoch 1-aa",
        "HDEL {feed} epoch",
        "DEL {feed}",
        "HGET {their_feed} epoch",
    ] {
        let words = words.replace("{key}", key).replace("{theirs}", theirs);
        let words = words
            .replace("{feed}", &feed)
            .replace("{their_feed}", &their_feed);
        assert_eq!(say(&mut user, &words).await, Err("NOPERM".to_owned()), "{words}");
    }
    let stranger = connected(
        &world.redis,
        world.app.redis_user.as_deref().unwrap(),
        &other.credential,
    )
    .await;
    assert_eq!(
        stranger.expect_err("another app's credential").kind(),
        ErrorKind::AuthenticationFailed
    );
    // Both feeds continue.
    world.create(3..6).await;
    assert_eq!(world.mirrored().await.len(), 6);
    until_head(&support::http::Feed::new(&other), 6).await;
    let mut theirs_own = own(&world.redis, &other).await.expect("let in");
    until("the other stream to be filled", PATIENCE, || {
        let (mut connection, words) = (theirs_own.clone(), format!("XLEN {theirs}"));
        async move { (say(&mut connection, &words).await == Ok(Value::Int(6))).then_some(()) }
    })
    .await;
    assert!(say(&mut theirs_own, &format!("XRANGE {key} - +")).await.is_err());
}

fn with(app: &App, answer: &serde_json::Value) -> App {
    App {
        credential: text(answer, "credential"),
        ..app.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives_and_ends_with_its_credentials_open_connections_too() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let world = World::start(backend).await;
        let (gateway, redis, first) = (&world.gateway, &world.redis, &world.app);
        let mut held = own(redis, first).await.expect("let in");

        let answer = gateway.cli(&["app", "rotate-credential", "booking", "--overlap", "1h"]);
        assert_eq!(
            (text(&answer, "redisState"), text(&answer, "redisUser")),
            ("ready".to_owned(), "usher-app-test-booking".to_owned())
        );
        assert_eq!(text(&answer, "redisPassword"), text(&answer, "credential"));
        let second = with(first, &answer);
        own(redis, &second).await.expect("the new one");
        own(redis, first).await.expect("the old one, during the overlap");
        assert!(say(&mut held, "PING").await.is_ok(), "and whoever is in stays");

        let third = with(
            first,
            &gateway.cli(&["app", "rotate-credential", "booking", "--overlap", "0"]),
        );
        let mut held_by_third = own(redis, &third).await.expect("the new one");
        for old in [first, &second] {
            let refused = own(redis, old).await.expect_err("refused");
            assert_eq!(refused.kind(), ErrorKind::AuthenticationFailed, "{backend:?}");
        }
        assert!(
            say(&mut held, "PING").await.is_err(),
            "{backend:?}: the open connection ended"
        );

        let id = third.credential.split('_').nth(2).unwrap();
        let listed = gateway.cli(&["app", "list-credentials", "booking"]);
        let standing = |credential: &App| {
            let id = credential.credential.split('_').nth(2).unwrap();
            let found = listed
                .as_array()
                .unwrap()
                .iter()
                .find(|listed| listed["id"] == id)
                .unwrap();
            found["standing"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            [first, &second, &third].map(standing),
            ["expired", "expired", "active"]
        );
        assert!(
            !listed
                .to_string()
                .contains(third.credential.split('_').nth(3).unwrap())
        );

        let answer = gateway.cli(&["app", "revoke-credential", "booking", id]);
        assert_eq!(text(&answer, "redisState"), "ready");
        assert!(own(redis, &third).await.is_err());
        assert!(
            say(&mut held_by_third, "PING").await.is_err(),
            "{backend:?}: revoked is over at once"
        );
        assert!(
            !redis
                .command(&["ACL", "USERS"])
                .await
                .contains("usher-app-test-booking"),
            "nothing is left of it"
        );
        assert_eq!(support::http::Feed::new(&third).page(0, 1, 0).await.status, 401);
        let unknown = gateway.try_cli(&["app", "revoke-credential", "booking", "000000000000"]);
        let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
        assert!(
            said.contains("has no credential \"000000000000\": `usher app list-credentials booking`"),
            "{said}"
        );

        let fourth = with(first, &gateway.cli(&["app", "rotate-credential", "booking"]));
        own(redis, &fourth)
            .await
            .expect("a revoked app can be let in again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_ends_by_itself_ends_in_redis() {
    let world = World::start(Backend::Sqlite).await;
    let mut held = own(&world.redis, &world.app).await.expect("let in");
    let answer = world
        .gateway
        .cli(&["app", "rotate-credential", "booking", "--overlap", "1s"]);
    until_accepted(&world.redis, &world.app, false).await;
    until("the open connection to end", PATIENCE, || {
        let mut held = held.clone();
        async move { say(&mut held, "PING").await.is_err().then_some(()) }
    })
    .await;
    assert!(say(&mut held, "PING").await.is_err());
    until_accepted(&world.redis, &with(&world.app, &answer), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_forget_its_users() {
    let mut world = World::start(Backend::Sqlite).await;
    world.create(0..5).await;
    assert_eq!(world.mirrored().await.len(), 5);
    for way in ["deleted", "restarted", "flushed and restarted", "wiped"] {
        match way {
            "deleted" => {
                world
                    .redis
                    .command(&["ACL", "DELUSER", "usher-app-test-booking"])
                    .await;
            }
            "restarted" => world.redis.restart().await,
            "flushed and restarted" => {
                world.redis.command(&["FLUSHALL"]).await;
                world.redis.restart().await;
            }
            _ => world.redis.wipe().await,
        }
        until_accepted(&world.redis, &world.app, true).await;
        assert_eq!(world.mirrored().await.len(), 5, "{way}");
        let mut user = own(&world.redis, &world.app).await.expect("let in");
        let read = say(
            &mut user,
            &format!("XREADGROUP GROUP booking me STREAMS {} >", world.app.stream),
        )
        .await;
        assert!(read.is_ok(), "{way}: {read:?}");
    }
    // Extra rights are removed again, and connections that used them are closed.
    world
        .redis
        .command(&[
            "ACL",
            "SETUSER",
            "usher-app-test-booking",
            "allkeys",
            "+@all",
            "nopass",
        ])
        .await;
    until("the user to be what it is to be", PATIENCE, || async {
        let rules = world.redis.command(&["ACL", "LIST"]).await;
        let line = rules
            .split("bulk-string")
            .find(|line| line.contains("usher-app-test-booking"))?
            .to_owned();
        (!line.contains("+@all") && !line.contains("nopass")).then_some(())
    })
    .await;
}

/// The number of calls of a command, by the server's own count.
async fn count(redis: &Redis, command: &str) -> u64 {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(&mut redis.connection().await)
        .await
        .unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")))
        .map(str::to_owned);
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_do_not_fight_over_a_user() {
    let world = World::start(Backend::Postgres).await;
    let _twin = world.gateway.twin().await;
    let before = count(&world.redis, "acl|setuser").await;
    world
        .gateway
        .cli(&["app", "rotate-credential", "booking", "--overlap", "1h"]);
    // The command sets the user, and so does the instance at work when it sees the new state.
    until("the rotation to be seen", PATIENCE, || async {
        (count(&world.redis, "acl|setuser").await >= before + 2).then_some(())
    })
    .await;
    let looked = async |more: u64| {
        let before = count(&world.redis, "acl|getuser").await;
        until("the users to be looked at", PATIENCE, || async {
            (count(&world.redis, "acl|getuser").await >= before + more).then_some(())
        })
        .await;
    };
    looked(4).await;
    let mut held = own(&world.redis, &world.app).await.expect("let in");
    let (set, killed) = (
        count(&world.redis, "acl|setuser").await,
        count(&world.redis, "client|kill").await,
    );
    looked(3).await;
    assert_eq!(
        count(&world.redis, "acl|setuser").await,
        set,
        "nothing to do, nothing done"
    );
    assert_eq!(count(&world.redis, "client|kill").await, killed);
    assert!(say(&mut held, "PING").await.is_ok());
}

/// The words of a line as a shell or redis-cli parses it.
fn words(line: &str) -> Vec<String> {
    line.split(' ')
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

async fn run(redis: &Redis, line: &str) {
    let words = words(line);
    redis
        .command(&words.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
}

async fn as_user(redis: &Redis, user: &str) -> Gateway {
    let url = redis
        .url()
        .replace("redis://", &format!("redis://{user}:secret@"));
    Gateway::start(Settings {
        redis: Some(url),
        ..Settings::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_usher_may_not_manage_users_it_says_what_to_run_by_hand() {
    let redis = Redis::start().await;
    run(&redis, "ACL SETUSER weak on >secret ~* &* +@all -acl").await;
    let gateway = as_user(&redis, "weak").await;
    let made = gateway.cli(&["app", "create", "booking"]);
    assert_eq!(text(&made, "redisState"), "byHand");
    let app = App {
        redis_user: Some(text(&made, "redisUser")),
        ..App::read("booking", &made)
    };
    assert!(own(&redis, &app).await.is_err(), "nothing was made");
    for command in made["redisCommands"].as_array().unwrap() {
        assert!(
            !command
                .to_string()
                .contains(app.credential.split('_').nth(3).unwrap()),
            "never the secret"
        );
        run(&redis, command.as_str().unwrap()).await;
    }
    let world = World::of(gateway, redis, app);
    world.create(0..3).await;
    assert_eq!(world.mirrored().await.len(), 3, "the relay goes on");
    let mut user = own(&world.redis, &world.app).await.expect("let in by hand");
    assert!(
        say(&mut user, &format!("XRANGE {} - +", world.app.stream))
            .await
            .is_ok()
    );
    assert_eq!(
        say(&mut user, &format!("XADD {} * a b", world.app.stream)).await,
        Err("NOPERM".to_owned())
    );
    until("the server to say it in its log", PATIENCE, || async {
        let log = world.gateway.log();
        (log.contains("must be made by hand") && log.contains("ACL SETUSER usher-app-test-booking reset"))
            .then_some(())
    })
    .await;
    let said = world.gateway.try_cli(&["app", "redis-user", "booking"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for part in [
        "no permissions to run the 'acl|whoami' command",
        "By hand, in redis-cli as an administrator:",
        "  ACL SETUSER usher-app-test-booking reset resetchannels on '#",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_or_while_it_is_away_an_app_is_made_all_the_same() {
    let alone = Gateway::embedded().await;
    let made = alone.cli(&["app", "create", "booking"]);
    assert_eq!(text(&made, "redisState"), "notConfigured");
    assert!(
        made["redisCommands"][0]
            .as_str()
            .unwrap()
            .starts_with("ACL SETUSER usher-app-test-booking reset")
    );

    let mut redis = Redis::start().await;
    redis.kill9();
    let gateway = Gateway::start(settings(Backend::Sqlite, Some(&redis)).await).await;
    let made = gateway.cli(&["app", "create", "booking"]);
    assert_eq!(text(&made, "redisState"), "later");
    redis.restart().await;
    let app = App {
        redis_user: Some(text(&made, "redisUser")),
        ..App::read("booking", &made)
    };
    until_accepted(&redis, &app, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_the_operations_page_gives_usher_suffice() {
    let page = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md"),
    )
    .unwrap();
    let rules = page
        .lines()
        .find(|line| line.starts_with("ACL SETUSER usher on "))
        .expect("the rules");
    let redis = Redis::start().await;
    run(&redis, &rules.replace(">PASSWORD", ">secret")).await;
    let gateway = as_user(&redis, "usher").await;
    let world = World::around(gateway, redis);
    world.create(0..20).await;
    assert_eq!(world.mirrored().await.len(), 20);
    let mut user = own(&world.redis, &world.app).await.expect("its user was made");
    say(
        &mut user,
        &format!("XREADGROUP GROUP booking me STREAMS {} >", world.app.stream),
    )
    .await
    .expect("read");
    let ids: Vec<String> = (1..=20).map(|position| format!("{position}-0")).collect();
    say(
        &mut user,
        &format!("XACK {} booking {}", world.app.stream, ids.join(" ")),
    )
    .await
    .expect("acknowledged");
    until("the acknowledgements to come back", PATIENCE, || async {
        let listed = world.gateway.cli(&["feed", "list"]);
        (listed[0]["groups"][0]["acknowledged"] == 20).then_some(())
    })
    .await;
    let rotated = world
        .gateway
        .cli(&["app", "rotate-credential", "booking", "--overlap", "0"]);
    assert_eq!(text(&rotated, "redisState"), "ready");
    assert!(own(&world.redis, &world.app).await.is_err());
    assert!(
        !world.gateway.log().contains("no permissions"),
        "{}",
        world.gateway.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn usher_never_takes_its_own_user_for_an_apps() {
    let redis = Redis::start().await;
    run(
        &redis,
        "ACL SETUSER usher-app-test-booking on >secret ~* &* +@all",
    )
    .await;
    let gateway = as_user(&redis, "usher-app-test-booking").await;
    let made = gateway.cli(&["app", "create", "booking"]);
    assert_eq!(text(&made, "redisState"), "byHand");
    let said = gateway.try_cli(&["app", "redis-user", "booking"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.contains("which belongs to an app: give Usher a user of its own"),
        "{said}"
    );
    connected(&redis, "usher-app-test-booking", "secret")
        .await
        .expect("as it was");
}
