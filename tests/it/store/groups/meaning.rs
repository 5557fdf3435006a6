//! A filter over memberships has the same meaning in the store, which never loads a group's members, and in
//! the evaluator, which has all of them.

use std::collections::HashMap;

use domain::group::Group;
use domain::id::{GroupId, ResourceId};
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use scim::filter::Filter;
use scim::message::{Document, Meta};
use scim::query::Projection;
use serde_json::{Value, json};

use crate::store::filters::document;
use crate::store::lists::{At, by_cursor, groups, of_groups, people, users};
use crate::store::world::{Home, World, worlds};

/// `and`, `or` and `not` over leaves.
fn trees(leaf: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            2 => proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            1 => inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

fn over_groups(ids: Vec<String>) -> impl Strategy<Value = String> {
    let id = proptest::sample::select(ids);
    let name = proptest::sample::select(vec!["g0", "G1", "g2", "nobody", ""]);
    let shape = proptest::sample::select(vec![
        "members eq",
        "members.value eq",
        "id eq",
        "members[value eq",
    ]);
    trees(prop_oneof![
        6 => (shape, id).prop_map(|(shape, id)| {
            let end = if shape.contains('[') { "]" } else { "" };
            format!("{shape} \"{id}\"{end}")
        }),
        2 => name.clone().prop_map(|name| format!("displayName eq \"{name}\"")),
        1 => name.prop_map(|name| format!("externalId eq \"x-{name}\"")),
        1 => Just("displayName pr".to_owned()),
    ])
}

fn over_people(ids: Vec<String>) -> impl Strategy<Value = String> {
    let id = proptest::sample::select(ids);
    let shape = proptest::sample::select(vec![
        "groups eq",
        "groups.value ne",
        "groups.value eq",
        "groups[value eq",
    ]);
    let name = proptest::sample::select(vec!["p0", "P1", "p2", "nobody"]);
    trees(prop_oneof![
        6 => (shape, id).prop_map(|(shape, id)| {
            let end = if shape.contains('[') { "]" } else { "" };
            format!("{shape} \"{id}\"{end}")
        }),
        2 => name.prop_map(|name| format!("userName eq \"{name}\"")),
        1 => Just("groups pr".to_owned()),
        1 => Just("groups.display sw \"G1\"".to_owned()),
    ])
}

/// Eight people and five groups, nested, all with events.
async fn filled(
    world: &World,
    home: &Home,
) -> (
    Vec<domain::identity::Identity>,
    Vec<Group>,
    HashMap<GroupId, Vec<ResourceId>>,
) {
    let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = world.people(home, &names).await;
    let (mut all, mut inside) = (Vec::new(), HashMap::new());
    for number in 0..5_usize {
        let mut members: Vec<ResourceId> = made
            .iter()
            .enumerate()
            .filter(|(place, _)| (place + number) % (number + 2) == 0)
            .map(|(_, one)| one.id.into())
            .collect();
        members.extend(all.last().map(|group: &Group| ResourceId::from(group.id)));
        let group = world.made(home, &format!("g{number}"), &members).await;
        inside.insert(group.id, members);
        all.push(group);
    }
    (made, all, inside)
}

/// A group with all its members, as `GET` returns it.
fn whole(group: &Group, members: &[ResourceId]) -> Value {
    let meta = Meta {
        created: group.created_at,
        last_modified: group.modified_at,
        version: group.revision,
        location: String::new(),
    };
    let group_type = groups();
    let document = Document::new(&group_type, group.id.to_string(), &group.resource, meta);
    let everything = Projection::default().resolve(&group_type);
    let mut document: Value = serde_json::from_slice(&document.to_json(&everything)).unwrap();
    let members: Vec<Value> = members
        .iter()
        .map(|id| json!({"value": id, "type": id.type_name()}))
        .collect();
    if !members.is_empty() {
        document["members"] = Value::Array(members);
    }
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_members_means_the_same_without_the_list_of_members() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let (made, all, inside) = filled(&world, &home).await;
        let mut ids: Vec<String> = made.iter().map(|one| one.id.to_string()).collect();
        ids.extend(all.iter().map(|group| group.id.to_string()));
        ids.push("nobody".to_owned());
        let strategy = over_groups(ids);
        let mut runner = TestRunner::new(Config::default());
        let mut found = 0;
        for _ in 0..200 {
            let text = strategy.new_tree(&mut runner).unwrap().current();
            let filter = Filter::parse(&text, &groups()).expect(&text);
            let mut expected: Vec<GroupId> = all
                .iter()
                .filter(|group| filter.matches(&groups(), &whole(group, &inside[&group.id])))
                .map(|group| group.id)
                .collect();
            expected.sort_unstable();
            let page = of_groups(&world, &home, Some(&text), At::Index(1, 10))
                .await
                .unwrap();
            let got: Vec<GroupId> = page.items.iter().map(|group| group.id).collect();
            assert_eq!(got, expected, "{}: {text}", world.name());
            found += usize::from(!expected.is_empty());
        }
        assert!(found > 40, "the property must meet cases: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_a_users_groups_means_the_same_sorted_and_by_cursor() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let (made, all, inside) = filled(&world, &home).await;
        let mut ids: Vec<String> = all.iter().map(|group| group.id.to_string()).collect();
        ids.push(made[0].id.to_string());
        let strategy = over_people(ids);
        let mut runner = TestRunner::new(Config::default());
        let mut found = 0;
        for _ in 0..200 {
            let text = strategy.new_tree(&mut runner).unwrap().current();
            let filter = Filter::parse(&text, &users()).expect(&text);
            let expected: Vec<String> = made
                .iter()
                .filter(|one| {
                    let of = all
                        .iter()
                        .filter(|group| inside[&group.id].contains(&one.id.into()));
                    let of: Vec<Value> = of
                        .map(|group| json!({"value": group.id, "display": group.resource.display_name()}))
                        .collect();
                    let mut shown = document(&users(), one);
                    if !of.is_empty() {
                        shown["groups"] = Value::Array(of);
                    }
                    filter.matches(&users(), &shown)
                })
                .map(|one| one.resource.user_name().unwrap().to_owned())
                .collect();
            let page = people(&world, &home, Some(&text), None, At::Index(1, 10))
                .await
                .unwrap();
            assert_eq!(page.total, Some(expected.len()), "{}: {text}", world.name());
            // The names ascend in the order of creation, so every order is the same.
            for sort in [None, Some(("userName", "ascending"))] {
                let got = by_cursor(&world, &home, Some(&text), sort, 3).await;
                assert_eq!(got, expected, "{}: {text} {sort:?}", world.name());
            }
            found += usize::from(!expected.is_empty());
        }
        assert!(found > 40, "the property must meet cases: {found}");
    }
}
