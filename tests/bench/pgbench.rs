//! pgbench, running a script over as many connections as the gateway's clients have.

use crate::load::CONNECTIONS;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use support::process::Folder;

/// The name in the report.
pub const NAME: &str = "pgbench -M prepared -c 32 -j 2: the least";

/// A script with its database and variables.
#[derive(Debug)]
pub struct Script {
    folder: Folder,
    database: String,
    text: String,
    variables: Vec<(String, String)>,
    base: u64,
}

/// The result of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Ran {
    /// Transactions a second.
    pub rate: f64,
    pub count: f64,
}

impl Script {
    /// `text` ends with a statement that returns one row with an `id`. Besides the variables it can use
    /// `:client_id`, `:base` (another one each slice) and `:n` (0, to be counted up).
    pub fn new(database: &str, text: String, variables: Vec<(String, String)>) -> Self {
        let script = Self {
            folder: Folder::new("usher-pgbench-"),
            database: database.to_owned(),
            text,
            variables,
            // Far from the numbers of the gateway's people, and within the twelve digits of a UUID's last
            // group.
            base: 500,
        };
        script.check();
        script
    }

    /// Runs it once, and panics if its last statement changes or finds nothing: such a rate means nothing.
    fn check(&self) {
        let text = self.text.trim_end().trim_end_matches(';');
        let text = format!("{text} \\gset checked_\nSELECT 1 / length(:checked_id::text);\n");
        self.pgbench(&text, self.base - 1, &["-c", "1", "-t", "1"]);
    }

    /// Runs it for a slice, with as many connections as the gateway's clients have.
    pub fn run(&mut self, time: Duration) -> Ran {
        let (connections, seconds) = (CONNECTIONS.to_string(), time.as_secs().max(1).to_string());
        let args = ["-j", "2", "-c", &connections, "-T", &seconds];
        let said = self.pgbench(&self.text, self.base, &args);
        self.base += 1;
        let figure = |name: &str| {
            let rest = said.lines().find_map(|line| line.strip_prefix(name));
            // A slice without a commit has no line with a rate.
            rest.and_then(|rest| rest.split([' ', '/']).next()?.parse().ok())
                .unwrap_or(0.0)
        };
        Ran {
            rate: figure("tps = "),
            count: figure("number of transactions actually processed: "),
        }
    }

    fn pgbench(&self, text: &str, base: u64, args: &[&str]) -> String {
        let file = self.folder.join("script.sql");
        std::fs::write(&file, text).expect("write the script");
        let mut command = Command::new(find());
        command.args(["-n", "-M", "prepared"]).args(args);
        command.arg("-f").arg(&file);
        command.args(["-D", "n=0", "-D", &format!("base={}", base * 1_000_000_000)]);
        for (name, value) in &self.variables {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let output = command.arg(&self.database).output().expect("run pgbench");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pgbench: {err}\n{text}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn find() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    folders.extend(versions.map(|entry| entry.path().join("bin")));
    let found = folders
        .into_iter()
        .map(|folder| folder.join("pgbench"))
        .find(|file| file.is_file());
    found.expect("pgbench comes with PostgreSQL's server: run `make services`")
}
