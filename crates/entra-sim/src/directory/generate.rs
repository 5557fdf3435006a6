//! Makes a directory that resembles a customer's: unicode names, apostrophes, guests, people without an
//! office or a mailbox, rooms without personal names. The same seed gives the same directory. All objects
//! start active, so that after a first cycle the target holds exactly the file's objects. Next:
//! [`super::mutate`].

use std::collections::{BTreeSet, HashSet};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use super::names::{DEPARTMENTS, FAMILY, GIVEN, OFFICES, ROOMS, TITLES};
use super::{SourceDirectory, SourceGroup, SourceObject};
use crate::clock::guid;

/// Generates `people` users and `rooms` rooms in the verified domain `domain`.
#[must_use]
pub fn directory(people: usize, rooms: usize, domain: &str, seed: u64) -> SourceDirectory {
    let mut maker = Maker::new(StdRng::seed_from_u64(seed), domain, &SourceDirectory::default());
    let mut users: Vec<SourceObject> = (0..people).map(|_| maker.person()).collect();
    for index in 1..users.len() {
        // One in three has an earlier person as the manager, so that references always have an existing
        // object.
        if maker.rng.random_bool(0.33)
            && let (earlier, [user, ..]) = users.split_at_mut(index)
        {
            let manager = pick(&mut maker.rng, earlier).object_id.clone();
            user.attributes
                .insert("manager".to_owned(), Value::String(manager));
        }
    }
    let rooms = (0..rooms).map(|_| maker.room()).collect();
    SourceDirectory {
        domain: domain.to_owned(),
        users,
        rooms,
        groups: Vec::new(),
    }
}

/// Adds `count` groups of people to a directory: a few large ones, many small ones, and every fourth one nested in another.
pub fn groups(directory: &mut SourceDirectory, count: usize, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed.rotate_left(16) ^ 0x6772_6f75_7073);
    for _ in 0..count {
        let group = group(directory, &mut rng);
        directory.groups.push(group);
    }
}

/// One more group, with a free name.
pub(super) fn group(directory: &SourceDirectory, rng: &mut StdRng) -> SourceGroup {
    let number = directory.groups.len();
    let share = if number.is_multiple_of(5) { 0.5 } else { 0.05 };
    let people = directory.users.iter().map(|user| user.object_id.clone());
    let mut members: BTreeSet<String> = people.filter(|_| rng.random_bool(share)).collect();
    if number % 4 == 3 {
        members.extend(directory.groups.last().map(|nested| nested.object_id.clone()));
    }
    let department = *pick(rng, DEPARTMENTS);
    let taken = |name: &str| directory.groups.iter().any(|group| group.display_name == name);
    let mut display_name = format!("{department} {}", number + 1);
    while taken(&display_name) {
        display_name.push('+');
    }
    SourceGroup {
        object_id: guid(rng),
        display_name,
        members,
        assigned: true,
    }
}

/// One element of a list that is not empty, each with the same probability.
#[expect(clippy::indexing_slicing, reason = "the index is drawn from the list's own")]
fn pick<'l, T>(rng: &mut StdRng, list: &'l [T]) -> &'l T {
    &list[rng.random_range(0..list.len())]
}

/// Makes new objects with free user principal names.
pub struct Maker {
    /// The seeded generator of all random choices.
    pub rng: StdRng,
    domain: String,
    taken: HashSet<String>,
}

impl Maker {
    /// A maker that knows the names in `existing`.
    #[must_use]
    pub fn new(rng: StdRng, domain: &str, existing: &SourceDirectory) -> Self {
        let objects = existing.users.iter().chain(&existing.rooms);
        let taken = objects.map(|o| o.user_principal_name().to_lowercase()).collect();
        Self {
            rng,
            domain: domain.to_owned(),
            taken,
        }
    }

