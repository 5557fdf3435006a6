//! The OpenAPI document (3.1) of the admin API, made of the table of routes.
//!
//! `docs/reference/admin-api.json` is a copy of it. Each operation names the right that it demands in `x-right`, and the
//! parameters of its path say what it works at.
#![expect(clippy::indexing_slicing, reason = "of JSON: what is absent is null")]

use std::sync::LazyLock;

use actix_web::HttpResponse;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::PREFIX;
use super::idempotency::{KEY, LONGEST, REPEATED};
use super::problem::AdminCode;
use super::route::Route;
use super::routes::ROUTES;
use crate::problem::MEDIA_TYPE;

/// Refusals that every route may answer with.
const ALWAYS: [AdminCode; 5] = [
    AdminCode::Unauthorized,
    AdminCode::Forbidden,
    AdminCode::InvalidValue,
    AdminCode::Busy,
    AdminCode::Unavailable,
];

/// Answers `/admin/v1/openapi.json`.
pub(super) async fn answer() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(TEXT.as_str())
}

static TEXT: LazyLock<String> = LazyLock::new(text);

/// The document as it is kept in `docs/reference/admin-api.json`.
pub fn text() -> String {
    let text = serde_json::to_string_pretty(&document());
    text.unwrap_or_else(|error| error.to_string())
}

/// The document.
pub fn document() -> Value {
    let mut inputs = generator(SchemaSettings::draft2020_12().for_deserialize());
    let mut outputs = generator(SchemaSettings::draft2020_12().for_serialize());
    let mut paths: Map<String, Value> = Map::new();
    for route in &*ROUTES {
        let operation = operation(route, &mut inputs, &mut outputs);
        let path = paths.entry(format!("{PREFIX}{}", route.path));
        let item = path.or_insert_with(|| match parameters(route.path) {
            parameters if parameters.is_empty() => json!({}),
            parameters => json!({"parameters": parameters}),
        });
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.as_str().to_owned(), operation);
        }
    }
    let mut schemas = outputs.take_definitions(true);
    schemas.extend(inputs.take_definitions(true));
    schemas.insert("Problem".to_owned(), problem());
    // Of a query, only its parameters are shown.
    let used = json!(paths).to_string() + &json!(schemas).to_string();
    schemas.retain(|name, _| used.contains(&format!("\"#/components/schemas/{name}\"")));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Usher's admin API",
            "version": "1.0.0",
            "description": "For operators, customers' admins and their automation. Every request is sent with an API key, which has a role or single rights, and a scope; x-right names the right that an operation demands. What is outside of the key's scope is answered as if it were not there. Secrets are in the answer that made them and in no other.",
        },
        "servers": [{"url": "http://127.0.0.1:8081", "description": "http.admin_listen"}],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "usheradm_…", "description": "An API key: `usher api-key create`."},
            },
            "schemas": schemas,
        },
    })
}

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    let settings = settings.with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

fn operation(route: &Route, inputs: &mut SchemaGenerator, outputs: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "x-right": route.right.as_str(),
        "tags": [route.path.split('/').nth(1).unwrap_or_default()],
    });
    let Some(members) = operation.as_object_mut() else {
        return operation;
    };
    let input = (route.input)(inputs).to_value();
    let fields = fields(&input, inputs);
    if route.method.has_body() && !fields.is_empty() {
        let content = json!({"application/json": {"schema": input}});
        members.insert("requestBody".to_owned(), json!({"content": content}));
    }
    let mut parameters: Vec<Value> = Vec::new();
    if !route.method.has_body() {
        parameters.extend(fields.into_iter().map(|(name, schema)| query(&name, schema)));
    }
    if route.is_versioned && route.method.has_body() {
        parameters.push(json!({
            "name": "If-Match", "in": "header", "schema": {"type": "string"},
            "description": "Change only settings of this version: the ETag of an earlier answer.",
        }));
    }
    if route.has_dry_run {
        parameters.push(json!({
            "name": "dryRun", "in": "query", "schema": {"type": "boolean"},
            "description": "With true, nothing is done: the answer says what would be ended, as it is now.",
        }));
    }
    if route.is_creation() {
        parameters.push(json!({
            "name": KEY, "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
            "description": "A text of your own, such as a random UUID. A repeat with the same text and the same request within 24 hours creates nothing: it gets the answer of the first one, with null in place of secrets and Idempotent-Replayed: true.",
        }));
    }
    if !parameters.is_empty() {
        members.insert("parameters".to_owned(), parameters.into());
    }
    members.insert("responses".to_owned(), responses(route, outputs));
    operation
}

