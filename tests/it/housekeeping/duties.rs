//! The page of customers' duties: its codes are complete and in order, its states are the ones that it explains,
//! and a duty has a proof exactly if something of it is done. That the proofs exist, `housekeeping.rs` checks.

use super::{proofs, root};

const PAGE: &str = "docs/reference/customers.md";
/// The letter of each group, and how many duties the group has.
const GROUPS: &[(&str, usize)] = &[("O", 20), ("J", 18), ("M", 13), ("K", 12), ("A", 18), ("X", 20)];
/// Each state, and whether a duty in it names a proof.
const STATES: &[(&str, bool)] = &[("done", true), ("partly", true), ("not yet", false)];

/// The cells of each duty's row: code, duty, state, what there is today, proofs.
fn rows(page: &str) -> Vec<[&str; 5]> {
    page.lines()
        .filter_map(|line| {
            let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
            <[&str; 5]>::try_from(cells.collect::<Vec<_>>()).ok()
        })
        .filter(|[code, ..]| *code != "code" && *code != "---")
        .collect()
}

fn codes(groups: &[(&str, usize)]) -> Vec<String> {
    groups
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect()
}

/// What is wrong with the rows, each by its code.
fn faults(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for [code, duty, state, today, proof] in rows(page) {
        let named = !proofs(&format!("| {code} | {proof} |")).is_empty();
        match STATES.iter().find(|(word, _)| *word == state) {
            None => found.push(format!("{code}: \"{state}\" is no state")),
            Some((_, needed)) if *needed != named => {
                found.push(format!("{code}: {state}, and proved by {proof}"));
            }
            Some(_) => {}
        }
        for sentence in [duty, today] {
            if !sentence.ends_with('.') {
                found.push(format!("{code}: \"{sentence}\" is no sentence"));
            }
        }
    }
    found
}

#[test]
fn every_duty_has_its_row_in_order() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("the page");
    let named: Vec<&str> = rows(&page).iter().map(|[code, ..]| *code).collect();
    assert_eq!(named, codes(GROUPS));
}

#[test]
fn what_is_said_to_be_done_names_its_proof() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("the page");
    assert_eq!(faults(&page), Vec::<String>::new());
}

#[test]
fn a_row_that_is_wrong_can_fail() {
    let head = "| code | duty | state | today | proved by |\n| --- | --- | --- | --- | --- |\n";
    let right = "| O1 | It is so. | done | It is. | `a_test` |\n| O2 | It is so. | not yet | No. | – |\n";
    let right = format!("{head}{right}");
    assert_eq!(faults(&right), Vec::<String>::new());
    let named: Vec<&str> = rows(&right).iter().map(|[code, ..]| *code).collect();
    assert_eq!(named, codes(&[("O", 2)]));
    for (wrong, says) in [
        (
            "| O1 | It is so. | done | It is. | – |",
            "O1: done, and proved by –",
        ),
        (
            "| O1 | It is so. | not yet | No. | `a_test` |",
            "O1: not yet, and proved by `a_test`",
        ),
        ("| O1 | It is so. | soon | No. | – |", "O1: \"soon\" is no state"),
        (
            "| O1 | It is so. | done |  | `a_test` |",
            "O1: \"\" is no sentence",
        ),
    ] {
        assert_eq!(faults(&format!("{head}{wrong}\n")), [says]);
    }
    assert!(rows("| O1 | It is so. | done | `a_test` |").is_empty());
}
