//! What goes back over the wire: changes told, answers projected, lists, errors and discovery.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use chrono::{DateTime, Utc};
use scim::ScimType;
use scim::change::diff;
use scim::etag::Revision;
use scim::message::{self, Document, Meta};
use scim::query::{Projection, parse_query};
use scim::resource::Resource;
use scim::schema::{Attribute, ENTERPRISE_USER, ResourceType, Returned, USER, enterprise_user, group, user};
use serde_json::{Value, json};

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "User Account".to_owned(),
        core: user(),
        extensions: vec![enterprise_user()],
    }
}

fn resource(body: Value) -> Resource {
    Resource::accept(&users(), body).unwrap().resource
}

fn meta() -> Meta {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    Meta {
        created: at("2024-05-13T04:42:34Z"),
        last_modified: at("2024-05-14T04:42:34.5678901Z"),
        version: Revision::FIRST
            .next(chrono::DateTime::default())
            .next(chrono::DateTime::default()),
        location: "https://host/advisors/scim/Users/7".to_owned(),
    }
}

#[test]
fn a_change_is_told_in_the_paths_of_mappings() {
    let dept = format!("{ENTERPRISE_USER}:department");
    let manager = format!("{ENTERPRISE_USER}:manager.value");
    for (what, old, new, expected) in [
        (
            "nothing",
            json!({"userName": "a"}),
            json!({"userName": "a"}),
            json!([]),
        ),
        (
            "another value",
            json!({"displayName": "a"}),
            json!({"displayName": "b"}),
            json!([["displayName", "replace", "a", "b"]]),
        ),
        (
            "case alone",
            json!({"displayName": "a"}),
            json!({"displayName": "A"}),
            json!([["displayName", "replace", "a", "A"]]),
        ),
        (
            "come and gone",
            json!({"title": "t"}),
            json!({"nickName": "n"}),
            json!([["nickName", "add", null, "n"], ["title", "remove", "t", null]]),
        ),
        (
            "disabled",
            json!({"active": true}),
            json!({"active": "False"}),
            json!([["active", "replace", true, false]]),
        ),
        (
            "a part",
            json!({"name": {"givenName": "a", "familyName": "f"}}),
            json!({"name": {"givenName": "b", "familyName": "f"}}),
            json!([["name.givenName", "replace", "a", "b"]]),
        ),
        (
            "a new object, by parts",
            json!({}),
            json!({"name": {"givenName": "b"}}),
            json!([["name.givenName", "add", null, "b"]]),
        ),
        (
            "an element by type",
            json!({"addresses": [{"type": "work", "formatted": "B4"}]}),
            json!({"addresses": [{"type": "work", "formatted": "B5"}]}),
            json!([["addresses[type eq \"work\"].formatted", "replace", "B4", "B5"]]),
        ),
        (
            "an element more, one less",
            json!({"phoneNumbers": [{"type": "fax", "value": "1"}]}),
            json!({"phoneNumbers": [{"type": "work", "value": "2"}]}),
            json!([
                ["phoneNumbers[type eq \"work\"].value", "add", null, "2"],
                ["phoneNumbers[type eq \"fax\"].value", "remove", "1", null]
            ]),
        ),
        (
            "elements of one type, by value",
            json!({"roles": [{"type": "t", "value": "a"}]}),
            json!({"roles": [{"type": "t", "value": "a"}, {"type": "t", "value": "b"}]}),
            json!([
                ["roles[value eq \"b\"].type", "add", null, "t"],
                ["roles[value eq \"b\"].value", "add", null, "b"]
            ]),
        ),
        (
            "order alone, as a whole",
            json!({"emails": [{"type": "work", "value": "a"}, {"type": "home", "value": "b"}]}),
            json!({"emails": [{"type": "home", "value": "b"}, {"type": "work", "value": "a"}]}),
            json!([["emails", "replace",
                [{"type": "work", "value": "a"}, {"type": "home", "value": "b"}],
                [{"type": "home", "value": "b"}, {"type": "work", "value": "a"}]]]),
        ),
        (
            "an extension",
            json!({}),
            json!({ENTERPRISE_USER: {"department": "S"}}),
            json!([[dept, "add", null, "S"]]),
        ),
        (
            "a manager",
            json!({ENTERPRISE_USER: {"manager": {"value": "1"}, "department": "S"}}),
            json!({ENTERPRISE_USER: {"manager": {"value": "2"}}}),
            json!([[manager, "replace", "1", "2"], [dept, "remove", "S", null]]),
        ),
    ] {
        let (old, new) = (resource(old), resource(new));
        let told: Vec<Value> = diff(&users(), &old, &new)
            .into_iter()
            .map(|c| json!([c.path, c.op, c.old, c.new]))
            .collect();
        assert_eq!(Value::Array(told), expected, "{what}");
        assert_eq!(
            diff(&users(), &old, &new).is_empty(),
            old == new,
            "{what}: no change exactly when equal"
        );
    }
}

