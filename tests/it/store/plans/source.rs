//! Nothing is forgotten: every public method of the store is called by the walk, and every statement in its source was seen
//! in the server's log.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::{ImplItem, Item, Visibility};

use super::explain::Explained;

/// Methods that run no statement on a tenant's rows.
const NO_STATEMENT: &[&str] = &[
    "connect",
    "backend",
    "role",
    "warnings",
    "migrate",
    "pending_migrations",
    // SQLite only.
    "backup",
    "close",
    "changed",
    "require_transaction",
    // Runs `LISTEN` alone, on a connection of its own.
    "listen_to_feed_heads",
    // The frames around the others.
    "read",
    "write",
    "write_once",
    "audited",
    "guarded",
    "unguarded",
];

/// What only SQLite's statements hold.
const SQLITE: &[&str] = &[
    "FROM client_secret WHERE id = :id",
    "FROM tenant n JOIN directory d ON",
    "AS unchanged; ",
    "json_group_array(",
    "CROSS JOIN groups o ON",
    "json_each(",
    "unhex(",
    "changes()",
    "randomblob(",
    "member_count - 1 WHERE tenant_id = :tenant AND id IN",
    "unixepoch(",
    "RETURNING 1",
    "JOIN tenant n ON",
    "NOT stamped LIMIT",
    "(app_id, pos) IN",
    "(tenant_id, id) IN",
    "(app_id, grp, pos) IN",
    "(kind, key) IN",
    "PARTITION BY",
    "CROSS JOIN identity i ON",
    "p CROSS JOIN {table} y ON",
    "group_concat(",
    "sqlite_schema",
    "sqlite_sequence",
    "= 'backup'",
    "count(*) FROM \"{table}\"",
];

fn files() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/store/src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && !["tests.rs", "migrate.rs", "sqlite.rs"].contains(&name)
            {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

/// Fails with the public methods of `Store`, `TenantTx` and `AdminTx` that the walk does not call.
pub fn every_method_is_called() {
    let walk: String = concat!(include_str!("walk.rs"), include_str!("../oauth.rs"))
        .split_whitespace()
        .collect();
    let mut forgotten = Vec::new();
    let mut count = 0;
    for (_, text) in files() {
        for item in syn::parse_file(&text).unwrap().items {
            let Item::Impl(block) = item else { continue };
            let of = match &*block.self_ty {
                syn::Type::Path(path) => path.path.segments.last().unwrap().ident.to_string(),
                _ => continue,
            };
            // What an operator changes takes an entry of the audit log, which the walk's operator has.
            let callers: &[&str] = match of.as_str() {
                "Store" => &["store", "operator"],
                "TenantTx" => &["tx"],
                "AdminTx" => &["operator"],
                _ => continue,
            };
            for item in block.items {
                let ImplItem::Fn(method) = item else { continue };
                let name = method.sig.ident.to_string();
                if !matches!(method.vis, Visibility::Public(_)) || NO_STATEMENT.contains(&name.as_str()) {
                    continue;
                }
                count += 1;
                let is_called = |caller: &&str| walk.contains(&format!("{caller}.{name}("));
                if !callers.iter().any(is_called) {
                    forgotten.push(format!("{of}::{name}"));
                }
            }
        }
    }
    assert!(count > 50, "{count} methods");
    assert_eq!(forgotten, [] as [&str; 0], "call them in the walk");
}

/// What the walk does not run: statements on a table of one row, on every feed when the database came back as another one, and
/// those that read no table.
const NOT_WALKED: [&str; 4] = [
    "UPDATE deployment SET environment = ",
    "UPDATE feed SET epoch_number = epoch_number + 1, ",
    "SELECT gen_random_uuid()",
    "SELECT 0::bigint",
];

/// Fails with the statements in the source that were never run.
pub fn every_statement_was_seen(seen: &[Explained]) {
    let mut unseen = Vec::new();
    let mut count = 0;
    for (path, text) in files() {
        let mut texts = Vec::new();
        literals(
            syn::parse_file(&text).map(|file| quote::quote!(#file)).unwrap(),
            &mut texts,
        );
        for text in texts {
            let verbs = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
            let is_known = SQLITE.iter().any(|word| text.contains(word));
            let is_known = is_known || NOT_WALKED.iter().any(|begin| text.starts_with(begin));
            if is_known || !verbs.iter().any(|verb| text.contains(verb)) {
                continue;
            }
            count += 1;
            let parts = parts(&text);
            if !seen.iter().any(|one| in_order(&one.text, &parts)) {
                unseen.push(format!("{}: {text}", path.display()));
            }
        }
    }
    assert!(count > 60, "{count} statements");
    assert_eq!(unseen, [] as [&str; 0], "the walk never ran these");
}

/// The texts of a source file, without its documentation and its tests.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inside = group.stream().to_string();
                if !inside.starts_with("doc =") && !inside.starts_with("reason =") {
                    literals(group.stream(), found);
                }
            }
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// What of a text is there whatever is put into it: what stands between `{…}` and `:name`.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = 0;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' => {
                inside += 1;
                parts.push(String::new());
            }
            '}' => inside -= 1,
            _ if inside > 0 => {}
            ':' if letters.next_if_eq(&':').is_some() => parts.last_mut().unwrap().push_str("::"),
            ':' => {
                while letters
                    .next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                    .is_some()
                {}
                parts.push(String::new());
            }
            _ => parts.last_mut().unwrap().push(letter),
        }
    }
    parts.retain(|part| part.trim().len() > 3);
    parts
}

fn in_order(text: &str, parts: &[String]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| match rest.find(part.as_str()) {
        Some(at) => {
            rest = &rest[at..];
            true
        }
        None => false,
    })
}

#[test]
fn a_statement_that_was_not_run_is_found() {
    let parts = parts("SELECT {COLUMNS} FROM groups WHERE tenant_id = :tenant::uuid AND {condition}");
    assert!(in_order(
        "SELECT a, b FROM groups WHERE tenant_id = $1::uuid AND id = $2",
        &parts
    ));
    assert!(!in_order(
        "SELECT a, b FROM identity WHERE tenant_id = $1::uuid AND id = $2",
        &parts
    ));
}
