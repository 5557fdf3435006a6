//! `docs/reference/feeds-openapi.json` has the routes and the errors that are served.

use std::collections::BTreeSet;

use serde_json::Value;

use super::problem::ProblemCode;
use super::{ACK, EVENTS, SNAPSHOT};

/// Each operation: its address, its method and what it says.
fn operations() -> Vec<(String, String, Value)> {
    let text = include_str!("../../../../docs/reference/feeds-openapi.json");
    let document: Value = serde_json::from_str(text).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").clone();
    let of_path = |(path, item): (String, Value)| {
        let methods = item.as_object().expect("an item").clone().into_iter();
        let methods = methods.filter(|(method, _)| method != "parameters");
        methods
            .map(|(method, operation)| (path.clone(), method, operation))
            .collect::<Vec<_>>()
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[test]
fn the_openapi_document_has_every_route() {
    let described: Vec<(String, String)> = operations()
        .into_iter()
        .map(|(path, method, _)| (path, method))
        .collect();
    let served = [(EVENTS, "get"), (SNAPSHOT, "get"), (ACK, "post")];
    assert_eq!(
        described,
        served.map(|(path, method)| (path.to_owned(), method.to_owned()))
    );
}

#[test]
fn the_openapi_document_has_every_error_with_its_status() {
    let mut described = BTreeSet::new();
    for (.., operation) in operations() {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let codes =
                &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"];
            for code in codes["enum"].as_array().into_iter().flatten() {
                described.insert((status.clone(), code.as_str().expect("a code").to_owned()));
            }
        }
    }
    let rows = ProblemCode::TABLE.iter();
    let served: BTreeSet<(String, String)> = rows
        .map(|row| (row.status.to_string(), row.code.to_owned()))
        .collect();
    assert_eq!(described, served);
}
