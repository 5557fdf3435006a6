//! Lists: a filter has the same meaning in SQL and in the evaluator; paging; bounded work.

use domain::identity::Identity;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use scim::filter::Filter;
use scim::message::{Document, Meta};
use scim::query::Projection;
use scim::schema::ResourceType;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use store::{ListRequest, Page, PageAt, Store, StoreError};

use super::world::{Home, World, worlds};

pub async fn list(
    world: &World,
    home: &Home,
    filter: Option<&str>,
    start_index: usize,
    count: usize,
) -> Page<Identity> {
    let parsed = filter.map(|text| Filter::parse(text, &home.profile.resource_type).expect(text));
    let (directory, profile) = (home.directory.id, home.profile.clone());
    world
        .store
        .read::<_, StoreError, _>(home.scope, |tx| {
            Box::pin(async move {
                let query = ListRequest {
                    directory,
                    resource_type: &profile.resource_type,
                    filter: parsed.as_ref(),
                    sort: None,
                    at: PageAt::Index {
                        start: start_index,
                        count,
                    },
                };
                tx.list(&query).await
            })
        })
        .await
        .unwrap()
}

fn names(page: &Page<Identity>) -> Vec<&str> {
    page.items
        .iter()
        .filter_map(|identity| identity.resource.user_name())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_the_order_of_creation_and_know_the_total() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let all: Vec<String> = (0..7).map(|number| format!("p{number}")).collect();
        world
            .people(&home, &all.iter().map(String::as_str).collect::<Vec<_>>())
            .await;
        for filter in [None, Some("userName pr")] {
            let page = list(&world, &home, filter, 1, 3).await;
            assert_eq!(
                (page.total.unwrap(), names(&page)),
                (7, vec!["p0", "p1", "p2"]),
                "{}",
                world.name()
            );
            let page = list(&world, &home, filter, 6, 3).await;
            assert_eq!((page.total.unwrap(), names(&page)), (7, vec!["p5", "p6"]));
            let page = list(&world, &home, filter, 8, 3).await;
            assert_eq!((page.total.unwrap(), names(&page)), (7, vec![]));
            let page = list(&world, &home, filter, 1, 0).await;
            assert_eq!((page.total.unwrap(), names(&page)), (7, vec![]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_without_an_index_reads_every_batch() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let people: Vec<Identity> = (0..1203)
            .map(|number| {
                world.identity(
                    &home,
                    json!({"userName": format!("p{number}"), "displayName": "d"}),
                )
            })
            .collect();
        for chunk in people.chunks(300) {
            futures_util::future::join_all(chunk.iter().map(|person| world.create(&home, person))).await;
        }
        let page = list(&world, &home, Some(r#"userName co "p""#), 1100, 5).await;
        assert_eq!(
            (page.total.unwrap(), page.items.len()),
            (1203, 5),
            "{}",
            world.name()
        );
        assert_eq!(names(&page), ["p1099", "p1100", "p1101", "p1102", "p1103"]);
        let page = list(&world, &home, Some(r#"displayName eq "D""#), 1201, 5).await;
        assert_eq!(
            (page.total.unwrap(), names(&page)),
            (1203, vec!["p1200", "p1201", "p1202"]),
            "{}",
            world.name()
        );
    }
}

/// On tables that were never analysed: PostgreSQL once took another key's index and read the whole directory.
#[tokio::test(flavor = "multi_thread")]
async fn a_match_query_reads_one_row_of_a_large_directory() {
    let mut world = World::postgres().await;
    let home = world.home("contoso").await;
    let names: Vec<String> = (0..1500).map(|number| format!("p{number}")).collect();
    futures_util::future::join_all(names.chunks(100).map(|chunk| async {
        let chunk: Vec<&str> = chunk.iter().map(String::as_str).collect();
        world.people(&home, &chunk).await;
    }))
    .await;
    let database = world.postgres.clone().unwrap();
    world.close().await;
    world.store = Store::connect(&world.settings).await.unwrap();
    let before = rows_read(&database.super_url).await;
    for number in 0..200 {
        let filter = format!(r#"userName eq "p{number}""#);
        assert_eq!(list(&world, &home, Some(&filter), 1, 10).await.total, Some(1));
        let filter = format!(r#"externalId eq "x-p{number}""#);
        assert_eq!(list(&world, &home, Some(&filter), 1, 10).await.total, Some(1));
    }
    world.close().await;
    let read = rows_read(&database.super_url).await - before;
    assert!((400..2000).contains(&read), "400 queries read {read} rows");
}

async fn rows_read(url: &str) -> i64 {
    let sql = "SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables \
               WHERE relname = 'identity'";
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    connection.fetch_one(sql).await.unwrap().get(0)
}

/// Few values, so that filters match; several e-mails, unusual cases, absent attributes.
fn documents() -> Vec<Value> {
    vec![
        json!({"userName": "Amy", "externalId": "e1", "displayName": "Room", "active": true,
               "emails": [{"type": "work", "value": "A@x", "primary": true}]}),
        json!({"userName": "bob", "externalId": "E1", "displayName": "room", "active": false,
               "emails": [{"type": "home", "value": "a@x"}]}),
        json!({"userName": "É", "displayName": "ÄB",
               "emails": [{"type": "WORK", "value": "b@x"}, {"type": "work", "value": "a@X"}]}),
        json!({"userName": "ß", "externalId": "a@x", "emails": [{"value": "a@x"}]}),
        json!({"userName": "İx", "externalId": "", "displayName": "", "emails": [{"type": "work"}]}),
        json!({"userName": "a@x", "displayName": "amy", "emails": []}),
        json!({"userName": "e\u{301}x", "externalId": "e\u{301}1", "displayName": "A\u{308}B",
               "emails": [{"type": "work", "value": "E\u{301}@x"}]}),
        json!({"userName": "nul\u{0}", "externalId": "nul\u{0}", "displayName": "x".repeat(900)}),
    ]
}

/// Every form that narrows in SQL, and forms that must not.
fn filters(ids: Vec<String>) -> impl Strategy<Value = String> {
    let mut words: Vec<String> = [
        "e\u{301}x",
        "\u{e9}X",
        "e\u{301}1",
        "\u{e9}1",
        "\u{c9}@x",
        "a\u{308}b",
        "e\u{301}",
        "amy",
        "AMY",
        "bob",
        "é",
        "É",
        "ß",
        "SS",
        "i̇x",
        "İX",
        "a@x",
        "A@X",
        "b@X",
        "e1",
        "E1",
    ]
    .map(str::to_owned)
    .to_vec();
    words.extend(["room", "ROOM", "äb", "", "nobody", "*", "%", "_"].map(str::to_owned));
    words.push("x".repeat(900));
    words.extend(ids);
    let word = proptest::sample::select(words);
    let path = proptest::sample::select(vec![
        "userName",
        "USERNAME",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        "externalId",
        "displayName",
        "id",
        r#"emails[type eq "work"].value"#,
        r#"emails[type eq "Work"].value"#,
        r#"emails[type eq "home"].value"#,
        "emails.value",
        "emails.type",
    ]);
    let op =
        prop_oneof![5 => Just("eq"), 1 => proptest::sample::select(vec!["ne", "co", "sw", "ew", "gt", "le"])];
    let leaf = prop_oneof![
        8 => (path, op, word).prop_map(|(path, op, word)| format!("{path} {op} \"{word}\"")),
        1 => proptest::sample::select(vec!["userName pr", "externalId pr", "active eq true", "displayName eq null",
             "emails pr", r#"emails[type eq "work" and value eq "a@x"]"#, r#"meta.created gt "2026-01-01T00:00:00Z""#])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            1 => proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            1 => inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_means_the_same_to_sql_and_to_the_evaluator() {
    for world in worlds().await {
        let mut home = world.home("contoso").await;
        // The whole User, not only the attributes of a profile: more paths to test.
        let mut profile = (*home.profile).clone();
        profile.resource_type.core = scim::schema::user();
        home.profile = std::sync::Arc::new(profile);
        let mut people = Vec::new();
        for document in documents() {
            let identity = world.identity(&home, document);
            assert_eq!(world.create(&home, &identity).await, store::CreateOutcome::Done);
            people.push(identity);
        }
        let ids = people.iter().map(|identity| identity.id.to_string()).collect();
        let strategy = filters(ids);
        let mut runner = TestRunner::new(Config::with_cases(400));
        let (mut tried, mut found) = (0, 0);
        for _ in 0..400 {
            let text = strategy.new_tree(&mut runner).unwrap().current();
            let Ok(filter) = Filter::parse(&text, &home.profile.resource_type) else {
                continue;
            };
            let expected: Vec<_> = people
                .iter()
                .filter(|identity| matches(&home, &filter, identity))
                .map(|identity| identity.id)
                .collect();
            let page = list(&world, &home, Some(&text), 1, 100).await;
            let got: Vec<_> = page.items.iter().map(|identity| identity.id).collect();
            assert_eq!(got, expected, "{}: {text}", world.name());
            assert_eq!(page.total.unwrap(), expected.len());
            tried += 1;
            found += usize::from(!expected.is_empty());
        }
        assert!(
            tried > 200 && found > 50,
            "the property must meet cases: {tried} tried, {found} with answers"
        );
    }
}

fn matches(home: &Home, filter: &Filter, identity: &Identity) -> bool {
    let rt = &home.profile.resource_type;
    filter.matches(rt, &document(rt, identity))
}

/// The document that a filter is evaluated on.
pub fn document(rt: &ResourceType, identity: &Identity) -> Value {
    let meta = Meta {
        created: identity.created_at,
        last_modified: identity.modified_at,
        version: identity.revision,
        location: String::new(),
    };
    let document = Document::new(rt, identity.id.to_string(), &identity.resource, meta);
    serde_json::from_slice(&document.to_json(&Projection::default().resolve(rt))).unwrap()
}