    /// One element of a list, each with the same probability.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        *pick(&mut self.rng, list)
    }

    /// A new person: 5 % are guests, 12 % have no office, 10 % no mailbox.
    pub fn person(&mut self) -> SourceObject {
        let (given, given_ascii) = self.pick(GIVEN);
        let (family, family_ascii) = self.pick(FAMILY);
        let guest = self.rng.random_bool(0.05);
        let user_principal_name = if guest {
            let domain = self.domain.clone();
            self.unique(
                &format!("{given_ascii}.{family_ascii}"),
                &format!("_mail.example#EXT#@{domain}"),
            )
        } else {
            self.work_name(given_ascii, family_ascii)
        };
        let office = self.office_or_none(0.12);
        let mail = if self.rng.random_bool(0.10) {
            Value::Null
        } else {
            json!(user_principal_name.replace("#EXT#", ""))
        };
        let attributes = entries([
            ("userPrincipalName", json!(user_principal_name)),
            ("displayName", json!(format!("{given} {family}"))),
            ("givenName", json!(given)),
            ("surname", json!(family)),
            ("physicalDeliveryOfficeName", office),
            ("jobTitle", json!(self.pick(TITLES))),
            ("department", json!(self.pick(DEPARTMENTS))),
            (
                "employeeId",
                json!(self.rng.random_range(10_000..100_000_u32).to_string()),
            ),
            ("mail", mail),
            ("mailNickname", json!(format!("{given_ascii}.{family_ascii}"))),
            ("userType", json!(if guest { "Guest" } else { "Member" })),
        ]);
        self.object(attributes)
    }

    /// A new room: no personal names, 10 % without an office.
    pub fn room(&mut self) -> SourceObject {
        let name = self.pick(ROOMS);
        let floor = self.rng.random_range(0..9_u8);
        let seats = self.rng.random_range(2..20_u8);
        let local: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_lowercase();
        let domain = self.domain.clone();
        let user_principal_name = self.unique(&format!("room-{local}-{floor}"), &format!("@{domain}"));
        let attributes = entries([
            ("userPrincipalName", json!(user_principal_name)),
            (
                "displayName",
                json!(format!("{name} {floor}.{seats} ({seats} seats)")),
            ),
            ("physicalDeliveryOfficeName", self.office_or_none(0.10)),
            ("mail", json!(user_principal_name)),
            ("mailNickname", json!(format!("room-{local}-{floor}"))),
        ]);
        self.object(attributes)
    }

    /// A free user principal name for a member with these names.
    pub fn work_name(&mut self, given_ascii: &str, family_ascii: &str) -> String {
        let domain = self.domain.clone();
        self.unique(&format!("{given_ascii}.{family_ascii}"), &format!("@{domain}"))
    }

    fn office_or_none(&mut self, chance_of_none: f64) -> Value {
        if self.rng.random_bool(chance_of_none) {
            Value::Null
        } else {
            json!(self.pick(OFFICES))
        }
    }

    fn object(&mut self, attributes: Map<String, Value>) -> SourceObject {
        let object_id = guid(&mut self.rng);
        SourceObject {
            object_id,
            attributes,
            account_enabled: true,
            is_soft_deleted: false,
            assigned: true,
        }
    }

    /// `local` + `tail`, with a number in between if the plain name is taken. Numbers are random, not
    /// counted, so that a million people do not need a million attempts each.
    fn unique(&mut self, local: &str, tail: &str) -> String {
        let mut name = format!("{local}{tail}");
        while !self.taken.insert(name.to_lowercase()) {
            name = format!("{local}{}{tail}", self.rng.random_range(2..9_999_999_u32));
        }
        name
    }
}

fn entries<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_directory() {
        assert_eq!(
            directory(50, 10, "contoso.example", 7),
            directory(50, 10, "contoso.example", 7)
        );
        assert_ne!(
            directory(50, 10, "contoso.example", 7),
            directory(50, 10, "contoso.example", 8)
        );
    }

    #[test]
    fn user_principal_names_are_unique_in_any_case_and_ascii() {
        let made = directory(3_000, 300, "contoso.example", 1);
        let mut seen = HashSet::new();
        for object in made.users.iter().chain(&made.rooms) {
            assert!(
                object.user_principal_name().is_ascii(),
                "{}",
                object.user_principal_name()
            );
            assert!(seen.insert(object.user_principal_name().to_lowercase()));
        }
    }

    #[test]
    fn a_directory_holds_the_awkward_cases() {
        let made = directory(500, 50, "contoso.example", 1);
        let any = |test: &dyn Fn(&SourceObject) -> bool| made.users.iter().any(test);
        assert!(any(&|o| o.user_principal_name().contains("#EXT#")));
        assert!(any(&|o| o.user_principal_name().contains('\'')));
        assert!(any(&|o| o.attribute("physicalDeliveryOfficeName").is_none()));
        assert!(any(&|o| o.attribute("mail").is_none()));
        assert!(any(&|o| !o.display_name().is_ascii()));
        assert!(any(&|o| o.attribute("manager").is_some()));
        assert!(made.rooms.iter().all(|o| o.attribute("surname").is_none()));
        assert!(made.users.iter().chain(&made.rooms).all(|o| !o.soft_deleted()));
    }
}
