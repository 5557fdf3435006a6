//! The gateway under test: `usher serve` in a folder of its own, and its command line.
//!
//! Knows the configuration keys, the commands and the health routes that `docs/reference` promises; nothing
//! else of the server. Read next: `http.rs` for clients, `sim.rs` for Entra, `booking.rs` for the app.

use crate::postgres::Database;
use crate::process::{Folder, Process, Spec, free_ports};
use crate::programs;
use crate::wait::until;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

/// The settings of a gateway; see [`Gateway::start`].
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The PostgreSQL database; `None` is SQLite in the gateway's folder.
    pub database: Option<Database>,
    /// `redis://…`; `None` configures no queue.
    pub redis: Option<String>,
    /// More settings for `usher.toml`, as (`section.key`, TOML value); they override, and an empty value
    /// removes a setting.
    pub more: Vec<(String, String)>,
    /// Environment variables, for instance `USHER__…` or `OTEL_…`.
    pub env: Vec<(String, String)>,
}

/// A gateway: configured, migrated, and running unless stopped. Its process ends on drop.
#[derive(Debug)]
pub struct Gateway {
    server: Option<Process>,
    folder: std::sync::Arc<Folder>,
    settings: Settings,
    port: u16,
    admin_port: u16,
}

/// The result of `usher token issue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The Tenant URL, as pasted into Entra.
    pub tenant_url: String,
    /// The secret token, as pasted into Entra.
    pub token: String,
}

/// The result of `usher app create`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The name of the app.
    pub name: String,
    /// The bearer credential for the HTTP feed.
    pub credential: String,
    /// `http://…/feeds/{app}/events`.
    pub feed_url: String,
    /// The Redis stream's key.
    pub stream: String,
    /// The app's user in Redis, if the gateway has created it; its password is the credential.
    pub redis_user: Option<String>,
}

impl App {
    /// Parses the result of `usher app create`.
    pub fn read(name: &str, made: &Value) -> Self {
        Self {
            name: name.to_owned(),
            credential: text(made, "credential"),
            feed_url: text(made, "feedUrl"),
            stream: text(made, "stream"),
            redis_user: (made["redisState"] == "ready").then(|| text(made, "redisUser")),
        }
    }
}

impl Gateway {
    /// Writes the configuration, migrates, starts, and waits for `/health/ready`.
    pub async fn start(settings: Settings) -> Self {
        let mut gateway = Self::prepared(settings);
        gateway.restart().await;
        gateway
    }

    /// SQLite, no Redis: the defaults.
    pub async fn embedded() -> Self {
        Self::start(Settings::default()).await
    }

