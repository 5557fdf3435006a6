//! Where a snapshot goes on: the place of the next row, with the position and the epoch of the first page (ADR 0039). Written as
//! text without letters that a URL has to encode; readers must not take it apart.

use std::fmt;
use std::str::FromStr;

use domain::feed::Epoch;
use domain::position::Position;
use uuid::Uuid;

/// The form of cursors; another one is refused.
const FORM: &str = "s1";

/// What a page hands to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) epoch: Epoch,
    pub(super) position: Position,
    pub(super) place: Place,
}

/// The place of the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// This tenant, or the next one by id if there is none of this id.
    pub(super) tenant: Uuid,
    pub(super) stage: Stage,
}

/// The place in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The identities after this id, then all groups.
    Identities(Uuid),
    /// The groups after this id.
    Groups(Uuid),
    /// The members after this id of a group that was told already, then the groups after it.
    Members(Uuid, Uuid),
}

impl Place {
    /// The first row of a tenant.
    pub(super) const fn beginning(tenant: Uuid) -> Self {
        Self {
            tenant,
            stage: Stage::Identities(Uuid::nil()),
        }
    }

    /// The first row after a tenant.
    pub(super) const fn after(tenant: Uuid) -> Self {
        Self::beginning(Uuid::from_u128(tenant.as_u128().saturating_add(1)))
    }

    pub(super) const fn at(tenant: Uuid, stage: Stage) -> Self {
        Self { tenant, stage }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenant = self.place.tenant.simple();
        write!(f, "{FORM}.{}.{}.{tenant}", self.epoch, self.position)?;
        match self.place.stage {
            Stage::Identities(after) => write!(f, ".i.{}", after.simple()),
            Stage::Groups(after) => write!(f, ".g.{}", after.simple()),
            Stage::Members(group, after) => write!(f, ".m.{}.{}", group.simple(), after.simple()),
        }
    }
}

/// A text that no snapshot has given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let id = |text: &str| match text.len() {
            32 => Uuid::try_parse(text).map_err(|_| BadCursor),
            _ => Err(BadCursor),
        };
        let parts: Vec<&str> = text.split('.').collect();
        let (epoch, position, tenant, stage) = match *parts.as_slice() {
            [FORM, epoch, position, tenant, "i", after] => {
                (epoch, position, tenant, Stage::Identities(id(after)?))
            }
            [FORM, epoch, position, tenant, "g", after] => {
                (epoch, position, tenant, Stage::Groups(id(after)?))
            }
            [FORM, epoch, position, tenant, "m", group, after] => {
                (epoch, position, tenant, Stage::Members(id(group)?, id(after)?))
            }
            _ => return Err(BadCursor),
        };
        let position = position.parse().ok().and_then(Position::new);
        Ok(Self {
            epoch: epoch.parse().map_err(|_| BadCursor)?,
            position: position.ok_or(BadCursor)?,
            place: Place::at(id(tenant)?, stage),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(stage: Stage) -> Cursor {
        Cursor {
            epoch: "3-5f0c9a72b3d4".parse().expect("an epoch"),
            position: Position::new(9121).expect("from 0"),
            place: Place::at(Uuid::from_u128(1), stage),
        }
    }

    #[test]
    fn a_cursor_reads_back() {
        let (one, two) = (Uuid::from_u128(2), Uuid::from_u128(u128::MAX));
        for stage in [
            Stage::Identities(one),
            Stage::Groups(two),
            Stage::Members(one, two),
        ] {
            let cursor = cursor(stage);
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn another_text_is_no_cursor() {
        let whole = cursor(Stage::Groups(Uuid::nil())).to_string();
        let cut = &whole[..whole.len() - 1];
        for text in [
            "",
            "s1",
            cut,
            &whole.replace("s1", "s2"),
            &format!("{whole}.0"),
            &whole.replace(".g.", ".x."),
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text}");
        }
    }
}
