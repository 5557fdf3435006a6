//! m0007: computes the match keys of names again, after NFC (ADR 0036).
//!
//! This file has a copy of the rules of that day: a migration that was released is never changed. Only rows
//! with letters beyond ASCII can have another key, so only those are read. Two rows with different keys
//! before and the same key after NFC do not stop the migration: the one that has the key first keeps the
//! name, the other one gets a key of its own (the name's, a control character, its id), is reported in the
//! log, and is found by its id and in lists until one of the two is renamed or deleted.

use std::fmt::Write as _;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement, Value};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization as _;

/// The number of rows read at a time.
const BATCH: usize = 500;

/// The migration step.
#[derive(Debug)]
pub(crate) struct MatchKeys;

impl MigrationName for MatchKeys {
    fn name(&self) -> &'static str {
        "m0007_match_keys"
    }
}

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait wants the very signature that the trait has"
)]
#[async_trait::async_trait]
impl MigrationTrait for MatchKeys {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let postgres = manager.get_database_backend() == DatabaseBackend::Postgres;
        let sql = if postgres {
            include_str!("../sql/0007_match_keys.postgres.sql")
        } else {
            include_str!("../sql/0007_match_keys.sqlite.sql")
        };
        connection.execute_unprepared(sql).await?;
        let work = Work { connection, postgres };
        for tenant in work.tenants().await? {
            work.identities(&tenant).await?;
            work.groups(&tenant).await?;
            work.log(&tenant).await?;
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom(
            "match keys are not taken down by a migration: restore a backup".to_owned(),
        ))
    }
}

/// The database and its kind. Ids are passed as hexadecimal text.
struct Work<'a, C> {
    connection: &'a C,
    postgres: bool,
}

