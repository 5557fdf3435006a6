//! What a shell and `man` know of the commands, from the definitions that parse them.

use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::Arguments;

/// The completion script of a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut visible(), "usher", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The program without what only its developers call: a completion script would offer hidden commands too.
fn visible() -> Command {
    let all = Arguments::command();
    let nouns = all.get_subcommands().filter(|noun| !noun.is_hide_set()).cloned();
    Command::new("usher")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments().cloned())
        .subcommands(nouns)
}

/// Writes a man page for each command that is not hidden; returns how many.
///
/// # Errors
/// The folder cannot be made, or a page not written.
pub fn write(folder: &Path) -> anyhow::Result<usize> {
    let failed = || format!("the man pages cannot be written to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), folder)
        .with_context(failed)?;
    Ok(std::fs::read_dir(folder).with_context(failed)?.count())
}