#[test]
fn two_elements_that_cannot_be_told_apart_change_as_a_whole() {
    let old = resource(
        json!({"addresses": [{"type": "work", "formatted": "a"}, {"type": "work", "formatted": "b"}]}),
    );
    let new = resource(
        json!({"addresses": [{"type": "work", "formatted": "a"}, {"type": "work", "formatted": "c"}]}),
    );
    let changes = diff(&users(), &old, &new);
    assert_eq!(changes.len(), 1);
    assert_eq!(serde_json::to_value(&changes[0]).unwrap()["path"], "addresses");
}

/// What remains of a document.
fn applied(projection: &Projection, rt: &ResourceType, document: &Value) -> Value {
    let wanted = projection.resolve(rt);
    let members = document.as_object().unwrap().iter();
    let kept =
        members.filter_map(|(name, value)| Some((name.clone(), wanted.pick(rt, name, value)?.into_owned())));
    Value::Object(kept.collect())
}

/// The whole document of a resource.
fn render(id: &str, body: Value) -> Value {
    let everything = Projection::default().resolve(&users());
    let answer = Document::new(&users(), id, &resource(body), meta()).to_json(&everything);
    serde_json::from_slice(&answer).unwrap()
}

#[test]
fn a_resource_is_rendered_with_schemas_and_id_first_and_meta_last() {
    let body = render(
        "7",
        json!({"userName": "a", "active": "True", ENTERPRISE_USER: {"department": "S"}}),
    );
    let expected = json!({
        "schemas": [USER, ENTERPRISE_USER],
        "id": "7",
        "userName": "a",
        "active": true,
        ENTERPRISE_USER: {"department": "S"},
        "meta": {
            "resourceType": "User",
            "created": "2024-05-13T04:42:34.000Z",
            "lastModified": "2024-05-14T04:42:34.567Z",
            "location": "https://host/advisors/scim/Users/7",
            "version": "W/\"3\"",
        },
    });
    assert_eq!(
        serde_json::to_string(&body).unwrap(),
        serde_json::to_string(&expected).unwrap()
    );
    let plain = render("8", json!({"userName": "b"}));
    assert_eq!(
        plain["schemas"],
        json!([USER]),
        "an extension is listed only when it is there"
    );
}

#[test]
fn an_answer_holds_what_was_asked_for() {
    let full = render(
        "7",
        json!({"userName": "a", "externalId": "E", "name": {"givenName": "G", "familyName": "F"},
            "emails": [{"type": "work", "value": "w"}, {"display": "only"}],
            ENTERPRISE_USER: {"department": "S", "manager": {"value": "7"}}}),
    );
    let keys = |query: &str| -> Value {
        let shown = applied(&parse_query(query).unwrap().projection, &users(), &full);
        assert_eq!(shown["id"], "7", "{query}");
        assert_eq!(shown["schemas"], json!([USER, ENTERPRISE_USER]), "{query}");
        let mut shown = shown.as_object().unwrap().clone();
        shown.shift_remove("id");
        shown.shift_remove("schemas");
        if let Some(meta) = shown
            .get_mut("meta")
            .filter(|meta| meta.as_object().unwrap().len() == 5)
        {
            *meta = json!("whole");
        }
        Value::Object(shown)
    };
    let emails = json!([{"type": "work", "value": "w"}, {"display": "only"}]);
    for (query, expected) in [
        ("attributes=userName", json!({"userName": "a"})),
        (
            "attributes=USERNAME,%20externalid",
            json!({"userName": "a", "externalId": "E"}),
        ),
        ("attributes=id", json!({})),
        ("attributes=shoeSize", json!({})),
        ("attributes=name.givenName", json!({"name": {"givenName": "G"}})),
        (
            "attributes=name.givenName&attributes=name.familyName",
            json!({"name": {"givenName": "G", "familyName": "F"}}),
        ),
        ("attributes=emails.value", json!({"emails": [{"value": "w"}]})),
        (
            "attributes=emails&excludedAttributes=emails.display",
            json!({"emails": [{"type": "work", "value": "w"}]}),
        ),
        (
            "attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName",
            json!({"userName": "a"}),
        ),
        (
            &format!("attributes={ENTERPRISE_USER}:department"),
            json!({ENTERPRISE_USER: {"department": "S"}}),
        ),
        (
            &format!("attributes={ENTERPRISE_USER}"),
            json!({ENTERPRISE_USER: {"department": "S", "manager": {"value": "7"}}}),
        ),
        (
            "attributes=department",
            json!({ENTERPRISE_USER: {"department": "S"}}),
        ),
        (
            "attributes=emails%5Btype+eq+%22work%22%5D",
            json!({"emails": emails}),
        ),
        (
            "attributes=emails[value eq \"a]\\\",userName,\"].value,userName",
            json!({"userName": "a", "emails": [{"value": "w"}]}),
        ),
        (
            "attributes=manager.value",
            json!({ENTERPRISE_USER: {"manager": {"value": "7"}}}),
        ),
        (
            &format!("attributes={ENTERPRISE_USER}:manager.value"),
            json!({ENTERPRISE_USER: {"manager": {"value": "7"}}}),
        ),
        (
            &format!("attributes={USER}"),
            json!({"userName": "a", "externalId": "E", "name": {"givenName": "G", "familyName": "F"}, "emails": emails,
                "meta": "whole"}),
        ),
        (
            &format!("attributes=name,userName&excludedAttributes={USER}:name.givenName,userName"),
            json!({"name": {"familyName": "F"}}),
        ),
        ("attributes=urn:example:2.0", json!({})),
        ("attributes=meta.version", json!({"meta": {"version": "W/\"3\""}})),
        (
            "excludedAttributes=name,meta,emails",
            json!({"userName": "a", "externalId": "E", ENTERPRISE_USER: {"department": "S", "manager": {"value": "7"}}}),
        ),
        (
            &format!("excludedAttributes={ENTERPRISE_USER},name.familyName,id,schemas"),
            json!({"userName": "a", "externalId": "E", "name": {"givenName": "G"}, "emails": emails, "meta": "whole"}),
        ),
        (
            "attributes=",
            json!({"userName": "a", "externalId": "E", "name": {"givenName": "G", "familyName": "F"}, "emails": emails,
                ENTERPRISE_USER: {"department": "S", "manager": {"value": "7"}}, "meta": "whole"}),
        ),
    ] {
        assert_eq!(keys(query), expected, "{query}");
    }
}

