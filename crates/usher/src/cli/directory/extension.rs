//! `usher directory extension set | show | remove`.

use std::path::PathBuf;

use admin::directories::extension::{self, Extension};
use anyhow::Context as _;
use clap::Subcommand;
use scim::schema::{AttrType, Attribute};
use serde_json::{Value, json};

use super::super::show::{Printer, Table};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give a directory attributes of its own, from a TOML file (docs/reference/profiles.md); effective at the next request.
    Set {
        #[command(flatten)]
        directory: DirectoryArgs,
        /// The file: urn, and `[[attribute]]` lines with name and type.
        #[arg(long)]
        file: PathBuf,
    },
    /// Show a directory's own attributes.
    Show {
        #[command(flatten)]
        directory: DirectoryArgs,
        /// As lines to paste into Entra's attribute list ("Edit attribute list for customappsso").
        #[arg(long)]
        copy: bool,
    },
    /// Take a directory's own attributes away; values kept so far stay until a person is next written whole.
    Remove {
        #[command(flatten)]
        directory: DirectoryArgs,
    },
}

#[derive(Debug, clap::Args)]
pub struct DirectoryArgs {
    /// The tenant's name.
    #[arg(long)]
    pub(super) tenant: String,
    /// The profile.
    #[arg(long)]
    pub(super) profile: String,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Set { directory, file } => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("{} cannot be read; is it there, and text?", file.display()))?;
            let set = extension::set(context, &directory.tenant, &directory.profile, &text).await?;
            show(printer, &set);
            printer.note(&format!(
                "next: usher directory extension show --tenant {} --profile {} --copy",
                directory.tenant, directory.profile
            ));
        }
        Verb::Show { directory, copy } => {
            let shown = extension::show(context, &directory.tenant, &directory.profile).await?;
            if copy {
                printer.answer(&shape(&shown), || block(&shown));
            } else {
                show(printer, &shown);
            }
        }
        Verb::Remove { directory } => {
            let removed = extension::remove(context, &directory.tenant, &directory.profile).await?;
            show(printer, &removed);
        }
    }
    Ok(())
}

fn show(printer: Printer, extension: &Extension) {
    printer.answer(&shape(extension), || match &extension.schema {
        None => "this directory has no attributes of its own".to_owned(),
        Some(schema) => {
            let head = ["attribute", "type", "values", "required", "case", "mutability"];
            let row = |attribute: &Attribute| {
                [
                    attribute.name.clone(),
                    attribute.attr_type.as_str().to_owned(),
                    if attribute.multi_valued { "many" } else { "one" }.to_owned(),
                    yes(attribute.required).to_owned(),
                    if attribute.case_exact { "exact" } else { "any" }.to_owned(),
                    attribute.mutability.as_str().to_owned(),
                ]
            };
            let table = Table::of(head, schema.attributes.iter().map(row));
            format!("{}\n{}", schema.id, table.text())
        }
    });
}

/// The fields of Entra's attribute list.
fn block(extension: &Extension) -> String {
    let Some(schema) = &extension.schema else {
        return "this directory has no attributes of its own".to_owned();
    };
    let row = |attribute: &Attribute| {
        [
            format!("{}:{}", schema.id, attribute.name),
            entra_type(attribute).to_owned(),
            yes(attribute.required).to_owned(),
            yes(attribute.multi_valued).to_owned(),
            yes(attribute.case_exact).to_owned(),
        ]
    };
    let head = ["name", "type", "required?", "multi-value?", "exact case?"];
    let mut text = Table::of(head, schema.attributes.iter().map(row)).text();
    if schema
        .attributes
        .iter()
        .any(|a| a.multi_valued || a.attr_type == AttrType::Reference)
    {
        text.push_str(
            "\nEntra maps custom attributes with several values or references only for gallery applications: fill those from \
             another client.",
        );
    }
    text
}

/// The types of Entra's attribute list. It has no decimal: such a value is sent as text, which the gateway reads as a number.
const fn entra_type(attribute: &Attribute) -> &'static str {
    match attribute.attr_type {
        AttrType::Boolean => "Boolean",
        AttrType::Integer => "Integer",
        AttrType::DateTime => "DateTime",
        AttrType::Binary => "Binary",
        AttrType::Reference => "Reference",
        AttrType::String | AttrType::Decimal | AttrType::Complex => "String",
    }
}

const fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

fn shape(extension: &Extension) -> Value {
    let attributes = extension.schema.as_ref().map(|schema| {
        let line = |attribute: &Attribute| {
            json!({
                "name": attribute.name,
                "path": format!("{}:{}", schema.id, attribute.name),
                "type": attribute.attr_type.as_str(),
                "entraType": entra_type(attribute),
                "multiValued": attribute.multi_valued,
                "required": attribute.required,
                "caseExact": attribute.case_exact,
                "mutability": attribute.mutability.as_str(),
                "canonicalValues": attribute.canonical_values,
            })
        };
        schema.attributes.iter().map(line).collect::<Vec<_>>()
    });
    json!({
        "tenant": extension.named.tenant,
        "profile": extension.named.directory.profile,
        "urn": extension.schema.as_ref().map(|schema| &schema.id),
        "attributes": attributes.unwrap_or_default(),
        "text": extension.named.directory.extension.as_deref(),
    })
}
