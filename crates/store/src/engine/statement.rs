//! Statements: one text a database, with named parameters, and the wrapping that opens row-level security in the same round
//! trip.
//!
//! A [`Statement`] is written once, with `:name` where a value belongs; where the databases differ, its writer asks
//! [`Backend::either`]. It belongs to a set of parameters ([`Bind`], made with `parameters!`), which a call fills by name. Names
//! become `$1`, `$2`, … when the statement is built, in the order of the set. Names in the text that the set does not have, and names
//! of the set that the text does not have, are a fault: `tables/tests.rs` builds every statement and fails for each.
//!
//! On PostgreSQL a statement on tenant data must run under `usher.tenant` (see `migrations/sql/0001_foundation.postgres.sql`).
//! Setting it in a statement of its own costs a round trip a request, so it is set *inside* the statement: the first
//! row source calls `set_config(…, true)`, and the rest is a `LATERAL` subquery that asks whether it was set. The
//! planner cannot pull either up (a volatile function; `OFFSET 0`), so the setting is made before the first row is
//! read. The setting is local: outside a transaction it ends with the statement.
//!
//! **Conditions compare columns with parameters and other columns, and nothing else** (ADR 0029). Under row-level security PostgreSQL
//! takes a condition that calls a function which is not leakproof (a cast from text, `substr`, anything of a JSON
//! value) for a filter behind the policy, never for a condition of an index, and reads the whole table. So the tenant
//! and all ids are parameters of type `uuid` and `uuid[]`; `tests/it/store/plans` checks the plan of every statement.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use sea_orm::Value;

use crate::credential_guard::CredentialGuard;
use crate::engine::parameter::{Bind, Values};
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::tables::token;

/// A statement with the parameters `P` that answers rows `R`; its texts are built at its first use.
pub(crate) struct Statement<P, R = ()> {
    write: fn(Backend) -> String,
    opens: Opens,
    built: OnceLock<Built>,
    types: PhantomData<fn() -> (P, R)>,
}

/// The texts of a statement.
struct Built {
    plain: Texts,
    /// The same with a check of the credential before the work ([`CredentialGuard`]), where the statement sets the tenant itself.
    guarded: Option<Texts>,
}

/// One text for PostgreSQL and one for SQLite; or what is wrong with its names.
type Texts = [Result<Arc<str>, String>; 2];

/// Which rows a statement opens by itself on PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Opens {
    /// None: its rows are open, or have no policy.
    Nothing,
    /// A `SELECT` on the rows of `:tenant`.
    Tenant,
    /// The same, with the rows locked (`FOR UPDATE`). SQLite's writer is alone anyway.
    TenantForUpdate,
    /// An `INSERT … SELECT` of one row of `:tenant`, without `FROM`. PostgreSQL checks a policy on the row that was made, so the
    /// setting is always there in time.
    TenantToInsert,
    /// A `SELECT` across tenants, which the row-level policy of that name allows: the setting `usher.door` names the policy that
    /// holds for this transaction (`migrations/sql/0001_foundation.postgres.sql`).
    All(&'static str),
}

impl<P: Bind, R> Statement<P, R> {
    /// [`Opens::Nothing`].
    pub(crate) const fn new(write: fn(Backend) -> String) -> Self {
        Self::opening(Opens::Nothing, write)
    }

    /// [`Opens::Tenant`].
    pub(crate) const fn select(write: fn(Backend) -> String) -> Self {
        Self::opening(Opens::Tenant, write)
    }

    pub(crate) const fn opening(opens: Opens, write: fn(Backend) -> String) -> Self {
        Self {
            write,
            opens,
            built: OnceLock::new(),
            types: PhantomData,
        }
    }

    fn built(&self) -> &Built {
        self.built.get_or_init(|| {
            let mut names = Vec::new();
            P::names(&mut names);
            let both = [Backend::Postgres, Backend::Sqlite];
            let plain = both.map(|on| numbered(on, &self.opens.wrap(on, (self.write)(on)), &names));
            names.push(CredentialGuard::NAME);
            let [postgres, sqlite] = both.map(self.write);
            let guarded = self.opens.guard(&postgres, &sqlite);
            let guarded = guarded.map(|[postgres, sqlite]| {
                [
                    numbered(Backend::Postgres, &postgres, &names),
                    numbered(Backend::Sqlite, &sqlite, &names),
                ]
            });
            Built { plain, guarded }
        })
    }

    /// With its values, and with the check of the credential if there is a guard.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when its names are not those of its parameters, or for a guard unless [`Statement::is_guardable`];
    /// as [`Bind::bind`].
    pub(crate) fn bind(&self, on: Backend, parameters: P, guard: Option<&CredentialGuard>) -> Result<Bound> {
        let mut values = Values::new(on);
        parameters.bind(&mut values)?;
        let built = self.built();
        let texts = match (guard, &built.guarded) {
            (None, _) => &built.plain,
            (Some(guard), Some(guarded)) => {
                guard.bind(&mut values)?;
                guarded
            }
            (Some(_), None) => {
                return Err(StoreError::Refused(
                    "this statement checks no credential".to_owned(),
                ));
            }
        };
        Ok(Bound {
            text: text(texts, on).map_err(StoreError::Refused)?,
            values: values.list,
        })
    }

    /// Whether there is a form of it that checks the credential.
    pub(crate) fn is_guardable(&self) -> bool {
        self.built().guarded.is_some()
    }
}

fn text([postgres, sqlite]: &Texts, on: Backend) -> Result<Arc<str>, String> {
    on.either(postgres, sqlite).clone()
}

/// A statement with its values, for one database.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) text: Arc<str>,
    /// `$1`, `$2`, …
    pub(crate) values: Vec<Value>,
}

