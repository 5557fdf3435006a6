//! The dependencies of the programs (deny.toml): allowed licences, sources, banned packages, and packages in
//! two versions.
//!
//! `make deny` checks the same file with cargo-deny, and known vulnerabilities. This test needs neither that
//! tool nor a network, so it is part of `make check`. Each rule is a function over plain data; the tests
//! named `…_can_fail` show that it finds violations.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;
use toml::{Table, Value};

/// The parts of a package that the rules need.
#[derive(Debug, Clone)]
struct Package {
    name: String,
    version: String,
    /// An SPDX expression.
    license: Option<String>,
    /// Its source; `None` for the registry and this workspace.
    elsewhere: Option<String>,
}

/// The rules of deny.toml.
#[derive(Debug)]
struct Policy {
    allowed: BTreeSet<String>,
    /// Package → licences that only it may have.
    exceptions: BTreeMap<String, BTreeSet<String>>,
    banned: BTreeSet<String>,
    /// `name@version`, ignored by the rule on versions.
    skipped: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table(file: &str) -> Table {
    let text = std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn entries<'a>(file: &'a Table, section: &str, key: &str) -> &'a [Value] {
    let list = file[section].get(key).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("deny.toml: [{section}] has no list {key}"))
}

fn texts(list: &[Value]) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    list.iter().map(text).collect()
}

/// The package of an entry: `name` or `name@version`.
fn about(entry: &Value) -> String {
    entry["crate"].as_str().expect("a package").to_owned()
}

impl Policy {
    fn read(file: &Table) -> Self {
        let exception = |entry: &Value| {
            let licenses = entry["allow"].as_array().expect("a list of licences");
            (about(entry), texts(licenses))
        };
        Self {
            allowed: texts(entries(file, "licenses", "allow")),
            exceptions: entries(file, "licenses", "exceptions")
                .iter()
                .map(exception)
                .collect(),
            banned: entries(file, "bans", "deny").iter().map(about).collect(),
            skipped: entries(file, "bans", "skip").iter().map(about).collect(),
        }
    }
}

/// A version without its build metadata after `+`.
fn plain(version: &str) -> &str {
    version.split('+').next().unwrap_or(version)
}

/// The packages of this workspace and all their dependencies on this platform, tests included.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .arg("-vV")
        .current_dir(root())
        .output()
        .expect("cargo -vV");
    let output = String::from_utf8(output.stdout).expect("text");
    let host = output.lines().find_map(|line| line.strip_prefix("host: "));
    let options = [
        "--offline",
        "--locked",
        "--filter-platform",
        host.expect("a host"),
    ];
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(options.map(str::to_owned))
        .exec()
        .expect("cargo metadata; `cargo fetch --locked` brings what is missing");
    let ours = &metadata.workspace_members;
    let described = |package: &cargo_metadata::Package| Package {
        name: package.name.to_string(),
        version: plain(&package.version.to_string()).to_owned(),
        license: package.license.clone(),
        elsewhere: match &package.source {
            Some(source) if source.is_crates_io() => None,
            Some(source) => Some(source.to_string()),
            None if ours.contains(&package.id) => None,
            None => Some(package.manifest_path.to_string()),
        },
    };
    metadata.packages.iter().map(described).collect()
}

/// The tokens of an SPDX expression, and the licences that are allowed.
struct Expression<'a, I: Iterator<Item = &'a str>> {
    words: Peekable<I>,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a, I: Iterator<Item = &'a str>> Expression<'a, I> {
    fn takes(&mut self, word: &str) -> bool {
        self.words.next_if(|next| *next == word).is_some()
    }

    fn any(&mut self) -> bool {
        let mut held = self.all();
        while self.takes("OR") {
            held |= self.all();
        }
        held
    }

    fn all(&mut self) -> bool {
        let mut held = self.one();
        while self.takes("AND") {
            held &= self.one();
        }
        held
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let held = self.any();
            return self.takes(")") && held;
        }
        let license = self.words.next().unwrap_or_default();
        if self.takes("WITH") {
            let exception = self.words.next().unwrap_or_default();
            return (self.allowed)(&format!("{license} WITH {exception}"));
        }
        (self.allowed)(license)
    }
}

/// Whether allowed licences satisfy an SPDX expression. `/` is an old form of `OR`; an invalid expression is
/// not satisfied.
fn is_held(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut expression = Expression {
        words: spaced.split_whitespace().peekable(),
        allowed,
    };
    expression.any() && expression.words.next().is_none()
}

fn breaches(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let Package { name, version, .. } = package;
        let own = policy.exceptions.get(name);
        let allowed =
            |license: &str| policy.allowed.contains(license) || own.is_some_and(|own| own.contains(license));
        match &package.license {
            None => breaches.push(format!("{name} {version} names no licence")),
            Some(license) if !is_held(license, &allowed) => {
                breaches.push(format!("{name} {version} has the licence {license}"));
            }
            Some(_) => {}
        }
        if let Some(elsewhere) = &package.elsewhere {
            breaches.push(format!("{name} {version} comes from {elsewhere}"));
        }
        if policy.banned.contains(name) {
            breaches.push(format!("{name} {version} is banned"));
        }
        if !policy.skipped.contains(&format!("{name}@{version}")) {
            versions.entry(name).or_default().insert(version);
        }
    }
    let doubled = versions.iter().filter(|(_, versions)| versions.len() > 1);
    breaches.extend(doubled.map(|(name, versions)| {
        format!(
            "{name} is there as {versions:?}: update what uses the older one, or give it a line in `skip`"
        )
    }));
    breaches
}

