//! The pages of `docs/reference` that the program generates (`make gen`), so that they match the code.
//!
//! Must not know: the content of a page; each comes from the crate that it describes.

use clap::{Command, CommandFactory, ValueEnum};
use std::fmt::Write as _;

use crate::{Arguments, config};

/// A generated page of `docs/reference`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ReferencePage {
    /// config.md
    Config,
    /// error-codes.md
    ErrorCodes,
    /// cli.md
    Cli,
    /// providers.md
    Providers,
    /// profiles.md
    Profiles,
    /// admin-api.json
    AdminApi,
}

impl ReferencePage {
    /// The text: Markdown, or JSON.
    pub fn text(self) -> String {
        match self {
            Self::Config => config::reference(),
            Self::ErrorCodes => http::scim::error::reference(),
            Self::Cli => cli(),
            Self::Providers => domain::providers::reference(),
            Self::AdminApi => http::admin::openapi::text(),
            Self::Profiles => domain::profile::reference().unwrap_or_else(|error| error.to_string()),
        }
    }
}

fn cli() -> String {
    let mut page = String::from(
        "<!-- Written by `usher reference cli`; change the clap types in crates/usher/src instead. -->\n\n# Command line\n\n\
         Nouns, then verbs. Tables on a terminal, `--json` for machines; exit status 0 done, 1 not done, 2 the words were wrong. \
         Secrets are printed once, to standard output only. Commands work on the configured database, with the server up or \
         down.\n",
    );
    // A fixed width: the page must not depend on the terminal of the caller.
    let mut root = Arguments::command().term_width(100);
    root.build();
    chapter(&mut page, &root, "usher");
    page
}

fn chapter(page: &mut String, command: &Command, path: &str) {
    let help = command.clone().term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(
        page,
        "\n## {path}\n\n```text\n{}\n```\n",
        lines.join("\n").trim_end()
    );
    for verb in command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
    {
        chapter(page, verb, &format!("{path} {}", verb.get_name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_up_to_date() {
        for (page, committed) in [
            (
                ReferencePage::Config,
                include_str!("../../../docs/reference/config.md"),
            ),
            (
                ReferencePage::ErrorCodes,
                include_str!("../../../docs/reference/error-codes.md"),
            ),
            (ReferencePage::Cli, include_str!("../../../docs/reference/cli.md")),
            (
                ReferencePage::Profiles,
                include_str!("../../../docs/reference/profiles.md"),
            ),
            (
                ReferencePage::AdminApi,
                include_str!("../../../docs/reference/admin-api.json"),
            ),
            (
                ReferencePage::Providers,
                include_str!("../../../docs/reference/providers.md"),
            ),
        ] {
            assert!(
                page.text().trim_end() == committed.trim_end(),
                "{page:?}: run `make gen` to write docs/reference again"
            );
        }
    }
}
