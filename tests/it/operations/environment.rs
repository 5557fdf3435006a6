//! A database belongs to one environment (ADR 0039).

use support::gateway::{Gateway, Settings};
use support::http::Feed;
use support::postgres::Postgres;

use super::{admin_url, home, people, sql, stderr, usher};

fn production(database: Option<support::postgres::Database>) -> Settings {
    Settings {
        database,
        more: vec![("environment".to_owned(), "\"production\"".to_owned())],
        ..Settings::default()
    }
}

fn refused(gateway: &Gateway, args: &[&str], url: &[(&str, String)]) {
    let mut env = vec![
        ("USHER__ENVIRONMENT", "test"),
        ("USHER__HTTP__LISTEN", "127.0.0.1:0"),
        ("USHER__HTTP__ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    env.extend(url.iter().map(|(name, url)| (*name, url.as_str())));
    let output = usher(gateway, args, &env);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    for part in [
        "belongs to the environment \"production\"",
        "the setting `environment` is \"test\"",
        "Set environment = \"production\" (USHER__ENVIRONMENT)",
    ] {
        assert!(said.contains(part), "{args:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_environment_is_refused_and_its_feed_goes_on() {
    let database = Postgres::shared().await.database().await;
    for database in [None, Some(database)] {
        let gateway = Gateway::start(production(database)).await;
        let (scim, app) = home(&gateway);
        let feed = Feed::new(&app);
        people(&scim, 0..2).await;
        assert_eq!(feed.settled_head().await, 2);
        let server = gateway.database().map(|database| database.app_url.clone());
        let server: Vec<_> = server
            .map(|url| ("USHER__DATABASE__URL", url))
            .into_iter()
            .collect();
        let owner = gateway.database().map(|database| database.owner_url.clone());
        let owner: Vec<_> = owner
            .map(|url| ("USHER__DATABASE__URL", url))
            .into_iter()
            .collect();
        refused(&gateway, &["serve"], &server);
        refused(&gateway, &["migrate"], &owner);
        for command in [
            "feed list",
            "tenant create fabrikam",
            "app list",
            "log list --tenant contoso",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            refused(&gateway, &words, &admin_url(&gateway));
        }
        people(&scim, 2..4).await;
        assert_eq!(feed.settled_head().await, 4);
        assert!(!gateway.cli(&["tenant", "list"]).to_string().contains("fabrikam"));
    }
}

/// What `usher migrate` of an older version has left: the database says nothing, and is served with a warning.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_an_environment_is_served_and_claimed_by_the_next_migrate() {
    let mut gateway = Gateway::start(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    })
    .await;
    let warning = "run `USHER__ENVIRONMENT=test usher migrate` once more";
    assert!(!gateway.log().contains(warning), "{}", gateway.log());
    sql(&gateway, "UPDATE deployment SET environment = NULL").await;
    gateway.restart().await;
    assert!(gateway.log().contains(warning), "{}", gateway.log());
    let listed = gateway.try_cli(&["tenant", "list"]);
    assert!(
        listed.status.success() && stderr(&listed).contains(warning),
        "{}",
        stderr(&listed)
    );
    let owner = gateway.database().unwrap().owner_url.clone();
    let migrated = usher(&gateway, &["migrate"], &[("USHER__DATABASE__URL", &owner)]);
    assert!(migrated.status.success(), "{}", stderr(&migrated));
    assert!(super::stdout(&migrated).contains("the database is for the environment test"));
    let listed = gateway.try_cli(&["tenant", "list"]);
    assert!(!stderr(&listed).contains(warning), "{}", stderr(&listed));
}

/// A migration's job that was given no more than the owner's URL.
#[tokio::test(flavor = "multi_thread")]
async fn migrate_without_the_setting_claims_nothing_and_says_what_to_run() {
    let database = Postgres::shared().await.database().await;
    let folder = support::process::Folder::new("usher-migrate-");
    let migrate = |more: &[(&str, &str)]| {
        let mut command = std::process::Command::new(support::programs::usher());
        command.arg("migrate").current_dir(folder.path());
        command.env("USHER__DATABASE__URL", &database.owner_url);
        command.envs(more.iter().copied());
        command.output().expect("run usher")
    };
    let next = "USHER__ENVIRONMENT=production usher migrate";
    for _ in 0..2 {
        let migrated = migrate(&[]);
        assert!(migrated.status.success(), "{}", stderr(&migrated));
        assert!(stderr(&migrated).contains(next), "{}", stderr(&migrated));
    }
    // It needs no public address, because it serves nobody.
    let claimed = migrate(&[("USHER__ENVIRONMENT", "production")]);
    assert!(claimed.status.success(), "{}", stderr(&claimed));
    assert!(super::stdout(&claimed).contains("the database is for the environment production"));
    assert!(!stderr(&claimed).contains(next), "{}", stderr(&claimed));
    let refused = migrate(&[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let gateway = Gateway::prepared(production(Some(database)));
    let listed = gateway.try_cli(&["tenant", "list"]);
    assert!(listed.status.success(), "{}", stderr(&listed));
}
