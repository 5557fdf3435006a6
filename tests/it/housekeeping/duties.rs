//! The pages that are tables of things to do, or to be safe from, each with its proof: their codes are complete and in order,
//! their states are the ones that they explain, and a row has a proof exactly if its state says that something of it is there.
//! That the proofs exist, `housekeeping.rs` checks.

use super::{proofs, root};

/// A page of such rows.
struct Page {
    path: &'static str,
    /// The letter of each group, and how many rows the group has.
    groups: &'static [(&'static str, usize)],
    /// Each state, and whether a row in it names a proof.
    states: &'static [(&'static str, bool)],
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/reference/customers.md",
        groups: &[("O", 20), ("J", 18), ("M", 13), ("K", 12), ("A", 18), ("X", 20)],
        states: &[("done", true), ("partly", true), ("not yet", false)],
    },
    Page {
        path: "docs/reference/security-tests.md",
        groups: &[("V", 31)],
        states: &[("held", true), ("partly", true), ("not here", false)],
    },
];

/// The cells of each row: code, duty or report, state, what there is today or our law, proofs.
fn rows(text: &str) -> Vec<[&str; 5]> {
    text.lines()
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
fn faults(text: &str, states: &[(&str, bool)]) -> Vec<String> {
    let mut found = Vec::new();
    for [code, duty, state, today, proof] in rows(text) {
        let named = !proofs(&format!("| {code} | {proof} |")).is_empty();
        match states.iter().find(|(word, _)| *word == state) {
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

fn text(page: &Page) -> String {
    std::fs::read_to_string(root().join(page.path)).expect("the page")
}

#[test]
fn every_duty_has_its_row_in_order() {
    for page in &PAGES {
        let text = text(page);
        let named: Vec<&str> = rows(&text).iter().map(|[code, ..]| *code).collect();
        assert_eq!(named, codes(page.groups), "{}", page.path);
    }
}

#[test]
fn what_is_said_to_be_done_names_its_proof() {
    for page in &PAGES {
        assert_eq!(
            faults(&text(page), page.states),
            Vec::<String>::new(),
            "{}",
            page.path
        );
    }
}

#[test]
fn a_row_that_is_wrong_can_fail() {
    let states = PAGES[0].states;
    let head = "| code | duty | state | today | proved by |\n| --- | --- | --- | --- | --- |\n";
    let right = "| O1 | It is so. | done | It is. | `a_test` |\n| O2 | It is so. | not yet | No. | – |\n";
    let right = format!("{head}{right}");
    assert_eq!(faults(&right, states), Vec::<String>::new());
    let named: Vec<&str> = rows(&right).iter().map(|[code, ..]| *code).collect();
    assert_eq!(named, codes(&[("O", 2)]));
    for (wrong, says) in [
        (
            "| O1 | It is so. | done | It is. | – |",
            "O1: done, and proved by –",
        ),
        (
            "| O1 | It is so. | not yet | It is. | `a_test` |",
            "O1: not yet, and proved by `a_test`",
        ),
        ("| O1 | It is so. | soon | No. | – |", "O1: \"soon\" is no state"),
        (
            "| O1 | It is so. | done |  | `a_test` |",
            "O1: \"\" is no sentence",
        ),
    ] {
        assert_eq!(faults(&format!("{head}{wrong}\n"), states), [says]);
    }
    assert!(rows("| O1 | It is so. | done | `a_test` |").is_empty());
}
