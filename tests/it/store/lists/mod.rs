//! Pages of lists: sorting, cursors, memberships in filters, and the limit of rows that a list reads.

mod limits;

use domain::group::Group;
use domain::id::ResourceId;
use domain::identity::Identity;
use scim::filter::Filter;
use scim::query::{Sort, SortPosition};
use scim::schema::ResourceType;
use serde_json::{Value, json};
use store::{BoxFuture, ListRequest, Page, PageAt, StoreError, TenantTx};

use super::world::{Home, World, worlds};

/// Which page, with owned values.
#[derive(Clone)]
pub enum At {
    Index(usize, usize),
    Cursor(Option<SortPosition>, usize),
}

/// The whole User and Group, not only the attributes of a profile.
pub fn users() -> ResourceType {
    of_type("User", "/Users", scim::schema::user())
}

pub fn groups() -> ResourceType {
    of_type("Group", "/Groups", scim::schema::group())
}

fn of_type(name: &str, endpoint: &str, core: scim::schema::Schema) -> ResourceType {
    ResourceType {
        name: name.to_owned(),
        endpoint: endpoint.to_owned(),
        description: String::new(),
        core,
        extensions: Vec::new(),
    }
}

/// `TenantTx::list` of either type.
type List<T> =
    for<'t, 'q> fn(&'t mut TenantTx, &'t ListRequest<'q>) -> BoxFuture<'t, Result<Page<T>, StoreError>>;

async fn asked<T: Send + 'static>(
    world: &World,
    home: &Home,
    rt: ResourceType,
    (filter, sort, at): (Option<&str>, Option<(&str, &str)>, At),
    list: List<T>,
) -> Result<Page<T>, StoreError> {
    let filter = filter.map(|text| Filter::parse(text, &rt).expect(text));
    let sort = sort.map(|(by, order)| Sort::parse(&rt, by, Some(order)).expect(by));
    let directory = home.directory.id;
    world
        .store
        .read(home.scope, move |tx| {
            Box::pin(async move {
                let at = match &at {
                    At::Index(start, count) => PageAt::Index {
                        start: *start,
                        count: *count,
                    },
                    At::Cursor(after, count) => PageAt::Cursor {
                        after: after.as_ref(),
                        count: *count,
                    },
                };
                let query = ListRequest {
                    directory,
                    resource_type: &rt,
                    filter: filter.as_ref(),
                    sort: sort.as_ref(),
                    at,
                };
                list(tx, &query).await
            })
        })
        .await
}

pub async fn people(
    world: &World,
    home: &Home,
    filter: Option<&str>,
    sort: Option<(&str, &str)>,
    at: At,
) -> Result<Page<Identity>, StoreError> {
    asked(world, home, users(), (filter, sort, at), |tx, query| {
        Box::pin(tx.list(query))
    })
    .await
}

pub async fn of_groups(
    world: &World,
    home: &Home,
    filter: Option<&str>,
    at: At,
) -> Result<Page<Group>, StoreError> {
    asked(world, home, groups(), (filter, None, at), |tx, query| {
        Box::pin(tx.list(query))
    })
    .await
}

/// Everything by cursors, in pages of `count`.
pub async fn by_cursor(
    world: &World,
    home: &Home,
    filter: Option<&str>,
    sort: Option<(&str, &str)>,
    count: usize,
) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = people(world, home, filter, sort, At::Cursor(after, count))
            .await
            .unwrap();
        assert!(page.items.len() <= count && page.total.is_none());
        names.extend(user_names(&page));
        match page.next {
            Some(next) => after = Some(next),
            None => return names,
        }
    }
}

fn user_names(page: &Page<Identity>) -> Vec<String> {
    let names = page.items.iter().filter_map(|one| one.resource.user_name());
    names.map(str::to_owned).collect()
}

