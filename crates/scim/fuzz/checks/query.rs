//! The text after `?`: a page within bounds, and a projection that keeps what must always be there.

use scim::query::{Sort, parse_query};
use serde_json::Value;

/// Reads a query and projects each document by it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let rt = super::users();
    match parse_query(text) {
        Ok(query) => {
            assert!(query.start_index() >= 1);
            if let Some(sort) = &query.sort {
                match Sort::parse(rt, &sort.by, sort.order.as_deref()) {
                    Ok(sort) => {
                        let [bare, full] = super::documents();
                        let _ = sort.key(rt, bare).cmp(&sort.key(rt, full));
                    }
                    Err(error) => super::check_error(&error),
                }
            }
            for mut document in super::documents().clone() {
                let members = document.as_object_mut().expect("an object");
                members.insert("id".to_owned(), "usr_1".into());
                members.insert("schemas".to_owned(), serde_json::json!([rt.core.id]));
                let wanted = query.projection.resolve(rt);
                let applied = |document: &Value| -> Value {
                    let members = document.as_object().expect("an object").iter();
                    let kept = members.filter_map(|(name, value)| {
                        Some((name.clone(), wanted.pick(rt, name, value)?.into_owned()))
                    });
                    Value::Object(kept.collect())
                };
                let shown = applied(&document);
                for always in ["id", "schemas"] {
                    assert_eq!(shown.get(always), document.get(always), "{text} hides {always}");
                }
                assert_eq!(applied(&shown), shown, "{text} twice");
            }
        }
        Err(error) => super::check_error(&error),
    }
}
