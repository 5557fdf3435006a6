//! The crate boundaries of docs/architecture.md, kept by a test: which crate may depend on which, no `sea_orm` type in a
//! public signature of `store`, and every mint of `TenantScope` is on the list below.
//!
//! Each rule is a function over plain data; the tests named `…_can_fail` show that it bites.

mod signatures;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Outside crates that speak to the world, and the only crates that may depend on them.
const DOORS: &[(&str, &[&str])] = &[
    ("sea-orm", &["store"]),
    ("sea-orm-migration", &["migrations"]),
    ("sqlx", &["store", "usher-consumer", "tests"]),
    ("actix-web", &["usher-http", "tests"]),
    ("redis", &["events", "usher-consumer", "tests"]),
    (
        "reqwest",
        &[
            "entra-sim",
            "usher-consumer",
            "scim-conformance",
            "jobs",
            "usher-http",
            "tests",
        ],
    ),
    ("lettre", &["jobs"]),
    ("jsonwebtoken", &["auth"]),
    ("argon2", &["auth"]),
    (
        "clap",
        &[
            "usher",
            "entra-sim",
            "usher-consumer",
            "scim-conformance",
            "tests",
        ],
    ),
];

/// What a pure crate may depend on at all.
const PURE: &[(&str, &[&str])] = &[
    (
        "scim",
        &[
            "serde",
            "serde_json",
            "chrono",
            "strum",
            "data-encoding",
            "thiserror",
            "percent-encoding",
            "unicode-normalization",
            "unicode-properties",
        ],
    ),
    (
        "domain",
        &[
            "scim",
            "serde",
            "serde_json",
            "chrono",
            "uuid",
            "derive_more",
            "ipnet",
            "sha2",
            "strum",
            "thiserror",
            "toml",
        ],
    ),
];

/// Every place that may call `TenantScope::mint`, and how often.
const MINTS: &[(&str, usize)] = &[
    ("crates/auth/src/verify/verified.rs", 1),
    ("crates/admin/src/context.rs", 1),
    // A snapshot holds what all events of the feed tell of.
    ("crates/events/src/snapshot.rs", 1),
];

/// Crates that must not be in the tree at all: one crypto library, no OpenSSL.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "rsa", "h2"];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn workspace() -> cargo_metadata::Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .expect("cargo metadata")
}

/// Package → the packages it names, tests of a crate left out.
fn named_dependencies() -> Graph {
    let metadata = workspace();
    let direct = |package: &cargo_metadata::Package| {
        let kept = package
            .dependencies
            .iter()
            .filter(|d| d.kind != DependencyKind::Development);
        kept.map(|d| d.name.clone()).collect()
    };
    metadata
        .packages
        .iter()
        .map(|package| (package.name.to_string(), direct(package)))
        .collect()
}

/// What the table of crates in docs/architecture.md says that each depends on, by folder.
fn drawn(page: &str) -> Graph {
    let rows = page.lines().filter(|line| line.starts_with("| [`"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .map(|cells| {
            let folder = cells[1].split('`').nth(1).expect("a folder");
            let named = cells[3].split('`').skip(1).step_by(2);
            (folder_name(folder), named.map(ToOwned::to_owned).collect())
        })
        .collect()
}

/// The same, as the manifests have it.
fn built() -> Graph {
    let packages = workspace().packages;
    let folder = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent().expect("a folder");
        folder_name(folder.as_str())
    };
    let folders: BTreeMap<String, String> = packages
        .iter()
        .map(|package| (package.name.to_string(), folder(package)))
        .collect();
    let named = named_dependencies().into_iter();
    named
        .map(|(name, named)| {
            let ours = named.iter().filter_map(|other| folders.get(other).cloned());
            (folders[&name].clone(), ours.collect())
        })
        .collect()
}

fn folder_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Where the drawn graph and the built one differ, in both directions.
fn drawing_breaches(drawn: &Graph, built: &Graph) -> Vec<String> {
    let crates: BTreeSet<_> = drawn.keys().chain(built.keys()).collect();
    let none = BTreeSet::new();
    let mut breaches = Vec::new();
    for name in crates {
        let (page, manifest) = (drawn.get(name), built.get(name));
        if page.is_none() || manifest.is_none() {
            breaches.push(format!("{name} is missing from the table or from the workspace"));
        }
        let (page, manifest) = (page.unwrap_or(&none), manifest.unwrap_or(&none));
        breaches.extend(
            page.difference(manifest)
                .map(|other| format!("{name} does not depend on {other}")),
        );
        breaches.extend(
            manifest
                .difference(page)
                .map(|other| format!("{name} depends on {other}")),
        );
    }
    breaches
}

/// Dependencies on outside crates that a crate may not have.
fn outside_breaches(graph: &Graph) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, named) in graph {
        for other in named {
            if let Some((_, only)) = DOORS.iter().find(|(door, _)| door == other)
                && !only.contains(&name.as_str())
            {
                breaches.push(format!("{name} must not depend on {other}: only {only:?} may"));
            }
            if let Some((_, pure)) = PURE.iter().find(|(pure, _)| *pure == name.as_str())
                && !pure.contains(&other.as_str())
            {
                breaches.push(format!("{name} is pure and must not depend on {other}"));
            }
        }
    }
    breaches
}

