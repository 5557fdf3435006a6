//! A private PostgreSQL cluster, and databases in it copied from templates.
//!
//! Knows where Debian installs the server's programs and nothing of the schema: the caller's closure fills a
//! template. Read next: `process.rs` for how the server ends.

mod backup;

use crate::process::{Folder, Process, RunAs, Spec, free_port};
use crate::wait::until;
use sqlx::{ConnectOptions, Connection, Executor};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};

/// Environment variable: the folder of the server's programs, to use another server than the machine's own
/// (`make it-postgres`).
pub const PROGRAMS: &str = "USHER_TEST_POSTGRES";
/// Role that owns every database and runs migrations.
pub const OWNER: &str = "usher_owner";
/// The gateway's role: no superuser, no BYPASSRLS, owns nothing, so row-level security binds it.
pub const APP: &str = "usher_app";
/// The role of the operators' commands, bound likewise.
pub const ADMIN: &str = "usher_admin";
/// The role of `pg_dump`, which reads every tenant's rows and changes nothing.
pub const BACKUP: &str = "usher_backup";
/// A role with the rights of both, for tests without the programs: still bound by row-level security, and no
/// owner.
pub const BOTH: &str = "usher_both";
/// The statements that an administrator runs in the database of a deployment.
const ROLES: &str = include_str!("../../deploy/postgres-roles.sql");

/// One running cluster.
#[derive(Debug)]
pub struct Postgres {
    // Order matters: the server ends before its folder is removed.
    server: std::sync::Mutex<Option<Process>>,
    folder: Folder,
    programs: PathBuf,
    port: u16,
    user: Option<RunAs>,
    env: Vec<(String, String)>,
    settings: &'static [&'static str],
    templates: Mutex<HashMap<String, String>>,
    count: AtomicU32,
}

/// One database of a cluster.
#[derive(Clone, Debug)]
pub struct Database {
    /// The database's name.
    pub name: String,
    /// URL for migrations (role [`OWNER`]).
    pub owner_url: String,
    /// URL for the gateway (role [`APP`]).
    pub app_url: String,
    /// URL for the operators' commands (role [`ADMIN`]).
    pub admin_url: String,
    /// URL for `pg_dump` (role [`BACKUP`]).
    pub backup_url: String,
    /// URL for both at once (role [`BOTH`]).
    pub both_url: String,
    /// URL of the superuser, whom row-level security does not bind.
    pub super_url: String,
}

impl Database {
    /// The same database, reached at another port of 127.0.0.1.
    pub fn at_port(&self, port: u16) -> Self {
        let moved = |url: &str| {
            let (before, rest) = url.split_once("127.0.0.1:").expect("a URL of this library");
            let (_, after) = rest.split_once('/').expect("a database");
            format!("{before}127.0.0.1:{port}/{after}")
        };
        Self {
            name: self.name.clone(),
            owner_url: moved(&self.owner_url),
            app_url: moved(&self.app_url),
            admin_url: moved(&self.admin_url),
            both_url: moved(&self.both_url),
            backup_url: moved(&self.backup_url),
            super_url: moved(&self.super_url),
        }
    }
}

impl Postgres {
    /// The cluster that all tests of this process share.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// A cluster of its own, for a test that kills it.
    pub async fn start() -> Self {
        Self::start_with(&[], &[], &[]).await
    }

    /// As [`Postgres::start`], with these variables in its environment.
    pub async fn start_in(env: &[(String, String)]) -> Self {
        Self::start_with(&[], &[], env).await
    }

    /// As [`Postgres::start`], with its write-ahead log in an empty folder of the server's user, in files of
    /// 1 MiB.
    pub async fn start_with_log_in(folder: &Path) -> Self {
        let folder = format!("--waldir={}", folder.display());
        let settings = &["min_wal_size=2MB", "max_wal_size=8MB"];
        Self::start_with(&[&folder, "--wal-segsize=1"], settings, &[]).await
    }

