//! Bulk requests: their shape, and the order in which they can be done (RFC 7644 §3.7).
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test program: its helpers may stop it"
)]

use proptest::prelude::*;
use scim::ScimType;
use scim::bulk::{
    self, BulkAction, BulkFault, BulkPlan, BulkRequest, BulkResultLine, BulkStep, Refusal, Target,
    UserOrGroup, Work,
};
use scim::schema::{self, AttrType, Attribute, Mutability, ResourceType};
use serde_json::{Value, json};

fn users() -> ResourceType {
    let mut core = schema::user();
    core.attributes
        .push(Attribute::new("mentor", AttrType::String, "Set once.").mutability(Mutability::Immutable));
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core,
        extensions: vec![schema::enterprise_user()],
    }
}

fn groups() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Groups.".to_owned(),
        core: schema::group(),
        extensions: Vec::new(),
    }
}

/// `/Users` and `/Groups`, and what stands after them.
fn target(path: &str) -> Option<Target> {
    let (kind, rest) = match path.strip_prefix("/Groups") {
        Some(rest) => (UserOrGroup::Group, rest),
        None => (UserOrGroup::User, path.strip_prefix("/Users")?),
    };
    Some((kind, rest.strip_prefix('/').map(str::to_owned)))
}

fn parse(body: Value) -> Result<BulkRequest, Refusal> {
    BulkRequest::parse(body, &target)
}

fn request(operations: &Value) -> BulkRequest {
    parse(json!({"Operations": operations})).expect("a bulk request")
}

/// Does a request against nothing: creations get the ids `id-0`, `id-1`, … by their index; `refused` ones fail.
fn run(request: BulkRequest, refused: &[usize]) -> Vec<(usize, Result<Work, BulkFault>)> {
    let (users, groups) = (users(), groups());
    let types = [(UserOrGroup::User, &users), (UserOrGroup::Group, &groups)];
    let mut plan = BulkPlan::new(request, &types);
    let mut trace = Vec::new();
    while let Some(step) = plan.step() {
        match step {
            BulkStep::Do(index, work) => {
                if refused.contains(&index) {
                    plan.failed(index);
                } else {
                    plan.done(index, &format!("id-{index}"));
                }
                trace.push((index, Ok(work)));
            }
            BulkStep::Refuse(index, trouble) => trace.push((index, Err(trouble))),
        }
        assert!(trace.len() <= 4_000, "it ends");
    }
    trace
}

fn order(trace: &[(usize, Result<Work, BulkFault>)]) -> Vec<usize> {
    trace.iter().map(|(index, _)| *index).collect()
}

fn done(step: &(usize, Result<Work, BulkFault>)) -> &BulkAction {
    match &step.1 {
        Ok(work) => &work.action,
        Err(trouble) => panic!("operation {} was refused: {trouble:?}", step.0),
    }
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members
        .iter()
        .map(|id| json!({"value": format!("bulkId:{id}")}))
        .collect();
    json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": {"displayName": name, "members": members}})
}

fn user(name: &str, more: &Value) -> Value {
    let mut data = json!({"userName": name});
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more.clone()) {
        data.extend(more);
    }
    json!({"method": "post", "path": "/Users", "bulkId": name, "data": data})
}

#[test]
fn operations_are_done_in_the_order_in_which_they_were_sent() {
    let trace = run(
        request(&json!([
            user("a", &json!({})),
            {"method": "PUT", "path": "/Users/1", "data": {"userName": "b"}, "version": "W/\"3\""},
            {"METHOD": "patch", "Path": "/Users/2", "data": {"Operations": []}},
            {"method": "DELETE", "path": "/Groups/3", "bulkId": "x"},
        ])),
        &[],
    );
    assert_eq!(order(&trace), [0, 1, 2, 3]);
    assert_eq!(done(&trace[0]), &BulkAction::Create(json!({"userName": "a"})));
    assert_eq!(
        done(&trace[1]),
        &BulkAction::Replace("1".to_owned(), json!({"userName": "b"}))
    );
    assert_eq!(
        trace[1].1.as_ref().map(|work| work.version.as_deref()),
        Ok(Some("W/\"3\""))
    );
    assert_eq!(
        done(&trace[2]),
        &BulkAction::Patch("2".to_owned(), json!({"Operations": []}))
    );
    assert_eq!(done(&trace[3]), &BulkAction::Delete("3".to_owned()));
    assert_eq!(trace[3].1.as_ref().map(|work| work.kind), Ok(UserOrGroup::Group));
}