#[test]
fn members_can_be_left_out_of_a_group() {
    let groups = ResourceType {
        name: "Group".into(),
        core: group(),
        extensions: vec![],
        ..users()
    };
    let body = json!({"schemas": ["g"], "id": "1", "displayName": "G", "members": [{"value": "2"}]});
    let projection = Projection::parse(None, Some("members")).unwrap();
    assert_eq!(
        applied(&projection, &groups, &body),
        json!({"schemas": ["g"], "id": "1", "displayName": "G"})
    );
}

#[test]
fn what_is_not_wanted_need_not_be_loaded() {
    let groups = ResourceType {
        name: "Group".into(),
        core: group(),
        extensions: vec![],
        ..users()
    };
    for (query, wanted) in [
        ("", true),
        ("attributes=members", true),
        ("attributes=MEMBERS.value", true),
        ("attributes=displayName", false),
        ("excludedAttributes=members", false),
        ("excludedAttributes=members.display", true),
        (
            "excludedAttributes=urn:ietf:params:scim:schemas:core:2.0:Group:members",
            false,
        ),
        ("attributes=members&excludedAttributes=Members", false),
    ] {
        let projection = parse_query(query).unwrap().projection.resolve(&groups);
        assert_eq!(projection.wants(&groups, "members"), wanted, "{query}");
    }
    assert!(!Projection::default().resolve(&groups).wants(&groups, "shoeSize"));
    assert!(
        Projection::parse(Some("displayName"), Some("id"))
            .unwrap()
            .resolve(&groups)
            .wants(&groups, "id")
    );
}

#[test]
fn the_rules_of_the_schema_outrank_what_was_asked_for() {
    let mut rt = users();
    rt.core.attributes.extend([
        Attribute::string("badge", "Always.").returned(Returned::Always),
        Attribute::string("secret", "Never.").returned(Returned::Never),
        Attribute::string("photoData", "On request.").returned(Returned::Request),
    ]);
    let body =
        json!({"id": "1", "badge": "b", "secret": "s", "photoData": "p", "password": "x", "title": "t"});
    for (attributes, excluded, expected) in [
        (None, None, json!({"id": "1", "badge": "b", "title": "t"})),
        (
            Some("photoData,secret,password"),
            None,
            json!({"id": "1", "badge": "b", "photoData": "p"}),
        ),
        (None, Some("badge,title"), json!({"id": "1", "badge": "b"})),
    ] {
        let projection = Projection::parse(attributes, excluded).unwrap();
        assert_eq!(
            applied(&projection, &rt, &body),
            expected,
            "{attributes:?} {excluded:?}"
        );
    }
}

