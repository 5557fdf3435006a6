//! `directory`: tenant × profile.

use domain::id::{DirectoryId, TenantId};
use domain::tenant::{Directory, Provider, Switch};
use sea_orm::QueryResult;

use super::names::{Id, New, OfTenant, Profile};
use super::read::Columns;
use crate::error::StoreError;
use crate::parameter::parameters;
use crate::statement::{Opens, Statement};

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

parameters!(for &Directory, |directory| {
    id: directory.id,
    profile: directory.profile.as_str(),
    provider: directory.provider.as_str(),
    switch: word(directory.switch),
    created_at: directory.created_at,
});

pub(crate) static INSERT: Statement<(OfTenant, &Directory)> =
    Statement::opening(Opens::TenantToInsert, |_| {
        "INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
         SELECT :tenant, :id, :profile, :provider, :switch, :created_at"
            .into()
    });

pub(crate) static ALL: Statement<OfTenant> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM directory WHERE tenant_id = :tenant"));

pub(crate) static BY_PROFILE: Statement<(OfTenant, Profile<'_>)> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM directory WHERE tenant_id = :tenant AND profile = :profile")
});

/// What becomes of one column of a directory.
pub(crate) type Change<'a> = (OfTenant, Id, New<'a>);

pub(crate) static SET_SWITCH: Statement<Change<'_>> = Statement::new(|_| set("switch"));
pub(crate) static SET_PROVIDER: Statement<Change<'_>> = Statement::new(|_| set("provider"));
pub(crate) static SET_EXTENSION: Statement<Change<'_>> = Statement::new(|_| set("extension"));

fn set(column: &str) -> String {
    format!("UPDATE directory SET {column} = :new WHERE tenant_id = :tenant AND id = :id")
}