/// Exceptions for packages that Cargo.lock no longer has.
fn stale(policy: &Policy, lock: &Table) -> Vec<String> {
    let locked = lock["package"].as_array().expect("packages");
    let field = |package: &Value, key: &str| package[key].as_str().expect("a text").to_owned();
    let mut known = BTreeSet::new();
    for package in locked {
        let (name, version) = (field(package, "name"), field(package, "version"));
        known.insert(format!("{name}@{}", plain(&version)));
        known.insert(name);
    }
    let listed = policy.skipped.iter().chain(policy.exceptions.keys());
    listed.filter(|entry| !known.contains(*entry)).cloned().collect()
}

#[test]
fn everything_is_built_from_what_deny_toml_allows() {
    let packages = packages();
    assert!(packages.len() > 200, "{} packages", packages.len());
    let policy = Policy::read(&table("deny.toml"));
    assert_eq!(breaches(&policy, &packages), Vec::<String>::new());
}

#[test]
fn a_package_that_is_not_allowed_can_fail() {
    let policy = Policy::read(&table("deny.toml"));
    let fine = Package {
        name: "fine".to_owned(),
        version: "1.0.0".to_owned(),
        license: Some("MIT".to_owned()),
        elsewhere: None,
    };
    assert_eq!(
        breaches(&policy, std::slice::from_ref(&fine)),
        Vec::<String>::new()
    );
    let copyleft = Package {
        license: Some("MIT AND GPL-3.0-only".to_owned()),
        ..fine.clone()
    };
    let silent = Package {
        license: None,
        ..fine.clone()
    };
    let foreign = Package {
        elsewhere: Some("git+https://example.com/fine".to_owned()),
        ..fine.clone()
    };
    let banned = Package {
        name: "openssl".to_owned(),
        ..fine.clone()
    };
    for (package, breach) in [
        (copyleft, "fine 1.0.0 has the licence MIT AND GPL-3.0-only"),
        (silent, "fine 1.0.0 names no licence"),
        (foreign, "fine 1.0.0 comes from git+https://example.com/fine"),
        (banned, "openssl 1.0.0 is banned"),
    ] {
        assert_eq!(breaches(&policy, &[package]), [breach]);
    }
    let older = Package {
        version: "0.9.0".to_owned(),
        ..fine.clone()
    };
    let twice = breaches(&policy, &[fine, older]);
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert!(
        twice[0].starts_with("fine is there as {\"0.9.0\", \"1.0.0\"}"),
        "{twice:?}"
    );
}

#[test]
fn an_expression_is_held_by_the_licences_it_needs() {
    let allowed = |license: &str| ["MIT", "ISC"].contains(&license);
    for held in [
        "MIT",
        "GPL-3.0-only OR MIT",
        "Apache-2.0/MIT",
        "Apache-2.0 / MIT",
        "MIT AND (Apache-2.0 OR ISC)",
        "Apache-2.0 AND Zlib OR MIT",
        "Apache-2.0 WITH LLVM-exception OR MIT",
    ] {
        assert!(is_held(held, &allowed), "{held}");
    }
    for not_held in [
        "",
        "Apache-2.0",
        "MIT AND Apache-2.0",
        "MIT WITH LLVM-exception",
        "MIT AND (Apache-2.0 OR Zlib)",
        "MIT AND",
        "MIT ISC",
        "(MIT",
    ] {
        assert!(!is_held(not_held, &allowed), "{not_held}");
    }
}

#[test]
fn every_exception_has_a_reason_and_is_still_needed() {
    let file = table("deny.toml");
    for entry in ["skip", "deny"]
        .iter()
        .flat_map(|key| entries(&file, "bans", key))
    {
        let reason = entry.get("reason").and_then(Value::as_str).unwrap_or_default();
        assert!(!reason.is_empty(), "{}", about(entry));
    }
    let policy = Policy::read(&file);
    assert_eq!(stale(&policy, &table("Cargo.lock")), Vec::<String>::new());
}

#[test]
fn an_exception_that_is_not_needed_can_fail() {
    let policy = Policy::read(&table("deny.toml"));
    let empty: Table = toml::from_str("package = []").expect("TOML");
    let listed = policy.skipped.len() + policy.exceptions.len();
    assert!(listed > 0);
    assert_eq!(stale(&policy, &empty).len(), listed);
}

#[test]
fn the_toolchain_is_the_one_the_manifest_asks_for() {
    let channel = table("rust-toolchain.toml")["toolchain"]["channel"].clone();
    let needed = table("Cargo.toml")["workspace"]["package"]["rust-version"].clone();
    let (channel, needed) = (channel.as_str().expect("text"), needed.as_str().expect("text"));
    assert!(
        channel == needed || channel.starts_with(&format!("{needed}.")),
        "rust-toolchain.toml has {channel}, Cargo.toml {needed}"
    );
}
