//! The program: arguments in, exit status out. 0 = all done, 1 = failures remain, 2 = usage or a file that cannot be read.
//!
//! Next: [`args`] is what can be typed, [`commands`] runs it, [`ui`] is the only place that writes to the terminal.

pub mod args;
pub mod commands;
pub mod journal;
pub mod ui;

use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;

/// Parses the command line and runs it.
pub async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap reports `--help` and `--version` as errors with exit code 0.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let mut ui = ui::Ui::new(cli.json, cli.quiet);
    match commands::run(cli.command, &mut ui).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            ui.failure(&error);
            ExitCode::from(2)
        }
    }
}
