//! Names become numbers, or are faults.

use super::*;

impl<P: Bind, R> Statement<P, R> {
    /// What is wrong with its names in any form.
    pub(crate) fn faults(&self) -> Vec<String> {
        let Built { plain, guarded } = self.built();
        let texts = plain.iter().chain(guarded.iter().flatten());
        texts.filter_map(|text| text.clone().err()).collect()
    }

    /// The text for a database.
    pub(crate) fn text(&self, on: Backend) -> Result<Arc<str>, String> {
        text(&self.built().plain, on)
    }
}

#[test]
fn names_become_numbers_in_the_order_of_the_parameters() {
    let text = numbered(
        Backend::Postgres,
        "SELECT :b::text FROM t WHERE a = :a AND b = :b",
        &["a", "b"],
    );
    assert_eq!(
        text.expect("good").as_ref(),
        "SELECT $2::text FROM t WHERE a = $1 AND b = $2"
    );
}

#[test]
fn sqlite_keeps_the_plan_of_a_limit() {
    let text = |on| numbered(on, "SELECT 1 LIMIT :a OFFSET :b", &["a", "b"]).expect("good");
    assert_eq!(text(Backend::Sqlite).as_ref(), "SELECT 1 LIMIT +$1 OFFSET +$2");
    assert_eq!(text(Backend::Postgres).as_ref(), "SELECT 1 LIMIT $1 OFFSET $2");
}

#[test]
fn a_name_that_is_not_bound_and_a_value_that_is_not_named_are_faults() {
    for (text, fault) in [
        ("SELECT :a, :b, :c", ":c is named and not bound"),
        ("SELECT :a", ":b is bound and not named"),
        ("SELECT :a, ':', :b", ": is named and not bound"),
    ] {
        let found = numbered(Backend::Sqlite, text, &["a", "b"]).unwrap_err();
        assert!(found.starts_with(fault), "{found}");
    }
    let found = numbered(Backend::Sqlite, "SELECT :a", &["a", "a"]).unwrap_err();
    assert!(found.starts_with(":a is bound twice"), "{found}");
}
