//! What a shell sees of the command line. Needs no service: only the program itself.

use std::process::{Command, Stdio};

#[test]
fn a_reader_who_stops_reading_ends_the_command_without_a_panic() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(["reference", "cli"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("usher runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