    /// Configured and migrated, but not running: for commands on a stopped gateway.
    pub fn prepared(settings: Settings) -> Self {
        crate::init();
        let folder = std::sync::Arc::new(Folder::new("usher-gw-"));
        let [port, admin_port] = free_ports();
        let gateway = Self {
            server: None,
            folder,
            settings,
            port,
            admin_port,
        };
        gateway.write_config();
        if let Some(database) = &gateway.settings.database {
            let output = gateway.command(&["migrate"], &[("USHER__DATABASE__URL", &database.owner_url)]);
            assert!(
                output.status.success(),
                "usher migrate: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        gateway
    }

    /// A second gateway on the same database, Redis and folder, on ports of its own.
    pub async fn twin(&self) -> Self {
        self.second(true).await
    }

    /// As [`Self::twin`], but for the same public address, as two instances behind one load balancer are.
    pub async fn replica(&self) -> Self {
        self.second(false).await
    }

    async fn second(&self, has_own_address: bool) -> Self {
        let folder = std::sync::Arc::clone(&self.folder);
        let [port, admin_port] = free_ports();
        let mut twin = Self {
            server: None,
            folder,
            settings: self.settings.clone(),
            port,
            admin_port,
        };
        let listen = (
            "USHER__HTTP__LISTEN".to_owned(),
            format!("127.0.0.1:{}", twin.port),
        );
        let admin = (
            "USHER__HTTP__ADMIN_LISTEN".to_owned(),
            format!("127.0.0.1:{}", twin.admin_port),
        );
        let public = ("USHER__HTTP__PUBLIC_URL".to_owned(), twin.url());
        twin.settings.env.extend([listen, admin]);
        twin.settings.env.extend(has_own_address.then_some(public));
        twin.restart().await;
        twin
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The admin listener (`/metrics`, `/health/ready` with reasons): `http://127.0.0.1:PORT`.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// The answer of `/health/ready` of the admin listener, with its reasons.
    pub async fn readiness(&self) -> crate::http::Answer {
        let url = format!("{}/health/ready", self.admin_url());
        crate::http::send(crate::http_client().get(url)).await
    }

    /// The folder with `usher.toml`, the log and the SQLite file.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its PostgreSQL database; `None` if it uses the SQLite file `usher-data/usher.db` of its folder.
    pub fn database(&self) -> Option<&Database> {
        self.settings.database.as_ref()
    }

    /// The database's URL, with all rights: that of a superuser on PostgreSQL.
    pub fn database_url(&self) -> String {
        match &self.settings.database {
            Some(database) => database.super_url.clone(),
            None => format!("sqlite://{}", self.folder.join("usher-data/usher.db").display()),
        }
    }

    /// Uses another PostgreSQL database from its next start on.
    pub fn use_database(&mut self, database: Database) {
        self.settings.database = Some(database);
        self.write_config();
    }

    /// The running process; panics if the gateway is stopped.
    pub fn process(&mut self) -> &mut Process {
        self.server.as_mut().expect("a running gateway")
    }

    /// The running process's id; panics if the gateway is stopped.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().expect("a running gateway").pid()
    }

    /// Everything the gateway logged so far, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join(&self.log_name())).unwrap_or_default()
    }

    /// Starts on the same port and waits until it is ready; ends a running process with `kill -9` first.
    pub async fn restart(&mut self) {
        self.start_without_waiting();
        self.ready().await;
    }

    /// Starts and returns at once: for starts that are to be killed early.
    pub fn start_without_waiting(&mut self) {
        self.kill9();
        self.server = Some(Process::start(&Spec {
            program: &programs::usher(),
            args: &["serve".to_owned()],
            dir: self.folder.path(),
            log: &self.folder.join(&self.log_name()),
            env: &self.settings.env,
            user: None,
            end: "KILL",
        }));
    }

    /// Waits for `/health/ready` to answer 200; panics with the log if the process ends instead.
    pub async fn ready(&mut self) {
        let client = crate::http_client();
        let url = format!("{}/health/ready", self.url());
        let server = std::sync::Mutex::new(self.server.as_mut().expect("a started gateway"));
        until("the gateway to be ready", Duration::from_mins(1), || async {
            {
                let mut server = server.lock().expect("not poisoned");
                if let Some(status) = server.exited() {
                    panic!("usher serve ended with {status}:\n{}", server.log());
                }
            }
            let answer = client
                .get(&url)
                .timeout(Duration::from_secs(5))
                .send()
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// `kill -9`, and waits for the end; nothing if it is not running.
    pub fn kill9(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill9();
        }
    }

    /// SIGTERM, and waits for the graceful end (at most a minute).
    pub fn terminate(&mut self) -> ExitStatus {
        let mut server = self.server.take().expect("a running gateway");
        server.signal("TERM");
        server.wait(Duration::from_mins(1))
    }

    /// Runs `usher ARGS --json` in the gateway's folder; returns its output as JSON (an array of values if it
    /// printed several lines). Panics with its output if it fails.
    pub fn cli(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        let output = self.try_cli(&all);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "usher {args:?}: {}\n{out}\n{err}",
            output.status
        );
        if out.trim().is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&out).unwrap_or_else(|_| {
            let lines = out.lines().filter(|line| !line.trim().is_empty());
            let values =
                lines.map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
            Value::Array(values.collect())
        })
    }

    /// Runs `usher ARGS` as given; returns status, output and errors. On PostgreSQL it uses the operators'
    /// role.
    pub fn try_cli(&self, args: &[&str]) -> Output {
        let database = self.settings.database.as_ref();
        let url = database.map(|database| ("USHER__DATABASE__URL", database.admin_url.as_str()));
        self.command(args, url.as_slice())
    }

    /// As [`Self::try_cli`], with the server's own role.
    pub fn try_cli_as_server(&self, args: &[&str]) -> Output {
        self.command(args, &[])
    }

    /// Switches a directory `on` or `off`.
    pub fn switch_directory(&self, tenant: &str, profile: &str, switch: &str) {
        self.cli(&[
            "directory",
            "switch",
            "--tenant",
            tenant,
            "--profile",
            profile,
            switch,
        ]);
    }

    /// Creates the tenant (if this gateway does not have it), the directory and a token.
    pub fn directory(&self, tenant: &str, profile: &str) -> Directory {
        let made = self.try_cli(&["tenant", "create", tenant, "--json"]);
        let exists = || {
            self.cli(&["tenant", "list"])
                .to_string()
                .contains(&format!("\"{tenant}\""))
        };
        assert!(
            made.status.success() || exists(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        self.cli(&["directory", "create", "--tenant", tenant, "--profile", profile]);
        self.token(tenant, profile)
    }

    /// Issues one more token for a directory.
    pub fn token(&self, tenant: &str, profile: &str) -> Directory {
        let issued = self.cli(&["token", "issue", "--tenant", tenant, "--profile", profile]);
        Directory {
            tenant_url: text(&issued, "tenantUrl"),
            token: text(&issued, "token"),
        }
    }

    /// Creates an app that may see everything, with a consumer group of the same name.
    pub fn app(&self, name: &str) -> App {
        App::read(name, &self.cli(&["app", "create", name]))
    }

    fn command(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = Command::new(programs::usher());
        command.args(args).current_dir(self.folder.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("USHER_")) {
            command.env_remove(name);
        }
        command.envs(self.settings.env.iter().map(|(name, value)| (name, value)));
        command.envs(env.iter().copied());
        command.output().expect("run usher")
    }

    fn log_name(&self) -> String {
        format!("gateway-{}.log", self.port)
    }

    fn write_config(&self) {
        let folder = self.folder.path().display();
        let mut settings: Vec<(String, String)> = vec![
            ("environment".to_owned(), "\"test\"".to_owned()),
            ("data_dir".to_owned(), format!("\"{folder}/usher-data\"")),
            ("http.listen".to_owned(), format!("\"127.0.0.1:{}\"", self.port)),
            (
                "http.admin_listen".to_owned(),
                format!("\"127.0.0.1:{}\"", self.admin_port),
            ),
            ("http.public_url".to_owned(), format!("\"{}\"", self.url())),
        ];
        if let Some(database) = &self.settings.database {
            settings.push(("database.url".to_owned(), format!("\"{}\"", database.app_url)));
        }
        if let Some(redis) = &self.settings.redis {
            settings.push(("redis.url".to_owned(), format!("\"{redis}\"")));
        }
        let more = &self.settings.more;
        settings.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
        settings.extend(more.iter().filter(|(_, value)| !value.is_empty()).cloned());
        // Dotted keys at the top: one line a setting, no sections.
        let mut file = String::new();
        for (key, value) in settings {
            writeln!(file, "{key} = {value}").expect("a string takes every line");
        }
        std::fs::write(self.folder.join("usher.toml"), file).expect("write usher.toml");
    }
}

/// A text member of a command's result; panics with its name if it is missing.
pub fn text(answer: &Value, member: &str) -> String {
    let found = answer.get(member).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no \"{member}\" in {answer}"))
        .to_owned()
}
