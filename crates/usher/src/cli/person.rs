//! `usher person find`: whose is this person.

use admin::people::{self, Person};
use admin::view::PersonView;
use clap::Subcommand;
use serde_json::json;
use store::PersonKey;

use super::show::{Printer, Table, moment};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find a person or room in every tenant by one exact key; what is found is masked, and the audit log keeps that you looked.
    Find(Key),
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Key {
    /// The externalId (in Entra the objectId or what the mapping says), exactly.
    #[arg(long, value_name = "EXTERNAL_ID")]
    external_id: Option<String>,
    /// The userName, in any case.
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// The work address, in any case.
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    let Verb::Find(key) = verb;
    let by_name = || key.user.map(PersonKey::UserName);
    let by_mail = || key.mail.map(PersonKey::Mail);
    let key = key
        .external_id
        .map(PersonKey::ExternalId)
        .or_else(by_name)
        .or_else(by_mail);
    let Some(key) = key else {
        anyhow::bail!("look for a person by one of --external-id, --user and --mail");
    };
    let found = people::find(context, &key).await?;
    let json = found
        .iter()
        .map(|person| json!(PersonView::from(person)))
        .collect();
    printer.list(json, "no tenant has such a person or room", || {
        let row = |person: &Person| {
            let found = &person.found;
            [
                person.tenant.clone(),
                found.profile.to_string(),
                found.id.to_string(),
                found.user_name.clone(),
                found.external_id.clone().unwrap_or_default(),
                found.mail.clone().unwrap_or_default(),
                moment(found.modified_at),
            ]
        };
        let head = [
            "tenant",
            "profile",
            "id",
            "userName",
            "externalId",
            "mail",
            "changed",
        ];
        Table::of(head, found.iter().map(row))
    });
    Ok(())
}
