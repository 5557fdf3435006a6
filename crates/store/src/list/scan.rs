//! The rows that an access path leaves, batch by batch in one order, from any place on.
//!
//! Each statement finds its rows by an index that has them in the order asked for; the documents are looked up for those
//! rows only. On PostgreSQL that must hold for tables that were never analysed, too, and for plans that were
//! cached while it was empty (ADR 0017, ADR 0029); on SQLite without statistics at all. So each statement leaves the planner
//! one index.

use scim::query::SortOrder;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use super::ListRequest;
use super::kind::ListedResource;
use super::narrow::Access;
use crate::error::StoreError;
use crate::sql::{self, Rows, Sql, of_tenant, placeholders};
use crate::table::read::Columns;
use crate::tenant_tx::TenantTx;

/// Rows read at a time, as text.
pub(super) const BATCH: usize = 250;

/// What opens the index of the order on PostgreSQL, and is true of every row (migration 0008).
const IN_ORDER: &str = "created_at >= 0";

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Of creation, then id.
    Created(SortOrder),
    /// Of ids, where the index of the access path has nothing else.
    Id,
}

/// A place between two rows: creation and id of the row before.
pub(super) type ScanPosition = (i64, Uuid);

/// One access path in one order.
#[derive(Debug)]
pub(super) struct Scan {
    directory: Value,
    access: Access,
    order: Order,
    table: &'static str,
    columns: &'static str,
    membership: (&'static str, &'static str),
    membership_if: &'static str,
}

impl Scan {
    pub(super) fn new<T: ListedResource>(query: &ListRequest<'_>, access: Access, order: Order) -> Self {
        Self {
            directory: Value::from(query.directory.uuid()),
            access,
            order,
            table: T::TABLE,
            columns: T::COLUMNS,
            membership: T::MEMBERSHIP,
            membership_if: T::MEMBERSHIP_IF,
        }
    }

    /// Whether it goes through the whole directory.
    pub(super) fn is_whole(&self) -> bool {
        self.access == Access::All
    }

    /// Whether [`Scan::count`] and [`Scan::numbered`] know it: where the rows are those that match.
    pub(super) fn is_counted(&self) -> bool {
        matches!(self.access, Access::All | Access::Beside(_))
    }

    /// Where it begins.
    pub(super) fn start(&self) -> ScanPosition {
        match self.order {
            Order::Created(SortOrder::Descending) => (i64::MAX, Uuid::max()),
            _ => (i64::MIN, Uuid::nil()),
        }
    }

    /// The next rows after a place.
    pub(super) async fn batch(
        &self,
        tx: &mut TenantTx,
        after: ScanPosition,
        limit: usize,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut values = vec![tx.tenant(), self.directory.clone()];
        values.extend([Value::from(after.0), Value::from(after.1), number(limit)]);
        values.extend(self.keys());
        let rows = tx.tx().all(&self.batches(), values).await?;
        self.in_order(rows)
    }

    /// `$1` tenant, `$2` directory, `$3` and `$4` where the last batch ended, `$5` how many; the keys follow.
    pub(super) fn batches(&self) -> Sql {
        let (table, columns) = (self.table, self.columns);
        match (&self.access, self.order) {
            (Access::Beside(_), _) => self.beside("AND x.{one} > $4", "LIMIT $5", 6),
            (Access::Keyed(column, keys), _) => {
                let tenant = match *column {
                    "id" => "tenant_id = $1".to_owned(),
                    _ => of_tenant("tenant_id"),
                };
                let rows = |is: &str| {
                    format!(
                        "SELECT {columns} FROM {table} WHERE {tenant} AND directory_id = $2 AND {column} {is}"
                    )
                };
                let page = "id > $4 ORDER BY id LIMIT $5";
                let keys = placeholders(6, keys.len());
                // Each key for itself, so that the index gives its rows in order.
                let postgres = format!(
                    "SELECT c.* FROM unnest(ARRAY[{keys}]) k(key) CROSS JOIN LATERAL ({} AND {page}) c ORDER BY id LIMIT $5",
                    rows("= k.key")
                );
                let sqlite = format!("{} AND {page}", rows(&format!("IN ({keys})")));
                Sql::select_pair(&postgres, &sqlite, Rows::Read)
            }
            (_, order) => {
                let (beyond, direction) = match order {
                    Order::Created(SortOrder::Descending) => ("<", " DESC"),
                    _ => (">", ""),
                };
                Sql::select(
                    &format!(
                        "SELECT {columns} FROM {table} WHERE {} AND directory_id = $2 AND {IN_ORDER} \
                         AND (created_at, id) {beyond} ($3, $4) ORDER BY created_at{direction}, id{direction} LIMIT $5",
                        of_tenant("tenant_id")
                    ),
                    Rows::Read,
                )
            }
        }
    }

    /// The rows beside one in `membership`, by id: a page of ids, then their documents one by one. The one is the value
    /// numbered `key`.
    fn beside(&self, more: &str, page: &str, key: usize) -> Sql {
        let (table, columns, which) = (self.table, self.columns, self.membership_if);
        let (one, other) = self.membership;
        let ids = format!(
            "SELECT x.{one} AS one FROM membership x WHERE {} AND x.directory_id = $2 \
             AND x.{other} = ${key} AND {which} {} ORDER BY x.{one} {page}",
            self.membership_of_tenant(),
            more.replace("{one}", one)
        );
        Sql::select_pair(
            &format!(
                "SELECT d.* FROM ({ids}) p CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} y WHERE y.tenant_id = :tenant AND y.id = p.one OFFSET 0) d"
            ),
            &format!(
                "SELECT {columns} FROM ({ids}) p CROSS JOIN {table} y ON y.tenant_id = :tenant AND y.id = p.one"
            ),
            Rows::Read,
        )
    }

