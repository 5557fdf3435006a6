//! The `entra-sim` program: everything it does is in the library, see [`entra_sim::cli`].

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    entra_sim::cli::main().await
}