/// The members of an input that is defined beside.
fn fields(input: &Value, inputs: &SchemaGenerator) -> Vec<(String, Value)> {
    let name = input["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let defined = name.and_then(|name| inputs.definitions().get(name));
    let fields = defined.and_then(|defined| defined["properties"].as_object());
    let fields = fields.into_iter().flatten();
    fields
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// A parameter of a query. It has no null.
fn query(name: &str, mut schema: Value) -> Value {
    let description = schema["description"].clone();
    if let Some(members) = schema.as_object_mut() {
        members.remove("description");
        if let Some(kind) = members
            .get("type")
            .and_then(Value::as_array)
            .and_then(|kinds| kinds.first())
        {
            let kind = kind.clone();
            members.insert("type".to_owned(), kind);
        }
    }
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

/// The parameters in braces.
fn parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let describe = |name| match name {
        "tenant" => "The tenant's name.",
        "profile" => "The profile of the tenant's directory.",
        "app" => "The app's name.",
        "token" => "The token's id.",
        "credential" => "The credential's id.",
        "client" => "The client's id.",
        "secret" => "The id of the client's secret.",
        "row" => "The number of the row in its chain.",
        "request" => "The request-id of an answer (req_…).",
        _ => "The API key's id.",
    };
    let parameter = |name| json!({"name": name, "in": "path", "required": true, "description": describe(name), "schema": {"type": "string", "minLength": 1}});
    names.map(parameter).collect()
}

fn responses(route: &Route, outputs: &mut SchemaGenerator) -> Value {
    let mut success = json!({
        "description": "Done.",
        "content": {route.media_type: {"schema": (route.output)(outputs)}},
    });
    let mut headers = Map::new();
    if route.is_versioned || route.id == "createDirectory" {
        let tag = json!({"description": "The version of the settings.", "schema": {"type": "string"}});
        headers.insert("ETag".to_owned(), tag);
    }
    if route.is_creation() {
        let repeated = json!({"description": "The answer is that of an earlier request with the same Idempotency-Key, without its secrets.", "schema": {"const": "true"}});
        headers.insert(REPEATED.to_owned(), repeated);
    }
    if !headers.is_empty() {
        success["headers"] = headers.into();
    }
    let mut responses = Map::from_iter([(route.status.to_string(), success)]);
    let mut codes = ALWAYS.to_vec();
    if route.path.contains('{') {
        codes.push(AdminCode::NotFound);
    }
    if route.method.has_body() || route.method == super::route::Method::Delete {
        codes.extend([AdminCode::AdminDatabase, AdminCode::Conflict]);
    }
    if route.method.has_body() {
        codes.push(AdminCode::InvalidBody);
    }
    if route.is_creation() {
        codes.extend([AdminCode::Exists, AdminCode::KeyInUse, AdminCode::KeyReused]);
    }
    if route.is_versioned && route.method.has_body() {
        codes.push(AdminCode::PreconditionFailed);
    }
    let mut statuses: Vec<u16> = codes.iter().map(|code| row(*code).status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let these: Vec<_> = codes
            .iter()
            .map(|code| row(*code))
            .filter(|row| row.status == status)
            .collect();
        let meanings: Vec<&str> = these.iter().map(|row| row.meaning).collect();
        let words: Vec<&str> = these.iter().map(|row| row.code).collect();
        let schema = json!({"allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"code": {"enum": words}}},
        ]});
        responses.insert(
            status.to_string(),
            json!({"description": format!("{}.", meanings.join("; ")), "content": {MEDIA_TYPE: {"schema": schema}}}),
        );
    }
    responses.into()
}

fn row(code: AdminCode) -> &'static crate::error_table::Row {
    use crate::error_table::Code as _;
    code.row()
}

