//! The rows that an access path leaves, batch by batch in one order, from any place on.
//!
//! Each statement finds its rows by an index that has them in the order asked for; the documents are looked up for
//! those rows only. On PostgreSQL that must hold for tables that were never analysed, too, and for plans that were
//! cached while it was empty (ADR 0017, ADR 0029); on SQLite without statistics at all. So each statement leaves the
//! planner one index.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use domain::id::DirectoryId;
use scim::query::SortOrder;
use sea_orm::QueryResult;
use uuid::Uuid;

use super::ListRequest;
use super::kind::ListedResource;
use super::narrow::Access;
use crate::engine::parameter::{Bind, Ids};
use crate::engine::read::Columns;
use crate::engine::statement::{Built, Opens, of_tenant};
use crate::error::StoreError;
use crate::settings::Backend;
use crate::tables::keys::SEVERAL;
use crate::tables::names::{After, Created, In, Key, Limit, Rows, Skip};
use crate::tenant_tx::TenantTx;

/// Rows read at a time, as text.
pub(super) const BATCH: usize = 250;

/// What opens the index of the order on PostgreSQL, and is true of every row (migration 0008). SQLite would enter the index by
/// it, and read the rows before a cursor again.
fn in_order(on: Backend) -> &'static str {
    on.either(" AND created_at >= 0", "")
}

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

/// What distinguishes the statements of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Path {
    /// By a key in this column, in the order of ids.
    Keyed(&'static str),
    /// Beside one row in `membership`, in the order of ids.
    Beside,
    /// In the order of creation, or against it.
    Whole { descending: bool },
}

/// The statements of one access path.
pub(super) enum Paged {
    Keyed(Built<(In, Key, After, Limit)>),
    Beside {
        batches: Built<(In, Key, After, Limit)>,
        counts: Built<(In, Key)>,
        pages: Built<(In, Key, Limit, Skip)>,
    },
    Whole {
        batches: Built<(In, Created, After, Limit)>,
        counts: Built<In>,
        pages: Built<(In, Limit, Skip)>,
    },
}

/// The statements of one access path, and the one that looks up rows by id.
pub(super) struct Statements {
    pub(super) paged: Paged,
    pub(super) these: Built<(In, Rows)>,
}

