//! The rights of each role on PostgreSQL (ADR 0033), tested as that role.

use std::collections::BTreeSet;

use migrations::GRANTS;
use sqlx::{Connection, Executor, PgConnection, Row};
use store::Store;
use support::gateway::{Gateway, Settings};
use support::postgres::{Database, OWNER, Postgres};

use super::world::{World, settings};

async fn migrated() -> Database {
    let cluster = Postgres::shared().await;
    let database = cluster.database().await;
    migrate(&database).await;
    database
}

async fn migrate(database: &Database) {
    let owner = Store::connect(&settings(&database.owner_url)).await.unwrap();
    owner.migrate().await.unwrap();
    owner.close().await;
}

/// Runs a statement with access to every tenant's rows, so that only the role's rights can refuse it; returns
/// the SQLSTATE of a refusal.
async fn refusal(url: &str, sql: &str) -> Option<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    let open = "SELECT set_config('usher.tenant', '019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a', true), \
                set_config('usher.door', 'usage', true)";
    tx.execute(open).await.unwrap();
    let done = tx
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())))
        .await;
    let error = done.err()?;
    let database = error.as_database_error().expect("the server's answer");
    Some(database.code().expect("a SQLSTATE").into_owned())
}

const BY_NOBODY_BUT_THE_OWNER: [&str; 42] = [
    "UPDATE token_continuity SET service_principal = entra_tenant",
    "DELETE FROM token_renewal",
    "UPDATE audit_log SET actor = 'x'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "UPDATE audit_chain SET chain = chain",
    "DELETE FROM audit_chain",
    "UPDATE deployment_key SET value = 'x'",
    "DELETE FROM deployment_key",
    "DELETE FROM credential_memory",
    "UPDATE token SET hash = 'x'",
    "UPDATE token SET hash_version = hash_version + 1",
    "UPDATE token SET directory_id = tenant_id",
    "UPDATE token SET allowed_networks = ''",
    "UPDATE app_credential SET hash = 'x'",
    "UPDATE api_key SET hash = 'x'",
    "UPDATE api_key SET role = 'operator'",
    "DELETE FROM api_key",
    "UPDATE client SET directory_id = tenant_id",
    "UPDATE client SET issuer = 'x'",
    "UPDATE client_secret SET hash = 'x'",
    "UPDATE client_secret SET client_id = 'x'",
    "DELETE FROM client",
    "DELETE FROM client_secret",
    "UPDATE oauth_key SET pkcs8 = 'x'",
    "UPDATE session SET person = 'x'",
    "UPDATE session SET ends_at = 1",
    "DELETE FROM token",
    "UPDATE deployment SET environment = 'test'",
    "DELETE FROM tenant",
    "DELETE FROM directory",
    "UPDATE outbox SET body = ''",
    "UPDATE provisioning_log SET detail = ''",
    "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m0099', 0)",
    "DELETE FROM seaql_migrations",
    "UPDATE seaql_migrations SET applied_at = 1",
    "ALTER POLICY tenant ON token USING (true)",
    "DROP POLICY tenant ON identity",
    "ALTER TABLE token DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE identity NO FORCE ROW LEVEL SECURITY",
    "CREATE TABLE mine (id int)",
    "TRUNCATE outbox",
];

