//! A full database beside what a test made: one tenant with two directories of 5,000 people, groups small and large, histories,
//! and a thousand other tenants. Put in by SQL as the superuser, which is not what is looked at.

use domain::id::{GroupId, IdentityId, ResourceId};
use sqlx::{Connection, Executor};
use uuid::Uuid;

use super::Watched;
use super::walk::Target;

/// Ids of the filling are numbers, so that SQL and Rust agree on them.
const FIRST: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;
/// Where the groups' numbers begin.
const GROUPS: u128 = 0x20_0000;

/// `ID(n)` stands for the id numbered n, `T`, `A`, `B`, `APP` for the tenant, its directories, and the app.
const FILL: &str = "
INSERT INTO tenant SELECT ID(x'1000000'::int + n), 'other-' || n, NULL, n FROM generate_series(1, 1000) n;
INSERT INTO directory SELECT ID(x'1000000'::int + n), ID(x'2000000'::int + n), 'advisors', 'entra', 'on', n
    FROM generate_series(1, 1000) n;
INSERT INTO token (tenant_id, id, directory_id, last_four, hash, hash_version, created_at)
    SELECT ID(x'1000000'::int + n), 'other-' || n, ID(x'2000000'::int + n), 'wxyz', 'x', 1, n FROM generate_series(1, 1000) n;
INSERT INTO identity (tenant_id, id, directory_id, revision, document, user_name_key, external_id, work_email, display_name,
    created_at, modified_at)
    SELECT T, ID(n + s * x'100000'::int), CASE s WHEN 0 THEN A ELSE B END, 1,
    '{\"userName\":\"u' || n || '\",\"externalId\":\"x' || n || '\",\"displayName\":\"d' || n || '\"}', 'u' || n, 'x' || n,
    'w' || n, 'd' || n, n, n FROM generate_series(1, 5000) n CROSS JOIN generate_series(0, 1) s;
INSERT INTO identity (tenant_id, id, directory_id, revision, document, user_name_key, created_at, modified_at)
    SELECT ID(x'1000000'::int + n), ID(x'3000000'::int + n), ID(x'2000000'::int + n), 1, '{\"userName\":\"u1\"}', 'u1', n, n
    FROM generate_series(1, 1000) n;
INSERT INTO groups (tenant_id, id, directory_id, revision, document, display_name_key, external_id, member_count, created_at,
    modified_at)
    SELECT T, ID(x'200000'::int + n), A, 1, '{\"displayName\":\"g' || n || '\"}', 'g' || n, 'x' || n, 0, n, n
    FROM generate_series(0, 2000) n;
INSERT INTO membership SELECT T, A, ID(x'200000'::int), ID(n), 'User' FROM generate_series(1, 4600) n;
INSERT INTO membership SELECT T, A, ID(x'200000'::int + n), ID(1 + n % 40), 'User' FROM generate_series(1, 200) n;
UPDATE groups g SET member_count = (SELECT count(*) FROM membership m WHERE m.group_id = g.id AND m.tenant_id = g.tenant_id);
INSERT INTO outbox (tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at, stamped)
    SELECT T, A, ID(n), 1, ID(n), 'x', 'fill', '{}', n, true FROM generate_series(1, 5000) n;
INSERT INTO outbox (tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at, stamped)
    SELECT ID(x'1000000'::int + n), ID(x'2000000'::int + n), ID(n), 1, ID(n), 'x', 'fill', '{}', n, true
    FROM generate_series(1, 1000) n;
INSERT INTO feed_event SELECT APP, f.head + row_number() OVER (ORDER BY o.id), o.tenant_id, o.id
    FROM outbox o JOIN feed f ON f.app_id = APP WHERE o.source = 'fill';
UPDATE feed SET head = head + 6000 WHERE app_id = APP;
INSERT INTO outbox (tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at)
    SELECT T, A, ID(n), 2, ID(n), 'x', 'x', '{}', n FROM generate_series(1, 30) n;
INSERT INTO provisioning_log (tenant_id, directory_id, at, request_id, identity_id, external_id, user_name, user_name_key,
    action, status, changed, token_id, outbox_id)
    SELECT T, CASE s WHEN 0 THEN A ELSE B END, n, ID(n), ID(n + s * x'100000'::int), 'x' || n + s * 10000,
    'u' || n + s * 10000, 'u' || n + s * 10000, 'create', 'success', '[]', 'tok000000000', n
    FROM generate_series(0, 1) s CROSS JOIN generate_series(1, 5000) n ORDER BY s, n;
INSERT INTO provisioning_log (tenant_id, directory_id, at, request_id, action, status, changed, token_id)
    SELECT ID(x'1000000'::int + n), ID(x'2000000'::int + n), n, ID(n), 'create', 'success', '[]', 'tok000000000'
    FROM generate_series(1, 1000) n;
INSERT INTO idempotency SELECT 'api-key:' || n % 50, 'k' || n, 'd', ID(n), 100000 + n, n, '{}' FROM generate_series(1, 5000) n;
INSERT INTO session SELECT 'h' || n, 'person:' || n, n, n, 100000 + n, '', '' FROM generate_series(1, 5000) n;
INSERT INTO audit_log SELECT T, 1000000 + n, n, CASE n % 100 WHEN 7 THEN 'cli:bob@ops2' ELSE 'cli:alice@ops1' END,
    CASE n % 500 WHEN 7 THEN 'token.revoke' ELSE 'token.issue' END, 'token:t' || n, 'success', NULL, NULL, 'r', '{}', 'p' || n, 'h' || n
    FROM generate_series(1, 5000) n;
INSERT INTO audit_log SELECT ID(x'1000000'::int + n), 1, n, 'cli:alice@ops1', 'token.issue', 'token:t7', 'success', NULL, NULL, 'r',
    '{}', 'p', 'h' FROM generate_series(1, 1000) n;
INSERT INTO audit_chain SELECT ID(x'1000000'::int + n), 1, 'h' FROM generate_series(1, 1000) n;
INSERT INTO feed_group VALUES (APP, 'booking', 100, 1);
INSERT INTO feed_ack SELECT APP, 'booking', n, n FROM generate_series(1, 100) n;
";

/// Fills the database; who is to be looked for there.
pub async fn fill(watched: &Watched) -> Target {
    let (world, home) = (&watched.world, &watched.home);
    let app = world.app("filled").await;
    let quoted = |id: Uuid| format!("'{id}'::uuid");
    let sql = FILL
        .replace("APP", &quoted(app.id.uuid()))
        .replace(" T,", &format!(" {},", quoted(home.tenant.id.uuid())))
        .replace(" A,", &format!(" {},", quoted(home.directory.id.uuid())))
        .replace(
            "THEN A ELSE B END",
            &format!(
                "THEN {} ELSE {} END",
                quoted(home.directory.id.uuid()),
                quoted(watched.other.directory.id.uuid())
            ),
        );
    let id = "CREATE FUNCTION id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS \
              $$ SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;";
    let url = &world.postgres.as_ref().unwrap().super_url;
    let mut admin = sqlx::PgConnection::connect(url).await.unwrap();
    admin
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{id}{sql}"))))
        .await
        .unwrap();
    admin.close().await.unwrap();
    let person = |number| ResourceId::Identity(IdentityId::from_uuid(Uuid::from_u128(FIRST + number)));
    let group = |number| GroupId::from_uuid(Uuid::from_u128(FIRST + GROUPS + number));
    Target {
        people: (1..=40).map(person).collect(),
        groups: (1..=20).map(group).collect(),
        big: group(0),
        app,
    }
}
