//! Directories and their settings.

use admin::directories::Named;
use admin::directories::change::Change;
use admin::view::{DirectoryView, one_of};
use domain::tenant::{Provider, Switch, Tenant};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::access::Access;
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::route::{Answered, Outcome};
use super::tenants::Freeze;

/// A directory to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateDirectory {
    /// The profile of its identities, such as advisors or rooms.
    pub profile: String,
    /// The identity provider that calls it; entra without one.
    #[serde(default)]
    #[schemars(schema_with = "providers")]
    pub provider: Provider,
}

/// Settings of a directory; what is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeDirectory {
    /// The identity provider that calls it.
    #[schemars(schema_with = "providers")]
    #[serde(default)]
    pub provider: Option<Provider>,
    /// `off` refuses SCIM requests and keeps everything.
    #[schemars(schema_with = "switches")]
    #[serde(default)]
    pub switch: Option<Switch>,
    /// Attributes of its own on top of the profile's, as TOML; null takes them away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    #[expect(
        clippy::option_option,
        reason = "left out, null and a value are three answers"
    )]
    pub extension: Option<Option<String>>,
}

fn providers(_: &mut SchemaGenerator) -> Schema {
    one_of(Provider::ALL)
}

fn switches(_: &mut SchemaGenerator) -> Schema {
    one_of(Switch::ALL)
}

/// Tells null from a member that is left out.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three answers"
)]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn tagged(named: &Named) -> Answered<DirectoryView> {
    Answered {
        body: DirectoryView::from(named),
        etag: Some(named.version()),
    }
}

pub async fn list(access: Access<Tenant>, query: PageQuery) -> Outcome<Page<DirectoryView>> {
    let tenant = access.on.name.as_str();
    let all = admin::directories::list::execute(&access.context, Some(tenant)).await?;
    let key = |named: &Named| named.directory.profile.to_string();
    Ok(page::of(&query, &all, key, |named| DirectoryView::from(named))?.into())
}

pub async fn create(access: Access<Tenant>, new: CreateDirectory) -> Outcome<DirectoryView> {
    let tenant = access.on.name.as_str();
    let made =
        admin::directories::create::execute(&access.context, tenant, &new.profile, new.provider).await?;
    Ok(tagged(&made))
}

pub async fn get(access: Access<Named>, _: Nothing) -> Outcome<DirectoryView> {
    Ok(tagged(&access.on))
}

pub async fn change(access: Access<Named>, change: ChangeDirectory) -> Outcome<DirectoryView> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let change = Change {
        provider: change.provider,
        switch: change.switch,
        extension: change.extension,
    };
    let if_match = access.precondition.if_match.as_ref();
    let changed =
        admin::directories::change::execute(&access.context, tenant, profile, &change, if_match).await?;
    Ok(tagged(&changed))
}

pub async fn freeze(access: Access<Named>, input: Freeze) -> Outcome<DirectoryView> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let frozen =
        admin::directories::freeze::freeze(&access.context, tenant, profile, input.reason()?).await?;
    Ok(DirectoryView::from(&frozen).into())
}

pub async fn unfreeze(access: Access<Named>, _: Nothing) -> Outcome<DirectoryView> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let served = admin::directories::freeze::unfreeze(&access.context, tenant, profile).await?;
    Ok(DirectoryView::from(&served).into())
}
