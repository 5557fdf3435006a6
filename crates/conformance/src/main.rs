//! The `scim-conformance` program: everything it does is in the library, see [`scim_conformance::cli`].

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    scim_conformance::cli::main().await
}
