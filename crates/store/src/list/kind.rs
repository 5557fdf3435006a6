//! What can be listed: identities and groups. What differs between them, and nothing else.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::group::Group;
use domain::id::{IdentityId, ResourceId};
use domain::identity::Identity;
use scim::etag::Revision;
use scim::filter::{Filter, Literal};
use scim::message::{Document, Meta};
use scim::path::AttrPath;
use scim::resource::Resource;
use scim::schema::ResourceType;
use sea_orm::QueryResult;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ListRequest;
use super::narrow::{self, Access};
use crate::error::StoreError;
use crate::settings::Backend;
use crate::tables::{group, identity};
use crate::tenant_tx::TenantTx;

/// Identities and groups.
pub(crate) trait ListedResource: Sized + Send + Sync {
    /// The table.
    const TABLE: &'static str;
    /// What [`ListedResource::read`] reads.
    const COLUMNS: &'static str;
    /// The same of the row `row`, for what is answered as it is: with what the answer shows beside the document.
    fn shown_columns(_on: Backend, _row: &str) -> String {
        Self::COLUMNS.to_owned()
    }
    /// The column of `membership` that holds one's id, and the column that holds the other's.
    const MEMBERSHIP: (&'static str, &'static str);
    /// A condition on the rows of `membership`.
    const MEMBERSHIP_IF: &'static str;

    /// Reads a row.
    fn read(row: &QueryResult) -> Result<Self, StoreError>;
    /// Creation in milliseconds since 1970, and the id.
    fn place(&self) -> (i64, Uuid);
    /// What the client wrote.
    fn resource(&self) -> &Resource;
    /// Which rows a filter leaves.
    fn narrow(filter: &Filter) -> Access;
    /// The document a filter is put to: what `GET` would answer, without URLs; with the memberships that were read.
    fn document<'a>(&'a self, rt: &'a ResourceType, memberships: Option<&'a Value>) -> Document<'a>;
    /// How many rows to look at at a time, where looking at one may take much more than its own document.
    fn batch_size(_query: &ListRequest<'_>) -> usize {
        usize::MAX
    }
    /// What a filter wants to know of the memberships of a batch, by id: the lists that are not empty.
    fn memberships(
        tx: &mut TenantTx,
        query: &ListRequest<'_>,
        batch: &[Self],
    ) -> impl Future<Output = Result<Memberships, StoreError>> + Send;
}

/// Lists of groups or of members, by the id of the member or the group.
pub(crate) type Memberships = HashMap<Uuid, Value>;

fn meta(created: DateTime<Utc>, last_modified: DateTime<Utc>, version: Revision) -> Meta {
    Meta {
        created,
        last_modified,
        version,
        location: String::new(),
    }
}

impl ListedResource for Identity {
    const TABLE: &'static str = "identity";
    const COLUMNS: &'static str = identity::COLUMNS;
    const MEMBERSHIP: (&'static str, &'static str) = ("member_id", "group_id");
    const MEMBERSHIP_IF: &'static str = "x.member_kind <> 'Group'";

    fn shown_columns(on: Backend, row: &str) -> String {
        identity::columns_with_groups(on, row)
    }

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        identity::read(row)
    }

    fn resource(&self) -> &Resource {
        &self.resource
    }

    fn place(&self) -> (i64, Uuid) {
        (self.created_at.timestamp_millis(), self.id.uuid())
    }

    fn narrow(filter: &Filter) -> Access {
        narrow::identities(filter)
    }

    fn document<'a>(&'a self, rt: &'a ResourceType, memberships: Option<&'a Value>) -> Document<'a> {
        let meta = meta(self.created_at, self.modified_at, self.revision);
        let document = Document::new(rt, self.id.to_string(), &self.resource, meta);
        match memberships {
            Some(groups) => document.with_computed("groups", groups),
            None => document,
        }
    }

    fn batch_size(query: &ListRequest<'_>) -> usize {
        if asks_for_groups(query) { 20 } else { usize::MAX }
    }

    async fn memberships(
        tx: &mut TenantTx,
        query: &ListRequest<'_>,
        batch: &[Self],
    ) -> Result<Memberships, StoreError> {
        let mut found = Memberships::new();
        if !asks_for_groups(query) {
            return Ok(found);
        }
        let ids: Vec<IdentityId> = batch.iter().map(|one| one.id).collect();
        let mut done = 0;
        while done < ids.len() {
            let (read, groups) = tx.groups_of(query.directory, &ids[done..]).await?;
            for (id, groups) in groups {
                let list = groups
                    .iter()
                    .map(|group| json!({"value": group.id, "display": group.display, "type": "direct"}));
                found.insert(id.uuid(), list.collect());
            }
            done += read;
        }
        Ok(found)
    }
}