fn problem() -> Value {
    json!({
        "description": "Why a request was not served (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string", "description": "urn:usher:problem: and the code."},
            "title": {"type": "string", "description": "What happened."},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "A stable word (docs/reference/error-codes.md)."},
            "detail": {"type": "string", "description": "What is wrong, and what to do."},
            "field": {"type": "string", "description": "The parameter or member that is wrong."},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_schema_and_every_schema_is_used() {
        let document = document();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let mut named = 0;
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().expect("a name");
            assert!(schemas.contains_key(name), "{name}");
            named += 1;
        }
        assert!(named > ROUTES.len(), "{named} references");
    }

    #[test]
    fn every_route_stands_in_the_document_with_its_right() {
        let document = document();
        for route in &*ROUTES {
            let path = format!("{PREFIX}{}", route.path);
            let operation = &document["paths"][path.as_str()][route.method.as_str()];
            assert_eq!(operation["x-right"], route.right.as_str(), "{path}");
            assert_eq!(operation["operationId"], route.id, "{path}");
            assert!(
                operation["responses"][route.status.to_string()].is_object(),
                "{path}"
            );
            for status in ["400", "401", "403", "503"] {
                assert!(operation["responses"][status].is_object(), "{path} {status}");
            }
        }
    }

    /// The names of the schemas with a member of the type [`admin::view::Secret`].
    fn with_secrets(document: &Value) -> Vec<&str> {
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let secret = |schema: &&Value| schema["format"] == "password";
        schemas
            .iter()
            .filter(|(_, schema)| {
                let members = schema["properties"].as_object().into_iter().flatten();
                members.map(|(_, member)| member).any(|member| secret(&member))
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }

    #[test]
    fn only_answers_that_make_a_secret_have_one() {
        let document = document();
        let makes = [
            "ApiKeyIssued",
            "ApiKeyRotated",
            "AppIssued",
            "ClientIssued",
            "TokenIssued",
            "TokenRotated",
        ];
        let mut found = with_secrets(&document);
        found.sort_unstable();
        assert_eq!(found, makes);
        // No other member is called like one, though its type may say otherwise.
        let names = [
            "token",
            "credential",
            "redisPassword",
            "key",
            "clientSecret",
            "pkcs8",
            "password",
        ];
        for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
            for (member, _) in schema["properties"].as_object().into_iter().flatten() {
                let is_named_so = names.contains(&member.as_str());
                assert!(!is_named_so || makes.contains(&name.as_str()), "{name}.{member}");
            }
        }
    }

    /// What a value refers to, and what that refers to.
    fn reached(document: &Value, value: &Value, known: &mut Vec<String>) {
        let text = value.to_string();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().expect("a name");
            if !known.iter().any(|other| other == name) {
                known.push(name.to_owned());
                reached(document, &document["components"]["schemas"][name], known);
            }
        }
    }

    #[test]
    fn no_answer_but_a_new_secrets_own_refers_to_a_secret() {
        let document = document();
        let secrets = with_secrets(&document);
        let mut read = 0;
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("an item") {
                for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                    let mut known = Vec::new();
                    reached(&document, answer, &mut known);
                    let has_one = known.iter().any(|name| secrets.contains(&name.as_str()));
                    assert!(
                        !has_one || (method == "post" && status == "201"),
                        "{method} {path} {status}: {known:?}"
                    );
                    read += usize::from(method == "get");
                }
            }
        }
        assert!(read > 100, "{read} answers to GET");
    }
}