impl<C: ConnectionTrait> Work<'_, C> {
    /// All tenants. Row-level security requires [`Self::open`] before the rows of one are read.
    async fn tenants(&self) -> Result<Vec<String>, DbErr> {
        let rows = self
            .all(&format!("SELECT {} FROM tenant", self.hex("id")), vec![])
            .await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    /// PostgreSQL: gives access to the tenant's rows until the next call, or the end of the transaction.
    async fn open(&self, tenant: &str) -> Result<(), DbErr> {
        if self.postgres {
            let sql = format!("SELECT set_config('usher.tenant', '{tenant}'::uuid::text, true)");
            self.all(&sql, vec![]).await?;
        }
        Ok(())
    }

    async fn identities(&self, tenant: &str) -> Result<(), DbErr> {
        self.open(tenant).await?;
        let mut after = String::new();
        while let Some(rows) = self.batch("identity", "user_name_key", tenant, &after).await? {
            for Row {
                id,
                directory,
                key,
                document,
            } in rows
            {
                let keys = [
                    (
                        "external_id",
                        text(&document, "externalId").map(|text| fit(&nfc(text))),
                    ),
                    ("work_email", work_email(&document)),
                    (
                        "display_name",
                        text(&document, "displayName").map(|text| fit(&fold(text))),
                    ),
                ];
                let name = fit(&fold(text(&document, "userName").unwrap_or_default()));
                let place = Place {
                    table: "identity",
                    column: "user_name_key",
                    tenant,
                    directory: &directory,
                    id: &id,
                };
                let name = self.name(&place, &key, name).await?;
                self.set("identity", &id, tenant, ("user_name_key", Some(name)), &keys)
                    .await?;
                after = id;
            }
        }
        Ok(())
    }

    async fn groups(&self, tenant: &str) -> Result<(), DbErr> {
        let mut after = String::new();
        while let Some(rows) = self.batch("groups", "display_name_key", tenant, &after).await? {
            for Row {
                id,
                directory,
                key,
                document,
            } in rows
            {
                let keys = [(
                    "external_id",
                    text(&document, "externalId").map(|text| fit(&nfc(text))),
                )];
                let name = fit(&fold(text(&document, "displayName").unwrap_or_default()));
                let place = Place {
                    table: "groups",
                    column: "display_name_key",
                    tenant,
                    directory: &directory,
                    id: &id,
                };
                let name = self.name(&place, &key, name).await?;
                self.set("groups", &id, tenant, ("display_name_key", Some(name)), &keys)
                    .await?;
                after = id;
            }
        }
        Ok(())
    }

    /// The keys of the provisioning log's search.
    async fn log(&self, tenant: &str) -> Result<(), DbErr> {
        let mut after: i64 = 0;
        loop {
            let sql = format!(
                "SELECT id, user_name FROM provisioning_log WHERE tenant_id = {} AND id > $1 AND {} ORDER BY id LIMIT {BATCH}",
                self.id(tenant),
                self.beyond_ascii("user_name"),
            );
            let rows = self.all(&sql, vec![after.into()]).await?;
            for row in &rows {
                let name: String = row.try_get_by_index(1)?;
                after = row.try_get_by_index(0)?;
                let sql = format!(
                    "UPDATE provisioning_log SET user_name_key = $1 WHERE tenant_id = {} AND id = $2",
                    self.id(tenant)
                );
                self.execute(&sql, vec![fit(&fold(&name)).into(), after.into()])
                    .await?;
            }
            if rows.len() < BATCH {
                return Ok(());
            }
        }
    }

    /// The next rows with letters beyond ASCII, by id; `None` after the last.
    async fn batch(
        &self,
        table: &str,
        key: &str,
        tenant: &str,
        after: &str,
    ) -> Result<Option<Vec<Row>>, DbErr> {
        let behind = match after {
            "" => String::new(),
            id => format!("AND id > {}", self.id(id)),
        };
        let sql = format!(
            "SELECT {}, {}, {key}, document FROM {table} WHERE tenant_id = {} {behind} AND {} ORDER BY id LIMIT {BATCH}",
            self.hex("id"),
            self.hex("directory_id"),
            self.id(tenant),
            self.beyond_ascii("document"),
        );
        let rows = self.all(&sql, vec![]).await?;
        let rows = rows.iter().map(Row::read).collect::<Result<Vec<_>, _>>()?;
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// The key of a row's name: the computed one, or one of its own if another row has that.
    async fn name(&self, place: &Place<'_>, old: &str, new: String) -> Result<String, DbErr> {
        let Place {
            table,
            column,
            tenant,
            directory,
            id,
        } = place;
        if old == new {
            return Ok(new);
        }
        let sql = format!(
            "SELECT {} FROM {table} WHERE tenant_id = {} AND directory_id = {} AND {column} = $1",
            self.hex("id"),
            self.id(tenant),
            self.id(directory),
        );
        let Some(holder) = self.all(&sql, vec![new.clone().into()]).await?.into_iter().next() else {
            return Ok(new);
        };
        let holder: String = holder.try_get_by_index(0)?;
        tracing::warn!(
            table,
            tenant,
            directory,
            id,
            holder,
            "two names of one directory are the same text in two spellings: the holder keeps it, the other one is found by its \
             id and in lists only; rename or delete one of them"
        );
        Ok(format!("{new}\u{1}{id}"))
    }

    async fn set(
        &self,
        table: &str,
        id: &str,
        tenant: &str,
        name: (&str, Option<String>),
        keys: &[(&str, Option<String>)],
    ) -> Result<(), DbErr> {
        let (mut sets, mut values) = (String::new(), Vec::new());
        for (column, value) in std::iter::once(&name).chain(keys) {
            let comma = if values.is_empty() { "" } else { ", " };
            values.push(Value::from(value.clone()));
            let _ = write!(sets, "{comma}{column} = ${}", values.len());
        }
        let (tenant, id) = (self.id(tenant), self.id(id));
        let sql = format!("UPDATE {table} SET {sets} WHERE tenant_id = {tenant} AND id = {id}");
        self.execute(&sql, values).await
    }

    /// An expression for an id's column as hexadecimal text.
    fn hex(&self, column: &str) -> String {
        if self.postgres {
            format!("replace({column}::text, '-', '')")
        } else {
            format!("lower(hex({column}))")
        }
    }

    /// A literal for an id given as hexadecimal text.
    fn id(&self, hex: &str) -> String {
        if self.postgres {
            format!("'{hex}'::uuid")
        } else {
            format!("x'{hex}'")
        }
    }

    fn beyond_ascii(&self, column: &str) -> String {
        if self.postgres {
            format!("octet_length({column}) <> char_length({column})")
        } else {
            format!("length(CAST({column} AS BLOB)) <> length({column})")
        }
    }

    async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.query_all_raw(self.statement(sql, values)).await
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<(), DbErr> {
        self.connection.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.connection.get_database_backend(), sql, values)
    }
}

struct Row {
    id: String,
    directory: String,
    key: String,
    document: Json,
}

impl Row {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let document: String = row.try_get_by_index(3)?;
        Ok(Self {
            id: row.try_get_by_index(0)?,
            directory: row.try_get_by_index(1)?,
            key: row.try_get_by_index(2)?,
            document: serde_json::from_str(&document).unwrap_or_default(),
        })
    }
}

/// The column and the row of a name.
struct Place<'a> {
    table: &'a str,
    column: &'a str,
    tenant: &'a str,
    directory: &'a str,
    id: &'a str,
}

fn text<'d>(document: &'d Json, name: &str) -> Option<&'d str> {
    document.get(name)?.as_str()
}

fn work_email(document: &Json) -> Option<String> {
    let is_work = |email: &&Json| text(email, "type").is_some_and(|kind| fold(kind) == "work");
    let mut work = document.get("emails")?.as_array()?.iter().filter(is_work);
    let first = work.next()?;
    if work.next().is_some() {
        return Some("*".to_owned());
    }
    text(first, "value").map(|value| fit(&fold(value)))
}

fn nfc(text: &str) -> String {
    text.nfc().collect()
}

fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

fn fit(key: &str) -> String {
    let key = key.replace('\0', "\u{fffd}");
    if key.len() <= 600 {
        return key;
    }
    let beginning: String = key.chars().take(64).collect();
    let hash = Sha256::digest(key.as_bytes());
    hash.iter()
        .fold(format!("{beginning}#"), |text, byte| format!("{text}{byte:02x}"))
}
