//! `/admin/v1/docs`: the admin API as a page for people, made of the same document as `openapi.json`. It asks nothing of any
//! other machine and runs no script.
#![expect(clippy::indexing_slicing, reason = "of JSON: what is absent is null")]

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde_json::Value;

use super::{lines, openapi};
use crate::problem::MEDIA_TYPE;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    h2{margin-top:2.5rem;border-top:1px solid #8888;padding-top:1rem}h3{font:600 1rem ui-monospace,monospace}\
    code{font-family:ui-monospace,monospace}table{border-collapse:collapse;width:100%}\
    th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8883}\
    nav a{margin-right:1rem}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#9cf}}";

/// Answers the route.
pub(super) async fn answer() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(PAGE.as_str())
}

static PAGE: LazyLock<String> = LazyLock::new(|| page(&openapi::document()));

fn page(document: &Value) -> String {
    let title = text(&document["info"]["title"]);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{}</p>\n\
         <p>For programs: <a href=\"openapi.json\">openapi.json</a>.</p>\n",
        text(&document["info"]["description"])
    );
    let empty = serde_json::Map::new();
    let members = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(&item) {
            if operation["operationId"].is_string() {
                route(&mut page, &method, &path, &operation);
            }
        }
    }
    page.push_str("<h2>What is sent and answered</h2>\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let _ = writeln!(
            page,
            "<h3 id=\"{0}\">{0}</h3>\n<p>{1}</p>",
            escaped(&name),
            text(&schema["description"])
        );
        let fields = members(&schema["properties"]);
        table(
            &mut page,
            fields
                .iter()
                .map(|(name, schema)| (name.as_str(), schema, &schema["description"])),
        );
    }
    page
}

fn route(page: &mut String, method: &str, path: &str, operation: &Value) {
    let _ = writeln!(
        page,
        "<h2>{} {}</h2>\n<p>{} Right: <code>{}</code>.</p>",
        method.to_ascii_uppercase(),
        escaped(path),
        text(&operation["summary"]),
        text(&operation["x-right"])
    );
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    table(
        page,
        parameters.map(|one| {
            (
                one["name"].as_str().unwrap_or_default(),
                &one["schema"],
                &one["description"],
            )
        }),
    );
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if body.is_object() {
        let _ = writeln!(page, "<p>Body: {}</p>", kind(body));
    }
    page.push_str("<table><tr><th>Status</th><th>Answer</th></tr>\n");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let contents = response["content"].as_object().into_iter().flatten();
        let mut contents = contents.filter(|(media_type, _)| *media_type != MEDIA_TYPE);
        let answer = match contents.next() {
            Some((media_type, content)) if media_type == lines::MEDIA_TYPE => {
                format!("{}, one a line", kind(&content["schema"]))
            }
            Some((_, content)) => kind(&content["schema"]),
            None => text(&response["description"]),
        };
        let _ = writeln!(page, "<tr><td>{}</td><td>{answer}</td></tr>", escaped(status));
    }
    page.push_str("</table>\n");
}

fn table<'v>(page: &mut String, rows: impl Iterator<Item = (&'v str, &'v Value, &'v Value)>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("<table><tr><th>Name</th><th>Type</th><th>Meaning</th></tr>\n");
    for (name, schema, meaning) in rows {
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escaped(name),
            kind(schema),
            text(meaning)
        );
    }
    page.push_str("</table>\n");
}

/// The type of a value: the name of a schema, one of some words, or a type of JSON.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", escaped(name));
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .map(|word| {
                format!(
                    "<code>{}</code>",
                    word.as_str().map_or_else(|| "null".to_owned(), escaped)
                )
            })
            .collect();
        return words.join(" | ");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    };
    if schema["items"].is_object() {
        return format!("{kinds} of {}", kind(&schema["items"]));
    }
    kinds
}

/// A text; nothing for what is none.
fn text(value: &Value) -> String {
    value.as_str().map(escaped).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::routes::ROUTES;

    #[test]
    fn the_page_has_every_route_and_asks_nothing_of_another_machine() {
        let page = page(&openapi::document());
        for route in &*ROUTES {
            let head = format!(
                "<h2>{} /admin/v1{}</h2>",
                route.method.as_str().to_ascii_uppercase(),
                route.path
            );
            assert!(page.contains(&head), "{head}");
        }
        for outside in ["src=", "<script", "<link", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(!page.contains("href=\"http"));
    }
}
