//! A backup is made and restored as docs/operations.md says.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::{Database, Postgres};
use support::process::Folder;
use support::programs::{self, repository};
use support::wait::until;

use super::{count, epoch, home, people, stderr, stdout, usher};

/// The commands of a fenced block of docs/operations.md that begins with this line.
fn documented(first: &str) -> String {
    let page = std::fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let block = page
        .split("```sh\n")
        .skip(1)
        .find(|block| block.starts_with(first));
    let block = block.unwrap_or_else(|| panic!("no block begins with {first}"));
    block.split("```").next().unwrap().to_owned()
}

/// Runs commands as an operator in a folder with the repository's `deploy`, with the programs on the PATH.
fn shell(folder: &Path, text: &str, env: &[(&str, &str)], postgres: &Path) -> Output {
    let usher = programs::usher();
    let path = [
        postgres.to_owned(),
        usher.parent().unwrap().to_owned(),
        "/usr/bin".into(),
        "/bin".into(),
    ];
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", text])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path).unwrap())
        .envs(env.iter().copied())
        .output()
        .expect("run bash")
}

/// The environment that the documented commands name.
fn production() -> Vec<(String, String)> {
    vec![("environment".to_owned(), "\"production\"".to_owned())]
}

async fn rows(database: &Database) -> Vec<(String, i64)> {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows = sqlx::query_scalar(count)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        found.push((table, rows));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_backup_is_made_and_restored_with_the_documented_commands() {
    let cluster = Postgres::shared().await;
    let old = cluster.database().await;
    let mut gateway = Gateway::start(Settings {
        database: Some(old.clone()),
        more: production(),
        ..Settings::default()
    })
    .await;
    let (scim, app) = home(&gateway);
    people(&scim, 0..7).await;
    let feed = Feed::new(&app);
    assert_eq!(feed.settled_head().await, 7);
    feed.ack("booking", 5).await.expect(200);
    let first = epoch(&gateway);
    gateway.terminate();

    let folder = Folder::new("usher-backup-");
    symlink(repository().join("deploy"), folder.join("deploy")).unwrap();
    let dump = documented("pg_dump");
    for url in [&old.owner_url, &old.app_url, &old.admin_url] {
        let refused = shell(folder.path(), &dump, &[("BACKUP_URL", url)], cluster.programs());
        assert!(!refused.status.success(), "{url} made a dump");
    }
    let made = shell(
        folder.path(),
        &dump,
        &[("BACKUP_URL", &old.backup_url)],
        cluster.programs(),
    );
    assert!(made.status.success(), "{}", stderr(&made));

    let new = cluster.database().await;
    let urls = [
        ("NEW_OWNER_URL", new.owner_url.as_str()),
        ("NEW_BACKUP_URL", new.backup_url.as_str()),
    ];
    let restore = documented("pg_restore");
    let restored = shell(folder.path(), &restore, &urls, cluster.programs());
    assert!(
        restored.status.success(),
        "{}{}",
        stdout(&restored),
        stderr(&restored)
    );
    assert!(
        stdout(&restored).contains("rows: as in the dump"),
        "{}",
        stdout(&restored)
    );
    let kept = rows(&old).await;
    let person_rows = kept.iter().find(|(table, _)| table == "identity");
    assert_eq!(person_rows, Some(&("identity".to_owned(), 7)));
    assert_eq!(rows(&new).await, kept);

    // The check finds a row that is missing.
    let mut admin = cluster.admin(&new.name).await;
    let deleted =
        sqlx::query("DELETE FROM provisioning_log WHERE id = (SELECT min(id) FROM provisioning_log)");
    deleted.execute(&mut admin).await.unwrap();
    let differs = shell(
        folder.path(),
        "deploy/backup-check.sh usher.dump \"$NEW_BACKUP_URL\"",
        &urls,
        cluster.programs(),
    );
    assert_eq!(differs.status.code(), Some(1), "{}", stderr(&differs));
    assert!(
        stderr(&differs).contains("provisioning_log"),
        "{}",
        stderr(&differs)
    );

    let served = Gateway::start(Settings {
        database: Some(new),
        more: production(),
        ..Settings::default()
    })
    .await;
    let begun = until("a new epoch", Duration::from_secs(20), || async {
        Some(epoch(&served)).filter(|epoch| *epoch != first)
    })
    .await;
    assert!(begun.starts_with("2-"), "{begun} after {first}");
    let scim = Scim::at(
        &scim.base.replace(&gateway.url(), &served.url()),
        scim.authorization,
    );
    people(&scim, 7..9).await;
    let mut app = app;
    app.feed_url = app.feed_url.replace(&gateway.url(), &served.url());
    assert_eq!(Feed::new(&app).settled_head().await, 9);
}

fn may(gateway: &Gateway, args: &[&str]) -> Value {
    let output = usher(gateway, args, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_backup_under_load_is_whole_and_begins_a_new_epoch() {
    let mut gateway = Gateway::embedded().await;
    let (scim, app) = home(&gateway);
    let feed = Feed::new(&app);
    people(&scim, 0..20).await;
    assert_eq!(feed.settled_head().await, 20);
    let first = epoch(&gateway);

    let stop = Arc::new(AtomicBool::new(false));
    let load = {
        let (stop, scim) = (Arc::clone(&stop), scim.clone());
        tokio::spawn(async move {
            let mut n = 20;
            while !stop.load(Ordering::Relaxed) {
                people(&scim, n..n + 1).await;
                n += 1;
            }
            n
        })
    };
    let file = gateway.folder().join("usher-copy.db");
    let name = file.to_str().unwrap();
    until("the load", Duration::from_secs(20), || async {
        (count(&gateway, "identity").await > 25).then_some(())
    })
    .await;
    let made = may(&gateway, &["backup", name, "--json"]);
    let kept = made["rows"]["identity"].as_i64().unwrap();
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = usher(&gateway, &["backup", name], &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("exists already"), "{}", stderr(&again));
    stop.store(true, Ordering::Relaxed);
    let created = i64::from(load.await.unwrap());
    assert!((25..=created).contains(&kept), "{kept} of {created}");
    assert_eq!(made["rows"]["outbox"], kept, "each person with its event");

    // Everything since is lost, as by a broken disk; the file beside the database is not.
    let begun = restored(&mut gateway, &file, &first).await;
    assert!(begun.starts_with("2-"), "{begun} after {first}");
    assert_eq!(count(&gateway, "identity").await, kept);
    let next = u32::try_from(created).unwrap();
    people(&scim, next..next + 3).await;
    assert_eq!(i64::try_from(feed.settled_head().await).unwrap(), kept + 3);

    // Nothing was lost this time, and nobody can know that.
    gateway.terminate();
    let file = gateway.folder().join("usher-copy-2.db");
    may(&gateway, &["backup", file.to_str().unwrap(), "--json"]);
    gateway.restart().await;
    let third = restored(&mut gateway, &file, &begun).await;
    assert!(third.starts_with("3-"), "{third} after {begun}");
}

/// Puts a backup in the place of the database, as docs/operations.md says; the epoch that begins.
async fn restored(gateway: &mut Gateway, file: &Path, before: &str) -> String {
    gateway.terminate();
    let data = gateway.folder().join("usher-data");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("usher.db{end}")));
    }
    std::fs::copy(file, data.join("usher.db")).unwrap();
    gateway.restart().await;
    let gateway = &*gateway;
    until("a new epoch", Duration::from_secs(20), || async {
        Some(epoch(gateway)).filter(|epoch| epoch != before)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_older_version_is_copied_as_it_is() {
    let mut gateway = Gateway::embedded().await;
    home(&gateway);
    gateway.terminate();
    // What migration 0010 added to other tables stands in nobody's way here.
    for text in [
        "DROP TABLE deployment",
        "DELETE FROM seaql_migrations WHERE version >= 'm0010'",
    ] {
        super::sql(&gateway, text).await;
    }
    let file = gateway.folder().join("usher-copy.db");
    let made = may(&gateway, &["backup", file.to_str().unwrap(), "--json"]);
    assert_eq!(made["rows"]["seaql_migrations"], 9, "{made}");
    assert_eq!(made["rows"].get("deployment"), None, "{made}");
    assert_eq!(made["rows"]["app"], 1, "{made}");
    assert_eq!(
        count(&gateway, "seaql_migrations").await,
        9,
        "the database that was copied is not migrated"
    );

    let nothing = Folder::new("usher-nothing-");
    let url = format!("sqlite://{}", nothing.join("usher.db").display());
    let again = gateway.folder().join("usher-copy-2.db");
    let output = usher(
        &gateway,
        &["backup", again.to_str().unwrap()],
        &[("USHER__DATABASE__URL", &url)],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("nothing to back up"),
        "{}",
        stderr(&output)
    );
    assert!(!again.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn usher_backup_on_postgresql_names_pg_dump_and_its_role() {
    let gateway = Gateway::prepared(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    });
    let output = gateway.try_cli(&["backup", "usher-copy.db"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("pg_dump as the role usher_backup"), "{said}");
    assert!(!gateway.folder().join("usher-copy.db").exists());
}

/// The role reads everything and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_backups_reads_every_tenant_and_changes_nothing() {
    use sqlx::{Connection as _, Executor as _};
    let gateway = Gateway::prepared(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    });
    gateway.directory("contoso", "people");
    let database = gateway.database().unwrap();
    let mut backup = sqlx::PgConnection::connect(&database.backup_url).await.unwrap();
    let tokens: i64 = sqlx::query_scalar("SELECT count(*) FROM token")
        .fetch_one(&mut backup)
        .await
        .unwrap();
    assert_eq!(tokens, 1);
    for text in [
        "INSERT INTO tenant (id, name, created_at) VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 'x', 0)",
        "UPDATE token SET revoked_at = NULL",
        "DELETE FROM outbox",
        "TRUNCATE feed_ack",
        "SELECT setval('outbox_id_seq', 1)",
        "SELECT nextval('outbox_id_seq')",
        "CREATE TABLE mine (id int)",
        "SET ROLE usher_owner",
    ] {
        let error = backup.execute(text).await.expect_err(text);
        let code = error
            .as_database_error()
            .and_then(|error| error.code().map(Into::into));
        assert_eq!(code, Some("42501".to_owned()), "{text}");
    }
}

/// On most managed servers the administrator is no superuser and may not give BYPASSRLS.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_is_no_superuser_makes_the_other_roles() {
    use sqlx::{Connection as _, Executor as _};
    let cluster = Postgres::start().await;
    let mut admin = cluster.admin("postgres").await;
    for text in [
        "DROP OWNED BY usher_owner, usher_app, usher_admin, usher_backup, usher_both",
        "DROP ROLE usher_both, usher_owner, usher_app, usher_admin, usher_backup",
        "CREATE ROLE manager LOGIN CREATEROLE",
        "CREATE DATABASE managed OWNER manager",
    ] {
        admin.execute(text).await.expect(text);
    }
    let url = format!("postgres://manager@127.0.0.1:{}/managed", cluster.port());
    let mut manager = sqlx::PgConnection::connect(&url).await.unwrap();
    let script = std::fs::read_to_string(repository().join("deploy/postgres-roles.sql")).unwrap();
    for _ in 0..2 {
        let run = sqlx::raw_sql(sqlx::AssertSqlSafe(script.clone()));
        run.execute(&mut manager).await.expect("no error");
        let roles: Vec<String> = sqlx::query_scalar(
            "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'usher%' AND NOT rolbypassrls ORDER BY 1",
        )
        .fetch_all(&mut manager)
        .await
        .unwrap();
        assert_eq!(roles, ["usher_admin", "usher_app", "usher_owner"]);
    }
    let url = url.replace("manager@", "usher_owner@");
    let mut owner = sqlx::PgConnection::connect(&url).await.unwrap();
    owner
        .execute("CREATE TABLE mine (id int)")
        .await
        .expect("granted");
}
