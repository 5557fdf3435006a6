//! A list request in a body: `POST …/.search` (RFC 7644 §3.4.3, RFC 9865 §3), for filters too long or too private for a URL.
//!
//! Must not know: HTTP, the endpoint. Keys are read in any case, unknown ones are ignored.

use serde_json::Value;

use super::{ListParameters, Name, Parameters, not_whole};
use crate::error::Error;
use crate::name;

/// The schema of a search body.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Parses the body of a search: the same parameters as [`super::parse_query`] parses from a URL.
///
/// # Errors
/// [`crate::ScimType::InvalidSyntax`] for a body or a member of another shape, or of another message's schema; otherwise
/// as [`super::parse_query`].
pub fn parse_search(body: Value) -> Result<ListParameters, Error> {
    let Value::Object(body) = body else {
        return Err(Error::invalid_syntax(format!(
            "A search is a JSON object. {EXAMPLE}"
        )));
    };
    let mut parameters = Parameters::default();
    for (key, value) in body {
        if value.is_null() {
            continue;
        }
        if name::eq(&key, "schemas") {
            check_schemas(&value)?;
        } else if let Ok(name) = key.parse() {
            parameters.set(name, text(name, value)?)?;
        }
    }
    parameters.into_query()
}

const EXAMPLE: &str = "Send {\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"],\
    \"filter\":\"userName sw \\\"a\\\"\",\"count\":100}.";

/// A body without `schemas` is a search by its endpoint; one with another message's schema is refused.
fn check_schemas(schemas: &Value) -> Result<(), Error> {
    let named = |schema: &Value| schema.as_str().is_some_and(|urn| name::eq(urn, SEARCH_REQUEST));
    match schemas {
        Value::Array(list) if list.is_empty() || list.iter().any(named) => Ok(()),
        one if named(one) => Ok(()),
        _ => Err(Error::invalid_syntax(format!(
            "The \"schemas\" of the body are not those of a search. {EXAMPLE}"
        ))),
    }
}

/// The value as a URL would have it: the digits of a number, the names of a list with commas between.
fn text(name: Name, value: Value) -> Result<String, Error> {
    let is_number = matches!(name, Name::StartIndex | Name::Count);
    let is_list = matches!(name, Name::Attributes | Name::ExcludedAttributes);
    let what = if is_list {
        "a list of attribute names"
    } else {
        "a text"
    };
    let joined = match value {
        Value::String(text) => Some(text),
        Value::Number(number) if is_number => Some(number.to_string()),
        _ if is_number => return Err(not_whole(name)),
        Value::Array(names) if is_list => {
            let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
            names.map(|names| names.join(","))
        }
        _ => None,
    };
    joined.ok_or_else(|| {
        let key: &str = name.into();
        Error::invalid_syntax(format!("\"{key}\" of a search must be {what}. {EXAMPLE}")).on(key)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ScimType;
    use crate::query::parse_query;

    #[test]
    fn a_search_is_the_query_of_a_url_in_a_body() {
        for (body, url) in [
            (json!({}), ""),
            (json!({"schemas": [SEARCH_REQUEST]}), ""),
            (
                json!({"Filter": "userName eq \"a b\""}),
                "filter=userName+eq+%22a+b%22",
            ),
            (json!({"filter": ""}), "filter="),
            (
                json!({"sortBy": "title", "sortOrder": "descending"}),
                "sortBy=title&sortOrder=descending",
            ),
            (json!({"startIndex": 3, "count": 0}), "startIndex=3&count=0"),
            (
                json!({"startIndex": "3", "COUNT": u64::MAX}),
                "startIndex=3&count=9223372036854775807",
            ),
            (json!({"cursor": "", "count": 10}), "cursor&count=10"),
            (json!({"cursor": null, "filter": null}), ""),
            (json!({"cursor": "abc"}), "cursor=abc"),
            (
                json!({"attributes": ["userName", "name.givenName"]}),
                "attributes=userName,name.givenName",
            ),
            (json!({"attributes": "userName"}), "attributes=userName"),
            (
                json!({"excludedAttributes": ["members"], "unknown": 1}),
                "excludedAttributes=members",
            ),
        ] {
            assert_eq!(parse_search(body.clone()), parse_query(url), "{body}");
        }
    }

    #[test]
    fn a_search_of_another_shape_is_refused_by_the_name_of_its_part() {
        for (body, scim_type, words) in [
            (json!([]), ScimType::InvalidSyntax, "A search is a JSON object"),
            (
                json!({"filter": 1}),
                ScimType::InvalidSyntax,
                "\"filter\" of a search must be a text",
            ),
            (
                json!({"attributes": [1]}),
                ScimType::InvalidSyntax,
                "must be a list of attribute names",
            ),
            (
                json!({"attributes": {}}),
                ScimType::InvalidSyntax,
                "must be a list of attribute names",
            ),
            (
                json!({"count": 1.5}),
                ScimType::InvalidCount,
                "must be a whole number",
            ),
            (
                json!({"count": true}),
                ScimType::InvalidCount,
                "must be a whole number",
            ),
            (
                json!({"startIndex": []}),
                ScimType::InvalidValue,
                "must be a whole number",
            ),
            (
                json!({"cursor": 7}),
                ScimType::InvalidSyntax,
                "\"cursor\" of a search must be a text",
            ),
            (
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}),
                ScimType::InvalidSyntax,
                "not those of a search",
            ),
        ] {
            let error = parse_search(body.clone()).expect_err(&body.to_string());
            assert_eq!(error.scim_type, scim_type, "{body}");
            assert!(error.detail.contains(words), "{}", error.detail);
        }
    }
}