    /// How many rows there are.
    pub(super) async fn count(&self, tx: &mut TenantTx) -> Result<usize, StoreError> {
        let mut values = vec![tx.tenant(), self.directory.clone()];
        values.extend(self.keys());
        let row = tx.tx().one(&self.counts(), values).await?;
        let total: i64 = row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?;
        Ok(usize::try_from(total).unwrap_or_default())
    }

    /// `$1` tenant, `$2` directory; the keys follow.
    pub(super) fn counts(&self) -> Sql {
        let (table, which) = (self.table, self.membership_if);
        let select = match &self.access {
            Access::Beside(_) => format!(
                "SELECT count(*) FROM membership x WHERE {} AND x.directory_id = $2 AND x.{} = $3 AND {which}",
                self.membership_of_tenant(),
                self.membership.1
            ),
            _ => format!(
                "SELECT count(*) FROM {table} x WHERE {} AND x.directory_id = $2 AND x.{IN_ORDER}",
                of_tenant("x.tenant_id")
            ),
        };
        Sql::select(&select, Rows::Read)
    }

    /// By group the memberships are found by their primary key, by member by their other index.
    fn membership_of_tenant(&self) -> String {
        match self.membership.0 {
            "member_id" => "x.tenant_id = $1".to_owned(),
            _ => of_tenant("x.tenant_id"),
        }
    }

    /// The rows from number `skip` (from 0) on.
    pub(super) async fn numbered(
        &self,
        tx: &mut TenantTx,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut values = vec![tx.tenant(), self.directory.clone(), number(limit), number(skip)];
        values.extend(self.keys());
        let rows = tx.tx().all(&self.pages(), values).await?;
        self.in_order(rows)
    }

    /// `$1` tenant, `$2` directory, `$3` how many, `$4` after how many; the keys follow.
    pub(super) fn pages(&self) -> Sql {
        if matches!(self.access, Access::Beside(_)) {
            return self.beside("", "LIMIT $3 OFFSET $4", 5);
        }
        let (table, columns) = (self.table, self.columns);
        let direction = match self.order {
            Order::Created(SortOrder::Descending) => " DESC",
            _ => "",
        };
        // The skipped rows are passed in the index alone.
        let ids = format!(
            "SELECT id AS one FROM {table} WHERE {} AND directory_id = $2 AND {IN_ORDER} \
             ORDER BY created_at{direction}, id{direction} LIMIT $3 OFFSET $4",
            of_tenant("tenant_id")
        );
        Sql::select_pair(
            &format!(
                "SELECT d.* FROM ({ids}) p CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} y WHERE y.tenant_id = :tenant AND y.id = p.one OFFSET 0) d"
            ),
            &format!(
                "SELECT {columns} FROM ({ids}) p CROSS JOIN {table} y ON y.tenant_id = :tenant AND y.id = p.one"
            ),
            Rows::Read,
        )
    }

    /// These rows, in no order; those that are gone by now are left out.
    pub(super) async fn fetch<T: ListedResource>(
        &self,
        tx: &mut TenantTx,
        ids: &[Uuid],
    ) -> Result<Vec<T>, StoreError> {
        let (table, columns) = (self.table, self.columns);
        let which = "y.tenant_id = :tenant AND y.directory_id = $2";
        let sql = Sql::select_pair(
            &format!(
                "SELECT d.* FROM unnest($3) w(id) CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} y WHERE {which} AND y.id = w.id OFFSET 0) d"
            ),
            &format!(
                "SELECT {columns} FROM (SELECT unhex(value) AS one FROM json_each($3)) w CROSS JOIN {table} y \
                 ON {which} AND y.id = w.one"
            ),
            Rows::Read,
        );
        let asked = sql::ids(tx.tx().backend(), ids.iter().copied());
        let values = vec![tx.tenant(), self.directory.clone(), asked];
        let rows = tx.tx().all(&sql, values).await?;
        rows.iter().map(T::read).collect()
    }

    fn keys(&self) -> Vec<Value> {
        match &self.access {
            Access::Keyed(_, keys) => keys.clone(),
            Access::Beside(id) => vec![Value::from(*id)],
            Access::Nothing | Access::All => Vec::new(),
        }
    }

    /// Puts rows into this order, which the fences around a page do not promise to keep.
    fn in_order(&self, rows: Vec<QueryResult>) -> Result<Vec<QueryResult>, StoreError> {
        let mut placed = rows
            .into_iter()
            .map(|row| Ok((place(&row)?, row)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        match self.order {
            Order::Id => placed.sort_unstable_by_key(|((_, id), _)| *id),
            Order::Created(direction) => {
                placed.sort_unstable_by(|(a, _), (b, _)| direction.apply(a.cmp(b)));
            }
        }
        Ok(placed.into_iter().map(|(_, row)| row).collect())
    }
}

/// Where a row stands, without its document.
pub(super) fn place(row: &QueryResult) -> Result<ScanPosition, StoreError> {
    let id = row.try_get("", "id").map_err(StoreError::of)?;
    let created = row.try_get("", "created_at").map_err(StoreError::of)?;
    Ok((created, id))
}

fn number(count: usize) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}