/// Equal, absent, and unusually cased values, in several scripts.
fn documents() -> Vec<Value> {
    let titles = ["b", "B", "a", "ä", "Z", "é", "", "b"];
    (0..40_usize)
        .map(|number| {
            let mut document = json!({"userName": format!("U{:02}", (number * 7) % 40)});
            let map = document.as_object_mut().unwrap();
            if number % 5 != 4 {
                map.insert("title".to_owned(), json!(titles[number % titles.len()]));
            }
            if number % 3 == 0 {
                map.insert("active".to_owned(), json!(number % 2 == 0));
            }
            if number % 4 != 0 {
                let emails = json!([{"type": "home", "value": format!("h{}@x", number % 6)},
                                    {"type": "work", "value": format!("w{}@x", number % 3), "primary": number % 2 == 0}]);
                map.insert("emails".to_owned(), emails);
            }
            map.insert("name".to_owned(), json!({"familyName": format!("F{}", number % 9)}));
            document
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_by_number_and_by_cursor_is_the_one_of_the_language() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let mut made = Vec::new();
        for document in documents() {
            let identity = world.identity(&home, document);
            world.create(&home, &identity).await;
            made.push(identity);
        }
        for by in [
            "userName",
            "title",
            "active",
            "emails",
            "name.familyName",
            "meta.created",
            "meta.lastModified",
            "id",
        ] {
            for order in ["ascending", "descending"] {
                for filter in [None, Some("title pr"), Some(r#"displayName eq "nobody""#)] {
                    let expected = expected(&made, filter, by, order);
                    let sort = Some((by, order));
                    let name = format!("{}: {by} {order} {filter:?}", world.name());
                    let all = people(&world, &home, filter, sort, At::Index(1, 100))
                        .await
                        .unwrap();
                    assert_eq!(user_names(&all), expected, "{name}");
                    assert_eq!(all.total, Some(expected.len()), "{name}");
                    let page = people(&world, &home, filter, sort, At::Index(8, 5))
                        .await
                        .unwrap();
                    let part = expected.iter().skip(7).take(5).cloned().collect::<Vec<_>>();
                    assert_eq!((user_names(&page), page.total), (part, all.total), "{name}");
                    for count in [1, 7, 40] {
                        let got = by_cursor(&world, &home, filter, sort, count).await;
                        assert_eq!(got, expected, "{name}: by {count}");
                    }
                }
            }
        }
    }
}

/// The result according to `scim`: its keys, its comparison, its evaluator.
fn expected(made: &[Identity], filter: Option<&str>, by: &str, order: &str) -> Vec<String> {
    let rt = users();
    let sort = Sort::parse(&rt, by, Some(order)).unwrap();
    let filter = filter.map(|text| Filter::parse(text, &rt).unwrap());
    let mut places: Vec<(SortPosition, &Identity)> = made
        .iter()
        .map(|one| (one, super::filters::document(&rt, one)))
        .filter(|(_, document)| filter.as_ref().is_none_or(|filter| filter.matches(&rt, document)))
        .map(|(one, document)| {
            let mark = SortPosition {
                key: Some(sort.key(&rt, &document)),
                at: one.created_at.timestamp_millis(),
                id: one.id.uuid().as_u128(),
            };
            (mark, one)
        })
        .collect();
    places.sort_by(|a, b| sort.compare(&a.0, &b.0));
    let names = places
        .iter()
        .map(|(_, one)| one.resource.user_name().unwrap().to_owned());
    names.collect()
}

/// Rows that are created and deleted between two pages do not move others.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_loses_and_repeats_nothing_while_others_come_and_go() {
    for world in worlds().await {
        for sort in [
            None,
            Some(("title", "ascending")),
            Some(("title", "descending")),
            Some(("meta.created", "descending")),
        ] {
            let home = world.home(&format!("t{}", world.uuid().simple())).await;
            let mut made = Vec::new();
            for document in documents() {
                let identity = world.identity(&home, document);
                world.create(&home, &identity).await;
                made.push(identity);
            }
            let (mut got, mut after, mut round) = (Vec::new(), None, 0);
            loop {
                let page = people(&world, &home, None, sort, At::Cursor(after, 6))
                    .await
                    .unwrap();
                got.extend(user_names(&page));
                // The last answered one is deleted, and one that may be still to come; others are created on
                // both sides.
                if let Some(last) = page.items.last() {
                    world.delete(&home, last).await;
                }
                for title in ["A", "zz"] {
                    let new = json!({"userName": format!("new {round} {title}"), "title": title});
                    world.create(&home, &world.identity(&home, new)).await;
                }
                round += 1;
                match page.next {
                    Some(next) if round < 20 => after = Some(next),
                    _ => break,
                }
            }
            let old: Vec<_> = got.iter().filter(|name| name.starts_with('U')).collect();
            let mut once = old.clone();
            once.sort();
            once.dedup();
            assert_eq!(
                (old.len(), once.len()),
                (40, 40),
                "{}: {sort:?} {got:?}",
                world.name()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_a_group_is_found_from_both_sides() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let made = world.people(&home, &["amy", "bob", "eve"]).await;
        let ids: Vec<ResourceId> = made.iter().map(|one| one.id.into()).collect();
        let inner = world.made(&home, "Inner", &ids[1..]).await;
        let outer = world
            .made(&home, "Outer", &[ids[0], ids[1], inner.id.into()])
            .await;
        let (amy, bob) = (ids[0], ids[1]);
        for (filter, expected) in [
            (format!(r#"groups.value eq "{}""#, outer.id), vec!["amy", "bob"]),
            (format!(r#"groups eq "{}""#, inner.id), vec!["bob", "eve"]),
            (format!(r#"groups[value eq "{}"]"#, inner.id), vec!["bob", "eve"]),
            (
                format!(r#"groups.value eq "{}" and userName eq "BOB""#, inner.id),
                vec!["bob"],
            ),
            (
                format!(r#"userName sw "a" or groups.value eq "{}""#, inner.id),
                vec!["amy", "bob", "eve"],
            ),
            (format!(r#"not (groups.value eq "{}")"#, inner.id), vec!["amy"]),
            (r#"groups.display eq "outer""#.to_owned(), vec!["amy", "bob"]),
            (r#"groups.value eq "grp_nonsense""#.to_owned(), vec![]),
            (format!(r#"groups.value eq "{amy}""#), vec![]),
        ] {
            let page = people(&world, &home, Some(&filter), None, At::Index(1, 10))
                .await
                .unwrap();
            assert_eq!(user_names(&page), expected, "{}: {filter}", world.name());
            assert_eq!(page.total, Some(expected.len()), "{}: {filter}", world.name());
            let got = by_cursor(&world, &home, Some(&filter), None, 1).await;
            assert_eq!(got, expected, "{}: {filter}", world.name());
            let sorted = by_cursor(&world, &home, Some(&filter), Some(("userName", "ascending")), 2).await;
            assert_eq!(sorted, expected, "{}: {filter}", world.name());
        }
        let both = vec![inner.id, outer.id];
        for (filter, expected) in [
            (format!(r#"members.value eq "{bob}""#), both.clone()),
            (format!(r#"members eq "{amy}""#), vec![outer.id]),
            (format!(r#"members[value eq "{}"]"#, inner.id), vec![outer.id]),
            (
                format!(r#"id eq "{}" and members[value eq "{bob}"]"#, outer.id),
                vec![outer.id],
            ),
            (
                format!(r#"members[value eq "{amy}"] and id eq "{}""#, inner.id),
                vec![],
            ),
            (
                format!(r#"members.value eq "{amy}" or members.value eq "{}""#, ids[2]),
                both.clone(),
            ),
            (
                format!(r#"members[value eq "{amy}" or value eq "{}"]"#, ids[2]),
                both.clone(),
            ),
            (format!(r#"not (members.value eq "{amy}")"#), vec![inner.id]),
            (r#"displayName eq "INNER""#.to_owned(), vec![inner.id]),
            (r#"externalId eq "x-Outer""#.to_owned(), vec![outer.id]),
            (r#"members.value eq "nobody""#.to_owned(), vec![]),
            (r"displayName pr".to_owned(), both),
        ] {
            let page = of_groups(&world, &home, Some(&filter), At::Index(1, 10))
                .await
                .unwrap();
            let got: Vec<_> = page.items.iter().map(|group| group.id).collect();
            assert_eq!(got, expected, "{}: {filter}", world.name());
            assert_eq!(page.total, Some(expected.len()));
            let page = of_groups(&world, &home, Some(&filter), At::Cursor(None, 10))
                .await
                .unwrap();
            assert_eq!((page.items.len(), page.next), (expected.len(), None));
        }
        let others = world.home("fabrikam").await;
        for filter in [
            format!(r#"groups.value eq "{}""#, outer.id),
            "groups pr".to_owned(),
        ] {
            let page = people(&world, &others, Some(&filter), None, At::Index(1, 10))
                .await
                .unwrap();
            assert_eq!(page.total, Some(0), "{}: {filter}", world.name());
        }
        let filter = format!(r#"members.value eq "{bob}""#);
        let page = of_groups(&world, &others, Some(&filter), At::Index(1, 10))
            .await
            .unwrap();
        assert_eq!(
            (page.total, page.items),
            (Some(0), Vec::new()),
            "{}",
            world.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_of_one_key_are_read_whole() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let made: Vec<Identity> = (0..1100)
            .map(|number| {
                let email = json!([{"type": "work", "value": "all@x"}]);
                world.identity(
                    &home,
                    json!({"userName": format!("p{number}"), "externalId": "same", "emails": email}),
                )
            })
            .collect();
        futures_util::future::join_all(made.iter().map(|one| world.create(&home, one))).await;
        for filter in [
            r#"externalId eq "same""#,
            r#"emails[type eq "work"].value eq "ALL@x""#,
        ] {
            let page = people(&world, &home, Some(filter), None, At::Index(1099, 10))
                .await
                .unwrap();
            assert_eq!(
                (page.total, page.items.len()),
                (Some(1100), 2),
                "{}: {filter}",
                world.name()
            );
            let all = by_cursor(&world, &home, Some(filter), None, 400).await;
            assert_eq!(all.len(), 1100, "{}: {filter}", world.name());
        }
    }
}