#[test]
fn what_refers_to_something_created_further_down_waits_for_it() {
    let trace = run(
        request(&json!([
            group("g", &["u"]),
            {"method": "PATCH", "path": "/Users/bulkId:u", "data": {"Operations": [
                {"op": "add", "path": "members[value eq \"bulkId:g\"].display", "value": "bulkId:u"}]}},
            user("u", &json!({})),
        ])),
        &[],
    );
    assert_eq!(order(&trace), [2, 0, 1]);
    assert_eq!(
        done(&trace[1]),
        &BulkAction::Create(json!({"displayName": "g", "members": [{"value": "id-2"}]}))
    );
    assert_eq!(
        done(&trace[2]),
        &BulkAction::Patch(
            "id-2".to_owned(),
            json!({"Operations": [{"op": "add", "path": "members[value eq \"id-0\"].display", "value": "id-2"}]})
        )
    );
}

#[test]
fn a_circle_is_broken_by_creating_first_and_adding_the_reference_afterwards() {
    let trace = run(request(&json!([group("a", &["b"]), group("b", &["a"])])), &[]);
    assert_eq!(order(&trace), [0, 1, 0]);
    assert_eq!(
        done(&trace[0]),
        &BulkAction::Create(json!({"displayName": "a", "members": []}))
    );
    assert_eq!(
        done(&trace[1]),
        &BulkAction::Create(json!({"displayName": "b", "members": [{"value": "id-0"}]}))
    );
    assert_eq!(
        done(&trace[2]),
        &BulkAction::Patch(
            "id-0".to_owned(),
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "add", "path": "members", "value": [{"value": "id-1"}]}]})
        )
    );
    assert_eq!(
        trace
            .iter()
            .map(|(_, work)| work.as_ref().map(|work| work.partial))
            .collect::<Vec<_>>(),
        [Ok(true), Ok(false), Ok(false)]
    );
}

#[test]
fn one_that_refers_to_itself_is_a_circle_of_one() {
    let enterprise = schema::ENTERPRISE_USER;
    let trace = run(
        request(&json!([user(
            "boss",
            &json!({enterprise: {"department": "Top", "manager": {"value": "bulkId:boss"}}})
        )])),
        &[],
    );
    assert_eq!(
        done(&trace[0]),
        &BulkAction::Create(json!({"userName": "boss", enterprise: {"department": "Top", "manager": null}}))
    );
    let BulkAction::Patch(id, body) = done(&trace[1]) else {
        panic!("a patch");
    };
    assert_eq!(id, "id-0");
    assert_eq!(
        body["Operations"][0],
        json!({"op": "add", "path": format!("{enterprise}:manager"), "value": {"value": "id-0"}})
    );
}

#[test]
fn a_circle_of_attributes_that_must_be_there_from_the_beginning_is_a_conflict() {
    let trace = run(
        request(&json!([
            user("a", &json!({"mentor": "bulkId:b"})),
            user("b", &json!({"mentor": "bulkId:a"})),
            user("c", &json!({})),
        ])),
        &[],
    );
    assert_eq!(order(&trace), [2, 0, 1]);
    let conflict = |at: usize| match &trace[at].1 {
        Err(BulkFault::Conflict(detail)) => detail.clone(),
        other => panic!("{other:?}"),
    };
    assert!(conflict(1).contains("Create the resources first"));
    assert!(conflict(2).contains("bulkId:a, whose own operation was not done"));
}

#[test]
fn a_circle_is_broken_where_it_can_be() {
    let trace = run(
        request(&json!([
            user("a", &json!({"mentor": "bulkId:b"})),
            user("b", &json!({"title": "bulkId:a"}))
        ])),
        &[],
    );
    assert_eq!(order(&trace), [1, 0, 1]);
    assert_eq!(
        done(&trace[1]),
        &BulkAction::Create(json!({"userName": "a", "mentor": "id-1"}))
    );
}

