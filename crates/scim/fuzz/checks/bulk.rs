//! Bulk requests: every operation comes to an end, once, and no reference is left in what is to be done.

use std::collections::HashMap;

use scim::bulk::{BulkAction, BulkPlan, BulkRequest, BulkStep, Refusal, Target, UserOrGroup};
use serde_json::Value;

/// Reads a bulk body and goes through it, some operations refused.
pub fn check(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let request = match BulkRequest::parse(body, &target) {
        Ok(request) => request,
        Err(Refusal::TooMany(many)) => return assert!(many > scim::bulk::MAX_OPERATIONS),
        Err(Refusal::Invalid(error)) => return super::check_error(&error),
    };
    let stops = request.fail_on_errors.is_some();
    let created: Vec<String> = request
        .items
        .iter()
        .filter_map(|item| item.bulk_id.clone())
        .collect();
    let types = [
        (UserOrGroup::User, super::users()),
        (UserOrGroup::Group, super::groups()),
    ];
    let mut plan = BulkPlan::new(request, &types);
    let many = plan.items().len();
    let mut tried: HashMap<usize, usize> = HashMap::new();
    let mut steps = 0;
    while let Some(step) = plan.step() {
        steps += 1;
        assert!(steps <= 2 * many + 1, "{steps} steps for {many} operations");
        match step {
            BulkStep::Do(index, work) => {
                *tried.entry(index).or_default() += 1;
                if let BulkAction::Create(body) | BulkAction::Replace(_, body) | BulkAction::Patch(_, body) =
                    &work.action
                {
                    no_reference(body, &created);
                }
                // Which ones are refused is decided by the input, as far as it goes.
                if data
                    .get(index % data.len())
                    .is_some_and(|byte| byte.is_multiple_of(5))
                {
                    plan.failed(index);
                } else {
                    plan.done(index, &format!("id-{index}"));
                }
            }
            BulkStep::Refuse(index, _) => *tried.entry(index).or_default() += 1,
        }
    }
    assert!(
        tried.values().all(|times| *times <= 2),
        "an operation was done again and again"
    );
    assert!(
        stops || tried.len() == many,
        "{} of {many} operations were answered",
        tried.len()
    );
}

fn no_reference(body: &Value, created: &[String]) {
    match body {
        Value::String(text) => {
            let name = text.strip_prefix("bulkId:");
            assert!(
                !name.is_some_and(|name| created.iter().any(|one| one == name)),
                "{text} is left"
            );
        }
        Value::Array(items) => items.iter().for_each(|item| no_reference(item, created)),
        Value::Object(map) => map.values().for_each(|value| no_reference(value, created)),
        _ => {}
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
