//! Operators' records: tenants, directories, tokens, apps; and the credentials that requests present. Used by
//! `crates/admin` and, for the two reads without a tenant ([`credentials`]), by `crates/http`.
//!
//! One file a kind of record; here is what they share: statements on one tenant's records.

pub mod apps;
pub mod credentials;
pub mod directories;
pub mod tokens;

use domain::scope::TenantScope;
use sea_orm::{QueryResult, Value};

use crate::error::StoreError;
use crate::settings::Backend;
use crate::sql::{OPEN_TENANT, Rows, Sql};
use crate::store::Store;
use crate::tx::Tx;

/// One tenant's records, statement by statement.
impl Store {
    pub(super) async fn all_of(
        &self,
        scope: TenantScope,
        select: &str,
        rest: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        self.autocommit()
            .all(&Sql::select(select, Rows::Read), values(scope, rest))
            .await
    }

    pub(super) async fn change_of(
        &self,
        scope: TenantScope,
        sql: &Sql,
        rest: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.change(sql, values(scope, rest)).await
    }

    /// An `UPDATE`, which row-level security must be opened for beforehand.
    pub(super) async fn update_of(
        &self,
        scope: TenantScope,
        text: &'static str,
        rest: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let values = values(scope, rest);
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let values = values.clone();
            Box::pin(async move {
                if tx.backend() == Backend::Postgres {
                    let tenant = values.first().cloned().into_iter().collect();
                    tx.all_of(OPEN_TENANT, tenant).await?;
                }
                tx.change_by(&text.replace(":tenant", "$1"), values).await
            })
        })
        .await
    }
}

/// The tenant, then the rest.
fn values(scope: TenantScope, rest: Vec<Value>) -> Vec<Value> {
    let mut values = vec![Value::from(scope.tenant().uuid())];
    values.extend(rest);
    values
}
