//! Citations lead to pages that a reader can open: no file names a page that is not in the repository, and if
//! a page and the title of a section are cited, the page exists and has that heading.

use std::path::{Path, PathBuf};

use crate::housekeeping::{root, tracked};

/// Endings of the files that are checked.
const TEXTS: &[&str] = &[
    ".rs", ".md", ".toml", ".json", ".sql", ".sh", ".lua", ".yaml", "Makefile",
];
/// Design papers that are not in the repository. A page of the repository may have one of these names, if its
/// path is given. Each name is written in two halves, so that this file does not find itself.
const PAPERS: &[&str] = &[
    concat!("entra", ".md"),
    concat!("trust", ".md"),
    concat!("customers", ".md"),
    concat!("house", ".md"),
    concat!("peers", ".md"),
    concat!("crates", ".md"),
    concat!("console", ".md"),
    concat!("rfc-review", ".md"),
    concat!("code-review", ".md"),
    concat!("operator-review", ".md"),
    concat!("consumer-review", ".md"),
    concat!("DESI", "GN.md"),
];
/// Ways to cite the papers, and section numbers of pages, which have titles instead.
const PHRASES: &[&str] = &[
    concat!("DESI", "GN §"),
    concat!("`DESI", "GN`"),
    concat!("entra", " §"),
    concat!(".md", " §"),
    concat!(".md`", " §"),
    concat!("field_", "cases"),
];

/// The folder of a file of the repository.
fn folder_of(path: &str) -> PathBuf {
    root().join(path).parent().expect("a folder").to_owned()
}

/// The text of a page, if its path leads there from the repository's root or from `folder`.
fn opened(page: &str, folder: &Path) -> Option<String> {
    if page.starts_with('/') {
        return None;
    }
    [root().join(page), folder.join(page)]
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok())
}

/// The paths of Markdown pages in a text, each with what follows it.
fn pages(text: &str) -> Vec<(&str, &str)> {
    let in_a_path = |sign: char| sign.is_alphanumeric() || "._-/".contains(sign);
    let mut found = Vec::new();
    for (at, ending) in text.match_indices(".md") {
        let (before, rest) = (&text[..at], &text[at + ending.len()..]);
        if !rest.starts_with(|sign: char| sign.is_alphanumeric() || sign == '_') {
            let path = before
                .rsplit(|sign: char| !in_a_path(sign))
                .next()
                .unwrap_or_default();
            found.push((&text[at - path.len()..at + ending.len()], rest));
        }
    }
    found
}

/// The papers and phrases that a file cites and that are not in the repository.
fn papers(path: &str, text: &str) -> Vec<String> {
    let folder = folder_of(path);
    let mut found: Vec<String> = PHRASES
        .iter()
        .filter(|phrase| text.contains(**phrase))
        .map(|phrase| format!("{path}: {phrase}"))
        .collect();
    for (page, _) in pages(text) {
        let name = page.rsplit('/').next().unwrap_or_default();
        if PAPERS.contains(&name) && opened(page, &folder).is_none() {
            found.push(format!("{path}: {page}"));
        }
    }
    found
}

/// A text without its line ends and comment markers: a citation may extend over two lines.
fn joined(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start().trim_start_matches(['/', '!', '#', '-']).trim())
        .collect();
    lines.join(" ").replace("\\\"", "\"")
}

/// The sections a text cites, each by its page and its title: a path, a comma, a title in quotes; more titles
/// after `and`.
fn cited(text: &str) -> Vec<(String, String)> {
    let text = joined(text);
    let mut found = Vec::new();
    for (page, after) in pages(&text) {
        let mut rest = after.trim_start_matches(['`', ')']);
        while let Some((title, further)) = [", \"", " and \""]
            .iter()
            .find_map(|start| rest.strip_prefix(*start)?.split_once('"'))
        {
            found.push((page.to_owned(), title.to_owned()));
            rest = further;
        }
    }
    found
}

fn has_heading(page: &str, title: &str) -> bool {
    page.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| line.trim_start_matches('#').trim() == title)
}

/// Citations of a file whose page does not exist, or has no such heading.
fn lost(path: &str, text: &str) -> Vec<String> {
    let folder = folder_of(path);
    let mut found = Vec::new();
    for (page, title) in cited(text) {
        let there = opened(&page, &folder).is_some_and(|content| has_heading(&content, &title));
        if !there {
            found.push(format!("{path}: {page}, {title}"));
        }
    }
    found
}

#[test]
fn nothing_is_cited_that_is_not_here() {
    let found: Vec<String> = tracked(TEXTS)
        .iter()
        .flat_map(|(path, text)| papers(path, text))
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_section_that_is_cited_is_a_heading_of_its_page() {
    let files = tracked(TEXTS);
    let citations: usize = files.iter().map(|(_, text)| cited(text).len()).sum();
    assert!(citations > 30, "only {citations} citations are found");
    let found: Vec<String> = files.iter().flat_map(|(path, text)| lost(path, text)).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_paper_that_is_not_here_can_fail() {
    let here = concat!("docs/background/", "entra", ".md");
    assert_eq!(
        papers("crates/x.rs", &format!("//! As `{here}` says.")),
        Vec::<String>::new()
    );
    for wrong in [PAPERS[0], PAPERS[1], PHRASES[0], "reference/house\u{2e}md"] {
        assert_eq!(papers("crates/x.rs", wrong), [format!("crates/x.rs: {wrong}")]);
    }
}

#[test]
fn a_title_that_is_no_heading_can_fail() {
    let page = concat!("docs/background/", "entra", ".md");
    let text = format!("//! First\n//! (`{page}`,\n//! \"The probe\" and \"No such title\").");
    assert_eq!(
        cited(&text),
        [
            (page.to_owned(), "The probe".to_owned()),
            (page.to_owned(), "No such title".to_owned())
        ]
    );
    assert_eq!(
        lost("crates/x.rs", &text),
        [format!("crates/x.rs: {page}, No such title")]
    );
    let nowhere = concat!("docs/background/", "nowhere", ".md");
    assert_eq!(lost("crates/x.rs", &format!("{nowhere}, \"Keys\"")).len(), 1);
}
