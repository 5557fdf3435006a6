//! SQLite's plans of the engine's statements: each finds its rows by an index, in the order asked for.

use domain::group::Group;
use domain::id::DirectoryId;
use domain::identity::Identity;
use migrations::{Migrator, MigratorTrait};
use scim::query::SortOrder;
use scim::schema::ResourceType;
use sea_orm::{ConnectionTrait, Database, Statement, Value};
use uuid::Uuid;

use super::scan::{Order, Paged, Scan};
use super::{Access, ListRequest, ListedResource, PageAt};
use crate::engine::parameter::Bind;
use crate::engine::statement::Built;
use crate::settings::Backend;
use crate::tables::{group, identity, membership};

/// SQLite's plan of a statement, as text.
async fn plan(sql: &str) -> String {
    let db = Database::connect("sqlite::memory:")
        .await
        .expect("SQLite needs no server");
    Migrator::up(&db, None).await.expect("the schema");
    let text = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = db
        .query_all_raw(Statement::from_string(Backend::Sqlite.driver(), text))
        .await
        .expect("a plan");
    let steps = rows
        .iter()
        .map(|row| row.try_get_by_index::<String>(3).expect("a step"));
    steps.collect::<Vec<_>>().join("; ")
}

/// A statement as SQLite is sent it. For PostgreSQL it names the same parameters.
fn text<P: Bind>(statement: &Built<P>) -> String {
    statement.text(Backend::Postgres).expect("its own names");
    let text = statement.text(Backend::Sqlite).expect("its own names");
    text.as_ref().to_owned()
}

/// The statements of a scan: its batches, counts and pages.
fn texts(scan: &Scan) -> Vec<String> {
    match &scan.statements.paged {
        Paged::Keyed(batches) => vec![text(batches)],
        Paged::Beside {
            batches,
            counts,
            pages,
        } => vec![text(batches), text(counts), text(pages)],
        Paged::Whole {
            batches,
            counts,
            pages,
        } => vec![text(batches), text(counts), text(pages)],
    }
}

fn batches(scan: &Scan) -> String {
    texts(scan).remove(0)
}

fn counts(scan: &Scan) -> String {
    texts(scan).remove(1)
}

fn pages(scan: &Scan) -> String {
    texts(scan).remove(2)
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

fn keyed(column: &'static str) -> Access {
    Access::Keyed(column, Value::from("x"))
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
            batches(&people(keyed("external_id"), Order::Id)),
            "identity_external_id",
        ),
        (
            batches(&people(keyed("work_email"), Order::Id)),
            "identity_work_email",
        ),
        (
            batches(&people(keyed("display_name"), Order::Id)),
            "identity_display_name",
        ),
        (batches(&people(Access::All, created)), "identity_order"),
        (batches(&people(Access::All, newest)), "identity_order"),
        (pages(&people(Access::All, created)), "identity_order"),
        (pages(&people(Access::All, newest)), "identity_order"),
        (
            batches(&groups(keyed("external_id"), Order::Id)),
            "groups_external_id",
        ),
        (batches(&groups(Access::All, created)), "groups_order"),
        (pages(&groups(Access::All, created)), "groups_order"),
        (
            batches(&groups(Access::Beside(nil), Order::Id)),
            "membership_member",
        ),
        (
            pages(&groups(Access::Beside(nil), Order::Id)),
            "membership_member",
        ),
    ] {
        let plan = plan(&sql).await;
        assert!(
            plan.contains(&format!("INDEX {index} (")),
            "{index}: {plan}\n{sql}"
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
        (counts(&people(Access::All, created)), "COVERING INDEX identity_"),
        (counts(&groups(Access::All, created)), "COVERING INDEX groups_"),
        (
            counts(&people(Access::Beside(nil), Order::Id)),
            "PRIMARY KEY (tenant_id=? AND group_id=?)",
        ),
        (
            counts(&groups(Access::Beside(nil), Order::Id)),
            "INDEX membership_member (",
        ),
    ] {
        let plan = plan(&sql).await;
        assert!(plan.contains(index), "{index}: {plan}");
    }
    for sql in [
        text(&identity::BY_USER_NAME),
        batches(&people(keyed("user_name_key"), Order::Id)),
    ] {
        let plan = plan(&sql).await;
        assert!(plan.contains("user_name_key=?"), "{plan}");
    }
    for sql in [
        text(&group::BY_NAME),
        batches(&groups(keyed("display_name_key"), Order::Id)),
    ] {
        let plan = plan(&sql).await;
        assert!(plan.contains("display_name_key=?"), "{plan}");
    }
    for access in [people(keyed("id"), Order::Id), groups(keyed("id"), Order::Id)] {
        let plan = plan(&batches(&access)).await;
        // `SCAN m`: the groups of one member, which its own index has found.
        assert!(
            plan.contains("id=?") && !plan.replace("SCAN m", "").contains("SCAN"),
            "{plan}"
        );
    }
}

#[test]
fn rows_are_looked_up_by_ids() {
    for scan in [
        scan::<Identity>(Access::All, Order::Id),
        scan::<Group>(Access::All, Order::Id),
    ] {
        assert!(text(&scan.statements.these).contains("unhex(value)"));
    }
}

#[tokio::test]
async fn members_are_found_by_their_whole_key_and_read_in_its_order() {
    let whole = "tenant_id=? AND group_id=? AND member_id=?";
    let whole_text = text(&identity::DELETE);
    let deleted = whole_text.split("; ").nth(1).expect("two statements").to_owned();
    for (sql, found) in [
        (text(&membership::REMOVE), whole),
        (
            text(&membership::PAGE),
            "tenant_id=? AND group_id=? AND member_id>?",
        ),
        (
            batches(&scan::<Identity>(Access::Beside(Uuid::nil()), Order::Id)),
            "tenant_id=? AND group_id=? AND member_id>?",
        ),
        (
            text(&membership::GROUPS_OF),
            "membership_member (directory_id=? AND member_id=?",
        ),
        (
            text(&membership::AMONG),
            "membership_member (directory_id=? AND member_id=? AND group_id=?",
        ),
        (deleted, "membership_member (directory_id=? AND member_id=?"),
        (text(&membership::KNOWN), "tenant_id=? AND id=?"),
        (text(&membership::ADD), "tenant_id=? AND id=?"),
    ] {
        let plan = plan(&sql).await;
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

/// SQLite enters an index by one condition on a column: it must be the cursor's.
#[tokio::test]
async fn a_batch_begins_behind_its_cursor() {
    for order in [SortOrder::Ascending, SortOrder::Descending] {
        for sql in [
            batches(&scan::<Identity>(Access::All, Order::Created(order))),
            batches(&scan::<Group>(Access::All, Order::Created(order))),
        ] {
            let plan = plan(&sql).await;
            assert!(plan.contains("(created_at,id)"), "{plan}\n{sql}");
        }
    }
}