    async fn start_with(init: &[&str], settings: &'static [&'static str], env: &[(String, String)]) -> Self {
        crate::init();
        let programs = find_programs();
        let user = server_user();
        let folder = server_folder(user);
        init_cluster(&programs, folder.path(), user, init);
        let cluster = Self {
            server: std::sync::Mutex::new(None),
            folder,
            programs,
            port: free_port(),
            user,
            env: env.to_vec(),
            settings,
            templates: Mutex::default(),
            count: AtomicU32::new(0),
        };
        cluster.boot().await;
        let mut admin = cluster.admin("postgres").await;
        let both = format!("CREATE ROLE {BOTH} LOGIN IN ROLE {APP}, {ADMIN}");
        for sql in [ROLES.to_owned(), both] {
            admin
                .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
                .await
                .expect("create roles");
        }
        cluster
    }

    /// A crash: immediate stop of all its processes, without a checkpoint. Sessions of every test that shares
    /// the cluster are lost.
    pub fn kill9(&self) {
        let mut server = self.server.lock().expect("one test at a time");
        if let Some(server) = server.as_mut() {
            // Not SIGKILL: that would leave the backends running for a while, holding the shared memory.
            server.signal("QUIT");
            server.wait(Duration::from_secs(30));
        }
        *server = None;
    }

    /// Starts the server again after [`Postgres::kill9`], on the same port, and waits until it answers.
    pub async fn restart(&self) {
        self.kill9();
        self.boot().await;
    }

    /// Waits until the server answers; starts it again if it has ended by itself, as it does if its log
    /// cannot be written.
    pub async fn revive(&self) {
        until("PostgreSQL to answer again", Duration::from_mins(1), || async {
            let ended = {
                let mut server = self.server.lock().expect("one test at a time");
                server.as_mut().is_none_or(|server| server.exited().is_some())
            };
            if ended {
                self.spawn();
            }
            self.try_admin("postgres").await.ok()
        })
        .await;
    }

    /// As [`Postgres::database`], with its tables in an empty folder of the server's user. The write-ahead log stays
    /// where it is.
    pub async fn database_in(&self, folder: &Path) -> Database {
        let database = self.database().await;
        let mut admin = self.admin("postgres").await;
        let (name, folder) = (&database.name, folder.display());
        for sql in [
            format!("CREATE TABLESPACE of_{name} LOCATION '{folder}'"),
            format!("ALTER DATABASE {name} SET TABLESPACE of_{name}"),
        ] {
            admin
                .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
                .await
                .expect("move the database");
        }
        database
    }

    /// An empty database, owned by [`OWNER`], with the roles that an administrator creates.
    pub async fn database(&self) -> Database {
        let database = self.create("template1").await;
        let mut admin = self.admin(&database.name).await;
        admin.execute(sqlx::raw_sql(ROLES)).await.expect("grants");
        database
    }

    /// A copy of the template `key`, which `fill` makes once a run (migrations, seed data). Copying takes a
    /// fraction of a second, however long the migrations take. `fill` must close its connections.
    pub async fn from_template(&self, key: &str, fill: impl AsyncFnOnce(&Database)) -> Database {
        let template = {
            let mut templates = self.templates.lock().await;
            if let Some(name) = templates.get(key) {
                name.clone()
            } else {
                let database = self.database().await;
                fill(&database).await;
                templates.insert(key.to_owned(), database.name.clone());
                database.name
            }
        };
        self.create(&template).await
    }

    /// The server's port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the server's programs, `pg_dump` among them.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// The server's first process, the parent of all others.
    pub fn pid(&self) -> u32 {
        let server = self.server.lock().expect("one test at a time");
        server.as_ref().expect("a running server").pid()
    }

    /// The server's log so far; a line's text follows the name of its database.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// The folder with the files of one database.
    pub async fn files(&self, database: &str) -> PathBuf {
        let mut admin = self.admin("postgres").await;
        let sql = "SELECT oid::text FROM pg_database WHERE datname = $1";
        let oid: String = sqlx::query_scalar(sql)
            .bind(database)
            .fetch_one(&mut admin)
            .await
            .expect("a database of this cluster");
        self.folder.join("data/base").join(oid)
    }

    /// A superuser connection to one database, for assertions and for reads without row-level security.
    pub async fn admin(&self, database: &str) -> sqlx::PgConnection {
        self.try_admin(database).await.expect("connect as superuser")
    }

    async fn try_admin(&self, database: &str) -> Result<sqlx::PgConnection, sqlx::Error> {
        let options: sqlx::postgres::PgConnectOptions = self.url("postgres", database).parse()?;
        options.disable_statement_logging().connect().await
    }

    fn url(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{role}:{role}@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    async fn create(&self, template: &str) -> Database {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("t{number}");
        let mut admin = self.admin("postgres").await;
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}");
        // PostgreSQL allows no session in a template during a copy; a closing one takes a moment.
        for attempt in 0.. {
            match admin
                .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())))
                .await
            {
                Ok(_) => break,
                Err(error)
                    if attempt < 200 && error.to_string().contains("being accessed by other users") =>
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("{sql}: {error}"),
            }
        }
        admin.close().await.expect("close");
        Database {
            owner_url: self.url(OWNER, &name),
            app_url: self.url(APP, &name),
            admin_url: self.url(ADMIN, &name),
            backup_url: self.url(BACKUP, &name),
            both_url: self.url(BOTH, &name),
            super_url: self.url("postgres", &name),
            name,
        }
    }

    async fn boot(&self) {
        self.spawn();
        until("PostgreSQL to answer", Duration::from_mins(1), || async {
            self.try_admin("postgres").await.ok()
        })
        .await;
    }

    fn spawn(&self) {
        let data = self.folder.join("data");
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "max_connections=300".to_owned(),
            "fsync=on".to_owned(),
            "shared_buffers=64MB".to_owned(),
            // In the folder, so that nothing is left in /dev/shm if the server is killed.
            "dynamic_shared_memory_type=mmap".to_owned(),
            "log_min_messages=warning".to_owned(),
            "log_line_prefix=%m [%p] %d ".to_owned(),
        ];
        let settings = settings
            .into_iter()
            .chain(self.settings.iter().map(|&text| text.to_owned()));
        let mut args = vec!["-D".to_owned(), data.display().to_string()];
        args.extend(settings.flat_map(|setting| ["-c".to_owned(), setting]));
        // A killed server leaves its lock file behind; no other server uses the port and the folder.
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        let server = Process::start(&Spec {
            program: &self.programs.join("postgres"),
            args: &args,
            dir: self.folder.path(),
            log: &self.folder.join("server.log"),
            env: &self.env,
            user: self.user,
            end: "QUIT",
        });
        *self.server.lock().expect("one test at a time") = Some(server);
    }
}

