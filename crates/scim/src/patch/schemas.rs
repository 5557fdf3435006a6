//! Operations on `schemas`, which follows from the attributes of a resource (RFC 7643 §3): an operation may only name what is
//! true after the request.
//!
//! Must not know: how attributes are changed. Used only for providers that want unknown paths refused
//! ([`crate::quirk::rules::UnknownPath`]); for the others these operations are ignored.

use serde_json::Value;

use super::steps::OperationLabel;
use crate::error::Error;
use crate::message::schemas_of;
use crate::name;
use crate::patch::PatchOp;
use crate::quirk::onelogin::modern_urn;
use crate::resource::Resource;
use crate::schema::ResourceType;

/// One operation on `schemas`.
#[derive(Debug)]
pub(super) struct SchemasOperation {
    label: OperationLabel,
    op: PatchOp,
    /// `None` for a `remove` of all of them.
    urns: Option<Vec<String>>,
}

impl SchemasOperation {
    pub(super) fn read(label: &OperationLabel, op: PatchOp, value: Option<Value>) -> Result<Self, Error> {
        let items = match value {
            None | Some(Value::Null) => None,
            Some(Value::Array(items)) => Some(items),
            Some(one) => Some(vec![one]),
        };
        let urns = items.map(|items| {
            let urns = items.iter().map(|item| item.as_str().map(modern));
            urns.collect::<Option<Vec<String>>>().ok_or_else(|| {
                let detail = "schemas must be a list of URNs. Read /Schemas for those there are.";
                Error::invalid_value("schemas", detail)
            })
        });
        Ok(Self {
            label: label.clone(),
            op,
            urns: urns.transpose()?,
        })
    }

    /// Checks it against the resource after the whole request.
    pub(super) fn check(&self, rt: &ResourceType, after: &Resource) -> Result<(), Error> {
        let present: Vec<&str> = schemas_of(rt, after).collect();
        let named = self.urns.as_deref().unwrap_or_default();
        let names = |urn: &str| named.iter().any(|named| name::eq(named, urn));
        let known = rt.urns();
        let checked = match self.op {
            PatchOp::Remove if self.urns.is_none() || present.iter().any(|urn| names(urn)) => Err(follows()),
            PatchOp::Replace if !present.iter().all(|urn| names(urn)) => Err(follows()),
            PatchOp::Add | PatchOp::Replace => {
                let strange = named
                    .iter()
                    .find(|named| !known.iter().any(|urn| name::eq(urn, named)));
                strange.map_or(Ok(()), |urn| Err(unknown(urn)))
            }
            PatchOp::Remove => Ok(()),
        };
        checked.map_err(|error| self.label.blame(error))
    }
}

fn modern(urn: &str) -> String {
    modern_urn(urn).unwrap_or(urn).to_owned()
}

fn follows() -> Error {
    Error::mutability(
        "schemas",
        "schemas follows from the attributes that the resource has. To take an extension away, send a remove whose path is the \
         extension's URN.",
    )
}

fn unknown(urn: &str) -> Error {
    let urn: String = urn.chars().take(160).collect();
    let detail = format!("this directory has no schema {urn}. Read /Schemas for those there are.");
    Error::invalid_value("schemas", detail)
}
