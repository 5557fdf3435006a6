//! The paths of the programs under test; they are up to date.
//!
//! `make test` builds them first and sets `USHER_TEST_PROGRAMS`; in a plain `cargo test` this module builds
//! them, once a run. It must not know what the programs do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The gateway, `usher`.
pub fn usher() -> PathBuf {
    folder().join("usher")
}

/// The Entra simulator, `entra-sim`.
pub fn entra_sim() -> PathBuf {
    folder().join("entra-sim")
}

/// The conformance client, `scim-conformance`.
pub fn conformance() -> PathBuf {
    folder().join("scim-conformance")
}

/// The booking example of the reference consumer.
pub fn booking() -> PathBuf {
    folder().join("examples").join("booking")
}

/// The comparison of booking's tables with the simulator's sources.
pub fn compare() -> PathBuf {
    folder().join("examples").join("compare")
}

/// The consumer in Python, a script for `python3`.
pub fn python_consumer() -> PathBuf {
    repository().join("tests/fixtures/consumer.py")
}

/// The repository's top folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ has a parent")
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("USHER_TEST_PROGRAMS") {
        Some(folder) => PathBuf::from(folder),
        None => build(),
    })
}

fn build() -> PathBuf {
    // …/target/debug/deps/it-0123 or …/target/debug/bench
    let me = std::env::current_exe().expect("own path");
    let mut folder = me.parent().expect("a folder");
    if folder.ends_with("deps") || folder.ends_with("examples") {
        folder = folder.parent().expect("a folder");
    }
    let target = folder.parent().expect("the target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(repository())
        .args(["build", "--quiet", "--target-dir"])
        .arg(target);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.args([
        "-p",
        "usher",
        "-p",
        "entra-sim",
        "-p",
        "usher-consumer",
        "-p",
        "scim-conformance",
        "--bins",
        "--examples",
    ]);
    let status = cargo.status().expect("run cargo");
    assert!(status.success(), "the programs under test do not build");
    folder.to_owned()
}
