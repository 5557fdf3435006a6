//! A value that another resource of the directory has: who has it, and what to do, which differs for a creation, for the return
//! of somebody who was switched off, and for a rename.
//!
//! Must not know: how the holder was found.

use domain::group::Group;
use domain::identity::Identity;
use domain::portal::PortalPage;
use domain::profile::{Profile, ResourceKind};

use crate::error::Error;
use crate::unit_of_work::UnitOfWork;

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    UserName,
    ExternalId,
    GroupName,
}

impl Key {
    const fn attribute(self) -> &'static str {
        match self {
            Self::UserName => "userName",
            Self::ExternalId => "externalId",
            Self::GroupName => "displayName",
        }
    }

    const fn page(self) -> PortalPage {
        match self {
            Self::UserName | Self::ExternalId => PortalPage::Users,
            Self::GroupName => PortalPage::Groups,
        }
    }

    fn thing(self, profile: &Profile) -> &'static str {
        match (self, profile.thing) {
            (Self::GroupName, _) => "group",
            (_, ResourceKind::Person) => "person",
            (_, ResourceKind::Room) => "room",
        }
    }
}

/// Who has it.
pub(crate) enum Holder<'a> {
    Identity(&'a Identity),
    Group(&'a Group),
    /// Somebody who was there a moment ago.
    Gone,
}

impl Holder<'_> {
    fn is_off(&self) -> bool {
        matches!(self, Self::Identity(identity) if !identity.resource.active())
    }

    /// `idn_…, which is active`
    fn words(&self) -> String {
        match self {
            Self::Identity(identity) if self.is_off() => {
                format!("{}, which is deactivated (active is false)", identity.id)
            }
            Self::Identity(identity) => format!("{}, which is active", identity.id),
            Self::Group(group) => group.id.to_string(),
            Self::Gone => "one that has been deleted meanwhile".to_owned(),
        }
    }
}

impl UnitOfWork {
    /// The refusal of a creation.
    pub(crate) fn taken_at_creation(&self, key: Key, holder: &Holder<'_>) -> Error {
        let (attribute, product) = (key.attribute(), self.provider().product());
        let (page, thing) = (self.provider().at(key.page()), key.thing(&self.profile));
        let next = match holder {
            Holder::Gone => "Send the request again.".to_owned(),
            _ if holder.is_off() => format!(
                "If both are the same {thing}, it is not created anew but switched on: let {product} match on {attribute}, so that it \
                 finds the one that exists and sets active to true. {page} make {attribute} the matching attribute. If they are \
                 two, change {attribute} of one of them."
            ),
            _ => format!(
                "If both are the same {thing}, let {product} match on {attribute}, so that it adopts the existing one. {page} make \
                 {attribute} the matching attribute. If they are two, change {attribute} of one of them."
            ),
        };
        Error::Taken(format!("{} {next}", self.is_taken(key, holder)))
    }

    /// The refusal of a change to a value that is taken.
    pub(crate) fn taken_at_change(&self, key: Key, holder: &Holder<'_>) -> Error {
        let attribute = key.attribute();
        let next = match holder {
            Holder::Gone => "Send the request again.".to_owned(),
            _ => format!(
                "Nothing was changed. Give that one another {attribute} first, or delete it; two that swap theirs go through a \
                 third one. If it was made by mistake for the same {}, merge the two at the source.",
                key.thing(&self.profile)
            ),
        };
        Error::Taken(format!("{} {next}", self.is_taken(key, holder)))
    }

    fn is_taken(&self, key: Key, holder: &Holder<'_>) -> String {
        let why = match key {
            Key::ExternalId => ", and externalId is the key of this directory",
            Key::UserName | Key::GroupName => "",
        };
        format!(
            "{} is already taken by another {} of the {} directory: {}{why}.",
            key.attribute(),
            key.thing(&self.profile),
            self.profile.name,
            holder.words()
        )
    }
}
