//! Listing a directory: SQL narrows, the evaluator decides.
//!
//! A filter has one meaning, that of [`Filter::matches`]. `narrow` finds conjuncts that an index can answer; the rows
//! found so are a superset, read in keyset batches and put to the evaluator, so memory is bounded by a batch and a page
//! however large the directory is.

mod narrow;

use domain::id::DirectoryId;
use domain::identity::Identity;
use scim::filter::Filter;
use scim::message::{Meta, render};
use scim::schema::ResourceType;
use sea_orm::Value;
use uuid::Uuid;

use crate::error::StoreError;
use crate::sql::{Rows, Sql};
use crate::table::identity::{self, COLUMNS};
use crate::table::read::Columns;
use crate::tenant_tx::TenantTx;
use narrow::Narrowed;

/// Rows read at a time.
const BATCH: usize = 500;

/// Which identities, and which page of them.
#[derive(Debug, Clone, Copy)]
pub struct ListQuery<'a> {
    /// Whose.
    pub directory: DirectoryId,
    /// The profile's resource type: what the filter's names mean.
    pub resource_type: &'a ResourceType,
    /// Which; all without.
    pub filter: Option<&'a Filter>,
    /// The first one of the page, from 1.
    pub start_index: usize,
    /// At most so many; 0 asks for the total only.
    pub count: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// How many match in all.
    pub total: usize,
    /// Those of the page, oldest first.
    pub identities: Vec<Identity>,
}

/// The document a filter is put to: what `GET` would answer, without the URL.
fn document(resource_type: &ResourceType, identity: &Identity) -> serde_json::Value {
    let meta = Meta {
        created: identity.created_at,
        last_modified: identity.modified_at,
        version: identity.revision,
        location: String::new(),
    };
    render(resource_type, &identity.id.to_string(), &identity.resource, &meta)
}

pub(crate) async fn run(tx: &mut TenantTx, query: &ListQuery<'_>) -> Result<Page, StoreError> {
    let Some(filter) = query.filter else {
        return everything(tx, query).await;
    };
    match narrow::narrow(filter) {
        Narrowed::Nothing => Ok(Page::default()),
        Narrowed::One(sql, key) => {
            let values = vec![tx.tenant(), Value::from(query.directory.uuid()), key];
            let rows = tx.tx().all(sql, values).await?;
            let mut page = Page::default();
            for row in &rows {
                take(&mut page, query, filter, identity::read(row)?);
            }
            Ok(page)
        }
        Narrowed::Some(condition, keys) => scan(tx, query, filter, condition, &keys).await,
        Narrowed::All => scan(tx, query, filter, "true", &[]).await,
    }
}

/// Without a filter the database counts and skips.
async fn everything(tx: &mut TenantTx, query: &ListQuery<'_>) -> Result<Page, StoreError> {
    let of = "FROM identity WHERE tenant_id = :tenant AND directory_id = $2";
    let values = vec![tx.tenant(), Value::from(query.directory.uuid())];
    let counted = tx
        .tx()
        .one(
            &Sql::select(&format!("SELECT count(*) {of}"), Rows::Read),
            values.clone(),
        )
        .await?;
    let total: i64 = counted.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?;
    let total = usize::try_from(total).unwrap_or_default();
    let skip = query.start_index.saturating_sub(1);
    if query.count == 0 || skip >= total {
        return Ok(Page {
            total,
            identities: Vec::new(),
        });
    }
    // PostgreSQL's fence adds an OFFSET of its own, so the page is a subquery.
    let select = format!(
        "SELECT * FROM (SELECT {COLUMNS} {of} ORDER BY created_at, id LIMIT $3 OFFSET $4) page WHERE true"
    );
    let mut values = values;
    values.extend([number(query.count), number(skip)]);
    let rows = tx.tx().all(&Sql::select(&select, Rows::Read), values).await?;
    let mut identities = rows.iter().map(identity::read).collect::<Result<Vec<_>, _>>()?;
    identities.sort_by_key(|identity| (identity.created_at, identity.id));
    Ok(Page { total, identities })
}

/// Puts every candidate to the evaluator, batch by batch.
async fn scan(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    filter: &Filter,
    condition: &str,
    keys: &[Value],
) -> Result<Page, StoreError> {
    let sql = batches(condition, keys.len());
    let mut page = Page::default();
    let mut after: (i64, Uuid) = (i64::MIN, Uuid::nil());
    loop {
        let mut values = vec![
            tx.tenant(),
            Value::from(query.directory.uuid()),
            Value::from(after.0),
            Value::from(after.1),
            number(BATCH),
        ];
        values.extend(keys.iter().cloned());
        let rows = tx.tx().all(&sql, values).await?;
        let mut batch = rows.iter().map(identity::read).collect::<Result<Vec<_>, _>>()?;
        batch.sort_by_key(|identity| (identity.created_at, identity.id));
        let last = batch
            .last()
            .map(|identity| (identity.created_at.timestamp_millis(), identity.id.uuid()));
        for identity in batch {
            take(&mut page, query, filter, identity);
        }
        match last {
            Some(last) if rows.len() == BATCH => after = last,
            _ => return Ok(page),
        }
    }
}

/// `$1` tenant, `$2` directory, `$3` and `$4` where the last batch ended, `$5` how many; the keys follow.
///
/// With a key, the order is written so that no index gives it (`+ 0`): left to choose, SQLite walks the whole directory
/// in order instead of looking the key up.
fn batches(condition: &str, keys: usize) -> Sql {
    let condition = (0..keys).fold(condition.to_owned(), |text, key| {
        text.replacen('?', &format!("${}", key + 6), 1)
    });
    let created_at = if keys == 0 { "created_at" } else { "created_at + 0" };
    Sql::select(
        &format!(
            "SELECT {COLUMNS} FROM identity WHERE tenant_id = :tenant AND directory_id = $2 AND {condition} \
             AND ({created_at}, id) > ($3, $4) ORDER BY {created_at}, id LIMIT $5"
        ),
        Rows::Read,
    )
}

/// Counts a candidate if it matches, and keeps it if it is on the page.
fn take(page: &mut Page, query: &ListQuery<'_>, filter: &Filter, identity: Identity) {
    if !filter.matches(query.resource_type, &document(query.resource_type, &identity)) {
        return;
    }
    page.total += 1;
    if page.total >= query.start_index && page.identities.len() < query.count {
        page.identities.push(identity);
    }
}

fn number(count: usize) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use migrations::{Migrator, MigratorTrait};
    use sea_orm::{ConnectionTrait, Database, Statement};

    use super::*;
    use crate::settings::Backend;
    use crate::table::identity::BY_USER_NAME;

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

    #[tokio::test]
    async fn every_key_is_looked_up_in_its_index() {
        for (condition, keys, index) in [
            ("external_id = ?", 1, "identity_external_id"),
            ("work_email IN (?, ?)", 2, "identity_work_email"),
            ("display_name = ?", 1, "identity_display_name"),
            ("true", 0, "identity_order"),
        ] {
            let plan = plan(&batches(condition, keys)).await;
            assert!(
                plan.contains(&format!("USING INDEX {index} (")),
                "{condition}: {plan}"
            );
            assert!(!plan.contains("SCAN"), "{condition}: {plan}");
        }
        let plan = plan(&BY_USER_NAME).await;
        assert!(plan.contains("user_name_key=?"), "{plan}");
    }
}