fn mint_breaches(found: &BTreeMap<String, usize>) -> Vec<String> {
    let listed: BTreeMap<_, _> = MINTS
        .iter()
        .map(|(file, count)| ((*file).to_owned(), *count))
        .collect();
    let files: BTreeSet<_> = found.keys().chain(listed.keys()).collect();
    let count = |map: &BTreeMap<String, usize>, file: &String| map.get(file).copied().unwrap_or(0);
    files
        .into_iter()
        .filter(|file| count(found, file) != count(&listed, file))
        .map(|file| {
            format!(
                "{file} mints TenantScope {} times, listed {}",
                count(found, file),
                count(&listed, file)
            )
        })
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("a folder entry").path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .expect("a path of the project")
        .display()
        .to_string()
}

#[test]
fn the_page_draws_the_dependencies_that_the_manifests_have() {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    assert_eq!(drawing_breaches(&drawn(&page), &built()), Vec::<String>::new());
}

#[test]
fn a_drawing_that_differs_can_fail() {
    let page = drawn(
        "| [`crates/http`](x) | routes | `store`, `auth` | SQL |\n| [`crates/store`](x) | rows | – | |",
    );
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let built = Graph::from([
        ("http".to_owned(), names(&["store", "events"])),
        ("events".to_owned(), names(&[])),
        ("store".to_owned(), names(&[])),
    ]);
    assert_eq!(
        drawing_breaches(&page, &built),
        [
            "events is missing from the table or from the workspace",
            "http does not depend on auth",
            "http depends on events",
        ]
    );
}

#[test]
fn crates_of_the_outside_world_are_named_only_where_they_belong() {
    assert_eq!(outside_breaches(&named_dependencies()), Vec::<String>::new());
}

#[test]
fn a_forbidden_dependency_can_fail() {
    let graph =
        |name: &str, other: &str| Graph::from([(name.to_owned(), BTreeSet::from([other.to_owned()]))]);
    assert_eq!(
        outside_breaches(&graph("scim", "domain")),
        ["scim is pure and must not depend on domain"]
    );
    assert_eq!(
        outside_breaches(&graph("provisioning", "actix-web")),
        ["provisioning must not depend on actix-web: only [\"usher-http\", \"tests\"] may"]
    );
    assert_eq!(
        outside_breaches(&graph("domain", "tokio")),
        ["domain is pure and must not depend on tokio"]
    );
}

#[test]
fn no_banned_crate_is_in_the_tree() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "--edges",
            "normal,build",
            "--format",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .expect("cargo tree");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).expect("text");
    let named: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        named.contains("sea-orm") && lock.contains("name = \"sea-orm\""),
        "the tree was read"
    );
    let found: Vec<_> = BANNED.iter().filter(|banned| named.contains(**banned)).collect();
    assert_eq!(found, Vec::<&&str>::new());
}

#[test]
fn no_sea_orm_type_is_in_a_public_signature_of_store() {
    let mut leaks = Vec::new();
    for file in rust_files(&root().join("crates/store/src")) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        leaks.extend(
            signatures::leaks(&text)
                .into_iter()
                .map(|leak| format!("{}: {leak}", relative(&file))),
        );
    }
    assert_eq!(leaks, Vec::<String>::new());
}

#[test]
fn a_sea_orm_type_in_a_public_signature_can_fail() {
    let leaking = [
        "pub fn open() -> sea_orm::DatabaseConnection { todo!() }",
        "use sea_orm::DatabaseConnection; pub struct Store { pub db: DatabaseConnection }",
        "use sea_orm::{ConnectionTrait as C, Value}; impl Store { pub async fn run<T: C>(&self, t: T) {} }",
        "use sea_orm as so; pub type Rows = Vec<so::QueryResult>;",
        "pub enum Error { Db(sea_orm::DbErr) }",
        "pub use sea_orm::Value;",
        "pub trait T { fn f(&self) -> Result<(), sqlx::Error>; }",
        "impl From<sea_orm::DbErr> for StoreError { fn from(e: sea_orm::DbErr) -> Self { todo!() } }",
    ];
    for text in leaking {
        assert_eq!(signatures::leaks(text).len(), 1, "{text}");
    }
    let tight = [
        "use sea_orm::DatabaseConnection; pub struct Store { db: DatabaseConnection }",
        "pub(crate) fn open() -> sea_orm::DatabaseConnection { todo!() }",
        "pub fn open() { let x: sea_orm::Value = 1.into(); }",
        "impl Store { fn run(&self, c: &sea_orm::DatabaseConnection) {} }",
    ];
    for text in tight {
        assert_eq!(signatures::leaks(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn every_mint_of_a_tenant_scope_is_listed() {
    let mut found = BTreeMap::new();
    for folder in ["crates", "migrations"] {
        for file in rust_files(&root().join(folder))
            .into_iter()
            .filter(|file| !file.ends_with("domain/src/scope.rs"))
        {
            let text = std::fs::read_to_string(&file).expect("a source file");
            let mints = signatures::mints(&text);
            if mints > 0 {
                found.insert(relative(&file), mints);
            }
        }
    }
    assert_eq!(mint_breaches(&found), Vec::<String>::new());
}

#[test]
fn an_unlisted_mint_can_fail() {
    let mut found: BTreeMap<_, _> = MINTS
        .iter()
        .map(|(file, count)| ((*file).to_owned(), *count))
        .collect();
    assert_eq!(mint_breaches(&found), Vec::<String>::new());
    found.insert("crates/http/src/scim/users.rs".to_owned(), 1);
    assert_eq!(
        mint_breaches(&found),
        ["crates/http/src/scim/users.rs mints TenantScope 1 times, listed 0"]
    );
    assert_eq!(
        signatures::mints("fn f() { TenantScope::mint(t) } // mint(x)\n /* mint() */"),
        1
    );
    assert_eq!(
        signatures::mints("use domain::scope::TenantScope as S; fn f() { S::mint(t); let g = S::mint; }"),
        2
    );
}
