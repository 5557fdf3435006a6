//! What can be listed: identities and groups. What differs between their lists.

use std::collections::HashMap;

use domain::group::Group;
use domain::id::{IdentityId, ResourceId};
use domain::identity::Identity;
use scim::filter::Filter;
use scim::message::{Document, Meta};
use scim::path::AttrPath;
use scim::schema::{self, ResourceType};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ListRequest;
use super::scan::{ListStatements, ScanPosition};
use crate::error::Result;
use crate::tables::resource::Table;
use crate::tenant_tx::TenantTx;

/// Identities and groups.
pub(crate) trait ListedResource: Table {
    /// Whether its table has a column for the work e-mail, and one for a `displayName` that is not its name.
    const IS_IDENTITY: bool;
    /// The type of its ids, and the URN of its attributes.
    const TYPE: (&'static str, &'static str);
    /// The attribute whose key is in the column [`Table::NAME_KEY`].
    const NAME: &'static str;
    /// The attribute that shows its memberships, and the types of what is in it.
    const MEMBERSHIPS: (&'static str, &'static [&'static str]);
    /// The column of `membership` that holds one's id, and the column that holds the other's.
    const MEMBERSHIP: [&'static str; 2];
    /// A condition on the rows of `membership`.
    const MEMBERSHIP_IF: &'static str;

    fn list_statements() -> &'static ListStatements;

    /// How many rows to decide at a time, where one may take much more than its own document.
    fn batch_size(_query: &ListRequest<'_>) -> usize {
        usize::MAX
    }

    /// What a filter wants to know of the memberships of a batch, by id: the lists that are not empty.
    fn memberships(
        tx: &mut TenantTx,
        query: &ListRequest<'_>,
        batch: &[Self],
    ) -> impl Future<Output = Result<Memberships>> + Send;

    /// Its position in a scan.
    fn position(&self) -> ScanPosition {
        let row = self.row();
        (row.created_at.timestamp_millis(), row.id.uuid())
    }

    /// The document for a filter: what `GET` would answer, without URLs; with the memberships that were read.
    fn document<'a>(&'a self, rt: &'a ResourceType, memberships: &'a Memberships) -> Document<'a> {
        let row = self.row();
        let meta = Meta {
            created: row.created_at,
            last_modified: row.modified_at,
            version: row.revision,
            location: String::new(),
        };
        let document = Document::new(rt, row.id.to_string(), row.resource, meta);
        match memberships.get(&row.id.uuid()) {
            Some(list) => document.with_computed(Self::MEMBERSHIPS.0, list),
            None => document,
        }
    }
}

/// Lists of groups or of members, by the id of the member or the group.
pub(crate) type Memberships = HashMap<Uuid, Value>;

static IDENTITIES: ListStatements = ListStatements::new::<Identity>();
static GROUPS: ListStatements = ListStatements::new::<Group>();

impl ListedResource for Identity {
    const IS_IDENTITY: bool = true;
    const TYPE: (&'static str, &'static str) = ("User", schema::USER);
    const NAME: &'static str = "userName";
    const MEMBERSHIPS: (&'static str, &'static [&'static str]) = ("groups", &["Group"]);
    const MEMBERSHIP: [&'static str; 2] = ["member_id", "group_id"];
    const MEMBERSHIP_IF: &'static str = "x.member_kind <> 'Group'";

    fn list_statements() -> &'static ListStatements {
        &IDENTITIES
    }

    fn batch_size(query: &ListRequest<'_>) -> usize {
        if asks_for_groups(query) { 20 } else { usize::MAX }
    }

    async fn memberships(tx: &mut TenantTx, query: &ListRequest<'_>, batch: &[Self]) -> Result<Memberships> {
        let mut found = Memberships::new();
        if !asks_for_groups(query) {
            return Ok(found);
        }
        let ids: Vec<IdentityId> = batch.iter().map(|one| one.id).collect();
        let mut left = ids.as_slice();
        while !left.is_empty() {
            let (read, groups) = tx.groups_of(query.directory, left).await?;
            for (id, groups) in groups {
                let list = groups
                    .iter()
                    .map(|group| json!({"value": group.id, "display": group.display, "type": "direct"}));
                found.insert(id.uuid(), list.collect());
            }
            left = left.get(read..).unwrap_or_default();
        }
        Ok(found)
    }
}

impl ListedResource for Group {
    const IS_IDENTITY: bool = false;
    const TYPE: (&'static str, &'static str) = ("Group", schema::GROUP);
    const NAME: &'static str = "displayName";
    const MEMBERSHIPS: (&'static str, &'static [&'static str]) = ("members", &["User", "Group"]);
    const MEMBERSHIP: [&'static str; 2] = ["group_id", "member_id"];
    const MEMBERSHIP_IF: &'static str = "x.member_kind <> ''";

    fn list_statements() -> &'static ListStatements {
        &GROUPS
    }

    /// Of the members only those that the filter names: enough to decide it ([`Filter::compared_members`]).
    async fn memberships(tx: &mut TenantTx, query: &ListRequest<'_>, batch: &[Self]) -> Result<Memberships> {
        let asked = query.filter.map(Filter::compared_members);
        let asked = asked.and_then(Result::ok).unwrap_or_default();
        let asked: Vec<ResourceId> = asked.into_iter().filter_map(|id| id.parse().ok()).collect();
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
