//! Changes a directory as time would: joiners, movers, leavers, returns, purges. The same seed makes the same
//! changes. Office and name are changed, never emptied: Entra sends no nulls, so an emptied value would stay
//! in the target.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use serde_json::{Value, json};

use super::generate::{self, Maker};
use super::names::{FAMILY, OFFICES, ROOMS};
use super::{SourceDirectory, SourceObject};

/// The number of changes by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// New people and rooms.
    pub joined: usize,
    /// Objects moved to another office.
    pub moved: usize,
    /// Renamed objects (surname and user principal name, or the room's display name).
    pub renamed: usize,
    /// Objects put into the recycle bin.
    pub left: usize,
    /// Objects restored from the recycle bin.
    pub returned: usize,
    /// Objects removed for good.
    pub purged: usize,
    /// Groups made, renamed, removed, or with changed members.
    pub groups: usize,
}

/// Applies `count` changes, spread over people and rooms (four to one, while there are both).
pub fn apply(directory: &mut SourceDirectory, count: usize, seed: u64) -> Changes {
    let domain = directory.domain.clone();
    let mut maker = Maker::new(StdRng::seed_from_u64(seed), &domain, directory);
    let mut changes = Changes::default();
    for _ in 0..count {
        // One change in four is a change of a group, if there are any.
        if !directory.groups.is_empty() && maker.rng.random_bool(0.25) {
            change_group(directory, &mut maker);
            changes.groups += 1;
            continue;
        }
        let people =
            directory.rooms.is_empty() || (!directory.users.is_empty() && maker.rng.random_bool(0.8));
        if people {
            change_one(&mut directory.users, &mut maker, &mut changes, Kind::Person);
        } else {
            change_one(&mut directory.rooms, &mut maker, &mut changes, Kind::Room);
        }
    }
    forget_purged(directory);
    changes
}

/// Adds or removes a member, or renames, makes or removes a group.
#[expect(clippy::indexing_slicing, reason = "the index is drawn from the list's own")]
fn change_group(directory: &mut SourceDirectory, maker: &mut Maker) {
    let index = maker.rng.random_range(0..directory.groups.len());
    let members: Vec<String> = directory.groups[index].members.iter().cloned().collect();
    match maker.rng.random_range(0..100_u8) {
        0..40 if !directory.users.is_empty() => {
            let person = maker.rng.random_range(0..directory.users.len());
            let joining = directory.users[person].object_id.clone();
            directory.groups[index].members.insert(joining);
        }
        40..75 if !members.is_empty() => {
            let leaving = maker.rng.random_range(0..members.len());
            directory.groups[index].members.remove(&members[leaving]);
        }
        75..85 if directory.groups.len() > 1 => {
            directory.groups.remove(index);
        }
        85..93 => {
            let group = generate::group(directory, &mut maker.rng);
            directory.groups.push(group);
        }
        _ => {
            let name = format!(
                "{} {}",
                maker.pick(OFFICES),
                maker.rng.random_range(1_000..10_000_u16)
            );
            directory.groups[index].display_name = name;
        }
    }
}

