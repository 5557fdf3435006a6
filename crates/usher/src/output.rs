//! The only module that prints: answers to standard output, errors, warnings and hints to standard error.
#![expect(
    clippy::print_stderr,
    reason = "a command's answer is printed here and nowhere else"
)]

use std::io::{ErrorKind, IsTerminal, Write};

/// Writes a line of the answer. A reader that closes the pipe early (`usher log list | head`) ends the command with status 1,
/// because the answer is not complete.
pub fn line(text: &str) {
    let mut out = std::io::stdout();
    if let Err(error) = out.write_all(format!("{text}\n").as_bytes()) {
        if error.kind() != ErrorKind::BrokenPipe {
            eprintln!("usher: the answer cannot be written: {error}");
        }
        std::process::exit(1);
    }
}

/// An error with all its causes.
pub fn error(error: &anyhow::Error) {
    eprintln!("usher: {error:#}");
}

/// Something that works and is probably a mistake.
pub fn warning(text: &str) {
    eprintln!("usher: warning: {text}");
}

/// A hint for people: only when standard error is a terminal.
pub fn hint(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}