impl Bound {
    /// A `SELECT` on the rows of `:tenant` that is made for one request, with its values by name.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when other values are named than given.
    pub(crate) fn select(on: Backend, text: String, values: Vec<(&'static str, Value)>) -> Result<Self> {
        let (names, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        let text = numbered(on, &Opens::Tenant.wrap(on, text), &names).map_err(StoreError::Refused)?;
        Ok(Self { text, values })
    }
}

impl Backend {
    /// The words of one database or the other: the only place where a statement differs.
    pub(crate) fn either<T>(self, postgres: T, sqlite: T) -> T {
        match self {
            Self::Postgres => postgres,
            Self::Sqlite => sqlite,
        }
    }
}

/// That a row is of `:tenant`, as a condition that no index is entered by. Statements that find rows by another key
/// than the primary one have it instead of `tenant_id = :tenant`, which would open the primary key to them (ADR 0029).
pub(crate) fn of_tenant(column: &str) -> String {
    format!("NOT ({column} IS DISTINCT FROM :tenant)")
}

/// A `WITH` that opens one tenant's rows for what reads from it.
pub(crate) const SET_TENANT: &str =
    "s AS MATERIALIZED (SELECT set_config('usher.tenant', :tenant::text, true) AS tenant)";

impl Opens {
    fn wrap(self, on: Backend, text: String) -> String {
        const TENANT: &str = "set_config('usher.tenant', :tenant::text, true)";
        match (on, self) {
            (Backend::Sqlite, _) | (_, Self::Nothing) => text,
            (_, Self::Tenant) => opened(TENANT, &text, ""),
            (_, Self::TenantForUpdate) => opened(TENANT, &text, " FOR UPDATE"),
            (_, Self::TenantToInsert) => format!("WITH {SET_TENANT} {text} FROM s"),
            (_, Self::All(policy)) => {
                opened(&format!("set_config('usher.door', '{policy}', true)"), &text, "")
            }
        }
    }

    /// The text for both databases with the check of the credential; `None` where the tenant is set by another statement.
    ///
    /// PostgreSQL: a `SELECT` answers with the check beside each row, and beside none when nothing was found; a change finds
    /// no tenant, and so does nothing. SQLite: the check is a row of its own, before the others.
    fn guard(self, postgres: &str, sqlite: &str) -> Option<[String; 2]> {
        let unchanged = token::UNCHANGED;
        let lock = match self {
            Self::TenantForUpdate => " FOR UPDATE",
            _ => "",
        };
        let postgres = match self {
            Self::Tenant | Self::TenantForUpdate => format!(
                "SELECT i.*, c.unchanged FROM (SELECT set_config('usher.tenant', :tenant::text, true) AS made) s \
                 CROSS JOIN LATERAL (SELECT EXISTS ({unchanged} AND s.made IS NOT NULL) AS unchanged OFFSET 0) c \
                 LEFT JOIN LATERAL (SELECT *, true AS found FROM ({postgres}) j WHERE c.unchanged OFFSET 0{lock}) i ON true"
            ),
            Self::Nothing if postgres.contains(SET_TENANT) => postgres.replacen(
                SET_TENANT,
                &format!(
                    "s AS MATERIALIZED (SELECT o.tenant \
                     FROM (SELECT set_config('usher.tenant', :tenant::text, true) AS tenant) o \
                     WHERE EXISTS ({unchanged} AND o.tenant IS NOT NULL))"
                ),
                1,
            ),
            Self::Nothing | Self::TenantToInsert | Self::All(_) => return None,
        };
        Some([
            postgres,
            format!("SELECT EXISTS ({unchanged}) AS unchanged; {sqlite}"),
        ])
    }
}

/// A `SELECT` that runs once a setting is made.
fn opened(setting: &str, select: &str, lock: &str) -> String {
    format!(
        "SELECT i.* FROM (SELECT {setting} AS made) s \
         CROSS JOIN LATERAL (SELECT * FROM ({select}) j WHERE s.made IS NOT NULL OFFSET 0{lock}) i"
    )
}

/// A text with `$1`, `$2`, … instead of names. `::` is a cast.
///
/// SQLite looks into a bare parameter of `LIMIT` and `OFFSET` for its plan, and so prepares the statement anew with each value it
/// is given (`sqlite3ExprIsInteger`). A sign before the parameter keeps the plan.
///
/// # Errors
/// The first name that is bound twice, or bound and not named, or named and not bound.
fn numbered(on: Backend, text: &str, names: &[&str]) -> Result<Arc<str>, String> {
    let mut numbered = String::with_capacity(text.len());
    let mut unused = names.to_vec();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        numbered.push_str(before);
        if let Some(after) = after.strip_prefix(':') {
            numbered.push_str("::");
            rest = after;
            continue;
        }
        let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (name, after) = after.split_at(end.unwrap_or(after.len()));
        let mut same = names.iter().zip(1..).filter(|(known, _)| **known == name);
        let (_, number) = same
            .next()
            .ok_or_else(|| format!(":{name} is named and not bound: {text}"))?;
        if same.next().is_some() {
            return Err(format!(":{name} is bound twice: {text}"));
        }
        unused.retain(|unused| *unused != name);
        let is_limit = numbered.ends_with("LIMIT ") || numbered.ends_with("OFFSET ");
        let sign = if is_limit { on.either("", "+") } else { "" };
        write!(numbered, "{sign}${number}").map_err(|error| error.to_string())?;
        rest = after;
    }
    numbered.push_str(rest);
    match unused.first() {
        Some(name) => Err(format!(":{name} is bound and not named: {text}")),
        None => Ok(numbered.into()),
    }
}

#[cfg(test)]
mod tests;
