//! Queries for many people: match queries, filters, order, pages, cursors.

use std::collections::BTreeSet;

use rand::RngExt as _;
use serde_json::{Value, json};
use support::http::entra_encode;

use super::Talk;
use super::people::compare;
use super::state::{Field, Person};

/// Whether a filter selects the person with this id.
type Means = Box<dyn Fn(&str, &Person) -> bool>;

/// A filter, and the people it selects.
struct Asked {
    filter: String,
    means: Means,
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn same(a: Option<&str>, b: &str) -> bool {
    a.is_some_and(|a| a.to_lowercase() == b.to_lowercase())
}

fn text_filter(name: &str, field: Field, value: &str, exact: bool) -> Asked {
    let value = value.to_owned();
    let filter = format!("{name} eq {}", quoted(&value));
    Asked {
        filter,
        means: Box::new(move |_, person| {
            let found = person.text(field);
            if exact {
                found == Some(value.as_str())
            } else {
                same(found, &value)
            }
        }),
    }
}

/// A value of some person, or of none.
fn sample(talk: &mut Talk, field: Field) -> String {
    let texts: Vec<String> = talk
        .world
        .people
        .values()
        .filter_map(|person| person.text(field).map(str::to_owned))
        .collect();
    if texts.is_empty() || talk.chance(10) {
        return "nobody says this".to_owned();
    }
    talk.pick(&texts).clone()
}

fn some_filter(talk: &mut Talk) -> Asked {
    match talk.dice.random_range(0..12) {
        0 => {
            let name = sample(talk, Field::UserName).to_uppercase();
            text_filter("userName", Field::UserName, &name, false)
        }
        1 => text_filter(
            "externalId",
            Field::ExternalId,
            &sample(talk, Field::ExternalId),
            true,
        ),
        2 => text_filter(
            "emails[type eq \"work\"].value",
            Field::WorkMail,
            &sample(talk, Field::WorkMail),
            false,
        ),
        3 => text_filter(
            "displayName",
            Field::DisplayName,
            &sample(talk, Field::DisplayName),
            false,
        ),
        4 => {
            let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
            text_filter(urn, Field::Department, &sample(talk, Field::Department), false)
        }
        5 => {
            let id = super::people::somebody(talk).unwrap_or_else(|| "idn_1".to_owned());
            Asked {
                filter: format!("id eq {}", quoted(&id)),
                means: Box::new(move |found, _| found == id),
            }
        }
        6 => Asked {
            filter: "active eq false".to_owned(),
            means: Box::new(|_, person| person.active == Some(false)),
        },
        7 => Asked {
            filter: "title pr and not (department pr)".to_owned(),
            means: Box::new(|_, p| p.text(Field::Title).is_some() && p.text(Field::Department).is_none()),
        },
        8 => Asked {
            filter: "userName sw \"person1\" or userName ew \"7@contoso.com\"".to_owned(),
            means: Box::new(|_, person| {
                let name = person.text(Field::UserName).unwrap_or_default().to_lowercase();
                name.starts_with("person1") || name.ends_with("7@contoso.com")
            }),
        },
        9 => Asked {
            filter: "emails.value co \"mail1\"".to_owned(),
            means: Box::new(|_, person| {
                let fields = [Field::WorkMail, Field::HomeMail];
                fields
                    .iter()
                    .any(|field| person.text(*field).is_some_and(|mail| mail.contains("mail1")))
            }),
        },
        10 => {
            let manager = sample(talk, Field::Manager);
            Asked {
                filter: format!("manager eq {}", quoted(&manager)),
                means: Box::new(move |_, person| same(person.text(Field::Manager), &manager)),
            }
        }
        _ => Asked {
            filter: "title ne \"Lead\" and userName pr".to_owned(),
            means: Box::new(|_, person| !same(person.text(Field::Title), "lead")),
        },
    }
}

/// Sends a query and compares the answer.
pub async fn ask(talk: &mut Talk) {
    let asked = some_filter(talk);
    let people = talk.world.people.iter();
    let expected: BTreeSet<String> = people
        .filter(|(id, person)| (asked.means)(id, person))
        .map(|(id, _)| id.clone())
        .collect();
    talk.say(format!("list {}", asked.filter));
    match talk.dice.random_range(0..4) {
        0 => whole(talk, &asked.filter, &expected).await,
        1 => pages(talk, &asked.filter, &expected).await,
        2 => cursors(talk, &asked.filter, &expected).await,
        _ => sorted(talk, &asked.filter, &expected).await,
    }
}

fn ids(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().into_iter().flatten();
    resources
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn list(talk: &Talk, filter: &str, more: &str) -> Value {
    talk.scim
        .get(&format!("/Users?filter={}{more}", entra_encode(filter)))
        .await
        .expect(200)
        .body
}

async fn whole(talk: &mut Talk, filter: &str, expected: &BTreeSet<String>) {
    let answer = if talk.chance(30) {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
        let body = json!({"schemas": schemas, "filter": filter, "count": 1_000});
        talk.scim.post("/Users/.search", &body).await.expect(200).body
    } else {
        list(talk, filter, "&count=1000").await
    };
    talk.same(&answer["totalResults"], &json!(expected.len()), filter);
    let seen: BTreeSet<String> = ids(&answer).into_iter().collect();
    talk.same(&seen, expected, filter);
    for one in answer["Resources"].as_array().into_iter().flatten() {
        compare(talk, one["id"].as_str().expect("an id"), one);
    }
}

async fn pages(talk: &mut Talk, filter: &str, expected: &BTreeSet<String>) {
    let count = talk.dice.random_range(1..20);
    let (mut start, mut seen) = (1, Vec::new());
    loop {
        let answer = list(talk, filter, &format!("&startIndex={start}&count={count}")).await;
        talk.same(&answer["totalResults"], &json!(expected.len()), filter);
        let page = ids(&answer);
        if page.is_empty() {
            break;
        }
        start += page.len();
        seen.extend(page);
    }
    talk.same(&seen.len(), &expected.len(), "everybody once");
    talk.same(&seen.into_iter().collect(), expected, filter);
}

async fn cursors(talk: &mut Talk, filter: &str, expected: &BTreeSet<String>) {
    let count = talk.dice.random_range(1..20);
    let order = *talk.pick(&["", "&sortBy=title", "&sortBy=userName&sortOrder=descending"]);
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let answer = list(talk, filter, &format!("&count={count}&cursor={cursor}{order}")).await;
        let page = ids(&answer);
        assert!(page.len() <= count, "{} on a page of {count}", page.len());
        seen.extend(page);
        match answer["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    talk.same(&seen.len(), &expected.len(), "everybody once");
    talk.same(&seen.into_iter().collect(), expected, &format!("{filter}{order}"));
}

/// The expected order: keys ascending, resources without a key last, or first if descending.
async fn sorted(talk: &mut Talk, filter: &str, expected: &BTreeSet<String>) {
    let descending = talk.chance(50);
    let (name, field) = *talk.pick(&[
        ("userName", Field::UserName),
        ("title", Field::Title),
        ("name.familyName", Field::FamilyName),
        ("displayName", Field::DisplayName),
    ]);
    let key = |id: &String| {
        let text = talk.world.people[id].text(field).map(str::to_lowercase);
        (text.is_none(), text.unwrap_or_default())
    };
    let mut keys: Vec<_> = expected.iter().map(key).collect();
    keys.sort();
    if descending {
        keys.reverse();
    }
    let order = if descending { "descending" } else { "ascending" };
    let answer = list(
        talk,
        filter,
        &format!("&count=1000&sortBy={name}&sortOrder={order}"),
    )
    .await;
    let seen: Vec<_> = ids(&answer).iter().map(key).collect();
    talk.same(&seen, &keys, &format!("{filter} by {name} {order}"));
}
