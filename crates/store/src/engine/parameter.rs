//! The parameters of statements: sets of names and values, and the forms that values have on each database.

use chrono::{DateTime, Utc};
use domain::credential::{CredentialState, TokenId};
use domain::id::{
    AppId, DirectoryId, EventId, GroupId, IdentityId, RenewalId, RequestId, ResourceId, TenantId,
};
use domain::position::Position;
use scim::etag::Revision;
use scim::resource::Resource;
use sea_orm::Value;
use sea_orm::sea_query::ArrayType;
use serde::Serialize;
use uuid::Uuid;

use crate::engine::read::columns;
use crate::error::{Result, StoreError};
use crate::settings::Backend;

/// A set of parameters of a statement.
pub(crate) trait Bind {
    /// Adds their names.
    fn names(names: &mut Vec<&'static str>);

    /// Adds their values, in the order of the names.
    ///
    /// # Errors
    /// As [`Parameter::value`].
    fn bind(self, values: &mut Values) -> Result<()>;
}

/// The values of a statement for one database.
pub(crate) struct Values {
    on: Backend,
    /// `$1`, `$2`, …
    pub(crate) list: Vec<Value>,
}

impl Values {
    pub(crate) fn new(on: Backend) -> Self {
        Self { on, list: Vec::new() }
    }

    pub(crate) fn push(&mut self, parameter: impl Parameter) -> Result<()> {
        self.list.push(parameter.value(self.on)?);
        Ok(())
    }
}

/// Implements [`Bind`] for a type: names, and the value of each.
macro_rules! parameters {
    ($type:ty, |$it:ident| { $($name:ident: $value:expr),* $(,)? }) => {
        $crate::engine::parameter::parameters!(@bind [] $type, |$it| { $($name: $value),* });
    };
    (@bind [$($life:lifetime)?] $type:ty, |$it:ident| { $($name:ident: $value:expr),* }) => {
        impl $(<$life>)? $crate::engine::parameter::Bind for $type {
            fn names(names: &mut Vec<&'static str>) {
                names.extend([$(stringify!($name)),*]);
            }

            fn bind(self, values: &mut $crate::engine::parameter::Values) -> Result<(), $crate::error::StoreError> {
                let $it = self;
                $(values.push($value)?;)*
                Ok(())
            }
        }
    };
}
pub(crate) use parameters;

/// Sets of one parameter: its type, and its name in statements.
macro_rules! names {
    ($($(#[$doc:meta])* $set:ident $(<$life:lifetime>)? ($type:ty) = $name:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $set $(<$life>)? (pub(crate) $type);

        $crate::engine::parameter::parameters!(@bind [$($life)?] $set $(<$life>)?, |it| { $name: it.0 });
    )*};
}
pub(crate) use names;

/// A statement without parameters.
impl Bind for () {
    fn names(_names: &mut Vec<&'static str>) {}

    fn bind(self, _values: &mut Values) -> Result<()> {
        Ok(())
    }
}

/// A tuple of sets is a set.
macro_rules! sets {
    ($(($($set:ident),*))*) => {$(
        impl<$($set: Bind),*> Bind for ($($set),*) {
            fn names(names: &mut Vec<&'static str>) {
                $($set::names(names);)*
            }

            #[expect(non_snake_case, reason = "a type and its value have one name")]
            fn bind(self, values: &mut Values) -> Result<()> {
                let ($($set),*) = self;
                $($set.bind(values)?;)*
                Ok(())
            }
        }
    )*};
}

sets! {
    (A, B)
    (A, B, C)
    (A, B, C, D)
}

/// What can be a parameter.
pub(crate) trait Parameter {
    /// As a database takes it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a document that is no JSON.
    fn value(self, on: Backend) -> Result<Value>;
}

/// Types, and `Option`s of them, that have the same form on both databases.
macro_rules! plain {
    ($($type:ty: |$it:ident| $value:expr;)*) => {$(
        impl Parameter for $type {
            fn value(self, _on: Backend) -> Result<Value> {
                let $it = self;
                Ok(Value::from($value))
            }
        }

        impl Parameter for Option<$type> {
            fn value(self, _on: Backend) -> Result<Value> {
                Ok(Value::from(self.map(|$it| $value)))
            }
        }
    )*};
}

plain! {
    ResourceId: |id| id.uuid();
    Position: |position| position.number();
    Revision: |revision| revision.number();
    TokenId: |id| id.as_str().to_owned();
    Uuid: |id| id;
    i64: |number| number;
    i32: |number| number;
    bool: |flag| flag;
    usize: |count| i64::try_from(count).unwrap_or(i64::MAX);
    &str: |text| text.to_owned();
    String: |text| text;
    // Milliseconds since 1970.
    DateTime<Utc>: |time| time.timestamp_millis();
}

/// Ids and other UUIDs, which are columns too.
macro_rules! ids {
    ($($type:ty)*) => {
        plain! { $($type: |id| id.uuid();)* }
        columns! { $($type = Uuid => |id| Ok(Self::from_uuid(id));)* }
    };
}

ids! { TenantId DirectoryId IdentityId GroupId AppId EventId RequestId RenewalId CredentialState }

/// A value in the driver's form.
impl Parameter for Value {
    fn value(self, _on: Backend) -> Result<Value> {
        Ok(self)
    }
}

/// A value that is kept as JSON text.
pub(crate) struct Json<'a, T>(pub(crate) &'a T);

impl<T: Serialize> Parameter for Json<'_, T> {
    fn value(self, _on: Backend) -> Result<Value> {
        let text = serde_json::to_string(self.0);
        text.map(Value::from)
            .map_err(|_| StoreError::Corrupt("a document cannot be written as JSON".into()))
    }
}

/// A resource's document.
impl Parameter for &Resource {
    fn value(self, on: Backend) -> Result<Value> {
        Json(self.as_map()).value(on)
    }
}

/// Several ids in ascending order: `uuid[]` for `unnest` on PostgreSQL, a JSON list of their digits for `json_each` on SQLite.
pub(crate) struct Ids(Vec<Uuid>);

impl Ids {
    pub(crate) fn of(ids: impl IntoIterator<Item = Uuid>) -> Self {
        let mut ids: Vec<Uuid> = ids.into_iter().collect();
        ids.sort_unstable();
        Self(ids)
    }
}

impl Parameter for Ids {
    fn value(self, on: Backend) -> Result<Value> {
        let ids = self.0.into_iter();
        Ok(match on {
            Backend::Postgres => array(ArrayType::Uuid, ids),
            Backend::Sqlite => {
                let digits: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
                Value::from(serde_json::json!(digits).to_string())
            }
        })
    }
}

/// Several numbers: `bigint[]` on PostgreSQL, a JSON list on SQLite.
impl Parameter for Vec<i64> {
    fn value(self, on: Backend) -> Result<Value> {
        Ok(match on {
            Backend::Postgres => array(ArrayType::BigInt, self.into_iter()),
            Backend::Sqlite => Value::from(serde_json::json!(self).to_string()),
        })
    }
}

fn array<T: Into<Value>>(of: ArrayType, values: impl Iterator<Item = T>) -> Value {
    Value::Array(of, Some(Box::new(values.map(T::into).collect())))
}
