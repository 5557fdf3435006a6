//! `directory`: tenant × profile.

use domain::id::{DirectoryId, TenantId};
use domain::tenant::{Directory, Provider, Switch};
use sea_orm::QueryResult;

use super::read::Columns;
use crate::error::StoreError;

pub(crate) const COLUMNS: &str = "id, tenant_id, profile, provider, switch, created_at, extension";

/// Reads [`COLUMNS`] off a row, or off the part of a row that they are.
pub(crate) fn read_from(columns: &mut Columns<'_>) -> Result<Directory, StoreError> {
    Ok(Directory {
        id: DirectoryId::from_uuid(columns.next()?),
        tenant: TenantId::from_uuid(columns.next()?),
        profile: columns.next()?,
        provider: columns.parsed("a directory's provider", Provider::of_word)?,
        switch: columns.parsed("a directory's switch", switch)?,
        created_at: columns.time()?,
        extension: columns.next::<Option<String>>()?.map(Into::into),
    })
}

pub(crate) fn read(row: &QueryResult) -> Result<Directory, StoreError> {
    read_from(&mut Columns::of(row))
}

pub(crate) const fn word(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "off",
    }
}

fn switch(word: &str) -> Option<Switch> {
    match word {
        "on" => Some(Switch::On),
        "off" => Some(Switch::Off),
        _ => None,
    }
}
