//! Copies of a cluster or a database: a streaming replica that can be cut off and promoted, and dumps.
//!
//! Knows PostgreSQL's own programs for it and nothing of the schema.

use super::{Database, Postgres, server_folder};
use crate::process::{Folder, free_port};
use crate::wait::until;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The limit of every wait; nothing is measured by it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A database in a file, as `pg_dump --format=custom` writes it.
#[derive(Debug)]
pub struct Dump {
    folder: Folder,
}

impl Dump {
    fn file(&self) -> PathBuf {
        self.folder.join("database.dump")
    }
}

impl Postgres {
    /// A hot standby that follows this cluster by streaming, on a port of its own. It has everything that was committed.
    pub async fn replica(&self) -> Self {
        let folder = server_folder(self.user);
        let mut command = Command::new(self.program("pg_basebackup"));
        command
            .args([
                "--host=127.0.0.1",
                "--username=postgres",
                "--no-sync",
                "--checkpoint=fast",
            ])
            .args(["--wal-method=stream", "--write-recovery-conf"])
            .arg(format!("--port={}", self.port))
            .arg("--pgdata")
            .arg(folder.join("data"))
            .current_dir(folder.path());
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        run(&mut command);
        let replica = Self {
            server: std::sync::Mutex::default(),
            folder,
            programs: self.programs.clone(),
            port: free_port(),
            user: self.user,
            env: Vec::new(),
            settings: self.settings,
            templates: tokio::sync::Mutex::default(),
            count: std::sync::atomic::AtomicU32::new(0),
        };
        replica.boot().await;
        replica.has_all_of(self).await;
        replica
    }

    async fn has_all_of(&self, primary: &Self) {
        let end: String = primary.ask("SELECT pg_current_wal_lsn()::text").await;
        let sql = format!("SELECT (pg_last_wal_replay_lsn() >= '{end}')::text");
        until("the replica to follow", PATIENCE, || async {
            (self.ask(&sql).await == "true").then_some(())
        })
        .await;
    }

    /// Makes a replica receive nothing more: from now on it lags behind.
    pub async fn cut_off(&self) {
        for sql in [
            "ALTER SYSTEM SET primary_conninfo = ''",
            "SELECT pg_reload_conf()",
        ] {
            let mut admin = self.admin("postgres").await;
            sqlx::query(sql).execute(&mut admin).await.expect(sql);
        }
        until("the replica to be cut off", PATIENCE, || async {
            (self.ask("SELECT count(*)::text FROM pg_stat_wal_receiver").await == "0").then_some(())
        })
        .await;
    }

    /// Makes a replica the primary, with what it has.
    pub async fn promote(&self) {
        assert_eq!(self.ask("SELECT pg_promote(true, 60)::text").await, "true");
    }

    /// Dumps a database as the superuser, whom row-level security does not bind.
    pub fn dump(&self, database: &Database) -> Dump {
        let dump = Dump {
            folder: Folder::new("usher-dump-"),
        };
        let mut command = Command::new(self.program("pg_dump"));
        command
            .args(["--format=custom", "--file"])
            .arg(dump.file())
            .arg(format!("--dbname={}", database.super_url));
        run(&mut command);
        dump
    }

    /// Restores a dump into an empty database.
    pub fn restore(&self, dump: &Dump, database: &Database) {
        self.run_restore(dump, database, &[]);
    }

    /// Restores a dump over the database that it is from: its tables are dropped and made again.
    pub fn restore_over(&self, dump: &Dump, database: &Database) {
        self.run_restore(dump, database, &["--clean", "--if-exists"]);
    }

    fn run_restore(&self, dump: &Dump, database: &Database, more: &[&str]) {
        let mut command = Command::new(self.program("pg_restore"));
        command
            .args(["--exit-on-error", "--single-transaction"])
            .args(more)
            .arg(format!("--dbname={}", database.super_url))
            .arg(dump.file());
        run(&mut command);
    }

    /// One of the programs that belong to the server, beside it or where a link to it leads.
    fn program(&self, name: &str) -> PathBuf {
        let beside = self.programs.join(name);
        let server = std::fs::canonicalize(self.programs.join("postgres")).expect("the server");
        if beside.is_file() {
            beside
        } else {
            server.with_file_name(name)
        }
    }

    /// The one text that a query answers.
    async fn ask(&self, sql: &str) -> String {
        let mut admin = self.admin("postgres").await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut admin)
            .await
            .expect(sql)
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
