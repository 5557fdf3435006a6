//! The rows that an access path leaves, batch by batch in one order, from any position on; and the statements that read them.
//!
//! Each statement finds its rows by an index that has them in the order asked for; the documents are looked up for
//! those rows only. On PostgreSQL that must hold for tables that were never analysed, too, and for plans that were
//! cached while it was empty (ADR 0017, ADR 0029); on SQLite without statistics at all. So each statement leaves the
//! planner one index.

use domain::id::DirectoryId;
use scim::query::SortOrder;
use sea_orm::QueryResult;
use uuid::Uuid;

use super::kind::ListedResource;
use super::narrow::{Access, Counted};
use crate::engine::parameter::Ids;
use crate::engine::read::Columns;
use crate::engine::statement::{Statement, of_tenant};
use crate::error::Result;
use crate::settings::Backend;
use crate::tables::keys::SEVERAL;
use crate::tables::names::{After, Created, DirectoryKey, Key, Limit, Rows, Skip};
use crate::tenant_tx::TenantTx;

/// Rows read at a time, as text.
pub(super) const BATCH: usize = 250;

/// What opens the index of the order on PostgreSQL, and is true of every row (migration 0008). SQLite would enter the index by
/// it, and read the rows before a cursor again.
fn in_order(on: Backend) -> &'static str {
    on.either(" AND created_at >= 0", "")
}

/// A position between two rows: creation (milliseconds since 1970) and id of the row before.
pub(super) type ScanPosition = (i64, Uuid);

/// Rows with a key, or beside a key in `membership`, in the order of ids.
pub(crate) type Keyed = Statement<(DirectoryKey, Key, After, Limit)>;

/// The statements that list one table.
pub(crate) struct ListStatements {
    pub(super) by_id: Keyed,
    pub(super) by_name: Keyed,
    pub(super) by_external_id: Keyed,
    /// Of identities ([`ListedResource::IS_IDENTITY`]), as the next one.
    pub(super) by_work_email: Keyed,
    pub(super) by_display_name: Keyed,
    pub(super) by_membership: Keyed,
    pub(super) membership_count: Statement<(DirectoryKey, Key), i64>,
    pub(super) membership_pages: Statement<(DirectoryKey, Key, Limit, Skip)>,
    pub(super) oldest_first: Whole,
    pub(super) newest_first: Whole,
    pub(super) count: Statement<DirectoryKey, i64>,
    /// These rows, in no order.
    pub(super) by_ids: Statement<(DirectoryKey, Rows)>,
}

/// All rows of a directory in an order of creation.
pub(super) struct Whole {
    pub(super) batches: Statement<(DirectoryKey, Created, After, Limit)>,
    /// As `batches`, with what an answer shows ([`ListedResource::shown_columns`]): for rows that are not only looked at.
    pub(super) shown: Statement<(DirectoryKey, Created, After, Limit)>,
    pub(super) pages: Statement<(DirectoryKey, Limit, Skip)>,
}

impl ListStatements {
    pub(super) const fn new<T: ListedResource>() -> Self {
        Self {
            by_id: Statement::select(|on| keyed::<T>(on, "id")),
            by_name: Statement::select(|on| keyed::<T>(on, T::NAME_KEY)),
            by_external_id: Statement::select(|on| keyed::<T>(on, "external_id")),
            by_work_email: Statement::select(|on| keyed::<T>(on, "work_email")),
            by_display_name: Statement::select(|on| keyed::<T>(on, "display_name")),
            by_membership: Statement::select(|on| {
                let (_, [one, _]) = membership::<T>();
                let ids = ids_by_membership::<T>(&format!(" AND x.{one} > :after"), "");
                with_documents::<T>(on, &ids, T::COLUMNS)
            }),
            membership_count: Statement::select(|_| format!("SELECT count(*) {}", membership::<T>().0)),
            membership_pages: Statement::select(|on| {
                let ids = ids_by_membership::<T>("", " OFFSET :skip");
                counted_page::<T>(on, &ids, &membership::<T>().0)
            }),
            oldest_first: Whole {
                batches: Statement::select(|on| whole::<T>(on, T::COLUMNS, ">", "")),
                shown: Statement::select(|on| whole_shown::<T>(on, ">", "")),
                pages: Statement::select(|on| whole_pages::<T>(on, "")),
            },
            newest_first: Whole {
                batches: Statement::select(|on| whole::<T>(on, T::COLUMNS, "<", " DESC")),
                shown: Statement::select(|on| whole_shown::<T>(on, "<", " DESC")),
                pages: Statement::select(|on| whole_pages::<T>(on, " DESC")),
            },
            count: Statement::select(|on| format!("SELECT count(*) {}", all::<T>(on))),
            by_ids: Statement::select(by_ids::<T>),
        }
    }

