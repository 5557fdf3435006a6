//! SQLite's plans of the engine's statements: each finds its rows by an index, in the order asked for.

use domain::group::Group;
use domain::id::DirectoryId;
use domain::identity::Identity;
use migrations::{Migrator, MigratorTrait};
use scim::query::SortOrder;
use scim::schema::ResourceType;
use sea_orm::{ConnectionTrait, Database, Statement, Value};
use uuid::Uuid;

use super::scan::{Order, Scan};
use super::{Access, ListRequest, ListedResource, PageAt};
use crate::settings::Backend;
use crate::sql::Sql;
use crate::table::identity::BY_USER_NAME;
use crate::table::{group, membership};

/// SQLite's plan of a statement, as text.
async fn plan(sql: &Sql) -> String {
    let db = Database::connect("sqlite::memory:")
        .await
        .expect("SQLite needs no server");
    Migrator::up(&db, None).await.expect("the schema");
    let text = format!("EXPLAIN QUERY PLAN {}", sql.text(Backend::Sqlite));
    let rows = db
        .query_all_raw(Statement::from_string(Backend::Sqlite.driver(), text))
        .await
        .expect("a plan");
    let steps = rows
        .iter()
        .map(|row| row.try_get_by_index::<String>(3).expect("a step"));
    steps.collect::<Vec<_>>().join("; ")
}

fn scan<T: ListedResource>(access: Access, order: Order) -> Scan {
    let resource_type = ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: String::new(),
        core: scim::schema::user(),
        extensions: Vec::new(),
    };
    let query = ListRequest {
        directory: DirectoryId::from_uuid(Uuid::nil()),
        resource_type: &resource_type,
        filter: None,
        sort: None,
        at: PageAt::Index { start: 1, count: 1 },
    };
    Scan::new::<T>(&query, access, order)
}

fn keyed(condition: &'static str, keys: usize) -> Access {
    Access::Keyed(condition, vec![Value::from("x"); keys])
}

#[tokio::test]
async fn every_key_is_looked_up_in_its_index() {
    let created = Order::Created(SortOrder::Ascending);
    let newest = Order::Created(SortOrder::Descending);
    let nil = Uuid::nil();
    let people = scan::<Identity>;
    let groups = scan::<Group>;
    for (sql, index) in [
        (
            people(keyed("external_id", 1), Order::Id).batches(),
            "identity_external_id",
        ),
        (
            people(keyed("work_email", 2), Order::Id).batches(),
            "identity_work_email",
        ),
        (
            people(keyed("display_name", 1), Order::Id).batches(),
            "identity_display_name",
        ),
        (people(Access::All, created).batches(), "identity_order"),
        (people(Access::All, newest).batches(), "identity_order"),
        (people(Access::All, created).pages(), "identity_order"),
        (people(Access::All, newest).pages(), "identity_order"),
        (
            groups(keyed("external_id", 1), Order::Id).batches(),
            "groups_external_id",
        ),
        (groups(Access::All, created).batches(), "groups_order"),
        (groups(Access::All, created).pages(), "groups_order"),
        (
            groups(Access::Beside(nil), Order::Id).batches(),
            "membership_member",
        ),
        (
            groups(Access::Beside(nil), Order::Id).pages(),
            "membership_member",
        ),
    ] {
        let plan = plan(&sql).await;
        assert!(
            plan.contains(&format!("INDEX {index} (")),
            "{index}: {plan}\n{sql:?}"
        );
        // `SCAN p` and `SCAN w`: the page and the list of ids themselves.
        let tables = [
            "SCAN identity",
            "SCAN groups",
            "SCAN membership",
            "SCAN x",
            "SCAN y",
            "TEMP B-TREE",
        ];
        let whole = tables.iter().find(|table| plan.contains(**table));
        let several = index == "identity_work_email";
        assert!(whole.is_none() || several, "{index}: {plan}");
    }
    for (sql, index) in [
        (people(Access::All, created).counts(), "COVERING INDEX identity_"),
        (groups(Access::All, created).counts(), "COVERING INDEX groups_"),
        (
            people(Access::Beside(nil), Order::Id).counts(),
            "PRIMARY KEY (tenant_id=? AND group_id=?)",
        ),
        (
            groups(Access::Beside(nil), Order::Id).counts(),
            "INDEX membership_member (",
        ),
    ] {
        let plan = plan(&sql).await;
        assert!(plan.contains(index), "{index}: {plan}");
    }
    for sql in [
        &*BY_USER_NAME,
        &people(keyed("user_name_key", 1), Order::Id).batches(),
    ] {
        let plan = plan(sql).await;
        assert!(plan.contains("user_name_key=?"), "{plan}");
    }
    for sql in [
        &*group::BY_NAME,
        &groups(keyed("display_name_key", 1), Order::Id).batches(),
    ] {
        let plan = plan(sql).await;
        assert!(plan.contains("display_name_key=?"), "{plan}");
    }
    for access in [
        people(keyed("id", 1), Order::Id),
        groups(keyed("id", 1), Order::Id),
    ] {
        let plan = plan(&access.batches()).await;
        assert!(plan.contains("id=?") && !plan.contains("SCAN"), "{plan}");
    }
}

#[tokio::test]
async fn members_are_found_by_their_whole_key_and_read_in_its_order() {
    let whole = "tenant_id=? AND group_id=? AND member_id=?";
    let deleted = Sql::same(
        membership::LEAVE_ALL_SQLITE
            .split("; ")
            .nth(1)
            .expect("two statements"),
    );
    for (sql, found) in [
        (&*membership::REMOVE, whole),
        (&*membership::PAGE, "tenant_id=? AND group_id=? AND member_id>?"),
        (
            &scan::<Identity>(Access::Beside(Uuid::nil()), Order::Id).batches(),
            "tenant_id=? AND group_id=? AND member_id>?",
        ),
        (
            &*membership::GROUPS_OF,
            "membership_member (directory_id=? AND member_id=?",
        ),
        (
            &*membership::AMONG,
            "membership_member (directory_id=? AND member_id=? AND group_id=?",
        ),
        (&deleted, "membership_member (directory_id=? AND member_id=?"),
        (&*membership::KNOWN, "tenant_id=? AND id=?"),
        (&*membership::ADD, "tenant_id=? AND id=?"),
    ] {
        let plan = plan(sql).await;
        assert!(plan.contains(found), "{found}: {plan}");
        for table in [
            "SCAN identity",
            "SCAN groups",
            "SCAN membership",
            "SCAN x",
            "SCAN g",
            "SCAN y",
            "SCAN m",
        ] {
            let at = plan
                .find(&format!("{table};"))
                .or_else(|| plan.ends_with(table).then_some(0));
            assert!(at.is_none() || table == "SCAN m", "{table}: {plan}");
        }
    }
}
