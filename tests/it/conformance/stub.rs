//! A SCIM server that is wrong on purpose, in the ways of real ones (`docs/background/field-reports.md`): it
//! needs no token, lists everything whatever the filter, accepts a PATCH and ignores it, and answers a DELETE
//! without deleting.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, mpsc};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

/// Checks that must find a fault here.
pub const WRONG: &[&str] = &[
    "create-says-where",
    "create-duplicate-is-409",
    "create-without-required-is-400",
    "list-without-match-is-200",
    "error-status-is-a-string",
    "error-is-scim-json",
    "filter-eq",
    "filter-unknown-operator-is-400",
    "page-is-no-longer-than-count",
    "patch-replace-a-single-value",
    "patch-remove-without-path-is-no-target",
    "patch-is-atomic",
    "delete-answers-204",
    "delete-then-404-for-everything",
    "attributes-narrow-an-answer",
    "replace-creates-nothing",
];

/// Checks that must be held even here, so that the client does not report everything.
pub const RIGHT: &[&str] = &[
    "discovery-config",
    "create-answers-201",
    "create-answers-the-resource",
    "create-id-is-the-servers",
    "read-answers-200",
    "read-unknown-is-404",
    "list-is-a-list-response",
];

/// The running server; it stops on drop.
pub struct Stub {
    pub url: String,
    handle: ServerHandle,
}

impl Drop for Stub {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

type People = Arc<Mutex<Vec<Value>>>;

/// Starts the wrong server.
pub async fn start() -> Stub {
    let people = People::default();
    serve(move |config| {
        config
            .app_data(web::Data::new(people.clone()))
            .default_service(web::to(answer));
    })
    .await
}

/// A web page, not a SCIM server.
pub async fn page() -> Stub {
    serve(|config| {
        config.default_service(web::to(|| async {
            HttpResponse::Ok()
                .content_type("text/html")
                .body("<h1>Hello</h1>")
        }));
    })
    .await
}

/// Starts a server on a free port, on a thread of its own.
pub async fn serve(services: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static) -> Stub {
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        let server = HttpServer::new(move || App::new().configure(services.clone()))
            .workers(1)
            .bind((Ipv4Addr::LOCALHOST, 0))
            .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        ready.send((address, server.handle())).expect("the test waits");
        actix_web::rt::System::new()
            .block_on(server)
            .expect("the stub runs");
    });
    let (address, handle) = tokio::task::spawn_blocking(move || started.recv().expect("the stub starts"))
        .await
        .unwrap();
    Stub {
        url: format!("http://{address}"),
        handle,
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, people: web::Data<People>) -> HttpResponse {
    let path = request.path().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut people = people.lock().expect("no panic before");
    let id = path.strip_prefix("/Users/");
    let known = |people: &[Value]| {
        people
            .iter()
            .position(|person| Some(person["id"].as_str().unwrap()) == id)
    };
    match (request.method().as_str(), path.as_str(), id) {
        ("GET", "/ServiceProviderConfig", _) => {
            let no = json!({"supported": false});
            let yes = json!({"supported": true, "maxResults": 10});
            let schemas = ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"];
            reply(
                200,
                &json!({"schemas": schemas, "patch": yes, "filter": yes, "bulk": no, "sort": no, "etag": no}),
            )
        }
        ("GET", "/Users", _) => reply(200, &list(&people)),
        ("GET", "/ResourceTypes" | "/Schemas", _) => reply(200, &list(&[])),
        ("POST", "/Users", _) => {
            let mut person = body;
            person["id"] = json!(format!("{}", people.len() + 1));
            person["meta"] = json!({"resourceType": "User"});
            people.push(person.clone());
            reply(201, &person)
        }
        ("PUT", _, Some(_)) => reply(200, &body),
        (method, _, Some(_)) => match (method, known(&people)) {
            (_, None) => reply(
                404,
                &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": 404}),
            ),
            (_, Some(index)) => reply(200, &people[index]),
        },
        _ => reply(404, &json!({})),
    }
}

/// A list response with all of these.
pub fn list(people: &[Value]) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": people.len(), "startIndex": 1, "itemsPerPage": people.len(), "Resources": people,
    })
}

pub fn reply(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).expect("a status"))
        .content_type("application/json")
        .body(body.to_string())
}