#[test]
fn a_reference_to_what_failed_or_never_was_is_refused_by_name() {
    let trace = run(
        request(&json!([
            group("g", &["u"]),
            user("u", &json!({})),
            group("h", &["nobody"]),
            group("i", &["g"])
        ])),
        &[1],
    );
    assert_eq!(order(&trace), [1, 0, 2, 3]);
    assert!(matches!(&trace[1].1, Err(BulkFault::Conflict(detail)) if detail.contains("bulkId:u")));
    assert!(
        matches!(&trace[2].1, Err(BulkFault::Invalid(error)) if error.detail.contains("no POST of this request has that bulkId"))
    );
    assert!(matches!(&trace[3].1, Err(BulkFault::Conflict(detail)) if detail.contains("bulkId:g")));
}

#[test]
fn after_as_many_errors_as_the_client_accepts_the_rest_is_left() {
    let operations = json!([
        user("a", &json!({})),
        user("b", &json!({})),
        user("c", &json!({})),
        user("d", &json!({}))
    ]);
    for (fail_on_errors, tried) in [
        (json!(null), 4),
        (json!(1), 2),
        (json!(0), 2),
        (json!(-3), 2),
        (json!(2), 3),
        (json!(9), 4),
        (json!(u64::MAX), 4),
    ] {
        let body = json!({"failOnErrors": fail_on_errors, "Operations": operations});
        let request = parse(body).expect("a bulk request");
        assert_eq!(run(request, &[1, 2]).len(), tried, "{fail_on_errors}");
    }
}

#[test]
fn what_was_begun_is_brought_to_its_end_when_the_rest_is_left() {
    let body = json!({"failOnErrors": 1, "Operations": [group("a", &["b"]), group("b", &["a"])]});
    let trace = run(parse(body).expect("a bulk request"), &[1]);
    assert_eq!(order(&trace), [0, 1, 0]);
    assert!(matches!(&trace[2].1, Err(BulkFault::Conflict(detail)) if detail.contains("bulkId:b")));
}

