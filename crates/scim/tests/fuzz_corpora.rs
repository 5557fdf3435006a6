//! The corpora of the fuzz targets (`fuzz/`), judged in every test run: inputs that found something stay found.
#![expect(clippy::expect_used, reason = "a test program: its helpers may stop it")]

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::path::Path;

#[test]
fn every_kept_input_obeys_the_law_of_its_target() {
    for (target, _) in checks::CHECKS {
        let check = checks::named(target);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpora")
            .join(target);
        let inputs: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(inputs.len() > 5, "{target} has a corpus");
        for input in inputs {
            let bytes = std::fs::read(&input).unwrap();
            let judged = std::panic::catch_unwind(|| check(&bytes));
            assert!(judged.is_ok(), "{} breaks its law, see above", input.display());
        }
    }
}

#[test]
fn every_law_has_a_target_that_fuzzes_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets");
    let mut targets: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    targets.sort();
    let mut laws: Vec<_> = checks::CHECKS.iter().map(|(name, _)| *name).collect();
    laws.sort_unstable();
    assert_eq!(targets, laws);
}

#[test]
fn a_broken_law_can_fail() {
    let judged = std::panic::catch_unwind(|| checks::named("a target there is not")(b""));
    assert!(judged.is_err());
}
