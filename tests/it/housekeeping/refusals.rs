//! What a page for IT admins quotes of refusals is what the gateway says: code, status and text are those of the
//! table of error codes.

use super::root;

/// The pages, and how many refusals each quotes at least.
const PAGES: [(&str, usize); 2] = [
    ("docs/how-to/connect-entra-by-token.md", 10),
    ("docs/how-to/connect-entra-by-oauth.md", 5),
];
const TABLE: &str = "docs/reference/error-codes.md";

fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.strip_prefix("| `")?.strip_suffix(" |")?;
    Some(row.split(" | ").collect())
}

/// The refusals that a page quotes: code, status, text. Its tables have a fourth column, which says what to do.
fn quoted(page: &str) -> Vec<[&str; 3]> {
    page.lines()
        .filter_map(|line| match cells(line)?[..] {
            [code, status, text, _] => Some([code, status, text]),
            _ => None,
        })
        .collect()
}

/// The refusals of the table of error codes: SCIM's, whose third column is the RFC's keyword, and the others.
fn known(table: &str) -> Vec<[&str; 3]> {
    table
        .lines()
        .filter_map(|line| match cells(line)?[..] {
            [code, status, _, text, _] | [code, status, text, _] => Some([code, status, text]),
            _ => None,
        })
        .collect()
}

#[test]
fn every_refusal_that_is_quoted_reads_as_the_gateway_says_it() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect(path);
    let table = read(TABLE);
    let known = known(&table);
    for (path, least) in PAGES {
        let page = read(path);
        let quoted = quoted(&page);
        assert!(quoted.len() >= least, "{path} quotes {} refusals", quoted.len());
        let wrong: Vec<_> = quoted.iter().filter(|refusal| !known.contains(refusal)).collect();
        assert_eq!(wrong, Vec::<&[&str; 3]>::new(), "{path}");
    }
}

#[test]
fn a_quotation_that_differs_can_fail() {
    let table = known("| code | status |\n| `a` | 401 | – | It is shut. | Open it. |\n");
    assert_eq!(table, [["a`", "401", "It is shut."]]);
    for (page, right) in [
        ("| `a` | 401 | It is shut. | Ask. |", true),
        ("| `a` | 403 | It is shut. | Ask. |", false),
        ("| `a` | 401 | It is open. | Ask. |", false),
    ] {
        assert_eq!(table.contains(&quoted(page)[0]), right, "{page}");
    }
}