/// A folder of the server's user.
fn server_folder(user: Option<RunAs>) -> Folder {
    let folder = Folder::new("usher-pg-");
    if let Some(user) = user {
        std::os::unix::fs::chown(folder.path(), Some(user.uid), Some(user.gid)).expect("chown");
    }
    folder
}

fn init_cluster(programs: &Path, folder: &Path, user: Option<RunAs>, more: &[&str]) {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(programs.join("initdb"));
    command.current_dir(folder).arg("-D").arg(folder.join("data"));
    command.args([
        "--no-sync",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]);
    command.args(more);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    let output = command.output().expect("run initdb");
    assert!(
        output.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The folder that holds `initdb` and `postgres`: the one named by [`PROGRAMS`], on the PATH, or Debian's,
/// the newest version first.
fn find_programs() -> PathBuf {
    if let Some(folder) = std::env::var_os(PROGRAMS) {
        return PathBuf::from(folder);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    debian.sort();
    folders.extend(debian.into_iter().rev().map(|(_, folder)| folder));
    let found = folders
        .into_iter()
        .find(|f| f.join("initdb").is_file() && f.join("postgres").is_file());
    found.expect(
        "PostgreSQL's server is needed: run `make services`, or install Debian's package `postgresql`",
    )
}

/// PostgreSQL refuses to run as root: then the user is `postgres`, which its package creates.
pub fn server_user() -> Option<RunAs> {
    let id = |args: &[&str]| -> u32 {
        let output = Command::new("id").args(args).output().expect("run id");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        text.parse()
            .unwrap_or_else(|_| panic!("id {args:?}: the user `postgres` does not exist"))
    };
    (id(&["-u"]) == 0).then(|| RunAs {
        uid: id(&["-u", "postgres"]),
        gid: id(&["-g", "postgres"]),
    })
}
