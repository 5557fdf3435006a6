//! Notices before a token ends: two gateways on one database, a mail server and a webhook.

use std::time::Duration;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _};
use support::gateway::{Directory, Gateway, Settings};
use support::otlp::Collector;
use support::postgres::Postgres;
use support::smtp::SmtpServer;
use support::wait::until;

use crate::forge::id;

const LONG: Duration = Duration::from_mins(1);
const DAY: i64 = 86_400_000;

struct World {
    one: Gateway,
    other: Gateway,
    mail: SmtpServer,
    webhook: Collector,
}

impl World {
    async fn on(mut settings: Settings, mail: SmtpServer) -> Self {
        let webhook = Collector::start().await;
        for (key, value) in [
            ("notices.webhook_url", format!("{}/hook", webhook.endpoint())),
            ("notices.smtp_url", mail.url()),
            ("notices.mail_from", "Usher <usher@example.com>".to_owned()),
            (
                "notices.mail_to",
                "ops@example.com, Security <security@example.com>".to_owned(),
            ),
        ] {
            settings.more.push((key.to_owned(), format!("\"{value}\"")));
        }
        let one = Gateway::start(settings).await;
        let other = one.twin().await;
        Self {
            one,
            other,
            mail,
            webhook,
        }
    }

    async fn on_both(test: impl AsyncFn(Self)) {
        let postgres = Settings {
            database: Some(Postgres::shared().await.database().await),
            ..Settings::default()
        };
        for settings in [Settings::default(), postgres] {
            test(Self::on(settings, SmtpServer::start().await).await).await;
        }
    }

