//! What an operator should look at about tokens: in the list, and as metrics of every instance.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _};
use support::gateway::{Gateway, text};
use support::http::send;
use support::wait::until;

use super::on_both;
use crate::forge::id;

async fn sql(gateway: &Gateway, sql: &str) {
    let (url, sql) = (gateway.database_url(), AssertSqlSafe(sql.to_owned()));
    if gateway.database().is_some() {
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    } else {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_nobody_uses_or_that_end_soon_are_listed_and_counted_by_every_instance() {
    on_both(async |mut one, mut other| {
        let advisors = one.directory("contoso", "advisors");
        let unused = one.token("contoso", "advisors");
        let rooms = one.directory("contoso", "rooms");
        let (now, day) = (chrono::Utc::now().timestamp_millis(), 86_400_000);
        for (token, created, used, end) in [
            // The rooms' only token ends soon; of the advisors' two one has a year.
            (&rooms, 300, Some(0), Some(10)),
            (&advisors, 300, None, Some(20)),
            (&unused, 300, Some(61), None),
        ] {
            let at = |days: Option<i64>, sign: i64| {
                days.map_or_else(|| "NULL".to_owned(), |days| (now + sign * days * day).to_string())
            };
            let set = format!(
                "UPDATE token SET created_at = {}, last_used_at = {}, expires_at = {} WHERE id = '{}'",
                now - created * day,
                at(used, -1),
                at(end, 1),
                id(&token.token)
            );
            sql(&one, &set).await;
        }
        let listed = one.cli(&["token", "list", "--tenant", "contoso"]);
        let findings = |directory: &support::gateway::Directory| {
            let mut tokens = listed.as_array().expect("a list").iter();
            tokens
                .find(|token| token["id"] == id(&directory.token))
                .expect("the token")["findings"]
                .to_string()
        };
        assert_eq!(findings(&rooms), r#"["ending_soon"]"#);
        assert_eq!(findings(&advisors), r#"["never_used","ending_soon"]"#);
        assert_eq!(findings(&unused), r#"["unused"]"#);

        let directories = one.cli(&["directory", "list"]);
        let directory = directories
            .as_array()
            .expect("a list")
            .iter()
            .find(|one| one["profile"] == "rooms");
        let directory = text(directory.expect("the rooms"), "id");
        for gateway in [&mut one, &mut other] {
            // Tokens are looked at when an instance starts.
            gateway.restart().await;
            let page = until("the look at tokens", Duration::from_mins(1), || async {
                let page = send(support::http_client().get(format!("{}/metrics", gateway.admin_url())))
                    .await
                    .text;
                page.contains("usher_tokens{finding=\"unused\"} 1")
                    .then_some(page)
            })
            .await;
            for line in [
                "usher_tokens{finding=\"never_used\"} 1",
                "usher_tokens{finding=\"ending_soon\"} 2",
            ] {
                assert!(page.contains(line), "{line} in {page}");
            }
            let named: Vec<&str> = page
                .lines()
                .filter(|line| line.starts_with("usher_token_expiry_seconds{"))
                .collect();
            assert_eq!(named.len(), 1, "{named:?}");
            assert!(
                named[0].contains(&format!("directory=\"{directory}\"")),
                "{named:?}"
            );
            let seconds: i64 = named[0]
                .rsplit(' ')
                .next()
                .and_then(|number| number.parse().ok())
                .expect("a number");
            assert!((9 * 86_400..=10 * 86_400).contains(&seconds), "{seconds}");
        }
    })
    .await;
}
