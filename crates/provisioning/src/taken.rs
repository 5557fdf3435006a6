//! The refusal of a value that another resource of the directory has: its holder, and the next step, which differs for a
//! creation, for the return of a deactivated user, and for a rename.
//!
//! Must not know: how the holder was found.

use crate::error::Error;
use crate::resource::ManagedResource;
use crate::unit_of_work::UnitOfWork;

/// The unique attribute whose value is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueKey {
    /// The value of [`ManagedResource::NAME`].
    Name,
    /// `externalId`, where it is the key.
    ExternalId,
}

impl UniqueKey {
    const fn attribute<R: ManagedResource>(self) -> &'static str {
        match self {
            Self::Name => R::NAME,
            Self::ExternalId => "externalId",
        }
    }
}

impl UnitOfWork {
    /// The refusal of a creation; no holder means that it was deleted meanwhile.
    pub(crate) fn taken_at_creation<R: ManagedResource>(&self, key: UniqueKey, holder: Option<&R>) -> Error {
        let (attribute, product) = (key.attribute::<R>(), self.provider().product());
        let (page, noun) = (self.provider().at(R::PAGE), R::noun(&self.profile));
        let next = match holder {
            None => "Send the request again.".to_owned(),
            Some(holder) if !holder.resource().active() => format!(
                "If both are the same {noun}, it is not created anew but switched on: let {product} match on {attribute}, so that it \
                 finds the one that exists and sets active to true. {page} make {attribute} the matching attribute. If they are \
                 two, change {attribute} of one of them."
            ),
            Some(_) => format!(
                "If both are the same {noun}, let {product} match on {attribute}, so that it adopts the existing one. {page} make \
                 {attribute} the matching attribute. If they are two, change {attribute} of one of them."
            ),
        };
        Error::Taken(format!("{} {next}", self.is_taken(key, holder)))
    }

    /// The refusal of a change to a value that is taken.
    pub(crate) fn taken_at_change<R: ManagedResource>(&self, key: UniqueKey, holder: Option<&R>) -> Error {
        let attribute = key.attribute::<R>();
        let next = match holder {
            None => "Send the request again.".to_owned(),
            Some(_) => format!(
                "Nothing was changed. Give that one another {attribute} first, or delete it; two that swap theirs go through a \
                 third one. If it was made by mistake for the same {}, merge the two at the source.",
                R::noun(&self.profile)
            ),
        };
        Error::Taken(format!("{} {next}", self.is_taken(key, holder)))
    }

    fn is_taken<R: ManagedResource>(&self, key: UniqueKey, holder: Option<&R>) -> String {
        let why = match key {
            UniqueKey::ExternalId => ", and externalId is the key of this directory",
            UniqueKey::Name => "",
        };
        let gone = || "one that has been deleted meanwhile".to_owned();
        format!(
            "{} is already taken by another {} of the {} directory: {}{why}.",
            key.attribute::<R>(),
            R::noun(&self.profile),
            self.profile.name,
            holder.map_or_else(gone, R::described)
        )
    }
}