impl ListedResource for Group {
    const TABLE: &'static str = "groups";
    const COLUMNS: &'static str = group::COLUMNS;
    const MEMBERSHIP: (&'static str, &'static str) = ("group_id", "member_id");
    const MEMBERSHIP_IF: &'static str = "x.member_kind <> ''";

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        group::read(row)
    }

    fn resource(&self) -> &Resource {
        &self.resource
    }

    fn place(&self) -> (i64, Uuid) {
        (self.created_at.timestamp_millis(), self.id.uuid())
    }

    fn narrow(filter: &Filter) -> Access {
        narrow::groups(filter)
    }

    fn document<'a>(&'a self, rt: &'a ResourceType, memberships: Option<&'a Value>) -> Document<'a> {
        let meta = meta(self.created_at, self.modified_at, self.revision);
        let document = Document::new(rt, self.id.to_string(), &self.resource, meta);
        match memberships {
            Some(groups) => document.with_computed("members", groups),
            None => document,
        }
    }

    /// Of the members only those that the filter names: enough to decide it ([`Filter::compared_members`]).
    async fn memberships(
        tx: &mut TenantTx,
        query: &ListRequest<'_>,
        batch: &[Self],
    ) -> Result<Memberships, StoreError> {
        let asked = query.filter.map(Filter::compared_members);
        let asked: Vec<ResourceId> = asked
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|id| id.parse().ok())
            .collect();
        if asked.is_empty() {
            return Ok(Memberships::new());
        }
        let groups: Vec<ResourceId> = batch.iter().map(|one| one.id.into()).collect();
        let mut inside: HashMap<Uuid, Vec<Value>> = HashMap::new();
        for (group, member) in tx.among_members(query.directory, &groups, &asked).await? {
            let element = json!({"value": member, "type": member.type_name()});
            inside.entry(group).or_default().push(element);
        }
        let lists = inside.into_iter();
        Ok(lists
            .map(|(group, members)| (group, Value::Array(members)))
            .collect())
    }
}

fn asks_for_groups(query: &ListRequest<'_>) -> bool {
    query.filter.is_some_and(|filter| mentions(filter, "groups"))
}

/// Whether a filter asks about a core attribute.
fn mentions(filter: &Filter, name: &str) -> bool {
    let is = |path: &AttrPath| path.schema.is_none() && scim::name::eq(&path.name, name);
    match filter {
        Filter::And(members) | Filter::Or(members) => members.iter().any(|one| mentions(one, name)),
        Filter::Not(inner) => mentions(inner, name),
        Filter::Present(path) | Filter::Compare { path, .. } | Filter::ValuePath { path, .. } => is(path),
    }
}

/// The id in `attribute eq "id"`, `attribute.value eq "id"` or `attribute[value eq "id"]`.
pub(super) fn compared_id<'f>(filter: &'f Filter, name: &str) -> Option<&'f str> {
    use scim::filter::CompareOp::Eq;
    let is_value = |path: &AttrPath| {
        path.sub
            .as_deref()
            .is_some_and(|sub| scim::name::eq(sub, "value"))
    };
    match filter {
        Filter::Compare {
            path,
            op: Eq,
            value: Literal::String(id),
        } if scim::name::eq(&path.name, name) && is_value(path) => Some(id),
        Filter::ValuePath {
            path,
            filter,
            then: None,
        } if scim::name::eq(&path.name, name) => match &**filter {
            Filter::Compare {
                path,
                op: Eq,
                value: Literal::String(id),
            } if scim::name::eq(&path.name, "value") => Some(id),
            _ => None,
        },
        _ => None,
    }
}
