//! The one place that prints: answers to standard output, complaints and hints to standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's answer is printed here and nowhere else"
)]

use std::io::IsTerminal;

/// A line of the answer.
pub fn line(text: &str) {
    println!("{text}");
}

/// What went wrong, with every cause.
pub fn error(error: &anyhow::Error) {
    eprintln!("usher: {error:#}");
}

/// Something worth knowing for a person; machines do not get it.
pub fn hint(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}
