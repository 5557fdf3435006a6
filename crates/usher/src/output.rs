//! The one place that prints: answers to standard output, complaints and hints to standard error.
#![expect(
    clippy::print_stderr,
    reason = "a command's answer is printed here and nowhere else"
)]

use std::io::{ErrorKind, IsTerminal, Write};

/// A line of the answer. Whoever stops reading (`usher log list | head`) ends the command, with status 1: the rest was
/// not said.
pub fn line(text: &str) {
    let mut out = std::io::stdout();
    if let Err(error) = out.write_all(format!("{text}\n").as_bytes()) {
        if error.kind() != ErrorKind::BrokenPipe {
            eprintln!("usher: the answer cannot be written: {error}");
        }
        std::process::exit(1);
    }
}

/// What went wrong, with every cause.
pub fn error(error: &anyhow::Error) {
    eprintln!("usher: {error:#}");
}

/// What works and is hardly meant.
pub fn warning(text: &str) {
    eprintln!("usher: warning: {text}");
}

/// Something worth knowing for a person; machines do not get it.
pub fn hint(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}
