//! PATCH: all operations or none, the result is canonical, and a repeated operation changes nothing more.

use scim::patch::{PatchRequest, apply};
use scim::quirk::rules::{ENTRA, GENERIC};
use scim::resource::Resource;
use scim::schema::ResourceType;
use serde_json::{Value, json};

/// Reads a PATCH body and applies it.
pub fn check(data: &[u8]) {
    if let Ok(body) = serde_json::from_slice::<Value>(data) {
        check_body(&body);
    }
}

/// Applies a body to each document.
pub fn check_body(body: &Value) {
    let request = match PatchRequest::parse(body.clone()) {
        Ok(request) => request,
        Err(error) => return super::check_error(&error),
    };
    let rt = super::users();
    for document in super::documents() {
        let current = Resource::accept(rt, document.clone())
            .expect("a good document")
            .resource;
        let before = current.clone();
        match patched(rt, &current, &request) {
            Ok(after) => check_document(rt, &after),
            Err(error) => {
                super::check_error(&error);
                assert!(error.detail.starts_with("Operation "), "{}", error.detail);
            }
        }
        assert_eq!(current, before, "the current resource was touched");
        each_twice(rt, &current, body);
    }
}

/// Operation after operation: done twice in a row, it is done once.
fn each_twice(rt: &ResourceType, current: &Resource, body: &Value) {
    let operations = body.as_object().into_iter().flatten();
    let operations =
        operations.filter_map(|(key, list)| Some(list.as_array()?).filter(|_| key == "Operations"));
    for operation in operations
        .flatten()
        .take(8)
        .filter(|operation| !moves_its_own_target(operation))
    {
        let Ok(request) = PatchRequest::parse(json!({"Operations": [operation]})) else {
            return;
        };
        if let Ok(once) = patched(rt, current, &request) {
            let twice = patched(rt, &once, &request);
            assert_eq!(twice.as_ref(), Ok(&once), "{operation} twice on {current:?}");
        }
    }
}

/// `replace emails[type eq "work"].type` to `home` selects something else the second time; so do several paths in one
/// path-less object when one selects by what another sets.
fn moves_its_own_target(operation: &Value) -> bool {
    let keys = operation.as_object().into_iter().flatten();
    let selects = |text: &str| text.contains('[');
    keys.into_iter().any(|(_, value)| match value {
        Value::String(path) => selects(path),
        Value::Object(members) => members.keys().any(|key| selects(key)),
        _ => false,
    })
}

fn check_document(rt: &ResourceType, after: &Resource) {
    let document = Value::Object(after.as_map().clone());
    assert!(!super::has_empties(&document), "{document}");
    assert!(!super::has_two_primaries(&document), "{document}");
    for key in ["id", "meta", "schemas", "groups"] {
        assert!(document.get(key).is_none(), "{key} was written: {document}");
    }
    super::put_of_what_is_read(rt, after);
}

fn patched(rt: &ResourceType, current: &Resource, request: &PatchRequest) -> Result<Resource, scim::Error> {
    let lenient = apply(rt, current, request, &ENTRA);
    let strict = apply(rt, current, request, &GENERIC);
    // A strict client gets the same or a refusal, but for what Entra alone means by JSON text in a role.
    if let (Ok(lenient), Ok(strict)) = (&lenient, &strict) {
        let json_text = format!("{request:?}").contains(r#"\""#);
        let role = json_text && lenient.resource.as_map().contains_key("roles");
        assert!(
            role || lenient.resource == strict.resource,
            "{lenient:?} / {strict:?}"
        );
        assert_eq!(
            strict
                .ignored
                .iter()
                .find(|path| *path != "password" && !path.ends_with(":pin")),
            None
        );
    }
    lenient.map(|patched| patched.resource)
}