#[test]
fn a_list_of_attributes_that_are_none_is_refused() {
    let error = Projection::parse(Some("userName,not a name"), None).unwrap_err();
    assert_eq!(error.scim_type, ScimType::InvalidValue);
    assert!(
        error.detail.starts_with("Entry 2 of the parameter attributes"),
        "{}",
        error.detail
    );
    let many = vec!["a"; 513].join(",");
    assert_eq!(
        Projection::parse(None, Some(&many)).unwrap_err().scim_type,
        ScimType::TooMany
    );
}

#[test]
fn errors_and_lists_have_the_rfc_shape() {
    assert_eq!(
        message::error_body(409, Some(ScimType::Uniqueness), "Taken."),
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness", "detail": "Taken."})
    );
    assert!(message::error_body(404, None, "Gone.").get("scimType").is_none());
    assert_eq!(
        message::list_response(0, 1, vec![]),
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []})
    );
    let page = message::list_response(5, 3, vec![json!({}), json!({})]);
    assert_eq!(
        (&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]),
        (&json!(5), &json!(3), &json!(2))
    );
}

const BASE: &str = "https://host/advisors/scim";

#[test]
fn the_service_says_what_it_can_do() {
    let config = message::service_provider_config(BASE);
    for (feature, supported) in [
        ("patch", true),
        ("bulk", true),
        ("filter", true),
        ("changePassword", false),
        ("sort", true),
        ("etag", true),
    ] {
        assert_eq!(config[feature]["supported"], supported, "{feature}");
    }
    assert_eq!(config["filter"]["maxResults"], message::MAX_RESULTS);
    assert_eq!(config["authenticationSchemes"][0]["type"], "oauthbearertoken");
    assert_eq!(
        config["meta"]["location"],
        "https://host/advisors/scim/ServiceProviderConfig"
    );
}

#[test]
fn discovery_is_lists_without_nulls_and_each_schema_once() {
    let (users, rt) = (users(), users());
    let groups = ResourceType {
        name: "Group".into(),
        endpoint: "/Groups".into(),
        core: group(),
        ..users.clone()
    };
    let schemas = message::schemas(&[&users, &groups, &rt], BASE);
    let ids: Vec<&Value> = schemas["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["id"])
        .collect();
    assert_eq!(
        ids,
        [
            USER,
            ENTERPRISE_USER,
            "urn:ietf:params:scim:schemas:core:2.0:Group"
        ]
    );
    assert_eq!(schemas["totalResults"], 3);
    let types = message::resource_types(&[&users, &groups], BASE);
    assert_eq!(types["Resources"][0]["endpoint"], "/Users");
    assert_eq!(
        types["Resources"][0]["schemaExtensions"],
        json!([{"schema": ENTERPRISE_USER, "required": false}])
    );
    assert_eq!(
        types["Resources"][1]["meta"]["location"],
        "https://host/advisors/scim/ResourceTypes/Group"
    );
    for document in [schemas, types, message::service_provider_config(BASE)] {
        assert!(!serde_json::to_string(&document).unwrap().contains("null"));
    }
}

#[test]
fn a_schema_document_carries_what_entras_onboarding_check_reads() {
    let document = message::schema_document(&user(), BASE);
    let find = |list: &Value, name: &str| -> Value {
        list.as_array()
            .unwrap()
            .iter()
            .find(|a| a["name"] == name)
            .cloned()
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(
        find(&document["attributes"], "userName"),
        json!({"name": "userName", "type": "string", "multiValued": false,
            "description": "The name the person signs in with; unique in the directory, in any case.", "required": true,
            "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "server"})
    );
    let emails = find(&document["attributes"], "emails");
    assert_eq!(
        (&emails["type"], &emails["multiValued"]),
        (&json!("complex"), &json!(true))
    );
    assert_eq!(
        find(&emails["subAttributes"], "type")["canonicalValues"],
        json!(["work", "home", "other"])
    );
    let roles = find(&document["attributes"], "roles");
    assert!(
        find(&roles["subAttributes"], "type")
            .get("canonicalValues")
            .is_none()
    );
    assert_eq!(
        find(&document["attributes"], "profileUrl")["referenceTypes"],
        json!(["external"])
    );
    assert_eq!(document["meta"]["location"], format!("{BASE}/Schemas/{USER}"));
    assert_eq!(
        document["schemas"],
        json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"])
    );
}

#[test]
fn long_lists_are_compared_element_by_element_in_time_that_grows_with_their_length() {
    let list = |title: &str| {
        let emails: Vec<Value> = (0..40_000)
            .map(|n| json!({"value": format!("{n}@x"), "display": title}))
            .collect();
        let body = json!({ "emails": emails });
        Resource::accept(&users(), body).unwrap().resource
    };
    let changes = diff(&users(), &list("a"), &list("b"));
    assert_eq!(changes.len(), 40_000);
    assert_eq!(changes[7].path, "emails[value eq \"7@x\"].display");
}
