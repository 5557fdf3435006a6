//! The keys of checkpoints, and their files.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use auth::signing::{PublicKey, SigningKey, private_pem};
use serde_json::json;

use crate::cli::show::Printer;
use crate::config::audit::Audit;

/// `usher audit keygen FILE`.
pub(super) fn make(printer: Printer, file: &Path) -> anyhow::Result<()> {
    let text = private_pem(&auth::random::system()?);
    let public = SigningKey::from_pem(&text)?.public();
    let mut public_file = file.as_os_str().to_owned();
    public_file.push(".pub");
    let public_file = PathBuf::from(public_file);
    write(file, &text, 0o600)?;
    write(&public_file, &public.pem(), 0o644)?;
    let answer = json!({"key": public.name(), "file": file, "publicFile": public_file});
    printer.answer(&answer, || {
        format!(
            "key {} in {}; whoever verifies checkpoints needs {} only",
            public.name(),
            file.display(),
            public_file.display()
        )
    });
    Ok(())
}

/// A file that is not there yet.
fn write(file: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(file);
    made.and_then(|mut made| made.write_all(text.as_bytes()).and_then(|()| made.sync_all()))
        .with_context(|| {
            format!(
                "{} cannot be made: choose a file that is not there yet",
                file.display()
            )
        })
}

/// The key that signs, and the file that keeps.
pub(crate) fn signing(settings: &Audit) -> anyhow::Result<(SigningKey, PathBuf)> {
    let (Some(key), Some(file)) = (&settings.signing_key_file, &settings.anchor_file) else {
        anyhow::bail!(
            "audit.signing_key_file and audit.anchor_file are not set: `usher audit keygen FILE` makes a key, and checkpoints belong into \
             a file on another disk or machine than the database"
        );
    };
    Ok((read_signing(key)?, file.clone()))
}

/// The keys that were named, or else that of the settings.
pub(super) fn public(settings: &Audit, files: &[PathBuf]) -> anyhow::Result<Vec<PublicKey>> {
    if files.is_empty() {
        let Some(key) = &settings.signing_key_file else {
            anyhow::bail!(
                "the checkpoints' key is not known: name its public file with --public-key, or set audit.signing_key_file"
            );
        };
        return Ok(vec![read_signing(key)?.public()]);
    }
    let read = |file: &PathBuf| {
        let about = || format!("--public-key {}", file.display());
        let text = std::fs::read_to_string(file).with_context(about)?;
        PublicKey::from_pem(&text).with_context(about)
    };
    files.iter().map(read).collect()
}

fn read_signing(file: &Path) -> anyhow::Result<SigningKey> {
    let about = || format!("audit.signing_key_file: {}", file.display());
    let text = std::fs::read_to_string(file).with_context(about)?;
    SigningKey::from_pem(&text).with_context(about)
}
