//! A small server that does what it offers and no more, like two of the servers that the client once reported
//! wrongly: filters nest one parenthesis deep, text is compared with case, errors have no keyword, a search
//! needs its schema and a count of at least 1, users do not show their groups, and a deleted user stays a
//! member.

use std::sync::{Arc, Mutex};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::stub::{Stub, list, reply, serve};

/// Rules that are held here, or do not apply, and were once reported as broken.
pub const HELD: &[&str] = &[
    "filter-not",
    "filter-not-group",
    "filter-grouping",
    "filter-and",
    "filter-or",
    "filter-and-before-or",
    "filter-gt",
    "filter-ge",
    "filter-lt",
    "filter-le",
    "filter-ew",
    "filter-names-have-no-case",
    "filter-operators-have-no-case",
    "search-without-schema-is-refused-or-read",
    "search-by-post",
    "search-by-post-answers-like-get",
    "create-answers-the-resource",
    "error-broken-json-is-400",
    "error-wrong-type-is-400",
    "replace-to-a-taken-name-is-refused",
    "read-id-is-stable",
];
/// Optional behaviour in which this server differs from most.
pub const DIFFERS: &[&str] = &[
    "error-broken-json-says-invalid-syntax",
    "error-wrong-type-says-invalid-value",
    "group-user-shows-it",
    "group-forgets-deleted-users",
];
/// Its actual faults, each reported once.
pub const BROKEN: &[&str] = &[
    "search-count-0-is-the-total-alone",
    "filter-username-without-case",
    "discovery-config-schemes",
];

/// The variants of this server.
#[derive(Clone, Default)]
pub struct Kind {
    /// The token that every request needs, if any.
    pub token: Option<&'static str>,
    /// Whether users have a title.
    pub titles: bool,
    /// Whether requests to create get no answer.
    pub read_only: bool,
}

#[derive(Default)]
struct Store {
    made: u32,
    users: Vec<Value>,
    groups: Vec<Value>,
}

type Shared = Arc<Mutex<Store>>;

pub async fn start(kind: Kind) -> Stub {
    let store = Shared::default();
    serve(move |config| {
        config
            .app_data(web::Data::new(store.clone()))
            .app_data(web::Data::new(kind.clone()))
            .default_service(web::to(answer));
    })
    .await
}

fn error(status: u16, detail: &str) -> HttpResponse {
    reply(
        status,
        &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": detail}),
    )
}

fn schemas(kind: &Kind) -> Vec<Value> {
    let attribute = |name: &str, of: &str, many: bool, parts: &[&str]| {
        let parts: Vec<_> = parts
            .iter()
            .map(|part| json!({"name": part, "type": "string", "multiValued": false}))
            .collect();
        json!({"name": name, "type": of, "multiValued": many, "mutability": "readWrite", "subAttributes": parts})
    };
    let mut user = vec![
        attribute("userName", "string", false, &[]),
        attribute("displayName", "string", false, &[]),
        attribute("active", "boolean", false, &[]),
        attribute("emails", "complex", true, &["value", "type", "primary"]),
    ];
    if kind.titles {
        user.push(attribute("title", "string", false, &[]));
    }
    let core = "urn:ietf:params:scim:schemas:core:2.0";
    vec![
        json!({"id": format!("{core}:User"), "name": "User", "attributes": user}),
        json!({"id": format!("{core}:Group"), "name": "Group", "attributes": [attribute("displayName", "string", false, &[])]}),
    ]
}

fn discovery(path: &str, kind: &Kind) -> Option<Value> {
    let core = "urn:ietf:params:scim:schemas:core:2.0";
    match path {
        "/ServiceProviderConfig" => {
            let no = json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0});
            Some(
                json!({"schemas": [format!("{core}:ServiceProviderConfig")], "patch": no, "bulk": no, "sort": no, "etag": no,
                    "changePassword": no, "filter": {"supported": true, "maxResults": 200}, "authenticationSchemes": []}),
            )
        }
        "/ResourceTypes" => Some(list(&[
            json!({"id": "User", "name": "User", "endpoint": "/Users", "schema": format!("{core}:User")}),
            json!({"id": "Group", "name": "Group", "endpoint": "/Groups", "schema": format!("{core}:Group")}),
        ])),
        "/Schemas" => Some(list(&schemas(kind))),
        _ => None,
    }
}

