//! pgbench, repeating captured statements with parameters of its own.

use crate::capture::Statement;
use crate::load::CONNECTIONS;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use support::process::Folder;

/// How a captured parameter is made anew at each execution.
#[derive(Clone, Debug)]
pub struct Vary {
    /// The text in captured parameters that stands for the one person of the capture.
    pub from: String,
    /// The SQL that makes it of the number `:k`.
    pub to: String,
}

/// A script and what it needs.
#[derive(Debug)]
pub struct Script {
    folder: Folder,
    database: String,
    text: String,
    variables: Vec<(String, String)>,
    base: u64,
}

/// Longer parameters (documents, events) are sent as they are: nothing is unique in them, and a `replace` would be the
/// yardstick's cost only.
const SHORT: usize = 120;

impl Script {
    /// `number` is the pgbench command that sets `:k`; `:base`, `:client_id` and `:n` (counting up) are at hand.
    pub fn new(database: &str, statements: &[Statement], number: &str, vary: &[Vary]) -> Script {
        let mut script = Script {
            folder: Folder::new("usher-pgbench-"),
            database: database.to_owned(),
            text: format!("\\set n :n + 1\n{number}\n"),
            variables: Vec::new(),
            // Far from the numbers of the gateway's people, and within the twelve digits of a UUID's last group.
            base: 500,
        };
        for (index, statement) in statements.iter().enumerate() {
            script.add(index, statement, vary);
        }
        script
    }

    /// What it sends, for the report.
    pub fn statements(&self) -> usize {
        self.text.lines().filter(|line| line.ends_with(';')).count()
    }

    fn add(&mut self, index: usize, statement: &Statement, vary: &[Vary]) {
        let mut sql = statement.sql.clone();
        // From the last to the first: $1 is the beginning of $10.
        for (number, parameter) in statement.parameters.iter().enumerate().rev() {
            let name = format!("p{index}_{number}");
            let used = sql.contains(&format!("${}", number + 1));
            let value = match parameter {
                None => "NULL".to_owned(),
                Some(text) => match vary
                    .iter()
                    .find(|vary| text.len() <= SHORT && text.contains(&vary.from))
                {
                    Some(vary) => varied(text, vary),
                    None => {
                        if used {
                            self.variables.push((name.clone(), text.clone()));
                        }
                        // A setting is text, whatever it looks like.
                        let setting = sql.contains(&format!("', ${}, true)", number + 1));
                        format!(":{name}::{}", if setting { "text" } else { kind(text) })
                    }
                },
            };
            sql = sql.replace(&format!("${}", number + 1), &value);
        }
        let _ = writeln!(self.text, "{};", sql.trim_end_matches(';'));
    }

    /// Transactions a second over a slice, with as many connections as the gateway's clients have.
    pub fn run(&mut self, time: Duration) -> f64 {
        let file = self.folder.join("script.sql");
        std::fs::write(&file, &self.text).expect("write the script");
        let mut command = Command::new(find());
        command
            .args(["-n", "-M", "prepared", "-j", "2"])
            .args([
                "-c",
                &CONNECTIONS.to_string(),
                "-T",
                &time.as_secs().max(1).to_string(),
            ])
            .arg("-f")
            .arg(&file)
            .args(["-D", "n=0", "-D", &format!("base={}", self.base * 1_000_000_000)]);
        self.base += 1;
        for (name, value) in &self.variables {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let output = command.arg(&self.database).output().expect("run pgbench");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let first = err.lines().find(|line| line.contains("ERROR")).unwrap_or(&err);
        assert!(output.status.success(), "pgbench: {first}\n{}", self.text);
        // A slice in which nothing was committed has no rate line.
        let rate = out
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or(0.0)
    }
}

/// The type of a parameter, which the gateway's driver says and the log does not.
fn kind(text: &str) -> &'static str {
    let uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    match text.parse::<i64>() {
        Ok(_) => "bigint",
        Err(_) if uuid => "uuid",
        Err(_) => "text",
    }
}

fn varied(text: &str, vary: &Vary) -> String {
    let quote = |part: &str| format!("'{}'", part.replace('\'', "''"));
    if text == vary.from {
        return format!("({})", vary.to);
    }
    let parts: Vec<String> = text.split(&vary.from).map(quote).collect();
    format!("({})", parts.join(&format!(" || {} || ", vary.to)))
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
