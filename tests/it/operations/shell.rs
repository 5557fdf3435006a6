//! Completions of a shell and man pages, which the commands' own definitions make.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use support::programs;

fn usher(args: &[&str]) -> String {
    let output = Command::new(programs::usher())
        .args(args)
        .output()
        .expect("run usher");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What bash offers after these words, the last of which is begun.
fn offered(script: &str, words: &[&str]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("usher.bash");
    fs::write(&file, script).expect("write the script");
    let ask = r#"source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _usher "$1" "${COMP_WORDS[COMP_CWORD]}" ""; printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", ask, "bash"]).arg(&file).args(words);
    let output = bash.output().expect("run bash");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{words:?}: {said}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn bash_completes_nouns_verbs_and_options() {
    let script = usher(&["completions", "bash"]);
    assert_eq!(offered(&script, &["usher", "to"]), set(&["token"]));
    assert_eq!(
        offered(&script, &["usher", "token", "r"]),
        set(&["rotate", "revoke"])
    );
    let options = offered(&script, &["usher", "token", "issue", "--expires"]);
    assert_eq!(options, set(&["--expires-in"]));
    assert_eq!(
        offered(&script, &["usher", "re"]),
        set(&[""]),
        "a hidden command is offered"
    );
}

#[test]
fn other_shells_have_a_script_too() {
    for (shell, begins) in [("zsh", "#compdef usher"), ("fish", "# Print an optspec")] {
        let script = usher(&["completions", shell]);
        assert!(script.starts_with(begins), "{shell}: {script:.60}");
        assert!(
            script.contains("The secrets that customers paste into Entra"),
            "{shell}"
        );
    }
}

/// One page for each chapter of docs/reference/cli.md.
#[test]
fn each_command_has_a_man_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("share/man/man1");
    usher(&["man", "--out", out.to_str().expect("UTF-8")]);
    let mut pages = BTreeSet::new();
    for page in fs::read_dir(&out).expect("the folder") {
        let page = page.expect("a page");
        let text = fs::read_to_string(page.path()).expect("UTF-8");
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
            assert!(text.contains(part), "{:?} has no {part}", page.file_name());
        }
        pages.insert(page.file_name().into_string().expect("UTF-8"));
    }
    let chapters: BTreeSet<String> = include_str!("../../../docs/reference/cli.md")
        .lines()
        .filter_map(|line| line.strip_prefix("## usher"))
        .map(|words| format!("usher{}.1", words.replace(' ', "-")))
        .collect();
    assert_eq!(pages, chapters);
}