async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    store: web::Data<Shared>,
    kind: web::Data<Kind>,
) -> HttpResponse {
    let credential = request.headers().get(header::AUTHORIZATION);
    if let Some(token) = kind.token
        && credential.is_none_or(|said| said.as_bytes() != format!("Bearer {token}").as_bytes())
    {
        let mut refusal = error(401, "who are you?");
        let challenge = header::HeaderValue::from_static("Bearer");
        refusal.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return refusal;
    }
    let path = request.path().to_owned();
    if let Some(document) = discovery(&path, &kind) {
        return reply(200, &document);
    }
    let body = if body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&body) {
            Ok(body) => body,
            Err(why) => return error(400, &why.to_string()),
        }
    };
    let query = web::Query::<std::collections::BTreeMap<String, String>>::from_query(request.query_string())
        .expect("a query")
        .into_inner();
    let mut store = store.lock().expect("no panic before");
    let (endpoint, id) = match path.trim_start_matches('/').split_once('/') {
        Some((endpoint, id)) => (endpoint.to_owned(), id.to_owned()),
        None => (path.trim_start_matches('/').to_owned(), String::new()),
    };
    if !["Users", "Groups"].contains(&endpoint.as_str()) {
        return error(404, "there is no such endpoint");
    }
    match (request.method().as_str(), id.as_str()) {
        ("POST", ".search") => search(&store, &endpoint, &body),
        ("POST", "") if kind.read_only => error(403, "this server is a copy"),
        ("POST", "") => create(&mut store, &endpoint, body),
        ("GET", "") => {
            let number = |name: &str, unsaid: i64| {
                query
                    .get(name)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(unsaid)
            };
            found(
                &store,
                &endpoint,
                query.get("filter").map(String::as_str),
                number("startIndex", 1),
                number("count", 100),
            )
        }
        (method, id) => one(&mut store, method, &endpoint, id, body),
    }
}

impl Store {
    fn of(&mut self, endpoint: &str) -> &mut Vec<Value> {
        if endpoint == "Users" {
            &mut self.users
        } else {
            &mut self.groups
        }
    }

    fn taken(&self, body: &Value, but: &str) -> bool {
        let name = |one: &Value| one["userName"].as_str().unwrap_or_default().to_lowercase();
        body["userName"].is_string()
            && self
                .users
                .iter()
                .any(|one| one["id"] != but && name(one) == name(body))
    }
}

fn unfit(endpoint: &str, body: &Value) -> Option<HttpResponse> {
    let key = if endpoint == "Users" {
        "userName"
    } else {
        "displayName"
    };
    match &body[key] {
        Value::String(_) => None,
        _ => Some(error(400, &format!("{key} has to be text"))),
    }
}

/// The document as stored: attribute names in the schema's spelling.
fn kept(body: Value, id: &str, endpoint: &str, made: Value) -> Value {
    let mut document = body;
    if let Some(name) = document.as_object_mut().and_then(|all| all.remove("USERNAME")) {
        document["userName"] = name;
    }
    document["id"] = json!(id);
    document["meta"] = json!({"resourceType": endpoint.trim_end_matches('s'), "created": made, "lastModified": made,
        "location": format!("/{endpoint}/{id}")});
    document
}

fn create(store: &mut Store, endpoint: &str, body: Value) -> HttpResponse {
    let now = json!("2026-01-18T14:21:26Z");
    store.made += 1;
    let document = kept(body, &format!("id-{}", store.made), endpoint, now);
    if let Some(refusal) = unfit(endpoint, &document) {
        return refusal;
    }
    if store.taken(&document, "") {
        return reply(
            409,
            &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness"}),
        );
    }
    store.of(endpoint).push(document.clone());
    reply(201, &document)
}

fn one(store: &mut Store, method: &str, endpoint: &str, id: &str, body: Value) -> HttpResponse {
    let Some(place) = store.of(endpoint).iter().position(|one| one["id"] == id) else {
        return error(404, "there is no such resource");
    };
    match method {
        "GET" => reply(200, &store.of(endpoint)[place]),
        "DELETE" => {
            store.of(endpoint).remove(place);
            HttpResponse::NoContent().finish()
        }
        "PUT" => {
            if store.taken(&body, id) {
                return error(409, "the name is taken");
            }
            if let Some(refusal) = unfit(endpoint, &body) {
                return refusal;
            }
            let made = store.of(endpoint)[place]["meta"]["created"].clone();
            let document = kept(body, id, endpoint, made);
            store.of(endpoint)[place] = document.clone();
            reply(200, &document)
        }
        _ => error(501, "there is no such operation here"),
    }
}

fn search(store: &Store, endpoint: &str, body: &Value) -> HttpResponse {
    if body["schemas"][0] != "urn:ietf:params:scim:api:messages:2.0:SearchRequest" {
        return error(400, "a search names its schema");
    }
    let count = body["count"].as_i64().unwrap_or(100);
    if count < 1 {
        return error(400, "count has to be at least 1");
    }
    found(
        store,
        endpoint,
        body["filter"].as_str(),
        body["startIndex"].as_i64().unwrap_or(1),
        count,
    )
}