const NOT_BY_THE_SERVER: [&str; 34] = [
    "INSERT INTO token_continuity (tenant_id) VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a')",
    "DELETE FROM token_continuity",
    "INSERT INTO tenant (id, name, created_at) VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 'x', 0)",
    "UPDATE tenant SET name = 'x'",
    "INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
     VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a', '019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 'p', 'entra', 'on', 0)",
    "UPDATE directory SET switch = 'on'",
    "UPDATE directory SET extension = ''",
    "UPDATE directory SET frozen_at = NULL",
    "UPDATE tenant SET frozen_at = NULL",
    "INSERT INTO token (tenant_id, id, directory_id, last_four, hash, hash_version, created_at) \
     VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a', 'x', '019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 'x', 'x', 1, 0)",
    "UPDATE client SET revoked_at = NULL",
    "UPDATE client SET epoch = 0",
    "UPDATE client_secret SET revoked_at = NULL",
    "UPDATE directory_oauth SET entra_tenant = 'x'",
    "UPDATE token SET revoked_at = NULL",
    "UPDATE token SET expires_at = NULL",
    "INSERT INTO app (id, name, created_at) VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 'x', 0)",
    "INSERT INTO app_credential (id, app_id, hash, hash_version, created_at) \
     VALUES ('x', '019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 'x', 1, 0)",
    "UPDATE app_credential SET revoked_at = NULL",
    "UPDATE app_credential SET expires_at = NULL",
    "INSERT INTO api_key (id, role, scope, networks, last_four, hash, hash_version, created_at, expires_at) \
     VALUES ('x', 'operator', 'all', '', 'x', 'x', 1, 0, 0)",
    "UPDATE api_key SET revoked_at = NULL",
    "UPDATE api_key SET expires_at = 1",
    "INSERT INTO idempotency (caller, key, digest, claim, created_at, claimed_until) \
     VALUES ('x', 'x', 'x', '019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a', 0, 0)",
    "SELECT answer FROM idempotency",
    "UPDATE idempotency SET answer = ''",
    "SELECT hash FROM session",
    "SELECT person FROM session",
    "UPDATE session SET seen_at = 1",
    "INSERT INTO session (hash, person, created_at, seen_at, ends_at, address, agent) VALUES ('x', 'x', 0, 0, 0, '', '')",
    "INSERT INTO feed (app_id, head, published, created_at) VALUES ('019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b', 0, 0, 0)",
    "DELETE FROM feed",
    "SET ROLE usher_admin",
    "SELECT setval('outbox_id_seq', 1)",
];

const NOT_BY_OPERATORS: [&str; 15] = [
    "SELECT * FROM identity",
    "SELECT * FROM groups",
    "SELECT * FROM membership",
    "DELETE FROM outbox",
    "DELETE FROM provisioning_log",
    "INSERT INTO lease (name, owner, expires_at) VALUES ('x', 'x', 0)",
    "UPDATE token SET last_used_at = 0",
    "SELECT pkcs8 FROM oauth_key",
    "SELECT * FROM oauth_key",
    "UPDATE client_secret SET last_used_at = 0",
    "UPDATE token SET noticed_days = 0",
    "SELECT document FROM identity",
    "UPDATE job SET payload = ''",
    "SET ROLE usher_app",
    "SELECT setval('outbox_id_seq', 1)",
];

#[tokio::test(flavor = "multi_thread")]
async fn neither_role_may_do_more_than_its_work() {
    let database = migrated().await;
    let (app, admin) = (&database.app_url, &database.admin_url);
    let shared = BY_NOBODY_BUT_THE_OWNER
        .iter()
        .flat_map(|sql| [(app, sql), (admin, sql)]);
    let own = NOT_BY_THE_SERVER.iter().map(|sql| (app, sql));
    let others = NOT_BY_OPERATORS.iter().map(|sql| (admin, sql));
    for (url, sql) in shared.chain(own).chain(others) {
        assert_eq!(refusal(url, sql).await.as_deref(), Some("42501"), "{url}: {sql}");
    }
    // The same statements are valid: a role with the right can run them.
    for sql in [
        "UPDATE token SET hash = 'x'",
        "DELETE FROM tenant",
        "DELETE FROM seaql_migrations",
    ] {
        assert_eq!(refusal(&database.owner_url, sql).await, None, "{sql}");
    }
    for (url, sql) in [
        (app, "UPDATE token SET last_used_at = 1"),
        (admin, "UPDATE token SET revoked_at = 1"),
    ] {
        assert_eq!(refusal(url, sql).await, None, "{sql}");
    }
}