/// Statements by table and path: at most a dozen for each table.
type ByPath = HashMap<(&'static str, Path), Arc<Statements>>;

/// Those that were asked for so far.
static BUILT: LazyLock<RwLock<ByPath>> = LazyLock::new(RwLock::default);

impl Statements {
    fn of<T: ListedResource>(path: Path) -> Arc<Self> {
        let key = (T::TABLE, path);
        let built = BUILT
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        built.unwrap_or_else(|| {
            let new = Arc::new(Self {
                paged: match path {
                    Path::Keyed(column) => Paged::Keyed(keyed::<T>(column)),
                    Path::Beside => beside::<T>(),
                    Path::Whole { descending } => whole::<T>(descending),
                },
                these: these::<T>(),
            });
            let mut all = BUILT.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(key, Arc::clone(&new));
            new
        })
    }
}

fn keyed<T: ListedResource>(column: &str) -> Built<(In, Key, After, Limit)> {
    let table = T::TABLE;
    let tenant = match column {
        "id" => "tenant_id = :tenant".to_owned(),
        _ => of_tenant("tenant_id"),
    };
    let rows = |on| {
        let columns = T::shown_columns(on, table);
        format!("SELECT {columns} FROM {table} WHERE {tenant} AND directory_id = :directory AND {column}")
    };
    let page = "id > :after ORDER BY id LIMIT :limit";
    Built::new(Opens::Tenant, |on| match (column, on) {
        // Identities with several work e-mails are looked at for each; each key for itself, so that the index gives its rows in order.
        ("work_email", Backend::Postgres) => format!(
            "SELECT c.* FROM unnest(ARRAY[:key, '{SEVERAL}']) k(key) CROSS JOIN LATERAL ({} = k.key AND {page}) c \
             ORDER BY id LIMIT :limit",
            rows(on)
        ),
        ("work_email", Backend::Sqlite) => format!("{} IN (:key, '{SEVERAL}') AND {page}", rows(on)),
        _ => format!("{} = :key AND {page}", rows(on)),
    })
}

/// The rows beside one in `membership`.
fn beside<T: ListedResource>() -> Paged {
    let ((one, other), which) = (T::MEMBERSHIP, T::MEMBERSHIP_IF);
    // By group the memberships are found by their primary key, by member by their other index.
    let tenant = match one {
        "member_id" => "x.tenant_id = :tenant".to_owned(),
        _ => of_tenant("x.tenant_id"),
    };
    let rows = format!(
        "FROM membership x WHERE {tenant} AND x.directory_id = :directory AND x.{other} = :key AND {which}"
    );
    let ids = format!("SELECT x.{one} AS one {rows}");
    Paged::Beside {
        batches: with_documents::<T, _>(
            |_| format!("{ids} AND x.{one} > :after ORDER BY x.{one} LIMIT :limit"),
            |_| T::COLUMNS.to_owned(),
        ),
        counts: Built::new(Opens::Tenant, |_| format!("SELECT count(*) {rows}")),
        pages: with_documents::<T, _>(
            |_| format!("{ids} ORDER BY x.{one} LIMIT :limit OFFSET :skip"),
            |on| T::shown_columns(on, "y"),
        ),
    }
}

fn whole<T: ListedResource>(descending: bool) -> Paged {
    let (table, columns) = (T::TABLE, T::COLUMNS);
    let (beyond, direction) = if descending { ("<", " DESC") } else { (">", "") };
    let rows = |on| {
        let tenant = of_tenant("tenant_id");
        format!(
            "FROM {table} WHERE {tenant} AND directory_id = :directory{}",
            in_order(on)
        )
    };
    let order = format!("ORDER BY created_at{direction}, id{direction} LIMIT :limit");
    Paged::Whole {
        batches: Built::new(Opens::Tenant, |on| {
            let rows = rows(on);
            format!("SELECT {columns} {rows} AND (created_at, id) {beyond} (:created, :after) {order}")
        }),
        counts: Built::new(Opens::Tenant, |on| format!("SELECT count(*) {}", rows(on))),
        // The skipped rows are passed in the index alone.
        pages: with_documents::<T, _>(
            |on| format!("SELECT id AS one {} {order} OFFSET :skip", rows(on)),
            |on| T::shown_columns(on, "y"),
        ),
    }
}

/// A page of ids, then their rows one by one.
fn with_documents<T: ListedResource, P: Bind>(
    ids: impl Fn(Backend) -> String,
    columns: fn(Backend) -> String,
) -> Built<P> {
    let table = T::TABLE;
    let which = "y.tenant_id = :tenant AND y.id = p.one";
    Built::new(Opens::Tenant, |on| {
        let (ids, columns) = (ids(on), columns(on));
        on.either(
            format!(
                "SELECT d.* FROM ({ids}) p CROSS JOIN LATERAL (SELECT {columns} FROM {table} y WHERE {which} OFFSET 0) d"
            ),
            format!("SELECT {columns} FROM ({ids}) p CROSS JOIN {table} y ON {which}"),
        )
    })
}

fn these<T: ListedResource>() -> Built<(In, Rows)> {
    let table = T::TABLE;
    let which = "y.tenant_id = :tenant AND y.directory_id = :directory AND y.id =";
    Built::new(Opens::Tenant, |on| {
        let columns = T::shown_columns(on, "y");
        on.either(
            format!(
                "SELECT d.* FROM unnest(:ids) w(id) CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} y WHERE {which} w.id OFFSET 0) d"
            ),
            format!(
                "SELECT {columns} FROM (SELECT unhex(value) AS one FROM json_each(:ids)) w CROSS JOIN {table} y \
                 ON {which} w.one"
            ),
        )
    })
}

/// One access path in one order.
pub(super) struct Scan {
    directory: DirectoryId,
    access: Access,
    order: Order,
    pub(super) statements: Arc<Statements>,
}

impl Scan {
    pub(super) fn new<T: ListedResource>(query: &ListRequest<'_>, access: Access, order: Order) -> Self {
        let path = match (&access, order) {
            (Access::Keyed(column, _), _) => Path::Keyed(column),
            (Access::Beside(_), _) => Path::Beside,
            (_, order) => Path::Whole {
                descending: order == Order::Created(SortOrder::Descending),
            },
        };
        Self {
            directory: query.directory,
            access,
            order,
            statements: Statements::of::<T>(path),
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
        (created, after): ScanPosition,
        limit: usize,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let (within, after, limit) = (tx.within(self.directory), After(after), Limit(limit));
        let rows = match &self.statements.paged {
            Paged::Keyed(batches) | Paged::Beside { batches, .. } => {
                tx.tx.all(batches, (within, self.key()?, after, limit)).await?
            }
            Paged::Whole { batches, .. } => {
                tx.tx
                    .all(batches, (within, Created(created), after, limit))
                    .await?
            }
        };
        self.in_order(rows)
    }

    /// How many rows there are.
    pub(super) async fn count(&self, tx: &mut TenantTx) -> Result<usize, StoreError> {
        let within = tx.within(self.directory);
        let row = match &self.statements.paged {
            Paged::Keyed(_) => return Err(not_counted()),
            Paged::Beside { counts, .. } => tx.tx.one(counts, (within, self.key()?)).await?,
            Paged::Whole { counts, .. } => tx.tx.one(counts, within).await?,
        };
        let total: i64 = row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?;
        Ok(usize::try_from(total).unwrap_or_default())
    }

    /// The rows from number `skip` (from 0) on.
    pub(super) async fn numbered(
        &self,
        tx: &mut TenantTx,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let (within, limit, skip) = (tx.within(self.directory), Limit(limit), Skip(skip));
        let rows = match &self.statements.paged {
            Paged::Keyed(_) => return Err(not_counted()),
            Paged::Beside { pages, .. } => tx.tx.all(pages, (within, self.key()?, limit, skip)).await?,
            Paged::Whole { pages, .. } => tx.tx.all(pages, (within, limit, skip)).await?,
        };
        self.in_order(rows)
    }

    /// These rows, in no order; those that are gone by now are left out.
    pub(super) async fn fetch<T: ListedResource>(
        &self,
        tx: &mut TenantTx,
        ids: &[Uuid],
    ) -> Result<Vec<T>, StoreError> {
        let ids = Rows(Ids::of(ids.iter().copied()));
        let these = (tx.within(self.directory), ids);
        let rows = tx.tx.all(&self.statements.these, these).await?;
        rows.iter().map(T::read).collect()
    }

    fn key(&self) -> Result<Key, StoreError> {
        match &self.access {
            Access::Keyed(_, key) => Ok(Key(key.clone())),
            Access::Beside(id) => Ok(Key((*id).into())),
            Access::Nothing | Access::All => Err(StoreError::Refused("this list has no key".to_owned())),
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

/// The position of a row, without its document.
pub(super) fn place(row: &QueryResult) -> Result<ScanPosition, StoreError> {
    let id = row.try_get("", "id").map_err(StoreError::of)?;
    let created = row.try_get("", "created_at").map_err(StoreError::of)?;
    Ok((created, id))
}

fn not_counted() -> StoreError {
    StoreError::Refused("rows found by a key are not counted".to_owned())
}
