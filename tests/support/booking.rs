//! The booking example of the reference consumer, run as a program.

use crate::gateway::App;
use crate::process::{Folder, Process, Spec};
use crate::programs;
use crate::wait::until;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// A booking service with its own database; ended on drop.
#[derive(Debug)]
pub struct Booking {
    server: Option<Process>,
    folder: Folder,
    args: Vec<String>,
}

impl Booking {
    /// Reads the HTTP feed.
    pub fn over_http(app: &App) -> Self {
        Self::start(app, &app.feed_url)
    }

    /// Reads the Redis stream, as the app's own user if it has one; reads missing positions over the HTTP
    /// feed.
    pub fn over_redis(app: &App, redis_url: &str) -> Self {
        let mut booking = Self::prepared(app, redis_url);
        booking.args.extend(["--stream".to_owned(), app.stream.clone()]);
        if let Some(user) = &app.redis_user {
            booking.args.extend(["--redis-user".to_owned(), user.clone()]);
        }
        booking
            .args
            .extend(["--http-feed".to_owned(), app.feed_url.clone()]);
        booking.restart();
        booking
    }

    /// As [`Booking::over_redis`], as one of several workers that share the group and the tables, and keep no position.
    pub fn worker_over_redis(app: &App, redis_url: &str, name: &str) -> Self {
        let mut booking = Self::over_redis(app, redis_url);
        booking.args.extend(["--worker".to_owned(), name.to_owned()]);
        booking.restart();
        booking
    }

    fn start(app: &App, feed: &str) -> Self {
        let mut booking = Self::prepared(app, feed);
        booking.restart();
        booking
    }

    fn prepared(app: &App, feed: &str) -> Self {
        let folder = Folder::new("usher-booking-");
        let credential = folder.join("credential");
        std::fs::write(&credential, &app.credential).expect("write the credential");
        let database = folder.join("booking.db").display().to_string();
        let args = [
            "--feed",
            feed,
            "--credential-file",
            &credential.display().to_string(),
        ];
        let more = ["--app", &app.name, "--group", &app.name, "--database", &database];
        let args = args.iter().chain(&more).map(|word| (*word).to_owned()).collect();
        Self {
            server: None,
            folder,
            args,
        }
    }

    /// Starts with the existing database; ends a running process with `kill -9` first.
    pub fn restart(&mut self) {
        self.kill9();
        self.server = Some(Process::start(&Spec {
            program: &programs::booking(),
            args: &self.args,
            dir: self.folder.path(),
            log: &self.folder.join("booking.log"),
            env: &[],
            user: None,
            end: "KILL",
        }));
    }

    /// `kill -9`; nothing if it is not running.
    pub fn kill9(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill9();
        }
    }

    /// SIGTERM, and waits for the graceful end.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut server = self.server.take().expect("a running booking service");
        server.signal("TERM");
        server.wait(Duration::from_secs(30))
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("booking.log")).unwrap_or_default()
    }

    /// Its tables: `{"position": N, "advisors": [...], "rooms": [...]}`, rows sorted by tenant and user name.
    pub fn dump(&self) -> Value {
        dump(&self.database())
    }

    /// The SQLite file with its tables.
    pub fn database(&self) -> PathBuf {
        self.folder.join("booking.db")
    }

    /// Waits until it has applied everything up to this position.
    pub async fn caught_up(&self, position: u64) {
        let what = format!("booking to reach position {position}");
        until(&what, Duration::from_mins(1), || async {
            (self.dump()["position"].as_u64() >= Some(position)).then_some(())
        })
        .await;
    }
}

/// Reads the tables of any booking database.
pub fn dump(database: &Path) -> Value {
    let mut command = Command::new(programs::booking());
    let output = command
        .arg("--database")
        .arg(database)
        .args(["--dump", "--json"])
        .output()
        .expect("run booking");
    assert!(
        output.status.success(),
        "booking --dump: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the dump is JSON")
}

/// Panics, listing the differences, unless booking's tables equal the simulator's source files (by tenant).
pub fn compare(booking: &Booking, sources: &[(&str, PathBuf)]) {
    let mut command = Command::new(programs::compare());
    command.arg("--database").arg(booking.database());
    for (tenant, file) in sources {
        command
            .arg("--source")
            .arg(format!("{tenant}={}", file.display()));
    }
    let output = command.output().expect("run compare");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
}