    fn whole(&self, order: SortOrder) -> &Whole {
        match order {
            SortOrder::Ascending => &self.oldest_first,
            SortOrder::Descending => &self.newest_first,
        }
    }
}

fn keyed<T: ListedResource>(on: Backend, column: &str) -> String {
    let table = T::TABLE;
    let tenant = match column {
        "id" => "tenant_id = :tenant".to_owned(),
        _ => of_tenant("tenant_id"),
    };
    let columns = T::shown_columns(on, table);
    let rows =
        format!("SELECT {columns} FROM {table} WHERE {tenant} AND directory_id = :directory AND {column}");
    let page = "id > :after ORDER BY id LIMIT :limit";
    match (column, on) {
        // Identities with several work e-mails are read for each; each key for itself, so that the index gives its rows in order.
        ("work_email", Backend::Postgres) => format!(
            "SELECT c.* FROM unnest(ARRAY[:key, '{SEVERAL}']) k(key) CROSS JOIN LATERAL ({rows} = k.key AND {page}) c \
             ORDER BY id LIMIT :limit"
        ),
        ("work_email", Backend::Sqlite) => format!("{rows} IN (:key, '{SEVERAL}') AND {page}"),
        _ => format!("{rows} = :key AND {page}"),
    }
}

/// The rows of `membership` that hold the id `:key`, as a `FROM`; and the columns that hold the ids of what is listed, and `:key`.
fn membership<T: ListedResource>() -> (String, [&'static str; 2]) {
    let ([one, other], which) = (T::MEMBERSHIP, T::MEMBERSHIP_IF);
    // By group the memberships are found by their primary key, by member by their other index.
    let tenant = match one {
        "member_id" => "x.tenant_id = :tenant".to_owned(),
        _ => of_tenant("x.tenant_id"),
    };
    let rows = format!(
        "FROM membership x WHERE {tenant} AND x.directory_id = :directory AND x.{other} = :key AND {which}"
    );
    (rows, [one, other])
}

fn ids_by_membership<T: ListedResource>(after: &str, skip: &str) -> String {
    let (rows, [one, _]) = membership::<T>();
    format!("SELECT x.{one} AS one {rows}{after} ORDER BY x.{one} LIMIT :limit{skip}")
}

/// All rows of a directory.
fn all<T: ListedResource>(on: Backend) -> String {
    let (table, tenant, in_order) = (T::TABLE, of_tenant("tenant_id"), in_order(on));
    format!("FROM {table} WHERE {tenant} AND directory_id = :directory{in_order}")
}

fn whole<T: ListedResource>(on: Backend, columns: &str, beyond: &str, direction: &str) -> String {
    let rows = all::<T>(on);
    format!(
        "SELECT {columns} {rows} AND (created_at, id) {beyond} (:created, :after) \
         ORDER BY created_at{direction}, id{direction} LIMIT :limit"
    )
}

fn whole_shown<T: ListedResource>(on: Backend, beyond: &str, direction: &str) -> String {
    let ids = whole::<T>(on, "id AS one", beyond, direction);
    with_documents::<T>(on, &ids, &T::shown_columns(on, "y"))
}

/// The skipped rows are passed in the index alone.
fn whole_pages<T: ListedResource>(on: Backend, direction: &str) -> String {
    let rows = all::<T>(on);
    let ids = format!(
        "SELECT id AS one {rows} ORDER BY created_at{direction}, id{direction} LIMIT :limit OFFSET :skip"
    );
    counted_page::<T>(on, &ids, &rows)
}

/// A page of ids, then their rows one by one, each with the count of the whole list.
fn counted_page<T: ListedResource>(on: Backend, ids: &str, list: &str) -> String {
    let rows = with_documents::<T>(on, ids, &T::shown_columns(on, "y"));
    format!("SELECT r.*, (SELECT count(*) {list}) AS total FROM ({rows}) r")
}

/// A page of ids, then their rows one by one.
fn with_documents<T: ListedResource>(on: Backend, ids: &str, columns: &str) -> String {
    let table = T::TABLE;
    let which = "y.tenant_id = :tenant AND y.id = p.one";
    on.either(
        format!(
            "SELECT d.* FROM ({ids}) p CROSS JOIN LATERAL (SELECT {columns} FROM {table} y WHERE {which} OFFSET 0) d"
        ),
        format!("SELECT {columns} FROM ({ids}) p CROSS JOIN {table} y ON {which}"),
    )
}

fn by_ids<T: ListedResource>(on: Backend) -> String {
    let (table, columns) = (T::TABLE, T::shown_columns(on, "y"));
    let which = "y.tenant_id = :tenant AND y.directory_id = :directory AND y.id =";
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
}

/// One access path in its order.
pub(super) struct Scan {
    directory: DirectoryId,
    access: Access,
    statements: &'static ListStatements,
}

impl Scan {
    pub(super) fn new<T: ListedResource>(directory: DirectoryId, access: Access) -> Self {
        Self {
            directory,
            access,
            statements: T::list_statements(),
        }
    }

    /// Whether it goes through the whole directory.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.access, Access::Counted(Counted::All(_)))
    }

    /// Where the database can count the rows.
    pub(super) fn counted(&self) -> Option<Counted> {
        match self.access {
            Access::Counted(counted) => Some(counted),
            Access::Keyed(..) => None,
        }
    }

    /// Where it begins.
    pub(super) fn start(&self) -> ScanPosition {
        match self.access {
            Access::Counted(Counted::All(SortOrder::Descending)) => (i64::MAX, Uuid::max()),
            _ => (i64::MIN, Uuid::nil()),
        }
    }

    /// The next rows after a position; a search does without what is only shown.
    pub(super) async fn batch(
        &self,
        tx: &mut TenantTx,
        (created, after): ScanPosition,
        limit: usize,
        searches: bool,
    ) -> Result<Vec<QueryResult>> {
        let (within, after, limit) = (tx.within(self.directory), After(after), Limit(limit));
        let rows = match &self.access {
            Access::Keyed(statement, key) => {
                let page = (within, Key(key.clone()), after, limit);
                tx.executor.rows(statement, page).await?
            }
            Access::Counted(Counted::ByMembership(id)) => {
                let page = (within, Key((*id).into()), after, limit);
                tx.executor.rows(&self.statements.by_membership, page).await?
            }
            Access::Counted(Counted::All(order)) => {
                let whole = self.statements.whole(*order);
                let statement = if searches { &whole.batches } else { &whole.shown };
                let page = (within, Created(created), after, limit);
                tx.executor.rows(statement, page).await?
            }
        };
        self.in_order(rows)
    }

    /// How many rows there are.
    pub(super) async fn count(&self, tx: &mut TenantTx, counted: Counted) -> Result<usize> {
        let (within, statements) = (tx.within(self.directory), self.statements);
        let total = match counted {
            Counted::ByMembership(id) => {
                let of = (within, Key(id.into()));
                tx.executor.one(&statements.membership_count, of).await?
            }
            Counted::All(_) => tx.executor.one(&statements.count, within).await?,
        };
        Ok(usize::try_from(total.unwrap_or_default()).unwrap_or_default())
    }

    /// The rows from number `skip` (from 0) on.
    pub(super) async fn numbered(
        &self,
        tx: &mut TenantTx,
        counted: Counted,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<QueryResult>> {
        let (within, limit, skip) = (tx.within(self.directory), Limit(limit), Skip(skip));
        let rows = match counted {
            Counted::ByMembership(id) => {
                let page = (within, Key(id.into()), limit, skip);
                tx.executor.rows(&self.statements.membership_pages, page).await?
            }
            Counted::All(order) => {
                let statement = &self.statements.whole(order).pages;
                tx.executor.rows(statement, (within, limit, skip)).await?
            }
        };
        self.in_order(rows)
    }

    /// These rows, in no order; those that are gone by now are left out.
    pub(super) async fn fetch(&self, tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<QueryResult>> {
        let ids = Rows(Ids::of(ids.iter().copied()));
        let wanted = (tx.within(self.directory), ids);
        tx.executor.rows(&self.statements.by_ids, wanted).await
    }

    /// Puts rows into this order, which the subqueries around a page do not promise to keep.
    fn in_order(&self, rows: Vec<QueryResult>) -> Result<Vec<QueryResult>> {
        let mut placed = rows
            .into_iter()
            .map(|row| Ok((position(&row)?, row)))
            .collect::<Result<Vec<_>>>()?;
        match self.access {
            Access::Counted(Counted::All(order)) => {
                placed.sort_unstable_by(|(a, _), (b, _)| order.apply(a.cmp(b)));
            }
            _ => placed.sort_unstable_by_key(|((_, id), _)| *id),
        }
        Ok(placed.into_iter().map(|(_, row)| row).collect())
    }
}

/// The position of a row, without its document: its first two columns.
pub(super) fn position(row: &QueryResult) -> Result<ScanPosition> {
    let (id, created) = Columns::of(row).next()?;
    Ok((created, id))
}
