//! The members that a filter on groups names.
//!
//! Members are stored apart from their group, and may be 100,000: a filter may test whether an id is a member, but nothing
//! that needs the whole list. Such a filter can be evaluated with the few members that it names. Must not know: how members
//! are stored.

use super::{CompareOp, Filter, Literal};
use crate::error::Error;
use crate::name;
use crate::path::AttrPath;
use crate::schema::GROUP;

const MEMBERS: &str = "members";

impl Filter {
    /// The ids that `members` is compared with, in a filter on groups.
    ///
    /// # Errors
    /// `invalidFilter` for every comparison but `members eq`, `members.value eq` and `members[…]` whose filter names each
    /// member by `value eq` and looks at nothing else but `type`.
    pub fn compared_members(&self) -> Result<Vec<&str>, Error> {
        let mut ids = Vec::new();
        self.collect(&mut ids)?;
        Ok(ids)
    }

    fn collect<'f>(&'f self, ids: &mut Vec<&'f str>) -> Result<(), Error> {
        match self {
            Self::And(members) | Self::Or(members) => members.iter().try_for_each(|m| m.collect(ids)),
            Self::Not(inner) => inner.collect(ids),
            Self::Present(path) if is_members(path) => Err(refused()),
            Self::Compare { path, op, value } if is_members(path) => match (op, value, &path.sub) {
                (CompareOp::Eq, Literal::String(id), Some(sub)) if name::eq(sub, "value") => {
                    ids.push(id);
                    Ok(())
                }
                _ => Err(refused()),
            },
            Self::ValuePath {
                path,
                filter,
                then: None,
            } if is_members(path) && filter.compares_only(&["value", "type"]) => {
                ids.extend(filter.named_members().ok_or_else(refused)?);
                Ok(())
            }
            Self::ValuePath { path, .. } if is_members(path) => Err(refused()),
            Self::Present(_) | Self::Compare { .. } | Self::ValuePath { .. } => Ok(()),
        }
    }

    /// The ids that a filter inside `members[…]` names, if no other member can satisfy it; otherwise `None`.
    pub(crate) fn named_members(&self) -> Option<Vec<&str>> {
        match self {
            Self::Or(parts) => {
                let parts: Option<Vec<Vec<&str>>> = parts.iter().map(Self::named_members).collect();
                parts.map(|parts| parts.concat())
            }
            Self::And(parts) => parts.iter().find_map(Self::named_members),
            Self::Compare {
                path,
                op: CompareOp::Eq,
                value: Literal::String(id),
            } if name::eq(&path.name, "value") => Some(vec![id]),
            _ => None,
        }
    }

    /// Whether a filter inside `members[…]` compares these parts of a member only.
    pub(crate) fn compares_only(&self, parts: &[&str]) -> bool {
        match self {
            Self::And(members) | Self::Or(members) => {
                members.iter().all(|member| member.compares_only(parts))
            }
            Self::Not(inner) => inner.compares_only(parts),
            Self::Present(path) | Self::Compare { path, .. } => {
                parts.iter().any(|part| name::eq(part, &path.name))
            }
            Self::ValuePath { .. } => false,
        }
    }
}

fn is_members(path: &AttrPath) -> bool {
    let core = path.schema.as_deref().is_none_or(|urn| name::eq(urn, GROUP));
    core && name::eq(&path.name, MEMBERS)
}

fn refused() -> Error {
    Error::invalid_filter(
        0,
        "members can be asked for one id only, as in members.value eq \"idn_…\" or members[value eq \"idn_…\"], and for \
         its type beside it. To look at all members, read the group, or list Users with groups.value eq \"grp_…\".",
    )
}

#[cfg(test)]
mod tests {
    use crate::ScimType;
    use crate::filter::Filter;
    use crate::schema::{ResourceType, group};

    fn groups() -> ResourceType {
        ResourceType {
            name: "Group".to_owned(),
            endpoint: "/Groups".to_owned(),
            description: String::new(),
            core: group(),
            extensions: Vec::new(),
        }
    }

    #[test]
    fn whether_somebody_is_a_member_can_be_asked_in_every_spelling() {
        for (text, ids) in [
            (r#"members eq "a""#, vec!["a"]),
            (r#"members.value eq "a""#, vec!["a"]),
            (r#"MEMBERS[value eq "a"]"#, vec!["a"]),
            (r#"members[value eq "a" or value eq "b"]"#, vec!["a", "b"]),
            (r#"members[value eq "a" and type eq "User"]"#, vec!["a"]),
            (r#"members[type eq "Group" and value eq "a"]"#, vec!["a"]),
            (r#"members[value eq "a" and not (type eq "User")]"#, vec!["a"]),
            (
                r#"id eq "g" and not (members.value eq "a" or members eq "b")"#,
                vec!["a", "b"],
            ),
            (r#"displayName eq "Sales""#, vec![]),
        ] {
            let filter = Filter::parse(text, &groups()).expect(text);
            assert_eq!(filter.compared_members(), Ok(ids), "{text}");
        }
    }

    #[test]
    fn what_would_need_the_list_of_members_is_refused_with_what_works() {
        for text in [
            "members pr",
            "members.value pr",
            r#"members.value ne "a""#,
            r#"members co "a""#,
            "members eq null",
            r#"members.display eq "Amy""#,
            r#"members.type eq "User""#,
            r#"members[type eq "User"]"#,
            r#"members[not (value eq "a")]"#,
            r#"members[value eq "a" and display eq "Amy"]"#,
            r#"members[value eq "a" or type eq "User"]"#,
            r#"members[value eq "a"].display eq "Amy""#,
            r#"displayName eq "x" or members.value sw "a""#,
        ] {
            let error = Filter::parse(text, &groups()).expect_err(text);
            assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}");
            assert!(
                error.detail.contains("members.value eq"),
                "{text}: {}",
                error.detail
            );
        }
    }
}