#[test]
fn a_request_of_another_shape_is_refused_as_a_whole() {
    for (body, words) in [
        (json!([]), "is a JSON object"),
        (json!({}), "has a list of \"Operations\""),
        (json!({"Operations": {}}), "has a list of \"Operations\""),
        (
            json!({"Operations": [], "failOnErrors": "1"}),
            "\"failOnErrors\" is a whole number",
        ),
        (
            json!({"Operations": [], "schemas": ["urn:x"]}),
            "not those of a bulk request",
        ),
        (
            json!({"Operations": [user("a", &json!({})), user("a", &json!({}))]}),
            "have the same bulkId",
        ),
    ] {
        match parse(body.clone()) {
            Err(Refusal::Invalid(error)) => {
                assert_eq!(error.scim_type, ScimType::InvalidSyntax);
                assert!(error.detail.contains(words), "{body}: {}", error.detail);
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    let many = vec![user("a", &json!({})); bulk::MAX_OPERATIONS + 1];
    assert_eq!(
        parse(json!({"Operations": many})),
        Err(Refusal::TooMany(bulk::MAX_OPERATIONS + 1))
    );
    assert!(parse(json!({"Operations": [], "SCHEMAS": [bulk::BULK_REQUEST]})).is_ok());
}

#[test]
fn an_operation_of_another_shape_is_refused_alone() {
    for (operation, words) in [
        (json!(1), "is a JSON object"),
        (
            json!({"method": "POST", "bulkId": "1", "data": {}}),
            "has a \"path\"",
        ),
        (
            json!({"method": "POST", "path": 7, "bulkId": "1", "data": {}}),
            "\"path\" of a bulk operation is a text",
        ),
        (
            json!({"method": "POST", "path": "/Me", "bulkId": "1", "data": {}}),
            "is /Users, /Users/{id}",
        ),
        (
            json!({"method": "POST", "path": "/Users", "data": {}}),
            "has a \"bulkId\"",
        ),
        (
            json!({"method": "POST", "path": "/Users/1", "bulkId": "1", "data": {}}),
            "without an id",
        ),
        (
            json!({"method": "POST", "path": "/Users", "bulkId": "1"}),
            "has \"data\"",
        ),
        (
            json!({"method": "PATCH", "path": "/Users/1", "data": []}),
            "has \"data\"",
        ),
        (
            json!({"method": "DELETE", "path": "/Users"}),
            "a whole collection is never changed",
        ),
        (
            json!({"method": "GET", "path": "/Users/1", "data": {}}),
            "is POST, PUT, PATCH or DELETE",
        ),
        (json!({"path": "/Users/1"}), "is POST, PUT, PATCH or DELETE"),
    ] {
        let trace = run(request(&json!([operation, user("fine", &json!({}))])), &[]);
        assert_eq!(order(&trace), [0, 1]);
        match &trace[0].1 {
            Err(BulkFault::Invalid(error)) => {
                assert!(error.detail.contains(words), "{operation}: {}", error.detail);
            }
            other => panic!("{operation}: {other:?}"),
        }
        done(&trace[1]);
    }
}

#[test]
fn an_answer_has_a_line_for_each_operation_with_what_the_rfc_asks() {
    let request = request(&json!([user("a", &json!({})), {"method": "DELETE", "path": "/Users/1"}]));
    let [first, second] = request.items.as_slice() else {
        panic!("two operations");
    };
    let body = bulk::response(&[
        BulkResultLine {
            item: first,
            status: 201,
            location: Some("https://host/scim/Users/7".to_owned()),
            version: Some("W/\"1\"".to_owned()),
            response: None,
        },
        BulkResultLine {
            item: second,
            status: 404,
            location: None,
            version: None,
            response: Some(json!({"status": "404"})),
        },
    ]);
    assert_eq!(
        body,
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": [
            {"method": "post", "bulkId": "a", "version": "W/\"1\"", "location": "https://host/scim/Users/7", "status": "201"},
            {"method": "DELETE", "status": "404", "response": {"status": "404"}},
        ]})
    );
}

proptest! {
    #[test]
    fn any_references_between_groups_can_be_done_whole(edges in proptest::collection::vec(proptest::collection::vec(0_usize..12, 0..5), 12)) {
        let name = |index: usize| format!("g{index}");
        let operations: Vec<Value> = edges
            .iter()
            .enumerate()
            .map(|(index, members)| {
                let members: Vec<String> = members.iter().map(|member| name(*member)).collect();
                group(&name(index), &members.iter().map(String::as_str).collect::<Vec<_>>())
            })
            .collect();
        let trace = run(request(&json!(operations)), &[]);
        let mut got = vec![Vec::new(); edges.len()];
        for step in &trace {
            let members = match done(step) {
                BulkAction::Create(data) => data["members"].clone(),
                BulkAction::Patch(id, body) => {
                    prop_assert_eq!(id, &format!("id-{}", step.0));
                    body["Operations"][0]["value"].clone()
                }
                other => panic!("{other:?}"),
            };
            for member in members.as_array().into_iter().flatten() {
                got[step.0].push(member["value"].as_str().unwrap_or_default().to_owned());
            }
        }
        for (index, members) in edges.iter().enumerate() {
            let mut wanted: Vec<String> = members.iter().map(|member| format!("id-{member}")).collect();
            wanted.sort();
            got[index].sort();
            prop_assert_eq!(&got[index], &wanted);
        }
    }

    #[test]
    fn no_body_is_more_than_refused(text in "\\PC{0,30}", number in any::<i64>()) {
        let mut body = json!({"Operations": [
            {"method": text, "path": text, "bulkId": text, "version": number, "data": {text.clone(): text}},
            {"method": "POST", "path": format!("/Users/{text}"), "bulkId": "b", "data": {"a": format!("bulkId:{text}")}},
        ]});
        body["failOnErrors"] = json!(number);
        if let Ok(request) = parse(body) {
            run(request, &[]);
        }
    }
}