/// Removes purged objects from all groups.
fn forget_purged(directory: &mut SourceDirectory) {
    let users = directory.users.iter().map(|user| user.object_id.clone());
    let groups = directory.groups.iter().map(|group| group.object_id.clone());
    let present: HashSet<String> = users.chain(groups).collect();
    for group in &mut directory.groups {
        group.members.retain(|member| present.contains(member));
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Person,
    Room,
}

#[expect(clippy::indexing_slicing, reason = "the index is drawn from the list's own")]
fn change_one(objects: &mut Vec<SourceObject>, maker: &mut Maker, changes: &mut Changes, kind: Kind) {
    let dice = maker.rng.random_range(0..100_u8);
    let done = match dice {
        0..20 => None,
        20..50 => pick(objects, maker, |o| !o.is_soft_deleted).map(|index| {
            let office = other_office(&objects[index], maker);
            objects[index]
                .attributes
                .insert("physicalDeliveryOfficeName".to_owned(), office);
            changes.moved += 1;
        }),
        50..65 => pick(objects, maker, |o| !o.is_soft_deleted).map(|index| {
            rename(&mut objects[index], maker, kind);
            changes.renamed += 1;
        }),
        65..82 => pick(objects, maker, |o| !o.is_soft_deleted).map(|index| {
            objects[index].is_soft_deleted = true;
            changes.left += 1;
        }),
        82..92 => pick(objects, maker, |o| o.is_soft_deleted).map(|index| {
            objects[index].is_soft_deleted = false;
            changes.returned += 1;
        }),
        _ => pick(objects, maker, |o| o.is_soft_deleted).map(|index| {
            objects.remove(index);
            changes.purged += 1;
        }),
    };
    // If nothing could be changed (the recycle bin is still empty), an object joins instead: every change
    // counts.
    if done.is_none() {
        objects.push(match kind {
            Kind::Person => maker.person(),
            Kind::Room => maker.room(),
        });
        changes.joined += 1;
    }
}

fn pick(objects: &[SourceObject], maker: &mut Maker, fits: impl Fn(&SourceObject) -> bool) -> Option<usize> {
    let fitting = objects.iter().enumerate().filter(|(_, object)| fits(object));
    let fitting: Vec<usize> = fitting.map(|(index, _)| index).collect();
    if fitting.is_empty() {
        None
    } else {
        Some(maker.pick(&fitting))
    }
}

fn other_office(object: &SourceObject, maker: &mut Maker) -> Value {
    let now = object.attribute("physicalDeliveryOfficeName");
    loop {
        let office = maker.pick(OFFICES);
        if Some(office) != now.as_deref() {
            return json!(office);
        }
    }
}

fn rename(object: &mut SourceObject, maker: &mut Maker, kind: Kind) {
    match kind {
        Kind::Person => {
            let (family, family_ascii) = maker.pick(FAMILY);
            let given = object.attribute("givenName").unwrap_or_default();
            let nickname = object
                .attribute("mailNickname")
                .unwrap_or_else(|| "renamed".to_owned());
            let given_ascii = nickname.split('.').next().unwrap_or("renamed").to_owned();
            let user_principal_name = maker.work_name(&given_ascii, family_ascii);
            object.attributes.insert("surname".to_owned(), json!(family));
            object.attributes.insert(
                "displayName".to_owned(),
                json!(format!("{given} {family}").trim()),
            );
            object
                .attributes
                .insert("userPrincipalName".to_owned(), json!(user_principal_name));
        }
        Kind::Room => {
            let name = format!("{} {}", maker.pick(ROOMS), maker.rng.random_range(100..1000_u16));
            object.attributes.insert("displayName".to_owned(), json!(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::generate;

    #[test]
    fn the_same_seed_makes_the_same_changes() {
        let run = |seed| {
            let mut directory = generate::directory(100, 20, "contoso.example", 1);
            let changes = apply(&mut directory, 60, seed);
            (directory, changes)
        };
        assert_eq!(run(3), run(3));
        assert_ne!(run(3).0, run(4).0);
    }

    #[test]
    fn every_kind_of_change_happens_and_all_are_counted() {
        let mut directory = generate::directory(100, 20, "contoso.example", 1);
        let changes = apply(&mut directory, 300, 2);
        let Changes {
            joined,
            moved,
            renamed,
            left,
            returned,
            purged,
            groups,
        } = changes;
        assert_eq!(groups, 0);
        assert!(
            [joined, moved, renamed, left, returned, purged]
                .iter()
                .all(|n| *n > 0),
            "{changes:?}"
        );
        assert_eq!(joined + moved + renamed + left + returned + purged, 300);
        assert_eq!(
            directory.users.len() + directory.rooms.len(),
            120 + joined - purged
        );
    }

    #[test]
    fn an_office_once_there_is_never_emptied() {
        let before = generate::directory(100, 0, "contoso.example", 1);
        let mut after = before.clone();
        apply(&mut after, 200, 5);
        for object in &before.users {
            if object.attribute("physicalDeliveryOfficeName").is_some()
                && let Some(now) = after.users.iter().find(|o| o.object_id == object.object_id)
            {
                assert!(now.attribute("physicalDeliveryOfficeName").is_some());
            }
        }
    }
}