fn found(store: &Store, endpoint: &str, filter: Option<&str>, start: i64, count: i64) -> HttpResponse {
    let all = if endpoint == "Users" {
        &store.users
    } else {
        &store.groups
    };
    let matching: Result<Vec<Value>, ()> = match filter {
        None => Ok(all.clone()),
        Some(filter) => all
            .iter()
            .map(|one| Ok((Filter::of(filter).matches(one)?, one)))
            .filter_map(|judged: Result<(bool, &Value), ()>| match judged {
                Ok((true, one)) => Some(Ok(one.clone())),
                Ok((false, _)) => None,
                Err(()) => Some(Err(())),
            })
            .collect(),
    };
    let Ok(matching) = matching else {
        return error(400, "this filter is too much");
    };
    let skipped = usize::try_from(start.max(1) - 1).expect("no negative");
    let page: Vec<Value> = matching
        .iter()
        .skip(skipped)
        .take(usize::try_from(count.max(0)).expect("no negative"))
        .cloned()
        .collect();
    let mut answer = list(&page);
    answer["totalResults"] = json!(matching.len());
    answer["startIndex"] = json!(skipped + 1);
    reply(200, &answer)
}

/// Filters with one level of parentheses, evaluated from the left.
struct Filter<'a> {
    words: Vec<&'a str>,
    place: usize,
    depth: usize,
}

impl<'a> Filter<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = match rest.as_bytes()[0] {
                b'(' | b')' => 1,
                b'"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
                _ => rest.find([' ', '(', ')']).unwrap_or(rest.len()),
            };
            let (word, tail) = rest.split_at(end);
            words.push(word);
            rest = tail.trim_start();
        }
        Self {
            words,
            place: 0,
            depth: 0,
        }
    }

    fn matches(&mut self, one: &Value) -> Result<bool, ()> {
        let held = self.either(one)?;
        if self.place == self.words.len() && !self.words.is_empty() {
            Ok(held)
        } else {
            Err(())
        }
    }

    fn next(&mut self) -> Result<&'a str, ()> {
        self.place += 1;
        self.words.get(self.place - 1).copied().ok_or(())
    }

    fn takes(&mut self, word: &str) -> bool {
        let there = self
            .words
            .get(self.place)
            .is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.place += usize::from(there);
        there
    }

    fn either(&mut self, one: &Value) -> Result<bool, ()> {
        let mut held = self.both(one)?;
        while self.takes("or") {
            held |= self.both(one)?;
        }
        Ok(held)
    }

    fn both(&mut self, one: &Value) -> Result<bool, ()> {
        let mut held = self.term(one)?;
        while self.takes("and") {
            held &= self.term(one)?;
        }
        Ok(held)
    }

    fn term(&mut self, one: &Value) -> Result<bool, ()> {
        if self.takes("not") {
            return Ok(!self.term(one)?);
        }
        if self.takes("(") {
            self.depth += 1;
            if self.depth > 1 {
                return Err(());
            }
            let held = self.either(one)?;
            self.depth -= 1;
            return if self.takes(")") { Ok(held) } else { Err(()) };
        }
        let path = self.next()?;
        let operator = self.next()?.to_ascii_lowercase();
        let values = values(one, path);
        if operator == "pr" {
            return Ok(values.iter().any(|value| !value.is_null()));
        }
        let wanted: Value = serde_json::from_str(self.next()?).map_err(|_| ())?;
        let compared = |value: &Value| match (value, &wanted) {
            (Value::String(value), Value::String(wanted)) => Ok(match operator.as_str() {
                "eq" => value == wanted,
                "ne" => value != wanted,
                "co" => value.contains(wanted.as_str()),
                "sw" => value.starts_with(wanted.as_str()),
                "ew" => value.ends_with(wanted.as_str()),
                "gt" => value > wanted,
                "ge" => value >= wanted,
                "lt" => value < wanted,
                "le" => value <= wanted,
                _ => return Err(()),
            }),
            _ => match operator.as_str() {
                "eq" => Ok(*value == wanted),
                "ne" => Ok(*value != wanted),
                _ => Err(()),
            },
        };
        let mut held = false;
        for value in values {
            held |= compared(value)?;
        }
        Ok(held)
    }
}

/// The values at a path, in every element of a list.
fn values<'a>(one: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut here = vec![one];
    for name in path.split('.') {
        here = here
            .into_iter()
            .flat_map(|value| {
                let members = value.as_object().into_iter().flatten();
                members.filter(|(key, _)| key.eq_ignore_ascii_case(name))
            })
            .flat_map(|(_, value)| match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            })
            .collect();
    }
    here
}
