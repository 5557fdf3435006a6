//! Rules for readable source: short files, a first line that says what a file is, no unfinished work. The
//! lists of exceptions may only shrink.

mod duties;
mod refusals;

use std::path::{Path, PathBuf};

/// Files longer than [`LIMIT`] production lines, each with its own limit.
const LONG: &[(&str, usize)] = &[];
/// The limit of production lines in a file (docs/contributing.md).
const LIMIT: usize = 400;

/// The root folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the repository with one of these endings: path and text.
pub fn tracked(endings: &[&str]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
        {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if !["target", ".git", "usher-data", "usher-demo"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).expect("a text file");
                let relative = path.strip_prefix(root()).expect("inside").display().to_string();
                files.push((relative, text));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty());
    files
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/examples/")
}

fn production_lines(text: &str) -> usize {
    let production = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    production.lines().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for (path, text) in tracked(&[".rs"])
        .into_iter()
        .filter(|(path, _)| !is_test_file(path))
    {
        let lines = production_lines(&text);
        let allowed = LONG
            .iter()
            .find(|(listed, _)| *listed == path)
            .map_or(LIMIT, |(_, lines)| *lines);
        if lines > allowed {
            long.push(format!("{path}: {lines} production lines, {allowed} allowed"));
        }
    }
    assert_eq!(long, Vec::<String>::new());
}

/// Whether a text on this line holds a run of blanks between two words, as an indentation leaves that was joined to one line.
fn has_a_joined_indentation(line: &str) -> bool {
    let line = line.trim();
    let parts: Vec<&str> = line
        .split("    ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let is_text = line.contains('"') && !line.starts_with("//");
    is_text
        && parts.windows(2).any(|pair| {
            pair[0].ends_with(|last: char| last.is_ascii_lowercase() || ",;:".contains(last))
                && pair[1].starts_with(|first: char| first.is_ascii_lowercase() || first == '`')
        })
}

#[test]
fn no_text_holds_an_indentation_that_was_joined_to_one_line() {
    let mut found = Vec::new();
    for (path, text) in tracked(&[".rs"]) {
        if !is_test_file(&path) {
            let production = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = production.lines().zip(1..);
            let joined = lines.filter(|(line, _)| has_a_joined_indentation(line));
            found.extend(joined.map(|(line, number)| format!("{path}:{number}: {}", line.trim())));
        }
    }
    assert_eq!(found, Vec::<String>::new());
    assert!(has_a_joined_indentation(concat!(
        "    \"see `usher client",
        "          ",
        "list` for it\""
    )));
    assert!(!has_a_joined_indentation("    let words = \"a b\";    // why"));
}

#[test]
fn every_file_says_what_it_is_in_its_first_line() {
    let silent: Vec<_> = tracked(&[".rs"])
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!") && !text.starts_with("#!["))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn nothing_is_left_unfinished() {
    // Written in two halves, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[ig", "nore"),
    ];
    let mut found = Vec::new();
    for (path, text) in tracked(&[".rs", ".toml", ".sh", ".md", "Makefile"])
        .into_iter()
        .filter(|(path, _)| !path.starts_with("tests/it/architecture"))
    {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_route_that_is_read_takes_head_too() {
    let mut deaf = Vec::new();
    for (path, text) in tracked(&[".rs"])
        .into_iter()
        .filter(|(path, _)| path.starts_with("crates/http/src/") && path != "crates/http/src/reading.rs")
    {
        let alone = ["web::get()", "guard::Get()", "#[get("];
        if alone.iter().any(|way| text.contains(way)) {
            deaf.push(path);
        }
    }
    assert_eq!(deaf, Vec::<String>::new(), "use reading::get()");
}

#[test]
fn every_path_a_document_names_is_there() {
    let roots = [
        "crates/",
        "tests/",
        "docs/",
        "deploy/",
        "migrations/",
        "examples/",
    ];
    let mut missing = Vec::new();
    for (path, text) in tracked(&[".md"]) {
        let named = text.split('`').skip(1).step_by(2);
        for name in named.filter(|name| roots.iter().any(|root| name.starts_with(root))) {
            // The files of a pattern are in the folder before it.
            let file = name.split(['*', '{', ' ']).next().unwrap_or_default();
            let known = [root().join(file), root().join("crates/consumer").join(file)];
            if !known
                .iter()
                .any(|file| file.exists() || file.with_extension("rs").exists())
            {
                missing.push(format!("{path}: {name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut broken = Vec::new();
    for (path, text) in tracked(&[".md"]) {
        let folder = root().join(&path).parent().expect("a folder").to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = file.is_empty() || file.contains("://") || file.contains(' ');
            if !outside && !folder.join(file).exists() {
                broken.push(format!("{path} -> {target}"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// Names in the last column of the tables of a page: names of tests have `_`, those of the conformance
/// client's checks `-`.
fn proofs(page: &str) -> Vec<String> {
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let last = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit_once(" | "));
    let names = last.flat_map(|(_, cell)| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// Pages whose tables name proofs in their last column, each with how many names it has at least.
const PROVED: &[(&str, usize)] = &[
    ("docs/reference/scim.md", 200),
    ("docs/reference/customers.md", 100),
    ("docs/reference/security-tests.md", 50),
];

/// Whether the sources have a test, or a check of the conformance client, of this name. The tests of
/// `tests/it/customers` are lines of a macro, each with the guide it plays.
fn is_proved(sources: &str, name: &str) -> bool {
    if name.contains('_') {
        sources.contains(&format!("fn {name}(")) || sources.contains(&format!("    {name}: guides::"))
    } else {
        sources.contains(&format!("\"{name}\""))
    }
}

#[test]
fn every_proof_that_a_page_names_is_there() {
    let sources: String = tracked(&[".rs"]).into_iter().map(|(_, text)| text).collect();
    let mut missing = Vec::new();
    for (page, least) in PROVED {
        let text = std::fs::read_to_string(root().join(page)).expect("the page");
        let named = proofs(&text);
        assert!(named.len() > *least, "{page} names {} proofs", named.len());
        for name in named.iter().filter(|name| !is_proved(&sources, name)) {
            missing.push(format!("{page}: {name}"));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_proof_that_is_not_there_can_fail() {
    let page = "| § | proved by |\n| --- | --- |\n| 1 | `a_test`, `a-check` |\n| `not_this` | – |\n";
    assert_eq!(proofs(page), ["a_test", "a-check"]);
    let sources = "fn a_test() {}\n    a_story: guides::PEOPLE;\n(\"a-check\")";
    for (name, there) in [
        ("a_test", true),
        ("a_story", true),
        ("a-check", true),
        ("no_test", false),
        ("no-check", false),
    ] {
        assert_eq!(is_proved(sources, name), there, "{name}");
    }
}
