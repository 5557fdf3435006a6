//! The short form of `make fuzz-api`: the requests that schemathesis makes of each member of the OpenAPI document alone, without those that it
//! makes up at random.

use std::path::PathBuf;
use std::process::Command;

use support::programs;

#[test]
fn no_answer_is_other_than_the_document_says() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(root.join(program));
        command.args(arguments).current_dir(&root);
        command.env("USHER", programs::usher()).env("SECONDS_LONG", "300");
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {said}{complaint}");
        said
    };
    run("deploy/need.sh", &["python", "schemathesis"]);
    let said = run("deploy/fuzz-api.sh", &["--phases", "coverage", "--seed", "1"]);
    assert!(said.contains("passed"), "{said}");
}
