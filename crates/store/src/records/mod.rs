//! Operators' records: tenants, directories, tokens, apps; and the credentials that requests present. Used by
//! `crates/admin` and, for the two reads without a tenant ([`credentials`]), by `crates/http`.
//!
//! One file a kind of record; here is what they share: statements on one tenant's records.

pub mod apps;
pub mod credentials;
pub mod directories;
pub mod tokens;

use domain::scope::TenantScope;

use crate::error::StoreError;
use crate::parameter::Bind;
use crate::settings::Backend;
use crate::statement::Built;
use crate::store::Store;
use crate::table::names::OfTenant;
use crate::table::tenant;
use crate::tx::Tx;

impl Store {
    /// Changes rows of one tenant, which row-level security must be opened for beforehand.
    pub(super) async fn update_of<P: Bind>(
        &self,
        scope: TenantScope,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<u64, StoreError> {
        let bound = statement.bind(self.backend(), parameters)?;
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let bound = bound.clone();
            Box::pin(async move {
                if tx.backend() == Backend::Postgres {
                    tx.all(&tenant::OPEN, of(scope)).await?;
                }
                tx.change_by(&bound).await
            })
        })
        .await
    }
}

/// The tenant of a scope.
pub(super) fn of(scope: TenantScope) -> OfTenant {
    OfTenant(scope.tenant())
}
