//! The consumer in Python (`tests/fixtures/consumer.py`), run as a program: an app that shares no code with the gateway.

use crate::gateway::App;
use crate::process::{Folder, Process, Spec};
use crate::programs;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A consumer with its own database; ended on drop.
#[derive(Debug)]
pub struct PythonConsumer {
    server: Option<Process>,
    folder: Folder,
    app: App,
    over_redis: Vec<String>,
}

impl PythonConsumer {
    /// Reads the HTTP feed.
    pub fn over_http(app: &App) -> Self {
        let mut consumer = Self::prepared(app);
        consumer.restart();
        consumer
    }

    /// Reads the Redis stream; what that lacks is read over HTTP.
    pub fn over_redis(app: &App, redis_url: &str) -> Self {
        let mut consumer = Self::prepared(app);
        consumer.move_to_redis(redis_url);
        consumer
    }

    /// Goes on over HTTP, with the same database.
    pub fn move_to_http(&mut self) {
        self.over_redis.clear();
        self.restart();
    }

    /// Goes on over Redis, with the same database.
    pub fn move_to_redis(&mut self, redis_url: &str) {
        let address = redis_url.trim_start_matches("redis://").trim_end_matches('/');
        self.over_redis = ["--redis", address, "--stream", &self.app.stream]
            .map(str::to_owned)
            .into();
        if let Some(user) = &self.app.redis_user {
            self.over_redis.extend(["--user".to_owned(), user.clone()]);
        }
        self.restart();
    }

    /// The app it reads for.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Starts with the existing database; ends a running process with `kill -9` first.
    pub fn restart(&mut self) {
        self.kill9();
        let words = [
            programs::python_consumer().display().to_string(),
            "--database".to_owned(),
            self.database(),
            "--http".to_owned(),
            self.app.feed_url.clone(),
            "--credential-file".to_owned(),
            self.folder.join("credential").display().to_string(),
            "--app".to_owned(),
            self.app.name.clone(),
        ];
        self.server = Some(Process::start(&Spec {
            program: Path::new("python3"),
            args: &[&words[..], &self.over_redis].concat(),
            dir: self.folder.path(),
            log: &self.folder.join("consumer.log"),
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

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("consumer.log")).unwrap_or_default()
    }

    /// Its tables, and all it applied in its order; `None` before it has made them.
    pub fn dump(&self) -> Option<Value> {
        let output = Command::new("python3")
            .arg(programs::python_consumer())
            .args(["--dump", "--database", &self.database()])
            .output()
            .expect("Python is needed: run `make services`, or install Debian's package `python3`");
        if !output.status.success() {
            return None;
        }
        Some(serde_json::from_slice(&output.stdout).expect("the dump is JSON"))
    }

    fn prepared(app: &App) -> Self {
        let folder = Folder::new("usher-python-");
        std::fs::write(folder.join("credential"), &app.credential).expect("write the credential");
        Self {
            server: None,
            folder,
            app: app.clone(),
            over_redis: Vec::new(),
        }
    }

    fn database(&self) -> String {
        self.folder.join("consumer.db").display().to_string()
    }
}
