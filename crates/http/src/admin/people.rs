//! A person or room whose tenant is not known.

use admin::view::PersonView;
use schemars::JsonSchema;
use serde::Deserialize;
use store::PersonKey;

use super::access::{Access, Deployment};
use super::page::Page;
use super::problem::Problem;
use super::route::Outcome;

/// Exactly one of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindPerson {
    /// The externalId (in Entra the objectId or what the mapping says), exactly.
    pub external_id: Option<String>,
    /// The userName, in any case.
    pub user_name: Option<String>,
    /// The work address, in any case.
    pub mail: Option<String>,
}

impl FindPerson {
    fn key(self) -> Result<PersonKey, Problem> {
        let found = match (self.external_id, self.user_name, self.mail) {
            (Some(text), None, None) => Some(PersonKey::ExternalId(text)),
            (None, Some(text), None) => Some(PersonKey::UserName(text)),
            (None, None, Some(text)) => Some(PersonKey::Mail(text)),
            _ => None,
        };
        found.ok_or_else(|| {
            Problem::value(
                "query",
                "look for a person by one of externalId, userName and mail",
            )
        })
    }
}

pub async fn find(access: Access<Deployment>, query: FindPerson) -> Outcome<Page<PersonView>> {
    let found = admin::people::find(&access.context, &query.key()?).await?;
    let page = Page {
        items: found.iter().map(PersonView::from).collect(),
        next: None,
    };
    Ok(page.into())
}
