//! SQLite's plans of the engine's statements: each finds its rows by an index, in the order asked for.

use domain::group::Group;
use domain::identity::Identity;
use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database};

use super::ListedResource;
use crate::engine::parameter::Bind;
use crate::engine::statement::Statement;
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
        .query_all_raw(sea_orm::Statement::from_string(Backend::Sqlite.driver(), text))
        .await
        .expect("a plan");
    let steps = rows
        .iter()
        .map(|row| row.try_get_by_index::<String>(3).expect("a step"));
    steps.collect::<Vec<_>>().join("; ")
}

/// A statement as SQLite is sent it. For PostgreSQL it names the same parameters.
fn text<P: Bind, R>(statement: &Statement<P, R>) -> String {
    statement.text(Backend::Postgres).expect("its own names");
    let text = statement.text(Backend::Sqlite).expect("its own names");
    text.as_ref().to_owned()
}

#[tokio::test]
async fn every_key_is_looked_up_in_its_index() {
    let (people, groups) = (Identity::list_statements(), Group::list_statements());
    for (sql, index) in [
        (text(&people.by_external_id), "identity_external_id"),
        (text(&people.by_work_email), "identity_work_email"),
        (text(&people.by_display_name), "identity_display_name"),
        (text(&people.oldest_first.batches), "identity_order"),
        (text(&people.newest_first.batches), "identity_order"),
        (text(&people.oldest_first.pages), "identity_order"),
        (text(&people.newest_first.pages), "identity_order"),
        (text(&groups.by_external_id), "groups_external_id"),
        (text(&groups.oldest_first.batches), "groups_order"),
        (text(&groups.oldest_first.pages), "groups_order"),
        (text(&groups.by_membership), "membership_member"),
        (text(&groups.membership_pages), "membership_member"),
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
        (text(&people.count), "COVERING INDEX identity_"),
        (text(&groups.count), "COVERING INDEX groups_"),
        (
            text(&people.membership_count),
            "PRIMARY KEY (tenant_id=? AND group_id=?)",
        ),
        (text(&groups.membership_count), "INDEX membership_member ("),
    ] {
        let plan = plan(&sql).await;
        assert!(plan.contains(index), "{index}: {plan}");
    }
    for sql in [text(&identity::BY_NAME), text(&people.by_name)] {
        let plan = plan(&sql).await;
        assert!(plan.contains("user_name_key=?"), "{plan}");
    }
    for sql in [text(&group::BY_NAME), text(&groups.by_name)] {
        let plan = plan(&sql).await;
        assert!(plan.contains("display_name_key=?"), "{plan}");
    }
    for by_id in [&people.by_id, &groups.by_id] {
        let plan = plan(&text(by_id)).await;
        // `SCAN m`: the groups of one member, which its own index has found.
        assert!(
            plan.contains("id=?") && !plan.replace("SCAN m", "").contains("SCAN"),
            "{plan}"
        );
    }
}

#[test]
fn rows_are_looked_up_by_ids() {
    for statements in [Identity::list_statements(), Group::list_statements()] {
        assert!(text(&statements.by_ids).contains("unhex(value)"));
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
            text(&Identity::list_statements().by_membership),
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
    for statements in [Identity::list_statements(), Group::list_statements()] {
        for whole in [&statements.oldest_first, &statements.newest_first] {
            for sql in [text(&whole.batches), text(&whole.shown)] {
                let plan = plan(&sql).await;
                assert!(plan.contains("(created_at,id)"), "{plan}\n{sql}");
            }
        }
    }
}
