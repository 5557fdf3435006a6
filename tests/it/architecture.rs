//! The walls of the house (docs/architecture.md), kept by a test: who may depend on whom, no `sea_orm` type in a
//! public signature of `store`, and every mint of `TenantScope` is on the list below.
//!
//! Each rule is a function over plain data; the tests named `…_can_fail` show that it bites.

mod signatures;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Our rooms and the rooms each may know. Arrows point inwards only.
const ROOMS: &[(&str, &[&str])] = &[
    ("scim", &[]),
    ("domain", &["scim"]),
    ("migrations", &[]),
    ("store", &["scim", "domain", "migrations"]),
    ("auth", &["domain"]),
    ("provisioning", &["scim", "domain", "store"]),
    ("admin", &["scim", "domain", "store", "auth"]),
    ("events", &["domain", "store"]),
    (
        "usher-http",
        &[
            "scim",
            "domain",
            "store",
            "provisioning",
            "admin",
            "events",
            "auth",
        ],
    ),
    (
        "usher",
        &[
            "scim",
            "domain",
            "store",
            "auth",
            "provisioning",
            "admin",
            "events",
            "usher-http",
            "migrations",
        ],
    ),
    ("entra-sim", &["scim"]),
    ("usher-consumer", &[]),
    ("scim-conformance", &[]),
    (
        "tests",
        &[
            "scim",
            "domain",
            "store",
            "auth",
            "provisioning",
            "admin",
            "events",
            "usher-http",
            "migrations",
            "entra-sim",
            "usher-consumer",
        ],
    ),
];

/// Outside crates that speak to the world, and the only rooms that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("sea-orm", &["store"]),
    ("sea-orm-migration", &["migrations"]),
    ("sqlx", &["store", "usher-consumer", "tests"]),
    ("actix-web", &["usher-http", "tests"]),
    ("redis", &["events", "usher-consumer", "tests"]),
    (
        "reqwest",
        &["entra-sim", "usher-consumer", "scim-conformance", "tests"],
    ),
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

/// What a pure room may name at all.
const PURE: &[(&str, &[&str])] = &[
    (
        "scim",
        &[
            "serde",
            "serde_json",
            "chrono",
            "winnow",
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
            "thiserror",
            "toml",
        ],
    ),
];

/// Every place that may call `TenantScope::mint`, and how often.
const MINTS: &[(&str, usize)] = &[
    ("crates/auth/src/verify.rs", 1),
    ("crates/admin/src/context.rs", 1),
];

/// Crates that must not be in the tree at all: one crypto library, no OpenSSL.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "rsa", "h2"];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Package → the packages it names, tests of a room left out.
fn named_dependencies() -> Graph {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .expect("cargo metadata");
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

fn wall_breaches(graph: &Graph) -> Vec<String> {
    let rooms: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let mut breaches = Vec::new();
    for (room, named) in graph {
        let Some(may) = rooms.get(room.as_str()) else {
            breaches.push(format!(
                "{room} is a new room: draw its arrows in docs/architecture.md and in ROOMS"
            ));
            continue;
        };
        for other in named {
            if rooms.contains_key(other.as_str()) && !may.contains(&other.as_str()) {
                breaches.push(format!("{room} must not know {other}"));
            }
            if let Some((_, only)) = DOORS.iter().find(|(door, _)| door == other)
                && !only.contains(&room.as_str())
            {
                breaches.push(format!("{room} must not name {other}: only {only:?} may"));
            }
            if let Some((_, pure)) = PURE.iter().find(|(name, _)| name == room)
                && !pure.contains(&other.as_str())
            {
                breaches.push(format!("{room} is pure and must not name {other}"));
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
fn every_room_knows_only_the_rooms_its_arrows_point_to() {
    assert_eq!(wall_breaches(&named_dependencies()), Vec::<String>::new());
}

#[test]
fn a_forbidden_dependency_can_fail() {
    let graph =
        |room: &str, other: &str| Graph::from([(room.to_owned(), BTreeSet::from([other.to_owned()]))]);
    assert_eq!(
        wall_breaches(&graph("scim", "domain")),
        [
            "scim must not know domain",
            "scim is pure and must not name domain"
        ]
    );
    assert_eq!(
        wall_breaches(&graph("provisioning", "actix-web")),
        ["provisioning must not name actix-web: only [\"usher-http\", \"tests\"] may"]
    );
    assert_eq!(
        wall_breaches(&graph("auth", "store")),
        ["auth must not know store"]
    );
    assert_eq!(
        wall_breaches(&graph("domain", "tokio")),
        ["domain is pure and must not name tokio"]
    );
    assert_eq!(wall_breaches(&graph("attic", "serde")).len(), 1);
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