    /// With all rights, as time or an operator changes it.
    async fn sql(&self, text: &str) {
        let (url, text) = (self.one.database_url(), AssertSqlSafe(text.to_owned()));
        if self.one.database().is_some() {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
    }

    /// Lets a token be a year old and end so many days from now, give or take.
    async fn ends_in(&self, directory: &Directory, days: f64) {
        let now = chrono::Utc::now().timestamp_millis();
        #[expect(clippy::cast_possible_truncation, reason = "some days")]
        let end = now + (days * DAY as f64) as i64;
        self.sql(&format!(
            "UPDATE token SET created_at = {}, expires_at = {end} WHERE id = '{}'",
            now - 365 * DAY,
            id(&directory.token)
        ))
        .await;
    }

    /// An hour passes: tokens are looked at once more, and what is due then is done.
    async fn look(&self) {
        self.sql("UPDATE job SET due_at = 0 WHERE kind = 'token_notices'")
            .await;
        until("the look at tokens", LONG, || async {
            let jobs = self.jobs();
            let settled = jobs.iter().all(|job| job["kind"] != "token_notice");
            let looked = jobs.iter().any(|job| {
                let due = job["dueAt"].as_str().unwrap_or_default();
                job["kind"] == "token_notices" && job["status"] == "waiting" && !due.starts_with("1970")
            });
            (looked && settled).then_some(())
        })
        .await;
    }

    fn jobs(&self) -> Vec<Value> {
        self.one.cli(&["job", "list"]).as_array().expect("a list").clone()
    }

    /// How often people were told: by mail, by the webhook, in the logs of both.
    fn told(&self) -> (usize, usize, usize) {
        let lines = |gateway: &Gateway| gateway.log().matches("\"token.ending\"").count();
        (
            self.mail.mails().len(),
            self.webhook.exports().len(),
            lines(&self.one) + lines(&self.other),
        )
    }

    fn last_post(&self) -> Value {
        let exports = self.webhook.exports();
        let last = exports.last().expect("a post");
        assert_eq!(last.path, "/hook");
        serde_json::from_slice(&last.bytes).expect("JSON")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_before_a_tokens_end_is_told_once_on_each_channel_by_whichever_instance() {
    World::on_both(async |mut world| {
        let directory = world.one.directory("contoso", "advisors");
        let token = id(&directory.token).to_owned();
        world.look().await;
        assert_eq!(world.told(), (0, 0, 0), "a year is left");

        world.ends_in(&directory, 13.5).await;
        world.look().await;
        assert_eq!(world.told(), (1, 1, 1));
        let mail = world.mail.mails().remove(0);
        for part in [
            "X-Envelope: usher@example.com -> ops@example.com, security@example.com",
            "To: ops@example.com, Security <security@example.com>",
            "usher token rotate --tenant contoso --profile advisors",
            "Provisioning > Admin Credentials",
            "This directory has no token that is good for longer.",
            &format!("Message-ID: <{token}.14.usher@example.com>"),
        ] {
            assert!(mail.replace("=\r\n", "").contains(part), "{part} in {mail}");
        }
        let post = world.last_post();
        assert_eq!(
            (post["id"].as_str(), post["days"].as_i64()),
            (Some(&*format!("{token}.14")), Some(14))
        );
        assert_eq!(
            (post["tenant"].as_str(), post["replaced"].as_bool()),
            (Some("contoso"), Some(false))
        );
        let secret = directory.token.split('_').nth(3).expect("a secret");
        assert!(!mail.contains(secret) && !post.to_string().contains(secret));

        // Looked at again and again, over restarts.
        world.look().await;
        world.one.restart().await;
        world.other.restart().await;
        world.look().await;
        assert_eq!(world.told(), (1, 1, 1));

        for (days, step) in [(6.0, 7), (2.5, 3), (0.5, 1), (-0.1, 0)] {
            world.ends_in(&directory, days).await;
            world.look().await;
            assert_eq!(world.last_post()["days"], step);
        }
        world.look().await;
        assert_eq!(world.told(), (5, 5, 5));
        assert!(
            world.last_post()["text"]
                .as_str()
                .is_some_and(|text| text.contains("has ended"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_says_that_the_token_was_replaced_and_a_revoked_one_has_none() {
    World::on_both(async |world| {
        let directory = world.one.directory("contoso", "advisors");
        let revoked = world.one.token("contoso", "advisors");
        world
            .one
            .cli(&["token", "revoke", "--tenant", "contoso", id(&revoked.token)]);
        world.ends_in(&revoked, 2.5).await;
        let rotate = ["token", "rotate", "--tenant", "contoso", "--profile", "advisors"];
        world.one.cli(&rotate);
        world.look().await;
        assert_eq!(
            world.told(),
            (1, 1, 1),
            "the old one ends after its overlap of seven days"
        );
        let post = world.last_post();
        assert_eq!(post["tokenId"], id(&directory.token));
        assert_eq!(
            (post["days"].as_i64(), post["replaced"].as_bool()),
            (Some(7), Some(true))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_delays_mails_and_repeats_nothing_else() {
    let world = World::on(Settings::default(), SmtpServer::stopped()).await;
    let mut world = world;
    let directory = world.one.directory("contoso", "advisors");
    world.ends_in(&directory, 6.5).await;
    world
        .sql("UPDATE job SET due_at = 0 WHERE kind = 'token_notices'")
        .await;
    let waiting = until("the mail to fail", LONG, || async {
        let mut jobs = world.jobs();
        jobs.retain(|job| job["kind"] == "token_notice" && !job["lastError"].is_null());
        jobs.pop()
    })
    .await;
    let error = waiting["lastError"].as_str().expect("a text");
    assert!(
        error.starts_with("the mail server (notices.smtp_url) did not take the mail: "),
        "{error}"
    );
    assert_eq!(waiting["key"], format!("{}:7:mail", id(&directory.token)));
    until("the other channels", LONG, || async {
        (world.told() == (0, 1, 1)).then_some(())
    })
    .await;

    world.mail.go().await;
    world
        .sql("UPDATE job SET due_at = 0 WHERE kind = 'token_notice'")
        .await;
    until("the mail", LONG, || async { (world.told().0 == 1).then_some(()) }).await;
    world.look().await;
    assert_eq!(world.told(), (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_fails_for_good_is_told_in_readiness_and_by_a_metric_until_it_is_retried() {
    let world = World::on(Settings::default(), SmtpServer::stopped()).await;
    let mut world = world;
    let directory = world.one.directory("contoso", "advisors");
    world.ends_in(&directory, 6.5).await;
    world
        .sql("UPDATE job SET due_at = 0 WHERE kind = 'token_notices'")
        .await;
    let key = format!("{}:7:mail", id(&directory.token));
    // Half a day of attempts passes.
    until("the mail to fail", LONG, || async {
        world
            .jobs()
            .iter()
            .any(|job| job["key"] == *key && !job["lastError"].is_null())
            .then_some(())
    })
    .await;
    world
        .sql("UPDATE job SET due_at = 0, attempts = 11 WHERE kind = 'token_notice' AND owner IS NULL")
        .await;
    let expected = format!("mend the cause, then `usher job retry token_notice {key}`");
    for gateway in [&world.one, &world.other] {
        until("readiness to tell it", LONG, || async {
            let ready = gateway.readiness().await.expect(200);
            ready.body["degraded"]
                .to_string()
                .contains(&expected)
                .then_some(())
        })
        .await;
        let page =
            support::http::send(support::http_client().get(format!("{}/metrics", gateway.admin_url()))).await;
        assert!(
            page.text.contains("usher_jobs_failed{kind=\"token_notice\"} 1"),
            "{}",
            page.text
        );
    }
    let failed = world.one.cli(&["job", "list", "--failed"]);
    assert_eq!(
        (failed[0]["status"].as_str(), failed[0]["key"].as_str()),
        (Some("dead"), Some(&*key))
    );

    world.mail.go().await;
    let unknown = world.one.try_cli(&["job", "retry", "token_notice", "other"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("`usher job list --failed` shows those that have")
    );
    world.one.cli(&["job", "retry", "token_notice", &key]);
    until("the mail", LONG, || async {
        (world.told() == (1, 1, 1)).then_some(())
    })
    .await;
    until("readiness to be well", LONG, || async {
        let ready = world.one.readiness().await;
        (ready.body["degraded"] == serde_json::json!([])).then_some(())
    })
    .await;
}