/// The tables that a role's file grants.
fn decided(role: &str, sql: &str) -> BTreeSet<String> {
    let ending = format!(" FROM {role};");
    let revoked = sql
        .lines()
        .filter_map(|line| line.strip_prefix("REVOKE ALL ON ")?.strip_suffix(&ending));
    revoked
        .filter(|what| !what.starts_with("SEQUENCE"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_decision_for_each_role() {
    let database = migrated().await;
    let mut connection = PgConnection::connect(&database.super_url).await.unwrap();
    let asked = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')";
    let rows = connection.fetch_all(asked).await.unwrap();
    let tables: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(tables.len() > 10, "{tables:?}");
    for grants in GRANTS {
        assert_eq!(decided(grants.role, grants.sql), tables, "{}", grants.role);
    }
    let asked = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' \
                 AND CASE WHEN relkind = 'S' THEN has_sequence_privilege($1, oid, $2) END";
    for grants in GRANTS {
        // pg_dump writes down where a sequence stands.
        let rights = if grants.role == "usher_backup" {
            "USAGE, UPDATE"
        } else {
            "USAGE, SELECT, UPDATE"
        };
        let open = sqlx::query(asked)
            .bind(grants.role)
            .bind(rights)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(
            open.len(),
            0,
            "{}: the sequence {:?}",
            grants.role,
            open.first().map(|row| row.get::<String, _>(0))
        );
    }
}

#[test]
fn a_table_without_a_decision_can_fail() {
    let sql = "REVOKE ALL ON a FROM r;\nGRANT SELECT ON a TO r;\nGRANT SELECT ON b TO r;\nREVOKE ALL ON SEQUENCE s FROM r;\n";
    assert_eq!(decided("r", sql), BTreeSet::from(["a".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_grants_are_revoked_and_a_later_table_is_accessible_to_no_role() {
    let database = migrated().await;
    // The grants of older deployments: everything on every table, and on future ones.
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    for sql in [
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO usher_app",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO usher_app",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO usher_app",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO usher_app",
    ] {
        owner.execute(sql).await.unwrap();
    }
    assert_eq!(
        refusal(&database.app_url, "UPDATE token SET hash = 'x'").await,
        None
    );
    migrate(&database).await;
    owner.execute("CREATE TABLE later (id int)").await.unwrap();
    for sql in [
        "UPDATE token SET hash = 'x'",
        "SELECT * FROM later",
        "SELECT setval('outbox_id_seq', 1)",
    ] {
        assert_eq!(
            refusal(&database.app_url, sql).await.as_deref(),
            Some("42501"),
            "{sql}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_could_do_more_is_warned() {
    let database = migrated().await;
    let warnings = async |url: &str| {
        let store = Store::connect(&settings(url)).await.unwrap();
        let warnings = store.warnings().to_vec();
        store.close().await;
        warnings
    };
    assert_eq!(warnings(&database.app_url).await, [] as [String; 0]);
    for (url, what) in [
        (
            &database.owner_url,
            "usher_owner may write tokens and credentials",
        ),
        (&database.super_url, "postgres is a superuser"),
    ] {
        let warnings = warnings(url).await;
        assert!(
            warnings[0].contains(what) && warnings[0].contains("give the server the role usher_app"),
            "{warnings:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_command_as_the_servers_role_says_which_role_it_needs() {
    let gateway = Gateway::prepared(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    });
    gateway.directory("contoso", "advisors");
    let app = gateway.app("booking");
    let id = app.credential.split('_').nth(2).unwrap();
    for command in [
        "tenant create fabrikam",
        "directory create --tenant contoso --profile rooms",
        "token issue --tenant contoso --profile advisors",
        "token rotate --tenant contoso --profile advisors",
        "app create other",
        "app rotate-credential booking",
        &format!("token revoke --tenant contoso {id}"),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let output = gateway.try_cli_as_server(&words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if command.contains("revoke") {
            assert!(said.contains("has no token"), "{command}: {said}");
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        for part in [
            "the database role usher_app may not do this (permission denied for table",
            "postgres://usher_admin:…@HOST/DATABASE",
            "deploy/postgres-roles.sql",
        ] {
            assert!(said.contains(part), "{command}: {said}");
        }
    }
    for command in [
        "tenant list",
        "app list",
        "feed list",
        "token list --tenant contoso",
        "log list --tenant contoso",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        assert!(
            gateway.try_cli_as_server(&words).status.success(),
            "reading is allowed: {command}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_with_one_role_goes_on_working() {
    let mut database = Postgres::shared().await.database().await;
    (database.app_url, database.admin_url) = (database.owner_url.clone(), database.owner_url.clone());
    let gateway = Gateway::start(Settings {
        database: Some(database),
        ..Settings::default()
    })
    .await;
    let scim = support::http::Scim::new(&gateway.directory("contoso", "advisors"));
    let app = gateway.app("booking");
    scim.create("e1", "ann@contoso.com", serde_json::json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]}))
        .await
        .expect(201);
    assert_eq!(support::http::Feed::new(&app).settled_head().await, 1);
    assert!(
        gateway
            .log()
            .contains(&format!("the database role {OWNER} may write tokens")),
        "{}",
        gateway.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_itself_works_as_plain_roles() {
    let world = World::postgres().await;
    let database = world.postgres.as_ref().unwrap();
    for url in [&database.app_url, &database.admin_url, &database.both_url] {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let asked = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) \
                     FROM pg_roles WHERE rolname = current_user";
        assert!(
            !connection.fetch_one(asked).await.unwrap().get::<bool, _>(0),
            "{url}"
        );
    }
}
