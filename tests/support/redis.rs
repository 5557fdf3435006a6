//! A private Redis server with persistence as in production (AOF `everysec`, `noeviction`), and its failures.
//!
//! Knows nothing of the gateway's streams. Read next: `process.rs` for how the server ends.

use crate::process::{Folder, Process, Spec, free_port};
use crate::wait::until;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One server; it ends on drop.
#[derive(Debug)]
pub struct Redis {
    server: Option<Process>,
    folder: Folder,
    data: PathBuf,
    port: u16,
}

impl Redis {
    /// Starts a server with an empty folder and waits until it answers.
    pub async fn start() -> Self {
        let folder = Folder::new("usher-redis-");
        let data = folder.path().to_owned();
        Self::with(folder, data).await
    }

    /// As [`Redis::start`], with its data in this folder.
    pub async fn start_on(data: &Path) -> Self {
        Self::with(Folder::new("usher-redis-"), data.to_owned()).await
    }

    async fn with(folder: Folder, data: PathBuf) -> Self {
        crate::init();
        let mut redis = Self {
            server: None,
            folder,
            data,
            port: free_port(),
        };
        redis.restart().await;
        redis
    }

    /// `redis://127.0.0.1:PORT/`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// `kill -9`; the data are kept.
    pub fn kill9(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.signal("CONT"); // a stopped process gets SIGKILL all the same; this makes sure that it ends
            server.kill9();
        }
    }

    /// Starts the server on the same port with its data.
    pub async fn restart(&mut self) {
        self.kill9();
        let setting = |name: &str, value: &str| [format!("--{name}"), value.to_owned()];
        let args: Vec<String> = [
            setting("port", &self.port.to_string()),
            setting("bind", "127.0.0.1"),
            setting("dir", &self.data.display().to_string()),
            setting("appendonly", "yes"),
            setting("appendfsync", "everysec"),
            setting("maxmemory-policy", "noeviction"),
            setting("save", ""),
            // After a cut tail the server starts with the intact part, as in production.
            setting("aof-load-truncated", "yes"),
        ]
        .concat();
        self.server = Some(Process::start(&Spec {
            program: &find_server(),
            args: &args,
            dir: self.folder.path(),
            log: &self.folder.join("server.log"),
            env: &[],
            user: None,
            end: "KILL",
        }));
        until("Redis to answer", Duration::from_secs(30), || async {
            self.try_command(&["PING"])
                .await
                .ok()
                .filter(|answer| answer.contains("PONG"))
        })
        .await;
    }

    /// A crash that loses everything: killed, its folder emptied, started.
    pub async fn wipe(&mut self) {
        self.kill9();
        empty(&self.data);
        self.restart().await;
    }

    /// A power loss: killed, the last `bytes` of the append-only file cut off, started. True if there was
    /// anything to cut.
    pub async fn truncate_aof_tail(&mut self, bytes: u64) -> bool {
        self.kill9();
        let file = self.newest_aof();
        let length = file.metadata().map_or(0, |meta| meta.len());
        let opened = std::fs::OpenOptions::new()
            .write(true)
            .open(&file)
            .expect("append-only file");
        opened.set_len(length.saturating_sub(bytes)).expect("cut");
        self.restart().await;
        length > 0
    }

    /// A copy of its data as they are now. The server keeps still meanwhile, so that the copy is of one moment.
    pub fn copy(&self) -> Folder {
        let copy = Folder::new("usher-redis-copy-");
        self.pause();
        copy_folder(&self.data, copy.path());
        self.resume();
        copy
    }

    /// Killed, and started with the data of an earlier [`Redis::copy`].
    pub async fn restore(&mut self, copy: &Folder) {
        self.kill9();
        empty(&self.data);
        copy_folder(copy.path(), &self.data);
        self.restart().await;
    }

    /// SIGSTOP: connections stay open, without answers.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// SIGCONT after [`Redis::pause`].
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// `CONFIG SET maxmemory`, in bytes; 0 is unlimited. With `noeviction`, a full server refuses writes.
    pub async fn maxmemory(&self, bytes: u64) {
        self.command(&["CONFIG", "SET", "maxmemory", &bytes.to_string()])
            .await;
    }

    /// Runs a command on a new connection and returns its answer in Redis' debug notation; panics on an
    /// error.
    pub async fn command(&self, words: &[&str]) -> String {
        self.try_command(words)
            .await
            .unwrap_or_else(|e| panic!("redis {words:?}: {e}"))
    }

    /// Waits until so many more scripts have run: a relay looks at its stream with one, every five seconds at least. So a test
    /// waits for what must not happen by what does.
    pub async fn scripts_ran(&self, count: u64) {
        let before = self.scripts().await;
        until(
            "relays to look at their streams",
            Duration::from_mins(1),
            || async { (self.scripts().await >= before + count).then_some(()) },
        )
        .await;
    }

    async fn scripts(&self) -> u64 {
        let info = self.command(&["INFO", "commandstats"]).await;
        let calls = info.split("cmdstat_evalsha:calls=").nth(1);
        let calls = calls.and_then(|rest| rest.split(',').next()?.parse().ok());
        calls.unwrap_or_default()
    }

    /// A new connection.
    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        self.try_connection().await.expect("connect to Redis")
    }

    async fn try_connection(&self) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
        redis::Client::open(self.url())?
            .get_multiplexed_async_connection()
            .await
    }

    async fn try_command(&self, words: &[&str]) -> redis::RedisResult<String> {
        let mut connection = self.try_connection().await?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let value: redis::Value = command.query_async(&mut connection).await?;
        Ok(format!("{value:?}"))
    }

    fn signal(&self, name: &str) {
        self.server.as_ref().expect("a running server").signal(name);
    }

    fn newest_aof(&self) -> PathBuf {
        let folder = self.data.join("appendonlydir");
        let files = std::fs::read_dir(folder)
            .expect("append-only folder")
            .flatten()
            .map(|entry| entry.path());
        let mut logs: Vec<PathBuf> = files
            .filter(|p| p.to_string_lossy().ends_with(".incr.aof"))
            .collect();
        logs.sort();
        logs.pop().expect("an append-only file")
    }
}

fn empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("folder").flatten() {
        let path = entry.path();
        let _ = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
    }
}

/// Copies the append-only files, which stand in a folder of their own.
fn copy_folder(from: &Path, to: &Path) {
    let name = "appendonlydir";
    std::fs::create_dir_all(to.join(name)).expect("folder");
    for entry in std::fs::read_dir(from.join(name))
        .expect("append-only folder")
        .flatten()
    {
        std::fs::copy(entry.path(), to.join(name).join(entry.file_name())).expect("copy");
    }
}

fn find_server() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("redis-server"))
        .find(|p| p.is_file());
    let found = found.or_else(|| Some(Path::new("/usr/bin/redis-server").to_owned()).filter(|p| p.is_file()));
    found.expect("Redis is needed: run `make services`, or install Debian's package `redis-server`")
}
