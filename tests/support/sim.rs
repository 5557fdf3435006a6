//! The Entra simulator, run as a program.

use crate::gateway::Directory;
use crate::process::Folder;
use crate::programs;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Output;
use tokio::process::Command;

/// One source directory (people and rooms of a customer) with its provisioning states.
#[derive(Debug)]
pub struct Source {
    folder: Folder,
}

impl Source {
    /// Generates people and rooms from a seed.
    pub async fn generate(people: u32, rooms: u32, seed: u64) -> Self {
        Self::generate_with(people, rooms, 0, seed).await
    }

    /// As [`Self::generate`], with groups of people.
    pub async fn generate_with(people: u32, rooms: u32, groups: u32, seed: u64) -> Self {
        let source = Self {
            folder: Folder::new("usher-sim-"),
        };
        let (people, rooms, seed) = (people.to_string(), rooms.to_string(), seed.to_string());
        let groups = groups.to_string();
        let out = source.file().display().to_string();
        let args = [
            "generate", "--people", &people, "--rooms", &rooms, "--groups", &groups, "--seed", &seed,
            "--out", &out,
        ];
        checked(&args, run(&args).await);
        source
    }

    /// A source directory of this content.
    pub fn of(content: &Value) -> Self {
        let source = Self {
            folder: Folder::new("usher-sim-"),
        };
        source.rewrite(content);
        source
    }

    /// Replaces the content of the source directory.
    pub fn rewrite(&self, content: &Value) {
        std::fs::write(self.file(), content.to_string()).expect("source");
    }

    /// The source file's path.
    pub fn file(&self) -> PathBuf {
        self.folder.join("source.json")
    }

    /// The source file's content.
    pub fn content(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).expect("source")).expect("JSON")
    }

    /// Applies changes: joiners, movers, leavers, returns, purges.
    pub async fn mutate(&self, changes: u32, seed: u64) {
        let (changes, seed, file) = (
            changes.to_string(),
            seed.to_string(),
            self.file().display().to_string(),
        );
        let args = [
            "mutate",
            "--source",
            &file,
            "--seed",
            &seed,
            "--changes",
            &changes,
        ];
        checked(&args, run(&args).await);
    }

    /// One provisioning cycle of `advisors` or `rooms`: initial the first time, incremental after. Returns
    /// the simulator's exit status and its JSON summary.
    pub async fn cycle(&self, app: &str, directory: &Directory, more: &[&str]) -> (i32, Value) {
        let file = self.file().display().to_string();
        let state = self
            .folder
            .join(&format!("state-{app}.json"))
            .display()
            .to_string();
        let log = self
            .folder
            .join(&format!("provisioning-{app}.ndjson"))
            .display()
            .to_string();
        let mut args = vec![
            "run", "--source", &file, "--app", app, "--state", &state, "--log", &log,
        ];
        args.extend([
            "--tenant-url",
            &directory.tenant_url,
            "--token",
            &directory.token,
            "--quiet",
            "--json",
        ]);
        args.extend(more);
        let output = run(&args).await;
        let summary = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap_or(-1), summary)
    }

    /// The provisioning log of `advisors` or `rooms`, one value a line.
    pub fn log(&self, app: &str) -> Vec<Value> {
        let file = self.folder.join(&format!("provisioning-{app}.ndjson"));
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line of the log is JSON"))
            .collect()
    }
}

/// The result of "Test Connection": the simulator's exit status and its output.
pub async fn test_connection(directory: &Directory) -> (i32, String) {
    let (url, token) = (&directory.tenant_url, &directory.token);
    let output = run(&["test-connection", "--tenant-url", url, "--token", token]).await;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said)
}

/// Runs `entra-sim ARGS` and returns its output whatever its status.
pub async fn run(args: &[&str]) -> Output {
    let mut command = Command::new(programs::entra_sim());
    command
        .args(args)
        .kill_on_drop(true)
        .output()
        .await
        .expect("run entra-sim")
}

fn checked(args: &[&str], output: Output) -> Output {
    assert!(
        output.status.success(),
        "entra-sim {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
