//! A gateway with a directory of many people, on either database, and a direct connection to its tables.

use crate::load::expect;
use crate::plan::Plan;
use crate::report;
use crate::seed;
use crate::site::Site;
use crate::wire::Connection;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, SqliteConnection};
use std::path::PathBuf;
use std::time::Duration;
use support::gateway::Settings;
use support::postgres::{Database, Postgres};

pub const BOTH: [Kind; 2] = [Kind::Postgres, Kind::Sqlite];

/// The rows of both databases, one after the other.
pub async fn on_both(rows: impl AsyncFn(Kind) -> Vec<report::Row>) -> Vec<report::Row> {
    let mut all = Vec::new();
    for kind in BOTH {
        all.extend(rows(kind).await);
    }
    all
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    /// SQLite in the gateway's folder.
    Sqlite,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// A new database; `None` for the file in the gateway's folder.
    pub async fn database(self) -> Option<Database> {
        match self {
            Self::Postgres => Some(Postgres::shared().await.database().await),
            Self::Sqlite => None,
        }
    }
}

/// A direct connection to the tables.
#[derive(Debug)]
enum Tables {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// A gateway, with a direct connection to its tables.
#[derive(Debug)]
pub struct Base {
    pub site: Site,
    tables: Tables,
    /// The folder of the database's files.
    files: PathBuf,
}

impl Base {
    /// Starts a gateway whose directory has the template person only.
    pub async fn start(plan: &Plan, kind: Kind) -> Self {
        let database = kind.database().await;
        let settings = Settings {
            database: database.clone(),
            ..plan.settings()
        };
        let site = Site::of(settings, "people").await;
        let files = match &database {
            Some(database) => Postgres::shared().await.files(&database.name).await,
            None => site.sqlite_file().with_file_name(""),
        };
        let tables = if let Some(database) = database {
            Tables::Postgres(Postgres::shared().await.admin(&database.name).await)
        } else {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(site.sqlite_file())
                .busy_timeout(Duration::from_mins(1));
            Tables::Sqlite(options.connect().await.expect("open the database file"))
        };
        let mut connection = Connection::open(site.address).await.expect("connect");
        expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
        Self { site, tables, files }
    }

    /// Reads the database's files once, so that the system has them in memory.
    pub fn read_through(&self) {
        let files = std::fs::read_dir(&self.files).expect("the database's files");
        for file in files {
            let mut file = std::fs::File::open(file.expect("a file").path()).expect("open");
            std::io::copy(&mut file, &mut std::io::sink()).expect("read");
        }
    }

    /// Starts a gateway whose directory has `count` more people.
    pub async fn seeded(plan: &Plan, kind: Kind, count: u32) -> Self {
        let mut base = Self::start(plan, kind).await;
        base.multiply(count).await;
        base
    }

    /// Makes `count` copies of every template person.
    pub async fn multiply(&mut self, count: u32) {
        match &mut self.tables {
            Tables::Postgres(connection) => seed::postgres(connection, seed::IDENTITY, count).await,
            Tables::Sqlite(connection) => seed::sqlite(connection, seed::IDENTITY, count).await,
        }
    }

    /// Runs a statement that is valid on both databases.
    pub async fn run(&mut self, sql: &str) {
        let text = AssertSqlSafe(sql.to_owned());
        let done = match &mut self.tables {
            Tables::Postgres(connection) => sqlx::raw_sql(text).execute(connection).await.map(|_| ()),
            Tables::Sqlite(connection) => sqlx::raw_sql(text).execute(connection).await.map(|_| ()),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The ids of the rows of `identity` that a condition selects, as the API writes them.
    pub async fn people(&mut self, which: &str) -> Vec<String> {
        let select = |id: &str| AssertSqlSafe(format!("SELECT {id} FROM identity WHERE {which}"));
        let ids: Vec<String> = match &mut self.tables {
            Tables::Postgres(connection) => {
                let rows = sqlx::query(select("replace(id::text, '-', '')"))
                    .fetch_all(connection)
                    .await;
                rows.expect("ids").iter().map(|row| row.get(0)).collect()
            }
            Tables::Sqlite(connection) => {
                let rows = sqlx::query(select("lower(hex(id))")).fetch_all(connection).await;
                rows.expect("ids").iter().map(|row| row.get(0)).collect()
            }
        };
        ids.into_iter().map(|hex| format!("idn_{hex}")).collect()
    }
}
